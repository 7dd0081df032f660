"""A supernet of nested candidates: children, angles, seeds, and refusals."""

import functools

import keras
import numpy as np
import pytest

from nse_tf.datasets import ImageSet
from nse_tf.spaces import (
    SearchSpace,
    Stage,
    make_preset,
)
from nse_tf.supernet import (
    Capability,
    NestedSupernet,
    Supernet,
    networks_of,
    networks_of_space,
    require_capability,
)
from nse_tf.supernet.networks import SHARINGS
from nse_tf.training import SupernetRecipe, SupernetTrainer
from tests.supernet.choice_models import choice_model
from tests.supernet.tiny_branches import tiny_branches
from tests.supernet.tiny_cells import tiny_cells
from tests.supernet.tiny_spaces import NESTED_OPS, random_images, tiny_space

SPACE = tiny_space(ops=NESTED_OPS, stages=(Stage(8, 1, 1), Stage(12, 1, 2)))


@pytest.fixture(scope="module")
def supernet() -> NestedSupernet:
    return NestedSupernet(SPACE, seed=0)


def weight_of(
    child: keras.Model, block: str, layer: str, name: str = "kernel"
) -> np.ndarray:
    return np.array(getattr(child.get_layer(f"{block}_{layer}"), name))


def test_children_of_nested_genotypes_have_nested_weights(
    supernet: NestedSupernet,
) -> None:
    """k3_e2 (0) is in k5_e6 (1) and k3_e6 (3); last scales are one."""
    small, large = (
        supernet.cut_out(SPACE.genotype([index, index])) for index in (0, 1)
    )
    inner = 2 * 8  # Both blocks have eight inputs.
    for number in range(2):
        block = f"stage{number}_block0"
        one = functools.partial(weight_of, small, f"{block}_mbconv_k3_e2")
        other = functools.partial(weight_of, large, f"{block}_mbconv_k5_e6")
        pairs = (
            (one("expand"), other("expand")[..., :inner]),
            (one("depthwise"), other("depthwise")[1:4, 1:4, :inner]),
            (one("project"), other("project")[:, :, :inner]),
            (one("project_bn", "gamma"), other("project_bn", "gamma")),
        )
        for found, wanted in pairs:
            np.testing.assert_array_equal(found, wanted)
        # Beside a shortcut a branch starts at nothing.
        has_shortcut = number == 0
        assert (one("project_bn", "gamma") == 0).all() == has_shortcut


def test_seeds_give_the_weights(supernet: NestedSupernet) -> None:
    used = NestedSupernet(SPACE, seed=5)
    assert any(
        (one != other).any()
        for one, other in zip(
            used.get_weights(), supernet.get_weights(), strict=True
        )
    )
    used.set_weights([value + 1 for value in used.get_weights()])
    used.initialize(0)
    for one, other in zip(
        used.get_weights(), supernet.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_it_has_the_weights_of_the_largest_candidate_alone() -> None:
    """k7_e6, which is no candidate: 8 inputs, 48 inner channels."""
    block = NestedSupernet(SPACE).blocks[0]
    largest = 8 * 48 + 49 * 48 + 48 * 8 + 4 * 48 + 2 * 8
    assert np.count_nonzero(block.kernel_sizes) * 8 == 8 * 48 * 2 + 49 * 48
    assert block.rows.shape == (largest // 8 + 1, 8)


def test_angle_sums_run_over_the_part_of_each_candidate() -> None:
    images = ImageSet(random_images(SPACE, 4), np.zeros(4, np.int32))
    trainer = SupernetTrainer(
        NestedSupernet(SPACE), SupernetRecipe(batch_size=4), images
    )
    rng = np.random.default_rng(0)

    def kernels(candidate: int) -> np.ndarray:
        values = trainer.supernet.blocks[1].values_of(candidate)
        return np.concatenate(
            [
                value.ravel().astype(np.float64)
                for (_, name), value in values.items()
                if name == "kernel"
            ]
        )

    before = [kernels(index) for index in range(4)]
    rows = trainer.supernet.blocks[1].rows
    rows.assign(rows.numpy() + rng.normal(size=rows.shape))
    sums = trainer.angle_sums().candidates
    for index, base in enumerate(before):
        now = kernels(index)
        np.testing.assert_allclose(
            sums[1, index], [base @ now, base @ base, now @ now], rtol=1e-6
        )
    assert not sums[0, 4].any()  # The identity.


def test_networks_say_how_their_supernet_shares() -> None:
    assert SHARINGS == ("rows", "nested")
    nested = networks_of(SPACE, "nested")
    assert nested.sharing == "nested"
    supernet = nested.supernet()
    assert supernet.capabilities < Supernet.capabilities
    with pytest.raises(ValueError, match="which are the same weights: let"):
        require_capability(supernet, Capability.SEVERAL_OPEN)
    assert networks_of(SPACE).sharing == "rows"
    # The space of the CIFAR-10 table.
    networks_of(make_preset("spos_small", image_size=(32, 32)), "nested")


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (tiny_space(), "'mbconv_k3_e1' and 'mbconv_k5_e3' of block"),
        (tiny_branches(), "Candidate .* of block .* does not nest"),
        (tiny_cells(), "Candidate 'none' does not nest in others"),
    ],
)
def test_candidates_that_do_not_nest_are_refused_by_name(
    space: SearchSpace, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        networks_of_space(space, "nested")


def test_models_and_unknown_sharings_are_refused() -> None:
    with pytest.raises(ValueError, match="does not nest in others"):
        networks_of(choice_model(), "nested")
    with pytest.raises(ValueError, match="'rows', 'nested', not 'half'"):
        networks_of(SPACE, "half")
