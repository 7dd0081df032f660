"""Holds a .tflite file against the Keras model that it was made from."""

import dataclasses
import math
import os
import pathlib

import keras
import numpy as np

from nse_tf.export.census import Census, TypeCount, take_census
from nse_tf.export.inference import open_interpreter, predict


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportCheck:
    """What a file does on test images, next to the Keras model.

    Attributes:
        num_images: Images compared.
        size_bytes: Size of the file.
        largest_difference: Largest |file - Keras| of any score.
        mean_difference: Mean of the same.
        score_span: Largest less smallest score of Keras; what the differences
            are to be seen against.
        num_not_finite: Scores that are NaN or infinite, left out above.
        keras_accuracy: Share of images that Keras classifies as labeled; None
            without labels, like the next two.
        accuracy: The same of the file.
        num_errors: Images that the file classifies otherwise than labeled.
        agreement: Share of images where both name the same class.
        input_range: Smallest and largest pixel value that the input can
            hold; None for float inputs.
        pixel_range: Smallest and largest pixel value of the images.
        census: What is stored and computed as integers.
    """

    num_images: int
    size_bytes: int
    largest_difference: float
    mean_difference: float
    score_span: float
    num_not_finite: int
    keras_accuracy: float | None
    accuracy: float | None
    num_errors: int | None
    agreement: float
    input_range: tuple[float, float] | None
    pixel_range: tuple[float, float]
    census: Census


@dataclasses.dataclass(frozen=True)
class Limits:
    """How far a file may be from Keras.

    Attributes:
        largest: Largest difference, as a share of Keras's score span.
        mean: Mean difference, as a share of the same.
        accuracy_drop: Largest loss of accuracy. One image is always allowed:
            a tie that falls the other way is no fault.
    """

    largest: float
    mean: float
    accuracy_drop: float


# Measured on digits, of the span: fp32 differs by the order of sums alone, at
# most 3e-7; fp16 by its 11-bit weights, at most 6e-4. A single score of int8
# may be far off (0.13) while their mean is not (0.003).
LIMITS = {
    "fp32": Limits(largest=1e-4, mean=1e-4, accuracy_drop=0.0),
    "fp16": Limits(largest=1e-2, mean=1e-2, accuracy_drop=0.005),
    "dynamic": Limits(largest=1.0, mean=0.05, accuracy_drop=0.02),
    "int8": Limits(largest=1.0, mean=0.05, accuracy_drop=0.02),
    "int16x8": Limits(largest=1.0, mean=0.05, accuracy_drop=0.02),
}
# Float tensors of files that are integer otherwise: the ends of int16x8.
_FLOAT_TENSORS = {"int8": 0, "int16x8": 2}


def check(
    tflite: bytes | str | os.PathLike[str],
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray | None,
    *,
    wanted: np.ndarray | None = None,
) -> ExportCheck:
    """Runs a file and its Keras model on test images.

    Args:
        tflite: The content of a .tflite file, or its path.
        model: What it was converted from.
        images: `(count, height, width, channels)`, pixel values 0..255.
        labels: `(count,)`, class indices; None compares scores alone.
        wanted: `keras_scores(model, images)`, where several files are checked;
            None runs the model.

    Raises:
        ValueError: If there are no images, a label is missing, or shapes do
            not fit the file.
    """
    shape = (len(images),) if labels is None else labels.shape
    if len(images) == 0 or shape != (len(images),):
        raise ValueError(
            f"`images` has shape {images.shape} and `labels` {shape}; "
            "there must be at least one image, and one label for each."
        )
    if not isinstance(tflite, bytes):
        tflite = pathlib.Path(tflite).read_bytes()
    got = predict(tflite, images)
    if wanted is None:
        wanted = keras_scores(model, images)
    if got.shape != wanted.shape:
        raise ValueError(
            f"`tflite` has scores of shape {got.shape}, "
            f"`model` {model.name!r} of {wanted.shape}: another network."
        )
    finite = np.isfinite(got)
    # What is not finite is counted apart; it would make both figures NaN.
    difference = np.abs(got - wanted, where=finite, out=np.zeros_like(got))
    classes, keras_classes = got.argmax(axis=-1), wanted.argmax(axis=-1)
    return ExportCheck(
        num_images=len(images),
        size_bytes=len(tflite),
        largest_difference=float(difference.max()),
        mean_difference=float(difference.sum() / max(1, finite.sum())),
        score_span=float(np.ptp(wanted)),
        num_not_finite=int((~finite).sum()),
        keras_accuracy=_share_right(keras_classes, labels),
        accuracy=_share_right(classes, labels),
        num_errors=(None if labels is None else int((classes != labels).sum())),
        agreement=float((classes == keras_classes).mean()),
        input_range=_input_range(tflite),
        pixel_range=(float(images.min()), float(images.max())),
        census=take_census(tflite),
    )


def keras_scores(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Returns `(count, classes)`, what a model says of images.

    Args:
        model: The model.
        images: `(count, height, width, channels)`, pixel values 0..255.

    Raises:
        ValueError: If there are none.
    """
    if len(images) == 0:
        raise ValueError("`images` is empty: there must be at least one.")
    scores: np.ndarray = model.predict(
        images.astype(np.float32), verbose=0, batch_size=256
    )
    return scores


def _share_right(
    classes: np.ndarray, labels: np.ndarray | None
) -> float | None:
    return None if labels is None else float((classes == labels).mean())


def find_faults(
    check: ExportCheck, precision: str, limits: Limits | None = None
) -> list[str]:
    """Returns what is wrong with a file, one sentence each; empty if nothing.

    Args:
        check: What was seen.
        precision: What the file should be, a key of `LIMITS`.
        limits: How far it may be from Keras; by default `LIMITS[precision]`.
    """
    limits = LIMITS[precision] if limits is None else limits
    faults = _number_faults(check, precision) + _input_faults(check)
    if check.num_not_finite:
        faults.append(
            f"{check.num_not_finite} scores are NaN or infinite on "
            f"{check.num_images} images."
        )
    for which, found, share in (
        ("at most", check.largest_difference, limits.largest),
        ("on average", check.mean_difference, limits.mean),
    ):
        if found > share * check.score_span:
            faults.append(
                f"Scores differ from Keras by {found:.3g} {which}, more than "
                f"{share:g} of their span ({check.score_span:.3g}): the "
                f"{precision} file computes something else."
            )
    return faults + _accuracy_faults(check, limits)


def _accuracy_faults(check: ExportCheck, limits: Limits) -> list[str]:
    """Returns whether too many images are classified worse than by Keras."""
    if check.keras_accuracy is None or check.accuracy is None:
        return []
    # In whole images, so that rounding of shares decides nothing.
    lost = round(check.num_images * (check.keras_accuracy - check.accuracy))
    if lost <= max(1, round(check.num_images * limits.accuracy_drop)):
        return []
    return [
        f"Accuracy falls from {check.keras_accuracy:.4f} to "
        f"{check.accuracy:.4f} on {check.num_images} images, more than "
        f"{limits.accuracy_drop:g}."
    ]


def _number_faults(check: ExportCheck, precision: str) -> list[str]:
    """Returns where a file stores other number types than it should."""
    census = check.census
    if len(census.float_names) > _FLOAT_TENSORS.get(precision, math.inf):
        names = ", ".join(repr(name) for name in census.float_names[:3])
        return [
            f"Not fully integer: {1 - census.integer_weights:.0%} of the "
            f"weight tensors and {1 - census.integer_activations:.0%} of the "
            f"activations are float, such as {names}."
        ]
    if precision == "int16x8" and "int8" in census.activations:
        return [
            f"{census.activations['int8'].tensors} activations have 8 bits in "
            "the int16x8 file."
        ]
    total = sum(count.size_bytes for count in census.kernels.values())
    kept = census.kernels.get("float32", TypeCount(0, 0))
    # TensorFlow's converter leaves kernels of under 1,024 numbers as they are.
    most = {"fp16": 0.01, "dynamic": 0.5}.get(precision, 1.0)
    if kept.size_bytes > most * total:
        return [
            f"{kept.tensors} kernels ({kept.size_bytes:,} of {total:,} bytes) "
            f"are still float32 in the {precision} file."
        ]
    return []


def _input_faults(check: ExportCheck) -> list[str]:
    """Returns whether an integer input would cut pixel values off."""
    if check.input_range is None:
        return []
    (low, high), (least, most) = check.input_range, check.pixel_range
    # One step of 8 bits may be missing at an end by rounding.
    step = (high - low) / 255
    if low - step <= least and most <= high + step:
        return []
    return [
        f"The input can hold {low:.4g}..{high:.4g}, the images span "
        f"{least:.4g}..{most:.4g}: pixel values are cut off. Calibrate on raw "
        "pixel values."
    ]


def _input_range(tflite: bytes) -> tuple[float, float] | None:
    given = open_interpreter(tflite).get_input_details()[0]
    if np.issubdtype(given["dtype"], np.floating):
        return None
    scale, zero_point = given["quantization"]
    limits = np.iinfo(given["dtype"])
    return (
        float(scale * (int(limits.min) - zero_point)),
        float(scale * (int(limits.max) - zero_point)),
    )
