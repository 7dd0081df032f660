"""Scores of a sample: kept as they come in, and combined by rank."""

import pathlib

import numpy as np
import pytest

from nse_tf.ranking.halves import HALVES, cells_of
from nse_tf.ranking.sample_scores import SampleScores
from nse_tf.ranking.study_sample import combined
from tests.ranking.made_up_table import made_up_table


def test_halves_are_two_and_make_a_whole() -> None:
    table = made_up_table()
    every, choosing, held_out = (cells_of(table, half) for half in HALVES)
    assert len(every) == 15_625
    assert sorted([*choosing, *held_out]) == every.tolist()
    # 62.5 is a standard deviation of fair coins.
    assert abs(len(held_out) - 15_625 / 2) < 4 * 62.5
    # Of the cell of index 0 the hash begins with 0xf9, an odd byte.
    assert held_out[0] == 0


def test_another_half_is_refused() -> None:
    with pytest.raises(ValueError, match="one of all, choosing, held_out"):
        cells_of(made_up_table(), "third")


def test_scores_are_asked_for_once(tmp_path: pathlib.Path) -> None:
    asked: list[int] = []

    def score(index: int) -> dict[str, float]:
        if len(asked) == 30:
            raise InterruptedError
        asked.append(index)
        return {"double": 2.0 * index}

    path = tmp_path / "scores.json"
    with pytest.raises(InterruptedError):
        SampleScores(path).of("test", range(40), score)
    asked.clear()
    found = SampleScores(path).of("test", range(40), score)
    assert found["double"].tolist() == [2.0 * index for index in range(40)]
    assert asked == list(range(25, 40))  # A lot of 25 was written.


def test_a_damaged_file_is_named(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "scores.json"
    path.write_text('{"test": {"0"')
    with pytest.raises(ValueError, match=r"scores\.json does not read.*Delete"):
        SampleScores(path)


def test_combinations_by_hand() -> None:
    angles = np.array([0.1, 0.3, 0.2])
    scores = {
        "calibrated_accuracy": np.array([0.5, 0.5, 0.9]),
        "accuracy": np.array([0.1, 0.3, 0.2]),  # In no combination.
        "naswot": np.array([7.0, 9.0, 8.0]),
    }
    found = combined(scores, angles)
    assert found["add"].tolist() == [1.5 + 1, 1.5 + 3, 3 + 2]
    assert found["all_ranks"] == pytest.approx(
        [np.log(1 * 1), np.log(3 * 3), np.log(2 * 2)]
    )
    assert set(combined({"naswot": angles}, angles)) == {"all_ranks"}
