import functools
import pathlib

import keras
import numpy as np
import pytest

from nse_tf.datasets import load
from nse_tf.export import (
    accuracy_of_file,
    export_model,
    measure_models,
    measure_together,
    whole_models,
)
from nse_tf.spaces import MBConv, Stage
from nse_tf.supernet import build_child
from nse_tf.training import accuracy
from tests.supernet.tiny_spaces import tiny_space

SPACE = tiny_space(ops=(MBConv(3, 1), MBConv(3, 3)))


def as_trained(model: keras.Model) -> keras.Model:
    """Returns the model with numbers where fresh weights are zeros or ones."""
    rng = np.random.default_rng(1)
    model.set_weights(
        [rng.uniform(0.5, 1.5, each.shape) for each in model.get_weights()]
    )
    return model


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_measured_size_is_that_of_the_file_that_is_handed_over(
    precision: str, tmp_path: pathlib.Path
) -> None:
    # Branches beside a shortcut start with scales of zero.
    space = tiny_space(ops=(MBConv(3, 3),), stages=(Stage(8, 3, 1),))
    child = build_child(space, space.genotype([0, 0, 0]), fast=False)
    names = ("one", "another", "Größe")
    latencies_ms, (size,) = measure_models([child], precision, 1, names)
    assert all(each > 0 for each in latencies_ms)
    images = np.random.default_rng(1).uniform(0, 255, (8, 8, 8, 1))
    export_model(
        as_trained(child),
        tmp_path,
        calibration_images=images,
        test_images=images,
        test_labels=None,
        class_names=names,
        precisions=(precision,),
    )
    written = tmp_path / f"model_{precision}.tflite"
    assert size == written.stat().st_size


@pytest.mark.parametrize("max_spread", [np.inf, -1.0])
def test_it_says_that_a_limit_is_decided_by_unsteady_figures(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    max_spread: float,
) -> None:
    monkeypatch.setattr(
        whole_models,
        "measure_together",
        functools.partial(
            measure_together, max_spread=max_spread, min_seconds=0.0, runs=5
        ),
    )
    child = build_child(SPACE, SPACE.genotype([0, 0, 0]), fast=False)
    whole_models.measure_models([child], "fp32", 1, ("one", "two", "three"))
    said = [each for each in caplog.messages if "A limit is decided" in each]
    assert len(said) == (max_spread < 0)
    assert all("The latencies of 1 of 1 networks" in each for each in said)


# The kernel that least squares find spans too much for 8 bits.
@pytest.mark.parametrize(("precision", "lost"), [("fp32", 0), ("int8", 0.08)])
def test_accuracy_of_a_file_is_near_that_of_the_network(
    precision: str, lost: float
) -> None:
    data = load("digits")
    given = keras.Input((8, 8, 1))
    dense = keras.layers.Dense(10)
    model = keras.Model(given, dense(keras.layers.Flatten()(given)))
    known = np.asarray(data.train.images, float).reshape(len(data.train), -1)
    ones = np.eye(10)[data.train.labels]
    kernel = np.linalg.lstsq(known, ones, rcond=None)[0]
    dense.set_weights([kernel, np.zeros(10)])
    found = accuracy_of_file(model, precision, data.train, data.validation)
    wanted = accuracy(model, data.validation)
    assert found == pytest.approx(wanted, abs=lost + 1e-6)
    assert wanted > 0.88
