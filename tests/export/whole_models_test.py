import keras
import numpy as np
import pytest

from nse_tf.datasets import load
from nse_tf.export import (
    accuracy_of_file,
    convert,
    convert_part,
    measure_models,
)
from nse_tf.spaces import MBConv, Stage
from nse_tf.supernet import build_child
from nse_tf.training import accuracy
from tests.supernet.tiny_spaces import tiny_space

SPACE = tiny_space(ops=(MBConv(3, 1), MBConv(3, 3)))


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_measured_size_is_that_of_the_exported_file(precision: str) -> None:
    small, large = (
        build_child(SPACE, SPACE.genotype(path), fast=False)
        for path in ((0, 0, 0), (1, 1, 1))
    )
    latencies_ms, sizes = measure_models([small, large], precision, 1)
    assert all(each > 0 for each in latencies_ms)
    assert sizes[0] < sizes[1]
    noise = np.random.default_rng(1).uniform(0, 255, (4, 8, 8, 1))
    artifacts = convert(large, precision, noise)
    assert sizes[1] == pytest.approx(len(artifacts), rel=0.1)


def test_an_untrained_child_is_as_large_as_a_trained_one() -> None:
    # Branches beside a shortcut start with scales of zero, which leave kernels
    # of zeros, and a range of 0 to 0 for int8.
    space = tiny_space(ops=(MBConv(3, 3),), stages=(Stage(8, 3, 1),))
    child = build_child(space, space.genotype([0, 0, 0]))
    noise = np.random.default_rng(0).uniform(0, 255, (4, 8, 8, 1))
    _, (measured,) = measure_models([child], "int8", 1)
    rng = np.random.default_rng(0)
    for layer in child.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.gamma.assign(rng.uniform(0.5, 1.5, layer.gamma.shape))
    trained = len(convert_part(child, "int8", noise))
    assert measured == pytest.approx(trained, rel=0.005)


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
