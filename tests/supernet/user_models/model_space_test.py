import keras
import pytest

import nse_tf
from nse_tf.costs import CostModel, describe_network, describe_space
from nse_tf.spaces import space_from_json, space_to_json
from nse_tf.supernet import ModelNetworks, networks_of, space_of
from tests.supernet.choice_models import L, choice_model, dense_model


def test_choices_are_the_blocks_and_layers_the_candidates() -> None:
    space = space_of(choice_model())
    assert {
        block.name: [op.name for op in block.candidates]
        for block in space.blocks
    } == {
        "first": ["conv2d_0", "sequential_1", "identity_2"],
        "choice_1": ["apart", "conv2d_1"],
        "choice_2": ["dense_0", "identity_1"],
    }
    assert space.size == 12


def test_costs_are_those_of_the_built_child() -> None:
    """The sum over blocks equals the count of the child as one model."""
    networks = ModelNetworks(choice_model())
    model = CostModel(networks.space)
    for genotype in networks.space.enumerate():
        child = networks.child(genotype, fast=False)
        trained = sum(
            int(v.shape.num_elements() or 0)
            for v in map(
                lambda variable: variable.value, child.trainable_variables
            )
        )
        assert model.costs(genotype)["params"] == trained
    # 64*9*6 of the stem and 8*3 of the classifier, then each candidate.
    assert model.backbone["macs"] == 3456 + 24
    assert model.by_operator["macs"].tolist() == [
        [64 * 9 * 36, 64 * (25 * 6 + 36), 0],
        [16 * (9 * 6 + 48), 16 * 9 * 3 * 8, 0],
        [64, 0, 0],
    ]


def test_the_same_model_is_the_same_space_in_every_process() -> None:
    """Keras numbers names by process; the fingerprint leaves them out."""
    one, other = space_of(choice_model()), space_of(choice_model())
    assert one == other
    # Called as Keras calls one of its layers, in a fresh process.
    assert space_of(dense_model()) == space_of(dense_model())
    assert space_of(choice_model(dropout=0.5)).fingerprint != one.fingerprint


def test_the_space_comes_back_from_json_and_can_be_described() -> None:
    space = space_of(choice_model())
    shrunk = space.without([(0, 1)])
    assert space_from_json(space_to_json(shrunk)) == shrunk
    assert describe_space(space).macs_range.lowest == 3480 + 16 * (54 + 48)
    described = describe_network(space, space.genotype([0, 0, 0]))
    assert described.macs == sum(block.macs for block in described.blocks)


def test_a_choice_in_a_nested_model_is_a_block() -> None:
    inputs = keras.Input((8, 8, 4))
    body = keras.Model(inputs, nse_tf.Choice([L.ReLU(), L.Identity()])(inputs))
    images = keras.Input((8, 8, 4))
    scores = L.Dense(3)(L.GlobalAveragePooling2D()(body(images)))
    networks = ModelNetworks(keras.Model(images, scores))
    assert networks.space.size == 2
    child = networks.child(networks.space.genotype([1]), fast=False)
    assert not any(
        isinstance(layer, nse_tf.Choice) for layer in child._flatten_layers()
    )


def broken_models() -> list[tuple[keras.Model, str]]:
    """Returns models that are no spaces, and what is said of each."""
    images = keras.Input((8, 8, 4))
    pool = L.GlobalAveragePooling2D()
    choice = nse_tf.Choice([L.ReLU(), L.Identity()], name="act")
    hidden = L.TimeDistributed(nse_tf.Choice([L.ReLU(), L.Identity()]))

    def model(x: keras.KerasTensor) -> keras.Model:
        return keras.Model(images, L.Dense(3)(pool(x)))

    return [
        (model(L.ReLU()(images)), "has no `nse_tf.Choice`"),
        (model(choice(choice(images))), "'act' is called 2 times"),
        (model(hidden(images)), "lies inside a layer"),
        (keras.Model(images, choice(images)), "one score for each class"),
    ]


@pytest.mark.parametrize("number", range(4))
def test_models_that_are_no_spaces_are_refused(number: int) -> None:
    model, message = broken_models()[number]
    with pytest.raises(ValueError, match=message):
        space_of(model)


def test_a_space_whose_model_is_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="Hand over the model, too"):
        networks_of(space_of(choice_model()))
    with pytest.raises(TypeError, match="not 'spos'"):
        networks_of("spos")


def test_a_layer_that_cannot_be_copied_is_named() -> None:
    images = keras.Input((8, 8, 4))
    double = L.Lambda(lambda x: 2 * x, name="double")
    x = nse_tf.Choice([L.ReLU(), L.Identity()])(double(images))
    model = keras.Model(images, L.Dense(3)(L.GlobalAveragePooling2D()(x)))
    with pytest.raises(ValueError, match="Layer 'double' cannot be copied"):
        space_of(model)
