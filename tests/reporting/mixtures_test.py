"""What reports say of a mixture and the cell drawn from it."""

import dataclasses

from nse_tf.events import CellDrawn, MixtureTrained
from nse_tf.reporting.mixtures import (
    mixture_figures,
    mixture_lines,
    mixture_section,
)
from nse_tf.reporting.run_record import RunRecord

TRAINED = MixtureTrained(
    architecture_losses=(2.0, 1.0),
    active=((0, 1), (1, 2), (0,)),
    history=(
        ((0.5, 0.5), (0.5, 0.5), (1.0,)),
        ((1.0, 0.0), (0.0, 1.0), (1.0,)),
    ),
    cell_kinds=("normal", "reduce"),
    skip_shares=((0.0, 0.5), (1.0, 0.25)),
)
DRAWN = CellDrawn(
    path=(0, 2, 0),
    likeliest=(0, 2, 0),
    bend=0.0,
    costs={"macs": 1e6},
    cell_kinds=("normal", "reduce"),
    skip_shares=(0.25, 0.5),
)


def _record(
    drawn: CellDrawn = DRAWN, trained: MixtureTrained = TRAINED
) -> RunRecord:
    return RunRecord(name="made up", events=(trained, drawn))


def test_a_sound_cell_says_how_much_it_skips_and_no_more() -> None:
    ((name, text),) = mixture_lines(_record())
    assert name == "idle edges"
    assert "25.00 % of the normal cell, 50.00 % of the reduce cell" in text


def test_a_cell_that_collapsed_says_so_by_default() -> None:
    record = _record(dataclasses.replace(DRAWN, collapsed=("normal",)))
    lines = dict(mixture_lines(record))
    assert lines["collapsed"].startswith("the normal cell: more than half")
    assert 'class="bad"' in mixture_section(record)


def test_a_cell_that_was_bent_says_by_how_much() -> None:
    bent = dataclasses.replace(DRAWN, path=(1, 2, 0), bend=0.25)
    assert (
        "by 0.250 of probability"
        in dict(mixture_lines(_record(bent)))["budget"]
    )
    drawn = dataclasses.replace(bent, bend=None)
    assert "likeliest of many" in dict(mixture_lines(_record(drawn)))["budget"]


def test_an_early_stop_says_when_and_where_it_went_back_to() -> None:
    record = _record(trained=dataclasses.replace(TRAINED, kept_epoch=0))
    assert "after 2 epochs" in dict(mixture_lines(record))["stopped early"]
    assert "epoch 1" in dict(mixture_lines(record))["stopped early"]


def test_figures_show_skips_and_parameters_over_time() -> None:
    skips, mixture = mixture_figures(_record())
    assert "normal cell, from 0 % to 100 %" in skips.svg
    assert "reduce cell, from 50 % to 25 %" in skips.svg
    assert "from 1.00 to 0.00" in mixture.svg
    assert [key.text for key in mixture.keys] == ["drawn", "not drawn"]


def test_runs_without_a_mixture_say_nothing_of_it() -> None:
    record = RunRecord(name="made up", events=())
    assert mixture_lines(record) == []
    assert mixture_section(record) == ""
    assert not list(mixture_figures(record))


def test_several_mixtures_have_figures_of_their_own() -> None:
    record = RunRecord(name="made up", events=(TRAINED, TRAINED, DRAWN))
    found = list(mixture_figures(record))
    assert [each.name for each in found] == [
        "skips_1",
        "mixture_1",
        "skips_2",
        "mixture_2",
    ]
    assert found[-1].title == "Architecture parameters over time, stage 2"


def test_costs_of_the_cell_are_drawn_against_what_the_budget_allows() -> None:
    trained = dataclasses.replace(
        TRAINED, cost="params", drawn_costs=(3e6, 2e6), limit=2.5e6
    )
    *_, drawing = mixture_figures(_record(trained=trained))
    assert drawing.title == "Parameters of the cell over time"
    for words in ("from 3.00 M to 2.00 M", "The limit is 2.50 M"):
        assert words in drawing.svg
    assert [key.text for key in drawing.keys][-1] == "limit"
    free = dataclasses.replace(trained, limit=None)
    *_, drawing = mixture_figures(_record(trained=free))
    assert "limit" not in drawing.svg
