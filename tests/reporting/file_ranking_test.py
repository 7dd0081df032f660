import dataclasses
import pathlib

import pytest

from nse_tf.costs import Budget
from nse_tf.events import FinalistsRanked
from nse_tf.reporting import summary_text, write_report
from nse_tf.reporting.file_ranking import ranking_rows
from nse_tf.reporting.run_record import read_record
from tests.reporting.made_up_run import (
    CONFIG,
    begin_run,
    finish_run,
    make_history,
)


@pytest.fixture(scope="module")
def ranked_dir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The folder of a search whose int8 files turn the finalists around."""
    config = dataclasses.replace(
        CONFIG,
        shrinking=None,
        num_rank_checks=0,
        num_finalists=3,
        rank_by="int8",
    )
    folder = tmp_path_factory.mktemp("runs") / "digits"
    method = make_history(Budget(macs=8e5), config)
    begin_run(folder, method)
    finish_run(folder, method)
    return folder


def test_the_terminal_shows_both_accuracies_and_the_pairs_that_differ(
    ranked_dir: pathlib.Path,
) -> None:
    lines = summary_text(ranked_dir).splitlines()
    ranking = [
        line for line in lines if line.startswith(("ranked", "finalist"))
    ]
    assert ranking[0].endswith(
        " 3 of 3 pairs of finalists the other way round than by Keras"
    )
    assert len(ranking) == 4
    assert [line.split()[:3] for line in ranking[1:]] == [
        ["finalist", str(number), "Keras"] for number in (1, 2, 3)
    ]
    (chosen,) = [line for line in ranking if line.endswith("  chosen")]
    assert chosen.count("(3)") == chosen.count("(1)") == 1


def test_the_page_has_the_same_as_a_table(ranked_dir: pathlib.Path) -> None:
    page = write_report(ranked_dir).read_text(encoding="utf-8")
    assert "Finalists ranked by their int8 files" in page
    assert "order 3 of 3 pairs of finalists differently" in page
    (ranking,) = read_record(ranked_dir).named(FinalistsRanked)
    for row in ranking_rows(ranking):
        for cell in row[1:3]:
            assert cell in page


def test_a_run_whose_files_ranked_nothing_says_nothing_of_it(
    run_dir: pathlib.Path,
) -> None:
    assert not read_record(run_dir).named(FinalistsRanked)
    assert "ranked by" not in summary_text(run_dir)


def test_equal_accuracies_share_a_rank_and_the_first_is_chosen() -> None:
    ranking = FinalistsRanked(
        file="int8",
        accuracies=(0.5, None, 0.75),
        file_accuracies=(0.6, 0.6, 0.1),
        num_pairs=3,
        num_otherwise=1,
    )
    assert list(ranking_rows(ranking)) == [
        ("1", "50.00 % (2)", "60.00 % (1)", "chosen"),
        ("2", "diverged", "60.00 % (1)", ""),
        ("3", "75.00 % (1)", "10.00 % (3)", ""),
    ]
