import dataclasses
import json
import pathlib

import pytest

from nse_tf.costs import Budget
from nse_tf.reporting import comparison_text, write_comparison
from nse_tf.spaces.files import write_json
from tests.reporting.html_test import Page
from tests.reporting.made_up_run import (
    CONFIG,
    begin_run,
    finish_run,
    make_history,
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[pathlib.Path]:
    """Two repeats of one search, and one without shrinking, half done."""
    folder = tmp_path_factory.mktemp("runs")
    for name, seed, accuracy in (("s0", 0, 0.9), ("s1", 1, 0.92)):
        config = dataclasses.replace(CONFIG, seed=seed)
        method = make_history(Budget(macs=8e5), config)
        begin_run(folder / name, method, {"seed": seed})
        finish_run(folder / name, method)
        path = folder / name / "best" / "result.json"
        write_json(
            path, {**json.loads(path.read_text()), "test_accuracy": accuracy}
        )
    plain = dataclasses.replace(CONFIG, shrinking=None)
    method = make_history(Budget(macs=8e5), plain, max_jobs=3)
    begin_run(folder / "plain", method, {"shrink": False})
    return [folder / name for name in ("s0", "s1", "plain")]


@pytest.fixture(scope="module")
def page(
    runs: list[pathlib.Path], tmp_path_factory: pytest.TempPathFactory
) -> Page:
    path = tmp_path_factory.mktemp("page") / "comparison.html"
    assert write_comparison(runs, path) == path
    return Page(path.read_text(encoding="utf-8"))


def test_every_run_has_a_row(page: Page) -> None:
    assert "3 runs compared" in page.text
    assert "s0 90.00 %" in page.text
    assert "s1 92.00 %" in page.text
    assert "plain - - - - - not known" in page.text


def test_repeats_are_summed_up(page: Page) -> None:
    """Mean of 0.90 and 0.92, and their deviation √2 / 100."""
    assert "s0, s1 2 91.00 % 1.41 %" in page.text


def test_the_settings_that_differ_are_listed_and_no_others(page: Page) -> None:
    text = page.text.split("Settings that differ")[1]
    text = text.split("Where the time went")[0]
    assert "seed 0 1 0" in text
    assert "shrink true true false" in text
    assert "precision" not in text


def test_what_is_unfinished_is_said_first(page: Page) -> None:
    first = page.text.split("Repeats")[0]
    assert "Not finished: plain." in first
    assert "different data" not in page.text


def test_figures_say_what_they_show_and_colors_are_distinct(
    page: Page,
) -> None:
    figures = page.named("svg")
    assert len(figures) >= 3
    for attributes in figures:
        assert "s0" in attributes["aria-label"]
        assert "s1" in attributes["aria-label"]
    colors = {each["style"] for each in page.named("b") if "style" in each}
    assert {"color: var(--series1)", "color: var(--series2)"} <= colors
    assert page.named("script") == page.named("link") == page.named("img") == []


def test_the_terminal_gets_the_same_rows(runs: list[pathlib.Path]) -> None:
    lines = comparison_text(runs).splitlines()
    assert lines[0].startswith("Run    Test accuracy  MACs")
    assert lines[1].startswith("s0     90.00 %")
    assert lines[4] == "Not finished: plain."


def test_other_data_are_warned_of(
    runs: list[pathlib.Path], tmp_path: pathlib.Path
) -> None:
    other = tmp_path / "other"
    begin_run(other, make_history(Budget(macs=8e5), max_jobs=2))
    path = other / "config.json"
    config = json.loads(path.read_text())
    config["data"]["fingerprint"] = "fedcba"
    write_json(path, config)
    assert "These runs use different data" in comparison_text([runs[0], other])


def test_runs_of_one_name_are_distinguished_by_their_paths(
    tmp_path: pathlib.Path,
) -> None:
    method = make_history(Budget(macs=8e5), max_jobs=2)
    folders = [tmp_path / name / "digits" for name in ("a", "b")]
    for folder in folders:
        begin_run(folder, method)
    text = comparison_text(folders)
    assert str(folders[0]) in text
    assert str(folders[1]) in text


def test_a_single_run_is_no_comparison(runs: list[pathlib.Path]) -> None:
    with pytest.raises(ValueError, match="has 1 run to compare"):
        comparison_text(runs[:1])
    with pytest.raises(ValueError, match="twice"):
        comparison_text([runs[0], runs[0] / "best" / ".."])


def test_the_same_runs_make_the_same_bytes(
    runs: list[pathlib.Path], tmp_path: pathlib.Path
) -> None:
    first = write_comparison(runs, tmp_path / "a.html").read_bytes()
    assert write_comparison(runs, tmp_path / "b.html").read_bytes() == first
