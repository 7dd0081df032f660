"""What a report shows of the choice of resolution, width and depth."""

import dataclasses
import pathlib
import re

import pytest

from nse_tf.events import ScaleAlternative, ScaleChosen
from nse_tf.reporting.run_files import RunConfig
from nse_tf.reporting.run_record import RunRecord, read_record
from nse_tf.reporting.scale_section import plot_scales, scale_section


@pytest.fixture
def config(run_dir: pathlib.Path) -> RunConfig:
    found = read_record(run_dir).config
    assert found is not None
    return found


def scale(
    side: int, width: float | None, *accuracies: float | None, share: float = 1
) -> ScaleAlternative:
    return ScaleAlternative(
        image_size=side,
        width=width,
        depth=None if width is None else 0.5,
        share=share,
        mean_macs=side * 1e5 if share else None,
        accuracies=accuracies,
    )


CHOSEN = ScaleChosen(
    preset="spos",
    alternatives=(
        scale(32, 0.25, 0.5, 0.54),
        scale(48, 0.25, 0.6, None),
        scale(64, 0.25, 0.2, 0.24),
        scale(64, 0.5, share=0.01),
        scale(96, 0.5, share=0),
    ),
    chosen=1,
    probe_epochs=3,
    least_share=0.25,
    is_by_accuracy=True,
)


def section_of(event: ScaleChosen, config: RunConfig | None = None) -> str:
    """Returns the section in words."""
    record = RunRecord(name="run", choice_of_scale=(event,), config=config)
    section = scale_section(record)
    # The choice's own page shows the same.
    own = RunRecord(name="scale", events=(event,), config=config)
    assert scale_section(own) == section
    return " ".join(re.sub("<[^>]+>", " ", section).split())


def test_a_run_of_a_given_scale_has_no_such_section() -> None:
    assert scale_section(RunRecord(name="other")) == ""


def test_all_alternatives_are_there_with_their_scores() -> None:
    text = section_of(CHOSEN)
    assert "Taken: 48 pixels, width 0.25, depth 0.5." in text
    assert "at least 25.00 % have to keep it" in text
    assert "trained for 3 epochs each" in text
    rows = [
        "32 pixels, width 0.25, depth 0.5 100.00 % 3.20 M 50.00 % and 54.00 %",
        "48 pixels, width 0.25, depth 0.5 (taken) 100.00 % 4.80 M 60.00 % and "
        "failed",
        "64 pixels, width 0.25, depth 0.5 100.00 % 6.40 M 20.00 % and 24.00 %",
        "64 pixels, width 0.5, depth 0.5 1.00 % 6.40 M",
        "96 pixels, width 0.5, depth 0.5 0.00 %",
    ]
    places = [text.index(row) for row in rows]
    assert places == sorted(places)
    assert "2 other scales by costs" in text


def test_what_the_images_do_not_tell_apart_is_said(config: RunConfig) -> None:
    few, many = (
        dataclasses.replace(
            config, data=dataclasses.replace(config.data, validation=count)
        )
        for count in (100, 100_000)
    )
    assert "do not tell 1 of the 2 other resolutions from it" in section_of(
        CHOSEN, few
    )
    assert "do not tell 0 of the 2 other resolutions from it" in section_of(
        CHOSEN, many
    )


def test_why_costs_decided_is_said() -> None:
    guessed = dataclasses.replace(CHOSEN, is_by_accuracy=False)
    assert "None of the short trainings got above" in section_of(guessed)
    untrained = dataclasses.replace(
        CHOSEN,
        is_by_accuracy=False,
        probe_epochs=0,
        alternatives=(scale(32, 0.25, share=0.1), scale(48, 0.25, share=0.1)),
        least_share=0.0,
    )
    text = section_of(untrained)
    assert "No network was trained to choose." in text
    assert "hardly any keeps it at any scale" in text
    assert "Short training" not in text


def test_a_plot_shows_resolutions_by_widths() -> None:
    drawing = plot_scales(CHOSEN)
    shown = re.findall(r">([^<>\s]+)</text>", drawing.svg)
    assert {"32", "48", "64", "96", "0.25", "0.5"} <= {*shown}
    assert {"3.20*", "4.80*", "6.40*", "6.40"} <= {*shown}
    assert "at 5 scales, of which 3 have enough" in drawing.svg
    assert [key.text for key in drawing.keys][-1] == "taken"


def test_a_trained_network_has_no_widths() -> None:
    event = dataclasses.replace(
        CHOSEN, alternatives=(scale(32, None, 0.4), scale(48, None, 0.5))
    )
    assert "Taken: 48 pixels." in section_of(event)
    assert ">0.25<" not in plot_scales(event).svg
