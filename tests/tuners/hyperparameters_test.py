from typing import Any

import keras_tuner
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nse_tf.spaces import MBConv, make_preset, published_network
from nse_tf.tuners.hyperparameters import (
    declare,
    declare_valid,
    genotype_of,
    values_of,
)
from tests.supernet.tiny_branches import tiny_branches
from tests.supernet.tiny_spaces import tiny_space

SPACE = tiny_space()


def drawn_values(seed: int) -> keras_tuner.HyperParameters:
    """Returns the hyperparameters of a child drawn by seed."""
    hp = keras_tuner.HyperParameters()
    hp.values = values_of(SPACE, SPACE.sample(np.random.default_rng(seed)))
    return hp


@given(st.integers(0, 2**31))
def test_a_genotype_comes_back_from_its_hyperparameters(seed: int) -> None:
    genotype = SPACE.sample(np.random.default_rng(seed))
    assert genotype_of(SPACE, drawn_values(seed)) == genotype


def test_it_comes_back_through_keras_tuner_s_own_form() -> None:
    hp = drawn_values(4)
    declare(SPACE, hp)
    copy = keras_tuner.HyperParameters.from_config(hp.get_config())
    assert genotype_of(SPACE, copy) == genotype_of(SPACE, hp)


def test_every_block_is_a_choice_of_its_op_names() -> None:
    hp = keras_tuner.HyperParameters()
    declare(SPACE, hp)
    assert {each.name: list(each.values) for each in hp.space} == {
        block.name: [op.name for op in block.candidates]
        for block in SPACE.blocks
    }


def test_a_shrunk_space_declares_all_candidates() -> None:
    """keras-tuner ignores a choice that narrows, so none may."""
    shrunk = SPACE.restrict([active[:1] for active in SPACE.active])
    one, other = keras_tuner.HyperParameters(), keras_tuner.HyperParameters()
    declare(SPACE, one)
    declare(shrunk, other)
    assert one.get_config() == other.get_config()


def test_a_missing_block_is_named() -> None:
    hp = drawn_values(0)
    name = SPACE.blocks[1].name
    del hp.values[name]
    with pytest.raises(ValueError, match=f"no value for block '{name}'"):
        genotype_of(SPACE, hp)
    with pytest.raises(ValueError, match="none at all"):
        genotype_of(SPACE, keras_tuner.HyperParameters())


def test_an_unknown_op_is_refused() -> None:
    hp = drawn_values(0)
    hp.values[SPACE.blocks[0].name] = MBConv(9, 9).name
    with pytest.raises(ValueError, match=MBConv(9, 9).name):
        genotype_of(SPACE, hp)


def test_open_branches_are_booleans_that_come_back() -> None:
    space = tiny_branches()
    genotype = space.genotype([[], [0, 2], [1]])
    hp = keras_tuner.HyperParameters()
    declare(space, hp)
    hp.values |= values_of(space, genotype)
    copy = keras_tuner.HyperParameters.from_config(hp.get_config())
    assert genotype_of(space, copy) == genotype
    assert [type(each).__name__ for each in hp.space] == ["Boolean"] * 9
    inactive = f"{space.blocks[1].name}/{space.blocks[1].candidates[0].name}"
    also = f"{space.blocks[1].name}/{space.blocks[1].candidates[2].name}"
    hp.values |= {inactive: False, also: False}
    with pytest.raises(ValueError, match="must open 1 to 3 branches"):
        genotype_of(space, hp)


# Cells of DARTS, whose nodes take two inputs.

DARTS = make_preset("darts")
# Without `none`, and without anything else on one edge.
SHRUNK = DARTS.restrict([[0] if edge == 2 else [3, 7] for edge in range(28)])


@pytest.mark.parametrize("space", [DARTS, SHRUNK], ids=["whole", "shrunk"])
def test_random_choices_encode_valid_cells_only(space: Any) -> None:
    hp = keras_tuner.HyperParameters()
    declare_valid(space, hp)
    oracle = keras_tuner.oracles.RandomSearchOracle(
        objective="val_accuracy", max_trials=40, hyperparameters=hp, seed=0
    )
    genotypes = set()
    for _ in range(40):
        copy = keras_tuner.HyperParameters()
        copy.values = oracle.populate_space("")["values"]
        genotypes.add(genotype_of(space, copy))
    paths = np.array([genotype.path for genotype in genotypes])
    assert len(paths) == 40
    assert space.is_valid(paths).all()
    for genes, valid in zip(paths.T, space.valid_genes, strict=True):
        assert set(genes.tolist()) <= set(valid)


@pytest.mark.parametrize("name", ["darts_abs", "darts_v2"])
def test_cells_come_back_from_their_hyperparameters(name: str) -> None:
    space, genotype = published_network(name)
    hp = keras_tuner.HyperParameters()
    hp.values = values_of(space, genotype)
    assert len(hp.values) == 8 + 16
    assert genotype_of(space, hp) == genotype
    declare(space, hp)
    copy = keras_tuner.HyperParameters.from_config(hp.get_config())
    assert genotype_of(space, copy) == genotype


def test_cells_of_any_number_of_inputs_come_back() -> None:
    genotype = DARTS.sample(np.random.default_rng(0))
    hp = keras_tuner.HyperParameters()
    hp.values = values_of(DARTS, genotype)
    assert genotype_of(DARTS, hp) == genotype


def test_missing_inputs_of_a_node_are_named() -> None:
    hp = keras_tuner.HyperParameters()
    with pytest.raises(ValueError, match="'normal_2/inputs'; they have none"):
        genotype_of(DARTS, hp)
