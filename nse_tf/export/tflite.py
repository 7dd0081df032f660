"""Converts a Keras model, or a part of one, to a .tflite file.

Three decisions, each measured here (TensorFlow 2.21, Keras 3.15, 2 cores) on a
squeeze-and-excite MBConv network trained on digits:

- **Weights become constants before the converter sees them**, by tracing
  `model.stateless_call` on their values. `from_concrete_functions` on a Keras 3
  model as it is gives a file full of NaN without a word; with constants the
  outputs are equal to those of `from_keras_model` to the last bit, in 0.35 s
  instead of 2.1 s, since nothing has to be saved as a variable and loaded back.
- **One conversion for all precisions.** ai-edge-quantizer rewrites the fp32
  file in 0.02 s (fp16, dynamic) or 0.08 s (int8, 200 images), where
  TensorFlow's converter takes 0.4 s each time. With the extremes of activations
  as ranges (`variants.find_ranges`) int8 scores differ from Keras as much
  either way: 0.0494 and 0.0495 on average, 0.301 at most. With the quantizer's
  own averaged ranges it was 0.24 and 2.4. `quantizer="tensorflow"` keeps the
  other way.
- **uint8 in and out for int8.** The calibration images are pinned to the whole
  range 0..255, which makes the input scale 1 and its zero point 0: an app hands
  over the camera's bytes as they are, and the largest output byte is the class.
"""

import contextlib
import pathlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.export import own_process
from nse_tf.export.model_edit import has_operators, with_byte_ends
from nse_tf.export.precisions import ALL_PRECISIONS, CALIBRATED, PRECISIONS
from nse_tf.quiet import quiet_native_output

QUANTIZERS = ("ai_edge", "tensorflow")


def convert(
    model: keras.Model,
    precision: str,
    calibration_images: np.ndarray | None = None,
    *,
    quantizer: str = "ai_edge",
) -> bytes:
    """Returns an image classifier as the content of a .tflite file.

    The batch is fixed at one image, as on a phone. The one signature is named
    `serving_default`, with input `image` and output `scores`.

    Args:
        model: One input `(batch, height, width, channels)` of raw pixel values
            0..255, one output `(batch, classes)`.
        precision: `fp32`, `fp16` (weights only; computed as the device likes)
            and `dynamic` (8-bit weights, activations quantized as they come)
            have float32 input and output. `int8` has 8-bit weights and
            activations throughout, and uint8 input and output. `int16x8` has
            8-bit weights, 16-bit activations, and float32 input and output.
        calibration_images: `(count, height, width, channels)` of pixel values
            0..255, from the training set; for these two only. 100 are enough
            (measured: 10, 100 and 1,400 images of digits leave a mean
            difference of 0.051, 0.035 and 0.038); all that are given are used.
        quantizer: What makes other precisions than fp32: `ai_edge`, from the
            fp32 file, or `tensorflow`, from the model.

    Raises:
        ValueError: If the precision or quantizer is unknown, the model has
            several inputs or outputs, or the images are missing, of another
            shape, or not raw pixel values.
    """
    files = convert_all(
        model, [precision], calibration_images, quantizer=quantizer
    )
    return files[precision]


def convert_all(
    model: keras.Model,
    precisions: Sequence[str],
    calibration_images: np.ndarray | None = None,
    *,
    quantizer: str = "ai_edge",
) -> dict[str, bytes]:
    """Returns one model in several precisions, converted once if that can be.

    Arguments and errors are those of `convert`.
    """
    files, errors = convert_each(
        model, precisions, calibration_images, quantizer=quantizer
    )
    for error in errors.values():
        raise error
    return files


def convert_each(
    model: keras.Model,
    precisions: Sequence[str],
    calibration_images: np.ndarray | None = None,
    *,
    quantizer: str = "ai_edge",
) -> tuple[dict[str, bytes], dict[str, Exception]]:
    """Returns files by precision, and why others could not be made.

    A quantizer that fails on a network, as both do on some recurrent layers,
    leaves the other precisions. Arguments and errors are those of `convert`;
    without an fp32 file there is none.
    """
    for precision in precisions:
        _check_choice("precision", precision, ALL_PRECISIONS)
    _check_choice("quantizer", quantizer, QUANTIZERS)
    _check_model(model)
    samples = np.empty(0)
    if not {*CALIBRATED}.isdisjoint(precisions):
        shape = model.input_shape[1:]
        samples = _pin_range(_check_calibration(calibration_images, shape))
    files: dict[str, bytes] = {}
    errors: dict[str, Exception] = {}
    with _making(_trace(model), quantizer, samples) as made:
        for precision in precisions:
            try:
                files[precision] = made(precision)
            except Exception as error:
                errors[precision] = error
    return files, errors


@contextlib.contextmanager
def _making(
    traced: Any, quantizer: str, samples: np.ndarray
) -> Iterator[Callable[[str], bytes]]:
    """Yields what makes a traced model's file of a precision."""
    if quantizer == "ai_edge":
        fp32 = _plain(traced)

        def derived(precision: str) -> bytes:
            file = _derived(fp32, precision, samples)
            return with_byte_ends(file) if precision == "int8" else file

        yield derived
        return
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tf.saved_model.save(tf.Module(), name, signatures=traced)

        def converted(precision: str) -> bytes:
            if precision == "fp32":
                return _plain(traced)
            return own_process.convert_saved(folder, precision, samples)

        yield converted


def convert_part(
    model: keras.Model, precision: str, samples: np.ndarray | None = None
) -> bytes:
    """Returns a part of a network as it is inside the whole file.

    As `convert`, but `int8` has int8 input and output, so that no operator is
    added at the edges that the whole network does not have.

    Args:
        model: One input, one output, of any shape.
        precision: One of `PRECISIONS`.
        samples: `(count, ...)` inputs to calibrate `int8` with; by default
            noise, which is enough to time the part.
    """
    _check_choice("precision", precision, PRECISIONS)
    _check_model(model)
    if samples is None:
        shape = (4, *model.input_shape[1:])
        samples = np.random.default_rng(0).normal(size=shape)
    fp32 = _plain(_trace(model))
    # What computes nothing, such as dropout alone, has nothing to quantize.
    is_empty = not has_operators(fp32)
    return fp32 if is_empty else _derived(fp32, precision, samples)


def convert_saved(folder: str, precision: str, samples: np.ndarray) -> bytes:
    """Returns what TensorFlow's own quantizer makes of a saved model.

    Args:
        folder: Of the saved model, with one signature.
        precision: `fp16`, `dynamic`, `int8` or `int16x8`; see `convert`.
        samples: `(count, ...)` inputs, which the last two are calibrated by.
    """
    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    if precision in CALIBRATED:
        converter.representative_dataset = lambda: (
            [sample[None].astype(np.float32)] for sample in samples
        )
    if precision == "int16x8":
        ops = tf.lite.OpsSet
        converter.target_spec.supported_ops = [
            ops.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]
    if precision == "int8":
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8
        ]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.uint8
    return bytes(converter.convert())


def _derived(fp32: bytes, precision: str, samples: np.ndarray) -> bytes:
    if precision == "fp32":
        return fp32
    return own_process.derive(fp32, precision, samples)


def _plain(traced: Any) -> bytes:
    """Returns a traced model's fp32 file."""
    with quiet_native_output():
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [traced], tf.Module()
        )
        return bytes(converter.convert())


def _trace(model: keras.Model) -> Any:
    """Returns the model for one input as a function without variables."""
    trained = [variable.numpy() for variable in model.trainable_variables]
    fixed = [variable.numpy() for variable in model.non_trainable_variables]

    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        scores, _ = model.stateless_call(
            [tf.constant(value) for value in trained],
            [tf.constant(value) for value in fixed],
            image,
            training=False,
        )
        return {"scores": scores}

    spec = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32, name="image")
    traced = tf.function(serve, input_signature=[spec], autograph=False)
    return traced.get_concrete_function()


def _pin_range(images: np.ndarray) -> np.ndarray:
    """Returns the images with one black and one white value in the first.

    The input range is then 0..255 whatever the images hold.
    """
    pinned = np.array(images, np.float32)
    pinned[0].flat[0], pinned[0].flat[-1] = 0, 255
    return pinned


def _check_choice(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(
            f"`{name}` must be one of {', '.join(known)}; got {value!r}."
        )


def _check_model(model: keras.Model) -> None:
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            "`model` must have one input and one output; "
            f"{model.name!r} has {len(model.inputs)} and {len(model.outputs)}."
        )
    if None in model.input_shape[1:]:
        raise ValueError(
            f"`model` {model.name!r} has input shape {model.input_shape}; "
            "only the batch may be open. Build it for one image size."
        )


def _check_calibration(
    images: np.ndarray | None, shape: tuple[int, ...]
) -> np.ndarray:
    if images is None or len(images) == 0:
        raise ValueError(
            "`calibration_images` is empty: int8 and int16x8 need some 100 "
            "training images to learn the range of every activation."
        )
    if images.shape[1:] != shape:
        raise ValueError(
            f"`calibration_images` has images of shape {images.shape[1:]}, "
            f"the model takes {shape}."
        )
    low, high = float(images.min()), float(images.max())
    if low < 0 or not 1 < high <= 255:
        raise ValueError(
            f"`calibration_images` spans {low:g}..{high:g}, but the model "
            "takes raw pixel values 0..255. Do not scale the images."
        )
    return images
