"""Whole models as files: how long they take, how large and how good they are.

What a search asks about the networks that it might choose.
"""

from collections.abc import Sequence

import keras
import numpy as np

from nse_tf.datasets import ImageSet
from nse_tf.export.inference import predict
from nse_tf.export.latency import measure_together
from nse_tf.export.tflite import convert, convert_part

# Images for the ranges of int8; more change nothing and cost time.
NUM_CALIBRATION_IMAGES = 200


def measure_models(
    models: Sequence[keras.Model], precision: str, num_threads: int
) -> tuple[list[float], list[int]]:
    """Returns the latencies, in milliseconds, and file sizes of models.

    They are timed in turns, in interleaved rounds; int8 files are calibrated on
    noise, which changes neither latency nor size.
    """
    files = {}
    for index, model in enumerate(models):
        files[str(index)] = convert_untrained(model, precision)
    latencies = measure_together(files, num_threads=num_threads)
    return (
        [latencies[name].median_ms for name in files],
        [len(content) for content in files.values()],
    )


def convert_untrained(model: keras.Model, precision: str) -> bytes:
    """Returns the file of a model, whose batch-norm scales it sets to two."""
    noise = np.random.default_rng(0).uniform(
        0, 255, (4, *model.input_shape[1:])
    )
    return convert_part(with_open_scales(model), precision, noise)


def accuracy_of_file(
    model: keras.Model, precision: str, train: ImageSet, images: ImageSet
) -> float:
    """Returns the accuracy of a model's .tflite file.

    Args:
        model: A trained image classifier.
        precision: Precision of the file; `int8` is calibrated on evenly spaced
            images of `train`.
        train: Training images.
        images: Images that the accuracy is measured on.
    """
    stride = max(1, len(train) // NUM_CALIBRATION_IMAGES)
    content = convert(model, precision, np.asarray(train.images[::stride]))
    scores = predict(content, np.asarray(images.images))
    return float((scores.argmax(axis=-1) == images.labels).mean())


def with_open_scales(model: keras.Model) -> keras.Model:
    """Returns the model with all batch norm's scales at two.

    Untrained branches beside a shortcut have scales of zero; folded into the
    kernels they would leave files of zeros, such as no trained network has: a
    converter may keep equal kernels once, and ranges of int8 would be empty.
    With scales of one signals fade, in 60 layers to 1e-7, and LiteRT's own
    kernels refuse int8 scales to which 6 is more than 2^31 steps.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.gamma.assign(np.full(layer.gamma.shape, 2.0))
    return model
