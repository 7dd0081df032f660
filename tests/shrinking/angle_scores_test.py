"""Angles by name, from what a training came back with."""

import math

import numpy as np
import pytest

from nse_tf.jobs import SupernetTrained
from nse_tf.shrinking import angle_sums
from nse_tf.spaces import SearchSpace, make_preset
from tests.shrinking.chains import chain

CELLS = make_preset("nb201", image_size=(8, 8), width=1 / 8, depth=0.2)


def trained(space: SearchSpace, cosine: float = 0.5) -> SupernetTrained:
    """Returns sums of candidates that all turned alike, two kernels each."""
    shape = (len(space.blocks), space.max_candidates, 1)
    as_tuples = [
        tuple(tuple(map(tuple, block)) for block in np.tile(sums, shape))
        for sums in ([cosine * 4.0, 4.0, 4.0], [cosine * 2.0, 2.0, 2.0])
    ]
    return SupernetTrained(
        losses=(1.0,),
        angle_sums=as_tuples[0],
        backbone_sums=(0.0, 4.0, 4.0),
        seconds=1.0,
        unit_sums=as_tuples[1],
    )


def test_angles_of_a_chain_by_hand() -> None:
    space = chain(2)
    path = np.zeros((1, 2), int)
    plain = angle_sums(space, trained(space)).angles(path)
    at_rest = angle_sums(space, trained(space), "angle_fixed_at_zero")
    # Two ops of cosine 1/2 beside a backbone turned by 90°, or not at all.
    assert plain == pytest.approx(math.acos((2 + 2 + 0) / 12))
    assert at_rest.angles(path) == pytest.approx(math.acos((2 + 2 + 4) / 12))


def test_angles_of_cells_count_paths_and_poolings() -> None:
    path = np.full((1, 6), 3)
    plain = angle_sums(CELLS, trained(CELLS)).angles(path)
    assert plain == pytest.approx(math.acos(8 * 2 / (8 * 4 + 4)))
    units = angle_sums(CELLS, trained(CELLS), "angle_of_unit_kernels")
    # Eight paths' worth of two kernels, and two at rest for each of 3 cells.
    found = units.angles(path)
    assert found == pytest.approx(math.acos((8 * 1 + 6) / (8 * 2 + 6)))
    pooled = np.array([[3, 4, 4, 4, 4, 4]])
    assert units.angles(pooled) < found


@pytest.mark.parametrize(
    ("score", "message"),
    [
        ("length", "No angle is called 'length'"),
        ("angle_of_unit_kernels", "is for spaces of cells"),
    ],
)
def test_what_is_no_angle_here_is_refused(score: str, message: str) -> None:
    space = chain(2)
    with pytest.raises(ValueError, match=message):
        angle_sums(space, trained(space), score)


def test_diverged_sums_are_refused() -> None:
    for space in (chain(2), CELLS):
        with pytest.raises(ValueError, match="diverged"):
            angle_sums(space, trained(space, math.nan))
