import math
import pathlib

import numpy as np
import pytest
from scipy import stats

from nse_tf.ranking import StudyRow, summary
from nse_tf.ranking.study_rows import read_rows, row_of, write_rows


def row(
    tau: float, seed: int = 0, epoch: float = 1.0, score: str = "angle"
) -> StudyRow:
    nan = math.nan
    return StudyRow(
        seed=seed,
        epoch=epoch,
        score=score,
        base="initial",
        num_cells=9,
        tau=tau,
        tau_low=nan,
        tau_high=nan,
        rho=0.5,
        regret=1.25,
    )


def test_rows_survive_their_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "new" / "rows.csv"
    rows = [row(1 / 3), row(0.1, seed=2, epoch=1.5)]
    write_rows(path, rows)
    text = path.read_text().splitlines()
    assert text[0].startswith("seed,epoch,score,base,num_cells,tau,tau_low")
    assert text[1] == "0,1.0,angle,initial,9,0.3333333333333333,,,0.5,1.25"
    read = read_rows(path)
    assert repr(read) == repr(rows)
    assert read_rows(tmp_path / "none.csv") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not begin like the rows of a study"),
        ("a,b\n", "does not begin like the rows of a study"),
        ("HEADER\n1,x,a,b,1,1,1,1,1,1", "line 2 does not read"),
        ("HEADER\n1,1,a,b,1", "line 2 does not read"),
    ],
)
def test_a_file_of_something_else_is_refused(
    text: str, message: str, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "rows.csv"
    write_rows(path, [])
    header = path.read_text().strip()
    path.write_text(text.replace("HEADER", header))
    with pytest.raises(ValueError, match=f"rows.csv.*{message}"):
        read_rows(path)


def test_a_row_says_how_well_scores_rank() -> None:
    truth = np.arange(40.0)
    found = row_of(-truth, truth, "macs")
    assert found.tau == -1.0
    assert found.rho == pytest.approx(-1.0)
    assert found.regret == 39 - 9
    assert math.isnan(found.tau_low)
    noisy = truth + np.random.default_rng(0).normal(size=40) * 15
    sampled = row_of(noisy, truth, "accuracy", is_sample=True)
    assert sampled.tau_low < sampled.tau < sampled.tau_high


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="'angle' of cell 1 is nan"):
        row_of(np.array([1.0, math.nan]), np.ones(2), "angle")


def test_the_summary_takes_the_last_measure_of_each_seed() -> None:
    rows = [
        row(0.1, seed=0, epoch=1),
        row(0.5, seed=0, epoch=2),
        row(0.7, seed=1, epoch=2),
        row(0.2, epoch=0.0, score="macs"),
    ]
    half = stats.t.ppf(0.975, 1) * 0.2 / 2**0.5 / 2**0.5
    assert summary(rows) == [
        f"angle, base initial: tau 0.6000, deviation 0.1414, 95 % interval "
        f"± {half:.4f} after 2 epochs of 2 seed(s), 9 cells",
        "macs, base initial: tau 0.2000, 9 cells",
    ]
