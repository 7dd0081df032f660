"""Which network is drawn from probabilities."""

import itertools

import numpy as np
import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.methods.discretizing import drawn_within, likeliest, skip_shares
from nse_tf.spaces import SearchSpace, make_preset

NB201 = make_preset("nb201", image_size=(16, 16), width=0.5, depth=0.2)
DARTS = make_preset("darts", image_size=(32, 32), width=0.25, depth=3 / 14)


def _probabilities(space: SearchSpace, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = np.zeros((len(space.blocks), space.max_candidates))
    for row, indices in zip(found, space.active, strict=True):
        row[list(indices)] = rng.dirichlet(np.ones(len(indices)))
    return found


def test_edges_of_their_own_take_their_most_probable_op() -> None:
    values = _probabilities(NB201, 0)
    assert likeliest(NB201, values) == tuple(values.argmax(axis=1).tolist())


@pytest.mark.parametrize("seed", range(3))
def test_nodes_take_two_edges_by_their_best_op_but_none(seed: int) -> None:
    """As the published code does: by each edge's best op, without `none`."""
    values = _probabilities(DARTS, seed)
    path = likeliest(DARTS, values)
    for node in DARTS.nodes:
        best = [values[block, 1:].max() for block in node.blocks]
        wanted = set(np.argsort(best)[-2:].tolist())
        for number, block in enumerate(node.blocks):
            is_taken = number in wanted
            op = 1 + int(values[block, 1:].argmax()) if is_taken else 0
            assert path[block] == op


def test_each_edge_of_a_shrunk_space_has_its_own_ops() -> None:
    rng = np.random.default_rng(0)
    active = [
        sorted(rng.choice(indices, 3, replace=False).tolist())
        for indices in DARTS.active
    ]
    space = DARTS.restrict(active)
    path = likeliest(space, _probabilities(space, 1))
    assert DARTS.is_valid(np.array([path]))[0]
    assert space.genotype(path).path == path
    for index, indices in zip(path, active, strict=True):
        assert index in {0, *indices}


@pytest.mark.parametrize("space", [NB201, DARTS], ids=["nb201", "darts"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_what_is_drawn_keeps_limits_of_all_kinds(
    space: SearchSpace, share: float
) -> None:
    model = CostModel(space)
    low, high = model.range("macs")
    middle = low + share * (high - low)
    budgets = [
        Budget(macs=middle),
        Budget(min_macs=middle),
        Budget(macs=middle * 1.2, min_macs=middle * 0.8),
    ]
    for budget, seed in itertools.product(budgets, range(2)):
        drawn = drawn_within(
            model,
            budget,
            _probabilities(space, seed),
            np.random.default_rng(0),
        )
        assert budget.fits(model.costs(space.genotype(drawn.path)))


def test_what_fits_is_not_bent() -> None:
    model, values = CostModel(NB201), _probabilities(NB201, 0)
    _, high = model.range("macs")
    drawn = drawn_within(
        model, Budget(macs=high), values, np.random.default_rng(0)
    )
    assert drawn.bend == 0.0
    assert drawn.path == likeliest(NB201, values)


def test_the_share_of_skips_is_that_of_edges_in_use() -> None:
    assert skip_shares(NB201, (1, 3, 0, 2, 4, 1)) == (0.5,)
    skip = DARTS.blocks[0].candidates.index(
        NB201.blocks[0].candidates[1]  # Both have `skip_connect`.
    )
    path = np.zeros(len(DARTS.blocks), np.int64)
    for number, node in enumerate(DARTS.nodes):
        path[list(node.blocks[:2])] = skip if number < 2 else skip + 1
    assert skip_shares(DARTS, path.tolist()) == (0.5, 0.0)
