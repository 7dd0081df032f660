"""Spaces of cells: sizes, sites, JSON, restriction."""

import dataclasses
import json

import numpy as np
import pytest

from nse_tf.spaces import (
    DartsSkeleton,
    NB201Skeleton,
    make_preset,
    space_from_json,
    space_to_json,
)
from nse_tf.spaces.cell_ops import NB201_OPS
from nse_tf.spaces.published_skeletons import NB201_SKELETON

CELL_PRESETS = ("nb201", "darts", "darts_shrinking")


@pytest.mark.parametrize(
    ("name", "num_edges", "size"),
    [
        ("nb201", 6, 15_625),
        ("darts_shrinking", 14, 4_398_046_511_104),
        ("darts", 28, 8**28),
    ],
)
def test_published_spaces_have_their_published_size(
    name: str, num_edges: int, size: int
) -> None:
    space = make_preset(name)
    assert len(space.blocks) == num_edges
    assert space.size == size


def test_nb201_cells_stand_in_three_stages() -> None:
    skeleton = make_preset("nb201").require_skeleton(NB201Skeleton)
    edges = make_preset("nb201").as_cells().edges
    assert len(skeleton.cells) == 15
    assert skeleton.classifier_channels == 64
    for edge in edges:
        shapes = [(site.in_size[0], site.channels) for site in edge.sites]
        assert shapes == [(32, 16)] * 5 + [(16, 32)] * 5 + [(8, 64)] * 5
        assert {site.stride for site in edge.sites} == {1}


def test_darts_reduces_at_cells_four_and_nine() -> None:
    skeleton, edges = make_preset("darts").as_cells()
    assert [cell.kind for cell in skeleton.cells].count("reduce") == 2
    assert [cell.stride for cell in skeleton.cells].index(2) == 4
    assert skeleton.cells[9].stride == 2
    assert [cell.halves_first for cell in skeleton.cells] == [
        index in (0, 5, 10) for index in range(14)
    ]
    assert skeleton.cells[-1].in_channels == (4 * 192, 4 * 192)
    by_name = {edge.name: edge for edge in edges}
    assert len(by_name["normal_0_2"].sites) == 12
    # An edge from an input halves the map, one from an inner node does not.
    assert [s.stride for s in by_name["reduce_1_2"].sites] == [2, 2]
    inner = by_name["reduce_2_3"].sites[0]
    assert (inner.in_size, inner.stride, inner.channels) == ((14, 14), 1, 96)


def test_the_shrinking_space_shares_edges_between_kinds_of_cells() -> None:
    edges = make_preset("darts_shrinking").as_cells().edges
    assert [site.stride for site in edges[0].sites].count(2) == 2
    assert len(edges[0].sites) == 14


@pytest.mark.parametrize("name", CELL_PRESETS)
def test_json_round_trip_of_a_shrunk_space(name: str) -> None:
    space = make_preset(name).without([(0, 1), (1, 2)])
    read = space_from_json(json.loads(json.dumps(space_to_json(space))))
    assert read == space
    assert read.fingerprint == make_preset(name).fingerprint


def test_fingerprints_of_cell_spaces_do_not_change_between_versions() -> None:
    # Saved genotypes hold them.
    prints = [make_preset(name).fingerprint for name in CELL_PRESETS]
    assert prints[:2] == ["6bbb1bc4da5fb809", "2afbbb6b6d57fc77"]
    assert len(set(prints)) == 3


def test_what_is_sampled_and_enumerated_lies_in_the_space() -> None:
    space = make_preset("nb201").restrict([[1, 3]] * 6)
    every = set(space.enumerate())
    assert len(every) == space.size == 64
    assert space.sample(np.random.default_rng(0)) in every


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"skeleton": {"kind": "enas"}}, "of the kind 'enas'"),
        ({"block": {"candidates": ["mbconv_k3_e3"]}}, "cannot compete at edge"),
        ({"block": {"max_open": 2}}, "`max_open` of an edge must be 1, not 2"),
        (
            {"block": {"candidates": ["nor_conv"]}},
            "of block 'cell_0_1': No op is named 'nor_conv'",
        ),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    changes: dict[str, dict[str, object]], message: str
) -> None:
    value = space_to_json(make_preset("nb201"))
    value["skeleton"].update(changes.get("skeleton", {}))
    value["blocks"][0].update(changes.get("block", {}))
    with pytest.raises(ValueError, match=message):
        space_from_json(value)


def test_a_file_that_lacks_an_active_block_is_refused() -> None:
    value = space_to_json(make_preset("nb201"))
    value["active"].pop()
    with pytest.raises(ValueError, match="has 5 entries, `blocks` 6"):
        space_from_json(value)


def test_a_chain_cannot_hold_cell_ops() -> None:
    value = space_to_json(make_preset("spos"))
    value["blocks"][0]["candidates"] = ["nor_conv_3x3"]
    with pytest.raises(ValueError, match="'nor_conv_3x3' cannot compete"):
        space_from_json(value)


def test_each_kind_of_space_is_asked_for_by_name() -> None:
    with pytest.raises(ValueError, match="'spos' has the skeleton 'chain'"):
        make_preset("spos").as_cells()
    with pytest.raises(ValueError, match="needs a chain of blocks"):
        make_preset("nb201").as_chain()
    with pytest.raises(ValueError, match="needs the cells of NAS-Bench"):
        make_preset("darts").require_skeleton(NB201Skeleton)


def test_as_many_candidate_lists_as_edges_are_needed() -> None:
    with pytest.raises(ValueError, match=r"6 edges, but there are .* for 5"):
        NB201_SKELETON.blocks([NB201_OPS] * 5)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("channels", 0),
        ("num_cells", 0),
        ("num_classes", 1),
        ("image_channels", 0),
    ],
)
def test_a_number_too_small_is_refused(field: str, value: int) -> None:
    numbers = dataclasses.asdict(NB201_SKELETON) | {field: value}
    with pytest.raises(ValueError, match=f"`{field}` must be .* not {value}"):
        NB201Skeleton(**numbers)


@pytest.mark.parametrize(
    ("kind", "side"), [(NB201Skeleton, 3), (DartsSkeleton, 31)]
)
def test_an_image_too_small_for_the_strides_is_refused(
    kind: type[NB201Skeleton], side: int
) -> None:
    with pytest.raises(ValueError, match=f"{side}x{side} is too small"):
        kind(
            image_size=(side, side),
            image_channels=3,
            num_classes=10,
            channels=16,
            num_cells=3,
        )


def test_width_and_depth_multiply_channels_and_cells() -> None:
    skeleton = make_preset("nb201", width=0.5, depth=0.2).as_cells().skeleton
    assert (skeleton.channels, skeleton.num_cells) == (8, 1)
