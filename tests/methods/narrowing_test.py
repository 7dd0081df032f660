"""Which ops edges keep from stage to stage."""

import numpy as np
import pytest

from nse_tf.methods.narrowing import narrowed, num_kept, without_none
from nse_tf.spaces import SearchSpace, Zero, make_preset

NB201 = make_preset("nb201")
DARTS = make_preset("darts")


@pytest.mark.parametrize(
    ("count", "kept"),
    [
        (8, [5, 3, 1]),  # Published.
        (7, [5, 3, 1]),
        (6, [4, 3, 1]),
        (5, [4, 3, 1]),
        (4, [3, 3, 1]),
        (3, [3, 3, 1]),
        (2, [2, 2, 1]),
        (1, [1, 1, 1]),
    ],
)
def test_three_stages_lead_to_one_op(count: int, kept: list[int]) -> None:
    assert [num_kept(count, stage, 3) for stage in range(3)] == kept


@pytest.mark.parametrize("num_stages", range(1, 6))
@pytest.mark.parametrize("count", range(1, 10))
def test_any_number_of_stages_narrows_step_by_step(
    count: int, num_stages: int
) -> None:
    kept = [num_kept(count, stage, num_stages) for stage in range(num_stages)]
    assert kept == sorted(kept, reverse=True)
    assert kept[-1] == 1
    assert kept[:-1][-1:] in ([], [min(count, 3)])


def test_the_most_probable_stay_and_so_does_what_must() -> None:
    values = np.zeros((6, 5))
    values[:, 2], values[:, 4] = 0.6, 0.4
    left = narrowed(NB201, values, [2] * 6)
    assert left.active == ((2, 4),) * 6
    left = narrowed(NB201, values, [2, 2, 1, 1, 5, 4], (0, 2, 0, 2, 0, 3))
    assert left.active == (
        (0, 2),
        (2, 4),
        (0,),
        (2,),
        (0, 1, 2, 3, 4),
        (0, 2, 3, 4),
    )


@pytest.mark.parametrize("space", [NB201, DARTS], ids=["nb201", "darts"])
def test_none_goes_where_there_is_another_op(space: SearchSpace) -> None:
    ops = space.blocks[0].candidates
    assert ops[0] == Zero()
    active = [(0, 1), (0,)] + [(0, 1, 2)] * (len(space.blocks) - 2)
    left = without_none(space.restrict(active))
    assert left.active[:3] == ((1,), (0,), (1, 2))
