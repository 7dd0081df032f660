"""Which ops are searched, locked and unseen."""

import numpy as np
import pytest

from nse_tf.evolution.pools import Pools, num_rounds
from nse_tf.spaces import make_preset
from nse_tf.spaces.branch_networks import FRONT, branch_genes

POOL = make_preset("nse_27")


def make_pools(num_active: int = 5, seed: int = 0) -> Pools:
    return Pools.initial(POOL, num_active, np.random.default_rng(seed))


def test_a_search_begins_with_some_ops_of_each_cell() -> None:
    pools = make_pools()
    for active, locked, pending in zip(
        pools.active, pools.locked, pools.pending, strict=True
    ):
        assert len(active) == 5
        assert locked == ()
        assert sorted((*active, *pending)) == list(range(27))
    assert len(set(pools.pending)) > 1  # Each cell has an order of its own.
    assert pools == make_pools()
    assert pools != make_pools(seed=1)


def test_what_is_kept_stays_and_the_next_unseen_ops_enter() -> None:
    pools = make_pools(3)
    kept = [active[:1] for active in pools.active]
    after = pools.inherit(kept, 3)
    for before, cell in zip(pools.pending, range(22), strict=True):
        assert after.locked[cell] == tuple(kept[cell])
        assert after.active[cell] == tuple(sorted((*kept[cell], *before[:2])))
        assert after.entered[cell] == tuple(sorted(before[:2]))
        assert after.pending[cell] == before[2:]


def test_where_more_is_kept_nothing_enters() -> None:
    pools = make_pools(3)
    after = pools.inherit(pools.active, 3)
    assert after.active == pools.active
    assert after.pending == pools.pending
    assert not any(after.entered)


def test_nothing_kept_lets_all_unseen_ops_in() -> None:
    pools = make_pools(3)
    after = pools.inherit([()] * 22, 3)
    assert all(len(active) == 3 for active in after.active)
    assert not any(
        set(one) & set(other)
        for one, other in zip(pools.active, after.active, strict=True)
    )


def test_an_op_is_seen_once_and_the_pool_ends() -> None:
    pools, seen = make_pools(5), [set() for _ in range(22)]  # type: ignore[var-annotated]
    for _ in range(10):
        for cell, entered in zip(seen, pools.entered, strict=True):
            assert not cell & set(entered)
            cell |= set(entered)
        pools = pools.inherit([active[-1:] for active in pools.active], 5)
    assert all(cell == set(range(27)) for cell in seen)
    assert not any(pools.pending)


@pytest.mark.parametrize(
    ("size", "active", "rounds"),
    [(27, 5, 6), (72, 5, 17), (19, 6, 3), (3, 3, 1)],
)
def test_rounds_are_counted_as_published(
    size: int, active: int, rounds: int
) -> None:
    assert num_rounds(size, active) == rounds


def test_the_second_space_continues_from_the_first() -> None:
    genes = [branch_genes(cells) for cells in FRONT]
    locked = [
        sorted({index for each in genes for index in each[cell]})
        for cell in range(22)
    ]
    pools = Pools.initial(
        make_preset("nse_72"),
        5,
        np.random.default_rng(0),
        locked,
        [range(27)] * 22,
    )
    for cell in range(22):
        assert set(locked[cell]) <= set(pools.active[cell])
        assert len(pools.active[cell]) == 5
        assert min(pools.entered[cell], default=27) >= 27
        assert sorted((*pools.entered[cell], *pools.pending[cell])) == list(
            range(27, 72)
        )


def test_what_does_not_fit_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"`num_active` is 28; .* 27 ops"):
        Pools.initial(POOL, 28, rng)
    with pytest.raises(ValueError, match=r"locked ops \(27,\) of cell 'stage0"):
        Pools.initial(POOL, 5, rng, [[27], *([[]] * 21)])
    with pytest.raises(ValueError, match=r"22 cells, but .* 1 and"):
        Pools.initial(POOL, 5, rng, [[0]])
