"""The numbers of a training."""

import dataclasses

import pytest

from nse_tf.training import ChildRecipe, SupernetRecipe


def test_learning_rate_of_a_child_by_hand() -> None:
    recipe = ChildRecipe(learning_rate=0.2, warmup_epochs=2.0)
    rates = [recipe.rate_at(epoch, 10) for epoch in (0, 0.5, 2, 4, 6, 10)]
    # Up to 0.2 in two epochs; 0.1 · (1 + cos(π/4)) a quarter down the rest.
    wanted = [0, 0.05, 0.2, 0.1 * (1 + 0.5**0.5), 0.1, 0]
    assert rates == pytest.approx(wanted, abs=1e-12)


def test_warm_up_takes_half_of_a_short_training_at_most() -> None:
    recipe = ChildRecipe(learning_rate=0.2, warmup_epochs=3.0)
    assert recipe.rate_at(1, 2) == pytest.approx(0.2)
    no_warmup = dataclasses.replace(recipe, warmup_epochs=0.0)
    assert no_warmup.rate_at(0, 2) == pytest.approx(0.2)


def test_drop_path_rises_by_epoch_from_0() -> None:
    recipe = ChildRecipe(drop_path=0.3)
    rates = [recipe.drop_path_at(epoch, 6) for epoch in range(6)]
    assert rates == pytest.approx([0, 0.05, 0.1, 0.15, 0.2, 0.25])
    assert recipe.extras == {"drop_path": 0.3}
    assert ChildRecipe(dropout=0.5, cutout=0.5).extras == {}


@pytest.mark.parametrize("kind", [SupernetRecipe, ChildRecipe])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", 0),
        ("momentum", 1.0),
        ("weight_decay", -1e-4),
        ("label_smoothing", 1.0),
        ("clip_norm", 0.0),
        ("augmentation", "cats"),
    ],
)
def test_numbers_out_of_range_are_named(
    kind: type[SupernetRecipe | ChildRecipe], name: str, value: object
) -> None:
    with pytest.raises(ValueError, match=f"`{name}`.* {value}|'{value}'"):
        kind(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", -0.1),
        ("dropout", 1.0),
        ("drop_path", 1.0),
        ("auxiliary_weight", -0.4),
        ("cutout", 1.5),
    ],
)
def test_numbers_of_a_child_out_of_range_are_named(
    name: str, value: float
) -> None:
    with pytest.raises(ValueError, match=f"`{name}`.* {value}"):
        ChildRecipe(**{name: value})  # type: ignore[arg-type]
