"""Models and images that `nse_export` reads."""

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np

from nse_tf import datasets
from nse_tf.datasets import ImageSet
from nse_tf.export import PRECISIONS
from nse_tf.export.binary_heads import with_two_scores
from nse_tf.export.probabilities import with_softmax
from nse_tf.export.soundness import require_classifier

NUM_NOISE_IMAGES = 16
NUM_CALIBRATION_IMAGES = 200


@dataclasses.dataclass(frozen=True, kw_only=True)
class Images:
    """Images that an export calibrates with and compares on.

    Attributes:
        calibration: `(count, height, width, channels)`, or None.
        test: The same, of images that training did not see, or of noise.
        test_labels: `(count,)`, or None for noise.
        class_names: A name for each score.
        precisions: Precisions that can be exported with these images.
        train: Training images, or None for noise.
    """

    calibration: np.ndarray | None
    test: np.ndarray
    test_labels: np.ndarray | None
    class_names: Sequence[str]
    precisions: Sequence[str]
    train: ImageSet | None = None


def with_pixels(
    model: keras.Model,
    value_range: tuple[float, float],
    *,
    softmax: bool = False,
) -> keras.Model:
    """Returns the model behind a layer that scales pixels in 0..255.

    One that tells two classes by one score gets two; see `with_two_scores`.

    Args:
        model: One input `(batch, height, width, channels)`.
        value_range: Its values of a black and of a white pixel.
        softmax: Whether its scores become probabilities; see `with_softmax`.

    Raises:
        ValueError: If the input is no image, or the output no vector of scores.
    """
    require_classifier(model)
    if len(model.inputs) != 1 or len(model.input_shape) != 4:
        raise ValueError(
            f"`model` {model.name!r} takes {model.input_shape}; an image "
            "classifier takes (batch, height, width, channels)."
        )
    model = with_two_scores(with_softmax(model) if softmax else model)
    low, high = value_range
    if (low, high) == (0, 255):
        return model
    images = keras.Input(model.input_shape[1:], name="images")
    scaled = keras.layers.Rescaling((high - low) / 255, low)(images)
    return keras.Model(images, model(scaled), name=model.name)


def noise_images(model: keras.Model) -> Images:
    """Returns noise to compare scores on, if there are no images."""
    shape = (NUM_NOISE_IMAGES, *model.input_shape[1:])
    noise = np.random.default_rng(0).integers(0, 256, shape)
    return Images(
        calibration=None,
        test=noise.astype(np.float32),
        test_labels=None,
        class_names=[str(index) for index in range(model.output_shape[-1])],
        precisions=[each for each in PRECISIONS if each != "int8"],
    )


def data_images(
    model: keras.Model, name: str | None, data_dir: str | None
) -> Images:
    """Returns the images of a data set, resized for the model.

    Raises:
        ValueError: If the model takes no square images, or has not as many
            scores as the data have classes; see also `datasets.load`.
    """
    height, width, channels = model.input_shape[1:]
    if height != width:
        raise ValueError(
            f"`model` takes images of {height}x{width}; data sets are cut to "
            "squares. Call nse_tf.export_model with images of that size."
        )
    data = datasets.load(
        name, data_dir=data_dir, image_size=height, channels=channels
    )
    if data.num_classes != model.output_shape[-1]:
        raise ValueError(
            f"`model` has {model.output_shape[-1]} scores, the data "
            f"{data.name!r} have {data.num_classes} classes."
        )
    stride = max(1, len(data.train) // NUM_CALIBRATION_IMAGES)
    return Images(
        calibration=np.asarray(data.train.images[::stride]),
        test=np.asarray(data.test.images),
        test_labels=data.test.labels,
        class_names=data.class_names,
        precisions=PRECISIONS,
        train=data.train,
    )
