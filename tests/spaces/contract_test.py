"""What every family promises to code that does not know it."""

import pytest

from nse_tf.costs import backbone_parts, op_part
from nse_tf.costs.published_tables import published_table
from nse_tf.spaces import (
    PRESETS,
    LayerOp,
    ModelSkeleton,
    SearchSpace,
    layer_block,
    make_preset,
    space_from_json,
    space_to_json,
)
from tests.shared_data import NSE_CSV

MODEL = SearchSpace(
    name="own",
    skeleton=ModelSkeleton(
        image_size=(8, 8),
        image_channels=1,
        num_classes=10,
        model_digest="0123",
        macs=7,
        params=5,
    ),
    blocks=(
        layer_block(
            "choice",
            (LayerOp(label="wide", macs=3), LayerOp(label="narrow", macs=2)),
            (8, 8, 1),
            (16,),
        ),
    ),
    active=((0, 1),),
)
SPACES = {**{name: make_preset(name) for name in PRESETS}, "own": MODEL}
every_space = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)


@every_space
def test_files_bring_back_skeleton_and_blocks(space: SearchSpace) -> None:
    value = space_to_json(space)
    assert space_from_json(value) == space
    assert type(space.skeleton).from_json(value["skeleton"]) == space.skeleton


@every_space
def test_every_candidate_and_the_backbone_are_counted(
    space: SearchSpace,
) -> None:
    assert sum(part.macs for part in backbone_parts(space.skeleton)) > 0
    for block in space.blocks:
        assert all(
            op_part(op, block).name == block.name for op in block.candidates
        )


@every_space
def test_an_op_of_another_family_is_refused(space: SearchSpace) -> None:
    stranger = (
        LayerOp(label="own")
        if space is not MODEL
        else make_preset("spos").blocks[0].candidates[0]
    )
    block = space.blocks[0]
    with pytest.raises(ValueError, match=f"{stranger.name!r} cannot compete"):
        op_part(stranger, block)


@every_space
def test_shapes_lead_from_block_to_block(space: SearchSpace) -> None:
    for block in space.blocks:
        height, width, channels = block.in_map
        assert min(height, width, channels) > 0
        assert block.total_channels >= block.out_map[-1]
        assert len(block.cells) >= 1
        assert block.min_open <= block.max_open <= len(block.candidates)


@every_space
def test_cost_tables_have_rows_where_blocks_are_measured(
    space: SearchSpace,
) -> None:
    block = space.blocks[0]
    op = block.candidates[0]
    if space.skeleton.measures_blocks:
        assert len(set(space.skeleton.cost_keys)) in (1, 2)
        assert block.cost_key(op.name).startswith(f"{op.name}/in:")
        return
    with pytest.raises(ValueError, match="Cost tables hold"):
        _ = space.skeleton.cost_keys
    with pytest.raises(ValueError, match="Limit MACs or parameters instead"):
        block.cost_key(op.name)


@every_space
def test_only_cells_of_darts_grow(space: SearchSpace) -> None:
    skeleton = space.skeleton
    if not skeleton.partial_depths:
        assert skeleton.cell_roles == ()
        return
    assert skeleton.kind in ("darts", "darts_cifar")
    for num_cells in skeleton.partial_depths:
        small = space.with_fewer_cells(num_cells)
        assert len(small.skeleton.cell_roles) == num_cells
        assert small.skeleton.cell_kinds == skeleton.cell_kinds
    assert len(skeleton.cell_roles) == skeleton.partial_depths.stop


@every_space
def test_only_cells_may_be_fewer(space: SearchSpace) -> None:
    skeleton = space.skeleton
    if not skeleton.shallower_depths:
        assert not skeleton.cell_kinds
        with pytest.raises(ValueError, match="do not grow cell by cell"):
            space.with_fewer_cells(3)
        return
    assert set(skeleton.partial_depths) <= set(skeleton.shallower_depths)
    for num_cells in skeleton.shallower_depths:
        small = space.with_fewer_cells(num_cells)
        assert small.as_cells().skeleton.num_cells == num_cells
        assert small.active == space.active
        assert small.fingerprint != space.fingerprint
    with pytest.raises(ValueError, match="`num_cells` is 99; while"):
        space.with_fewer_cells(99)


def test_only_multi_branch_cells_open_subsets() -> None:
    opening = [name for name, each in SPACES.items() if each.opens_subsets]
    assert opening == [name for name in SPACES if name.startswith("nse_")]


@pytest.mark.parametrize("name", ["nb201", "darts", "own"])
def test_other_kinds_have_no_published_table(name: str) -> None:
    with pytest.raises(ValueError, match="published tables are for chain and"):
        published_table(NSE_CSV, SPACES[name])


def test_the_blocks_of_a_users_model_stay_in_its_skeleton() -> None:
    with pytest.raises(ValueError, match="they cannot get other candidates"):
        MODEL.with_skeleton(MODEL.skeleton)
