"""What reports say of a mixture in stages."""

import dataclasses

from nse_tf.events import CellDrawn, MixtureTrained, SkipsLimited, SpaceAtStage
from nse_tf.reporting.html import page
from nse_tf.reporting.mixture_stages import mixture_stages, stages_section
from nse_tf.reporting.mixtures import mixture_lines
from nse_tf.reporting.run_record import RunRecord
from nse_tf.spaces import make_preset

SPACE = make_preset("nb201")
ACTIVE = tuple((0, 1, 2, 3) for _ in SPACE.blocks)
LAST = tuple((1, 3) for _ in SPACE.blocks)


def _mixture(
    active: tuple[tuple[int, ...], ...], num_cells: int | None
) -> MixtureTrained:
    return MixtureTrained(
        architecture_losses=(1.0,),
        active=active,
        history=(tuple(tuple(1 / len(a) for _ in a) for a in active),),
        cell_kinds=("cell",),
        skip_shares=((0.5,),),
        num_cells=num_cells,
    )


def _space(
    stage: int, dropped: tuple[tuple[int, int], ...] = ()
) -> SpaceAtStage:
    return SpaceAtStage(
        stage=stage, active=ACTIVE, size=10, num_operators=8, dropped=dropped
    )


LIMITED = SkipsLimited(
    cell_kind="cell",
    chosen=1,
    limits=(1, 0),
    paths=((1, 3, 3, 3, 3, 3), (3, 3, 3, 3, 3, 3)),
    num_skips=(1, 0),
    genotypes=("|skip_connect~0|", "|nor_conv_3x3~0|"),
)
DRAWN = CellDrawn(
    path=(1, 3, 3, 3, 3, 3),
    likeliest=(1, 3, 3, 3, 3, 3),
    bend=0.0,
    costs={"macs": 1e6},
    cell_kinds=("cell",),
    skip_shares=(1 / 6,),
)
RECORD = RunRecord(
    name="made up",
    events=(
        _space(0),
        _mixture(ACTIVE, 2),
        _space(1, ((0, 0), (0, 2), (1, 0))),
        _mixture(LAST, None),
        _space(2, ((0, 1),)),
        LIMITED,
        DRAWN,
    ),
    space=SPACE,
)


def test_each_stage_says_what_it_mixed_and_what_it_dropped() -> None:
    first, last = mixture_stages(RECORD)
    assert (first.cells, first.ops, first.skips) == ("2", "4", "50.00 %")
    assert (last.cells, last.ops) == ("5", "2")
    html = stages_section(RECORD)
    assert "none 2×, nor_conv_1x1 1×" in html
    assert "skip_connect 1×" in html
    assert "cell_0_1" in html
    assert "1, taken" in html
    assert "|nor_conv_3x3~0|" in html
    assert stages_section(RECORD) in page(RECORD)


def test_the_terminal_says_how_many_stages_there_were() -> None:
    lines = dict(mixture_lines(RECORD))
    assert lines["stages"] == (
        "2: 2, 5 cells, and 4, 2 ops an edge to choose from"
    )
    assert list(lines) == ["stages", "idle edges"]


def test_without_the_space_ops_are_counted() -> None:
    record = dataclasses.replace(RECORD, space=None)
    html = stages_section(record)
    assert "3 ops" in html
    assert mixture_stages(record)[-1].cells == "all"
    assert "cell_0_1" not in html


def test_a_collapse_names_what_helps() -> None:
    collapsed = dataclasses.replace(DRAWN, collapsed=("cell",))
    events = (*RECORD.events[:-1], collapsed)
    lines = dict(mixture_lines(dataclasses.replace(RECORD, events=events)))
    assert "Try a lower --max_skips" in lines["collapsed"]


def test_edges_of_unequal_lists_have_a_range() -> None:
    mixture = _mixture(((0, 1), *ACTIVE[1:]), 2)
    (stage,) = mixture_stages(
        dataclasses.replace(RECORD, events=(mixture, _space(1)))
    )
    assert stage.ops == "2 to 4"


def test_runs_of_a_single_mixture_say_nothing_of_stages() -> None:
    record = dataclasses.replace(
        RECORD, events=(_space(0), _mixture(ACTIVE, None), DRAWN)
    )
    assert stages_section(record) == ""
    assert "stages" not in dict(mixture_lines(record))
