"""A whole study, small, on the embedded digits and a made-up truth."""

import dataclasses
import pathlib
from typing import Any

import pytest

from nse_tf.datasets import load
from nse_tf.jobs import ArchitectureRule
from nse_tf.ranking import RankStudy, StudyConfig
from nse_tf.ranking.study_config import study_space
from nse_tf.ranking.study_rows import StudyRow
from nse_tf.ranking.study_training import StudyTraining
from nse_tf.supernet import NB201Supernet
from nse_tf.training import (
    NB201_RECIPE,
    MixtureArchitecture,
    SupernetTrainer,
)
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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sample_every": 0.3}, "`sample_every` is 0.3 .* 2 time.* of 0.5"),
        ({"sample_every": -1.0}, "`sample_every` is -1 "),
        ({"sample_every": 1.0, "sample_size": 0}, "`sample_size` is 0"),
        ({"sample_scores": ("angle",)}, "there are accuracy, zero_cost"),
    ],
)
def test_times_and_scores_that_cannot_be_are_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(config(pathlib.Path("x")), **changes)


def test_the_sample_is_measured_as_often_as_asked_and_at_the_end() -> None:
    at_end = dataclasses.replace(config(pathlib.Path("x")), epochs=3)
    assert at_end.measures(0, 10) == {5: False, 10: False}
    assert at_end.measures(2, 10) == {5: False, 10: True}
    often = dataclasses.replace(at_end, sample_every=0.5)
    assert often.measures(1, 10) == {5: True, 10: True}
    seldom = dataclasses.replace(at_end, sample_every=1.5)
    assert seldom.measures(0, 10) == {5: False, 10: False}
    assert seldom.measures(1, 10) == {5: True, 10: False}
    # Two measures after one and the same step.
    assert seldom.measures(1, 1) == {0: True, 1: False}
    none = dataclasses.replace(seldom, sample_every=0.0, sample_size=0)
    assert none.measures(2, 10) == {5: False, 10: False}


def test_what_is_off_is_no_setting_so_that_older_studies_resume() -> None:
    plain = config(pathlib.Path("x"))
    assert not {"sample_every", "magnitude"} & plain.settings().keys()
    more = dataclasses.replace(plain, sample_every=0.5, magnitude=True)
    assert more.settings()["sample_every"] == 0.5
    assert more.settings()["magnitude"] is True


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> StudyConfig:
    """A study that measures all there is, as often as it can."""
    return dataclasses.replace(
        config(tmp_path_factory.mktemp("studies") / "every"),
        sample_every=0.5,
        magnitude=True,
        sample_size=6,
    )


@pytest.fixture(scope="module")
def whole(every: StudyConfig) -> list[StudyRow]:
    """Its rows."""
    return RankStudy(every, DATA, made_up_table()).run()


@pytest.mark.slow
def test_every_score_is_measured_over_training_and_resumes(
    every: StudyConfig, whole: list[StudyRow], tmp_path: pathlib.Path
) -> None:
    part = dataclasses.replace(every, run_dir=tmp_path / "b", epochs=1)
    RankStudy(part, DATA, made_up_table()).run()
    again = dataclasses.replace(part, epochs=2)
    assert repr(RankStudy(again, DATA, made_up_table()).run()) == repr(whole)

    taus = {(row.score, row.epoch, row.num_cells): row.tau for row in whole}
    sampled = {score for score, _, count in taus if count == 6}
    assert sampled == {
        "calibrated_accuracy",
        "accuracy",
        "naswot",
        "log_synflow",
        "expressivity",
        "progressivity",
        "growth",
        "add",
        "all_ranks",
        "angle_of_sample",
        "angle_fixed_at_zero_of_sample",
        "angle_of_unit_kernels_of_sample",
        "add_by_magnitude",
        "all_ranks_by_magnitude",
        "magnitude_of_sample",
    }
    for epoch in (0.5, 1.0, 1.5, 2.0):
        assert {s for s, e, n in taus if (e, n) == (epoch, 6)} == sampled
        assert ("magnitude", epoch, 15_625) in taus
    assert len({taus["magnitude", e, 15_625] for e in (0.5, 1.0, 2.0)}) == 3


def test_the_magnitude_of_a_cell_is_the_sum_of_its_shares(
    tmp_path: pathlib.Path,
) -> None:
    table = made_up_table()
    space = study_space(config(tmp_path), DATA)
    supernet = NB201Supernet(space)
    trainer = SupernetTrainer(supernet, NB201_RECIPE, DATA.train)
    architecture = MixtureArchitecture(
        supernet, DATA.validation, 8, ArchitectureRule(rule="beside"), seed=1
    )
    training = StudyTraining(trainer, architecture)
    shares = architecture.probabilities(space.active)
    found = training.magnitudes(table.paths)
    assert found is not None
    for index in (0, 7_000, 15_624):
        by_hand = sum(
            shares[edge, op] for edge, op in enumerate(table.paths[index])
        )
        assert found[index] == pytest.approx(by_hand, abs=1e-12)
    assert StudyTraining(trainer).magnitudes(table.paths) is None


@pytest.mark.slow
def test_a_study_resumes_where_it_was_stopped(
    whole: list[StudyRow], tmp_path: pathlib.Path
) -> None:
    lines: list[str] = []
    broken = dataclasses.replace(config(tmp_path), epochs=1, sample_size=0)
    first = RankStudy(broken, DATA, made_up_table(), lines.append).run()
    assert len(lines) == 1
    again = dataclasses.replace(broken, epochs=2)
    both = RankStudy(again, DATA, made_up_table(), lines.append).run()
    assert len(lines) == 2
    assert repr(both[: len(first)]) == repr(first)
    # Bit-exact, as if nothing had happened, and as if neither a sample nor a
    # magnitude had been measured; repr, since NaN is not NaN.
    assert repr(both) == repr(
        [r for r in whole if r.num_cells > 6 and r.score != "magnitude"]
    )

    by_epoch = {row.epoch for row in both}
    assert by_epoch == {0.0, 0.5, 1.0, 1.5, 2.0}
    trivial = {row.score: row.tau for row in both if row.epoch == 0}
    assert trivial["macs"] > 0.5 > 0.02 > abs(trivial["random"])
    bases = {row.base for row in both if row.epoch == 2 and row.base}
    assert bases == {"initial", "first_epoch"}
    with pytest.raises(ValueError, match="holds a study of other settings"):
        RankStudy(dataclasses.replace(again, width=0.5), DATA, made_up_table())
