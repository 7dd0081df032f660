"""Whole models as files: how long they take, how large and how good they are.

What a search asks about the networks that it might choose.
"""

import logging
from collections.abc import Sequence

import keras
import numpy as np

from nse_tf.classification import objective_value
from nse_tf.datasets import ImageSet
from nse_tf.export.inference import predict
from nse_tf.export.latency import measure_together
from nse_tf.export.metadata import with_classifier
from nse_tf.export.tflite import convert

LOGGER = logging.getLogger("nse_tf")

# Images for the ranges of int8; more change nothing and cost time.
NUM_CALIBRATION_IMAGES = 200


def measure_models(
    models: Sequence[keras.Model],
    precision: str,
    num_threads: int,
    class_names: Sequence[str],
) -> tuple[list[float], list[int]]:
    """Returns the latencies, in milliseconds, and file sizes of models.

    The files are those that an export would write, labels included. They are
    timed in turns, in interleaved rounds; int8 files are calibrated on noise,
    which changes neither latency nor size.

    Args:
        models: Trained or not; their weights do not matter, and stay.
        precision: Of the files, one of `PRECISIONS`.
        num_threads: Threads of the interpreter.
        class_names: A name for each score.
    """
    files = {}
    for index, model in enumerate(models):
        content = convert_untrained(model, precision)
        files[str(index)] = with_classifier(content, class_names)
    latencies = measure_together(files, num_threads=num_threads)
    unsteady = [each for each in latencies.values() if not each.is_steady]
    if unsteady:
        LOGGER.warning(
            "The latencies of %d of %d networks are not to be relied on: their "
            "runs differ by up to %.0f %%, even after %d rounds. A limit is "
            "decided by their medians all the same; search on a quiet machine "
            "to be sure.",
            len(unsteady),
            len(files),
            100 * max(each.spread for each in unsteady),
            unsteady[0].rounds,
        )
    return (
        [latencies[name].median_ms for name in files],
        [len(content) for content in files.values()],
    )


def convert_untrained(model: keras.Model, precision: str) -> bytes:
    """Returns the file of a model as `made_lively` would leave it.

    The model itself keeps its weights.
    """
    noise = np.random.default_rng(0).uniform(
        0, 255, (4, *model.input_shape[1:])
    )
    weights = model.get_weights()
    try:
        return convert(made_lively(model), precision, noise)
    finally:
        model.set_weights(weights)


def accuracy_of_file(
    model: keras.Model,
    precision: str,
    train: ImageSet,
    images: ImageSet,
    objective: str = "accuracy",
) -> float:
    """Returns the accuracy of a model's .tflite file.

    Args:
        model: A trained image classifier.
        precision: Precision of the file; `int8` is calibrated on evenly spaced
            images of `train`.
        train: Training images.
        images: Images that the accuracy is measured on.
        objective: What is returned instead of the accuracy; a name of
            `classification.OBJECTIVES`.
    """
    stride = max(1, len(train) // NUM_CALIBRATION_IMAGES)
    content = convert(model, precision, np.asarray(train.images[::stride]))
    scores = predict(content, np.asarray(images.images))
    return objective_value(objective, scores, images.labels)


def made_lively(model: keras.Model) -> keras.Model:
    """Returns the model with batch norm's scales near two, and biases drawn.

    Untrained branches beside a shortcut have scales of zero; folded into the
    kernels they would leave files of zeros, such as no trained network has, and
    ranges of int8 would be empty. With scales of one signals fade, in 60 layers
    to 1e-7, and LiteRT's own kernels refuse int8 scales to which 6 is more than
    2^31 steps. No two are equal, and no biases either: a converter keeps equal
    arrays once, which is a hundredth of a small network's file.
    """
    rng = np.random.default_rng(0)
    # Also of models inside, as users write them.
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.gamma.assign(rng.uniform(1.9, 2.1, layer.gamma.shape))
            layer.beta.assign(rng.uniform(-0.1, 0.1, layer.beta.shape))
        elif isinstance(getattr(layer, "bias", None), keras.Variable):
            layer.bias.assign(rng.uniform(-0.1, 0.1, layer.bias.shape))
    return model
