"""Which network is drawn from probabilities."""

import itertools

import numpy as np
import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.methods.discretizing import (
    drawn_within,
    likeliest,
    num_skips,
    skip_shares,
    with_few_skips,
)
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


def _restricted(values: np.ndarray, most: int) -> tuple[list[int], int]:
    """Restricts the skips of one kind of cell, edge by edge.

    By what the published code of P-DARTS does: zero the weakest kept skip, then
    the best op of each edge, the best two edges of each node.

    Args:
        values: `(14, 8)`, 0 where an op was dropped.
        most: Most skips.

    Returns:
        The op of each edge, 0 where it is left out, and how many skip.
    """
    values, skip = values.copy(), 3
    values[:, 0] = 0.0
    while True:
        ops = values.argmax(axis=1)
        first = 0
        for num_edges in (2, 3, 4, 5):
            here = slice(first, first + num_edges)
            weak = np.argsort(values[here].max(axis=1))[:-2] + first
            ops[weak] = 0
            first += num_edges
        kept = np.flatnonzero(ops == skip)
        if len(kept) <= most:
            return ops.tolist(), len(kept)
        values[kept[values[kept, skip].argmin()], skip] = 0.0


@pytest.mark.parametrize("seed", range(4))
def test_skips_are_restricted_as_in_the_published_code(seed: int) -> None:
    rng = np.random.default_rng(seed)
    active = [
        sorted({3, *rng.choice([0, 1, 2, 4, 5, 6, 7], 2, replace=False)})
        for _ in DARTS.blocks
    ]
    space = DARTS.restrict(active)
    values = _probabilities(space, seed)
    values[:, 3] *= 3.0
    plain = likeliest(space, values)
    for most in range(9):
        wanted, count = _restricted(values[:14], most)
        path = with_few_skips(space, values, most)
        assert list(path[:14]) == wanted
        assert num_skips(space, path) == count <= most
        # Only normal cells are restricted.
        assert path[14:] == plain[14:]
    assert num_skips(space, plain) > 2


def test_a_skip_without_which_a_node_starves_stays() -> None:
    # To the first node leads nothing but skips.
    active = [(0, 3), (3,), *[(0, 3, 4)] * 26]
    space = DARTS.restrict(active)
    values = _probabilities(space, 0)
    path = with_few_skips(space, values, 0)
    assert num_skips(space, path) == 2
    assert path[:2] == (3, 3)
    assert space.is_valid(np.array([path]))[0]


def test_what_is_drawn_keeps_budget_and_skips() -> None:
    model = CostModel(DARTS)
    low, high = model.range("macs")
    values = _probabilities(DARTS, 0)
    values[:, 3] += 1.0
    for budget in (
        Budget(macs=low + 0.1 * (high - low)),
        Budget(min_macs=high - 0.1 * (high - low)),
        # No bend leads into a window as narrow as this.
        Budget(macs=1.001 * (low + high) / 2, min_macs=(low + high) / 2),
    ):
        drawn = drawn_within(
            model, budget, values, np.random.default_rng(0), max_skips=1
        )
        assert budget.fits(model.costs(DARTS.genotype(drawn.path)))
        assert num_skips(DARTS, drawn.path) <= 1
