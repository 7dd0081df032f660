"""A worker that trains, keeps and evaluates a supernet of nested candidates."""

import dataclasses
import pathlib
from typing import Any

import keras
import numpy as np
import pytest

from nse_tf.jobs import (
    EvaluateChildren,
    RateSchedule,
    TrainChild,
    TrainSupernet,
    weights_of,
)
from nse_tf.spaces import MBConv, Stage
from nse_tf.supernet import networks_of
from nse_tf.training import ChildRecipe, SupernetRecipe, Worker
from nse_tf.training.child_trainer import accuracy
from nse_tf.training.shared_weights import load_supernet
from tests.supernet.tiny_spaces import tiny_space
from tests.training.tiny_data import image_data
from tests.training.tiny_worker import breaking_off_in_the_second_epoch

SPACE = tiny_space(
    ops=(MBConv(3, 3), MBConv(5, 6)), stages=(Stage(8, 1, 1), Stage(12, 1, 2))
)
DATA = image_data()
TRAINING = TrainSupernet(
    id="00000_train_supernet",
    active=SPACE.active,
    epochs=2,
    schedule=RateSchedule(first=0.1, last=0.05),
    seed=0,
)
EVALUATION = EvaluateChildren(
    id="00001_evaluate_children",
    children=(((0,), (1,)), ((1,), (1,)), ((1,), (0,)), ((2,), (0,))),
    calibration_images=30,
)
CHILD = TrainChild(
    id="",
    child=((1,), (0,)),
    epochs=1,
    uses_validation=False,
    inherited_accuracy=0.5,
    seed=0,
)


def kernels_of(model: keras.Model) -> list[np.ndarray]:
    return [each.numpy() for each in model.trainable_variables if each.ndim > 1]


def make_worker(folder: pathlib.Path, sharing: str = "nested") -> Worker:
    return Worker(
        SPACE,
        DATA,
        folder,
        SupernetRecipe(batch_size=12),
        # Too slow to move weights, so that a child stays as it starts.
        ChildRecipe(batch_size=12, learning_rate=1e-30, warmup_epochs=0),
        checkpoint_seconds=0,
        networks=networks_of(SPACE, sharing),
    )


def values_of(worker: Worker) -> list[np.ndarray]:
    weights: list[np.ndarray] = worker.supernet().get_weights()
    return weights


@pytest.mark.slow
def test_a_nested_search_is_resumed_evaluated_and_inherited_from(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make_worker(tmp_path / "whole")
    result: Any = whole.run(TRAINING)
    with monkeypatch.context() as patch:
        patch.setattr(
            "nse_tf.training.epoch_loop.epoch_batches",
            breaking_off_in_the_second_epoch,
        )
        with pytest.raises(KeyboardInterrupt):
            make_worker(tmp_path / "run").run(TRAINING)
    with pytest.raises(ValueError, match="with other numbers"):
        make_worker(tmp_path / "run", "rows").run(TRAINING)
    resumed = make_worker(tmp_path / "run")
    found: Any = resumed.run(TRAINING)
    assert dataclasses.replace(found, seconds=result.seconds) == result
    for one, other in zip(values_of(resumed), values_of(whole), strict=True):
        np.testing.assert_array_equal(one, other)

    # Children together, by what they have in common, and each one cut out.
    evaluated: Any = resumed.run(EVALUATION)
    for genes, together in zip(
        EVALUATION.children, evaluated.accuracies, strict=True
    ):
        child = resumed.evaluator().child(SPACE.genotype(genes), 30)
        assert accuracy(child, DATA.validation) == together

    # A child that goes on from what it inherits, or from fresh weights.
    starts = []
    reference = weights_of(TRAINING.id, found)
    for number, inherits in enumerate((reference, None)):
        job = dataclasses.replace(
            CHILD, id=f"{2 + number:05}_train_child", inherits=inherits
        )
        make_worker(tmp_path / "run").run(job)
        path = tmp_path / "run" / "children" / f"{job.id}.keras"
        starts.append(kernels_of(keras.saving.load_model(path)))
    child = resumed.supernet().cut_out(SPACE.genotype(CHILD.child))
    for start, fresh, inherited in zip(*starts, kernels_of(child), strict=True):
        np.testing.assert_array_equal(start, inherited)
        assert (fresh != inherited).any()

    loaded = load_supernet(networks_of(SPACE, "nested"), tmp_path / "run")
    for one, other in zip(loaded.get_weights(), values_of(whole), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="another way than `sharing` 'rows'"):
        load_supernet(networks_of(SPACE), tmp_path / "run")
