from nse_tf.distribute.identity import differences, identity_of
from nse_tf.training import ChildRecipe, SupernetRecipe
from tests.training.tiny_data import image_data


def test_whatever_decides_the_outcome_differs_by_name() -> None:
    ours = identity_of("ab", image_data(), SupernetRecipe(), ChildRecipe())
    others = (
        identity_of("cd", image_data(), SupernetRecipe(), ChildRecipe()),
        identity_of("ab", image_data(9), SupernetRecipe(), ChildRecipe()),
        identity_of(
            "ab", image_data(), SupernetRecipe(batch_size=7), ChildRecipe()
        ),
        identity_of(
            "ab", image_data(), SupernetRecipe(), ChildRecipe(dropout=0.5)
        ),
    )
    said = [differences(ours, other) for other in others]
    assert said[0] == "space was 'ab' and is 'cd'"
    assert said[1].startswith("fingerprint of the images was ")
    assert said[2].startswith("supernet_recipe.batch_size was ")
    assert said[2].endswith(" and is 7")
    assert said[3] == "child_recipe.dropout was 0.0 and is 0.5"
    assert differences(ours, dict(ours)) == ""
    assert differences({}, {"a": 1}) == "a was 'not given' and is 1"
