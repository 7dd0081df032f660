"""Settings of a run that say how networks are trained that may win."""

import dataclasses
import hashlib
import pathlib

import pytest

from nse_tf.runs.effort_choice import make_effort
from nse_tf.runs.method_choice import METHOD_ROWS
from tests.runs.effort_choice_test import (
    CONFIG,
    DATA,
    JUDGING,
    with_overrides,
)


def test_a_teacher_reaches_every_method(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "t.keras"
    path.write_bytes(b"a teacher")
    taught = dataclasses.replace(
        CONFIG,
        teacher=str(path),
        teacher_pixels="0..1",
        overrides=(("teacher_weight", 0.5), ("teacher_temperature", 2.0)),
    )
    effort = make_effort(taught, DATA)
    digest = hashlib.sha256(b"a teacher").hexdigest()
    for name in JUDGING:
        assert METHOD_ROWS[name].numbers(effort).teacher == digest
    child = effort.child
    assert (child.teacher_weight, child.teacher_temperature) == (0.5, 2.0)
    assert child.teacher_pixels == "0..1"
    path.unlink()
    with pytest.raises(ValueError, match=r"cannot be read \(No such file"):
        make_effort(taught, DATA)


def test_what_may_end_a_training_is_not_trained_on() -> None:
    usual = make_effort(CONFIG, DATA)
    patient = make_effort(with_overrides(patience=3), DATA)
    assert (usual.child.patience, patient.child.patience) == (0, 3)
    for name in JUDGING:
        assert METHOD_ROWS[name].numbers(usual).retrain_on_all
        assert not METHOD_ROWS[name].numbers(patient).retrain_on_all


def test_a_rate_of_the_classifier_is_for_both_recipes() -> None:
    config = dataclasses.replace(
        CONFIG,
        child_start="inherited",
        overrides=(("classifier_rate", 5.0),),
    )
    effort = make_effort(config, DATA)
    assert effort.child.classifier_rate == 5.0
    assert effort.supernet.classifier_rate == 5.0


def test_what_networks_compute_in_is_for_those_trained_alone() -> None:
    assert make_effort(CONFIG, DATA).child.compute == "float32"
    config = dataclasses.replace(CONFIG, compute="mixed_float16")
    assert make_effort(config, DATA).child.compute == "mixed_float16"
