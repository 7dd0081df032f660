"""Spaces of DARTS on their way to all their cells."""

import itertools

import pytest

from nse_tf.spaces import (
    DartsSkeleton,
    make_preset,
)

DARTS = make_preset("darts_shrinking")


def test_cells_are_inserted_between_after_and_before_the_reductions() -> None:
    sections = []
    for num_cells in range(3, 14):
        skeleton = DARTS.with_fewer_cells(num_cells).require_skeleton(
            DartsSkeleton
        )
        first, second = skeleton.reductions
        strides = [cell.stride for cell in skeleton.cells]
        assert [i for i, stride in enumerate(strides) if stride == 2] == [
            first,
            second,
        ]
        sections.append((first, second - first - 1, num_cells - second - 1))
    # Normal cells before, between and after: three in a row, then one more of
    # each, as ABS inserts them.
    assert sections[:5] == [
        (1, 0, 0),
        (1, 1, 0),
        (1, 1, 1),
        (2, 1, 1),
        (2, 2, 1),
    ]
    assert sections[-1] == (4, 4, 3)
    whole = DARTS.require_skeleton(DartsSkeleton)
    assert whole.reductions == (4, 9)


def test_a_cell_keeps_its_role_and_each_step_brings_one() -> None:
    skeletons = [
        DARTS.with_fewer_cells(num_cells).require_skeleton(DartsSkeleton)
        for num_cells in range(3, 14)
    ]
    skeletons.append(DARTS.require_skeleton(DartsSkeleton))
    roles = [skeleton.cell_roles for skeleton in skeletons]
    assert roles[0] == ("before0", "reduce0", "reduce1")
    assert roles[3] == (
        *("before0", "before1", "reduce0"),
        *("between0", "reduce1", "after0"),
    )
    for before, after in itertools.pairwise(roles):
        assert len(after) == len(before) + 1
        assert [role for role in after if role in before] == list(before)
    # A role is of one width and stride, however many cells there are.
    widths: dict[str, tuple[int, int]] = {}
    for skeleton, names in zip(skeletons, roles, strict=True):
        for cell, role in zip(skeleton.cells, names, strict=True):
            shape = (cell.channels, cell.stride)
            assert widths.setdefault(role, shape) == shape


@pytest.mark.parametrize("name", ["darts", "darts_shrinking"])
def test_blocks_are_those_of_the_whole_space(name: str) -> None:
    space = make_preset(name).without([(0, 1), (3, 2)])
    small = space.with_fewer_cells(4)
    assert small.active == space.active
    edges = space.as_cells().edges
    fewer = small.as_cells().edges
    assert [(e.name, e.candidates) for e in fewer] == [
        (e.name, e.candidates) for e in edges
    ]
    assert {site.cell for edge in fewer for site in edge.sites} == set(range(4))
    assert small.fingerprint != space.fingerprint


@pytest.mark.parametrize("num_cells", [2, 14])
def test_numbers_of_cells_that_cannot_be_are_refused(num_cells: int) -> None:
    with pytest.raises(ValueError, match=f"`num_cells` is {num_cells}.* 3 to"):
        DARTS.with_fewer_cells(num_cells)


def test_other_skeletons_do_not_grow() -> None:
    with pytest.raises(ValueError, match="do not grow cell by cell"):
        make_preset("spos_tiny").with_fewer_cells(4)
    assert not make_preset("nb201").skeleton.partial_depths
