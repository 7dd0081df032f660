"""A whole study, small, on the embedded digits and a made-up truth."""

import dataclasses
import pathlib

import pytest

from nse_tf.datasets import load
from nse_tf.ranking import RankStudy, StudyConfig
from tests.ranking.made_up_table import made_up_table

DATA = load("digits")


def config(folder: pathlib.Path) -> StudyConfig:
    return StudyConfig(
        folder,
        epochs=2,
        cells_per_stage=1,
        width=0.25,
        batch_size=32,
        num_images=128,
        measures_per_epoch=2,
        sample_size=12,
        calibration_images=64,
        validation_images=64,
        truth="truth",
    )


def test_the_learning_rate_falls_as_a_cosine_from_epoch_to_epoch() -> None:
    study = StudyConfig(pathlib.Path("x"), schedule_epochs=10)
    assert study.learning_rate(0) == 0.025
    assert study.learning_rate(5) == pytest.approx(0.013)
    assert study.learning_rate(10) == study.learning_rate(99) == 0.001


def test_an_unknown_truth_is_refused(tmp_path: pathlib.Path) -> None:
    other = dataclasses.replace(config(tmp_path), truth="c10")
    with pytest.raises(ValueError, match="no column 'c10'; it has truth"):
        RankStudy(other, DATA, made_up_table())


@pytest.mark.slow
def test_a_study_goes_on_where_it_was_stopped(tmp_path: pathlib.Path) -> None:
    whole = RankStudy(config(tmp_path / "a"), DATA, made_up_table()).run()
    told: list[str] = []
    broken = dataclasses.replace(
        config(tmp_path / "b"), epochs=1, sample_size=0
    )
    first = RankStudy(broken, DATA, made_up_table(), told.append).run()
    assert len(told) == 1
    again = dataclasses.replace(broken, epochs=2)
    both = RankStudy(again, DATA, made_up_table(), told.append).run()
    assert len(told) == 2
    assert repr(both[: len(first)]) == repr(first)
    # To the bit, as if nothing had happened; repr, since NaN is not NaN.
    without_sample = [row for row in whole if row.num_cells > 12]
    assert repr(both) == repr(without_sample)

    by_epoch = {row.epoch for row in whole}
    assert by_epoch == {0.0, 0.5, 1.0, 1.5, 2.0}
    trivial = {row.score: row.tau for row in whole if row.epoch == 0}
    assert trivial["macs"] > 0.5 > 0.02 > abs(trivial["random"])
    bases = {row.base for row in whole if row.epoch == 2 and row.base}
    assert bases == {"initial", "first_epoch"}
    sample = {row.score: row for row in whole if row.num_cells == 12}
    assert set(sample) == {
        "calibrated_accuracy",
        "naswot",
        "log_synflow",
        "expressivity",
        "progressivity",
        "add",
        "all_ranks",
        "angle_of_sample",
        "angle_fixed_at_zero_of_sample",
        "angle_of_unit_kernels_of_sample",
    }
    with pytest.raises(ValueError, match="holds a study of other settings"):
        RankStudy(dataclasses.replace(again, width=0.5), DATA, made_up_table())
