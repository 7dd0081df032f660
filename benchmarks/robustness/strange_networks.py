"""Networks and files as exporters rarely meet them, written to a folder."""

import dataclasses
import json
import pathlib
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from keras import layers, ops

from nse_tf.export import convert
from nse_tf.export.model_edit import packed_model, unpacked_model

SIDE = 8
SHAPE = (SIDE, SIDE, 1)
CLASSES = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Strange:
    """A network or a file to be tried.

    Attributes:
        name: What is strange about it.
        path: The file.
        expected: `files`, `fault` (files, and exit code 1), `refused`, or for a
            .tflite file `measured`.
        flags: More flags of the command.
        also: Other endings that are as good.
    """

    name: str
    path: pathlib.Path
    expected: str
    flags: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


Tail = Callable[[Any], Any]


def classifier(
    tail: Tail = lambda x: x, *, scale: float = 1 / 255, softmax: bool = False
) -> keras.Model:
    """Returns a small classifier of pixels with something before its end."""
    images = keras.Input(SHAPE)
    x = layers.Rescaling(scale)(images)
    x = layers.Conv2D(8, 3, activation="relu", name="conv")(x)
    x = layers.Flatten()(tail(x))
    x = layers.Dense(CLASSES)(x)
    return keras.Model(images, ops.softmax(x) if softmax else x)


def with_fitted_end(
    model: keras.Model, images: np.ndarray, labels: np.ndarray
) -> keras.Model:
    """Returns a network whose last dense layer was fitted to images.

    Args:
        model: Ends in a `Dense` of logits, behind features that are fresh.
        images: `(count, height, width, channels)`, as the network takes them.
        labels: `(count,)`, class indices.
    """
    dense = model.layers[-1]
    features = keras.Model(model.inputs, dense.input).predict(images, verbose=0)
    features = features.astype(np.float64)
    mean, deviation = features.mean(axis=0), features.std()
    wanted = np.eye(model.output_shape[-1])[labels]
    scaled = (features - mean) / deviation
    # Dual ridge regression: there may be fewer images than features. It is
    # strong, since large weights do not survive 8 bits.
    gram = scaled @ scaled.T
    gram += 0.01 * np.trace(gram) / len(images) * np.eye(len(images))
    kernel = scaled.T @ np.linalg.solve(gram, wanted - wanted.mean(axis=0))
    kernel = 10 * kernel / deviation
    bias = 10 * wanted.mean(axis=0) - mean @ kernel
    dense.set_weights([kernel, bias])
    return model


def strange_models(
    folder: pathlib.Path, images: np.ndarray, labels: np.ndarray
) -> Iterator[Strange]:
    """Yields Keras models that are sound files.

    Args:
        folder: Where to write them.
        images: `(count, 8, 8, 1)`, digits, to fit ends to.
        labels: `(count,)`.
    """
    made: dict[str, tuple[keras.Model, str, tuple[str, ...]]] = {
        name: (model, "refused", ())
        for name, model in {**_broken(), **_no_classifiers()}.items()
    }
    for name, model in _of_other_types().items():
        fitted = with_fitted_end(model, images, labels)
        made[name] = (fitted, "files", ())
    quantized = classifier()
    quantized.quantize("int8")
    made["weights quantized by Keras"] = (quantized, "refused", ())
    lstm = with_fitted_end(
        classifier(lambda x: layers.LSTM(32)(layers.Reshape((36, 8))(x))),
        images,
        labels,
    )
    made["LSTM"] = (lstm, "fault", ())
    made["LSTM, TensorFlow's quantizer"] = (
        *(lstm, "fault"),
        ("--quantizer=tensorflow",),
    )
    signed = with_fitted_end(classifier(scale=1.0), images / 127.5 - 1, labels)
    made["trained on -1..1, exported so"] = (
        *(signed, "files"),
        ("--value_range=-1,1",),
    )
    made["trained on -1..1, exported as 0..255"] = (signed, "fault", ())
    large = classifier(lambda x: layers.Rescaling(1e-6)(1e9 * x))
    large = with_fitted_end(large, images, labels)
    made["activations above 65,504"] = (large, "fault", ())
    made["never trained"] = (classifier(), "fault", ())
    for name, (model, expected, flags) in made.items():
        path = folder / f"{len(list(folder.iterdir()))}.keras"
        model.save(path)
        yield Strange(name=name, path=path, expected=expected, flags=flags)


def _broken() -> dict[str, keras.Model]:
    """Returns networks with numbers that are none."""
    weights = classifier()
    kernel, bias = weights.get_layer("conv").get_weights()
    kernel[0, 0, 0, 0] = np.nan
    weights.get_layer("conv").set_weights([kernel, bias])
    return {
        "NaN in a weight": weights,
        "logarithm of a negative number": classifier(
            lambda x: ops.log(ops.mean(x, (1, 2)) - 10.0)
        ),
        "division by 0": classifier(lambda x: x / (0.0 * x)),
    }


def _no_classifiers() -> dict[str, keras.Model]:
    """Returns networks that do not tell an image's class."""
    images = keras.Input(SHAPE)
    x = layers.Conv2D(8, 3)(images)
    mean = layers.GlobalAveragePooling2D()(x)
    two = keras.Model(
        images, [layers.Dense(CLASSES)(mean), layers.Dense(2)(mean)]
    )
    named = keras.Model(
        images, {"a": layers.Dense(CLASSES)(mean), "b": layers.Dense(2)(mean)}
    )
    tokens = keras.Input((16,), dtype="int32")
    embedded = layers.GlobalAveragePooling1D()(layers.Embedding(9, 4)(tokens))
    first = layers.Conv2D(8, 3, data_format="channels_first")
    pixels = layers.Permute((3, 1, 2))(images)
    return {
        "two outputs": two,
        "a dictionary of outputs": named,
        "a map of scores": keras.Model(images, layers.Conv2D(CLASSES, 1)(x)),
        "a sequence of tokens": keras.Model(
            tokens, layers.Dense(CLASSES)(embedded)
        ),
        "another number of classes than the data": keras.Model(
            images, layers.Dense(3)(mean)
        ),
        "channels first": keras.Model(
            images,
            layers.Dense(CLASSES)(layers.Flatten()(first(pixels))),
        ),
    }


def _of_other_types() -> dict[str, keras.Model]:
    """Returns networks that compute, or have weights, in other types."""
    found = {}
    before = keras.config.dtype_policy()
    for policy in ("mixed_float16", "mixed_bfloat16", "float16", "float64"):
        keras.config.set_dtype_policy(policy)
        found[policy] = classifier()
    keras.config.set_dtype_policy(before)
    return found


def strange_archives(folder: pathlib.Path) -> Iterator[Strange]:
    """Yields files that are no sound Keras model."""
    sound = folder / "sound.keras"
    classifier().save(sound)
    with zipfile.ZipFile(sound) as file:
        config = file.read("config.json").decode()
    flipped = bytearray(sound.read_bytes())
    flipped[len(flipped) // 2] ^= 1
    contents = {
        "one flipped bit": bytes(flipped),
        "cut off in the middle": bytes(flipped[: len(flipped) // 2]),
        "empty": b"",
        "no archive at all": b"\x89HDF\r\n\x1a\n" + bytes(100),
    }
    for name, content in contents.items():
        path = folder / f"{len(list(folder.iterdir()))}.keras"
        path.write_bytes(content)
        yield Strange(name=name, path=path, expected="refused")
    old = json.dumps({"keras_version": "2.15.0"})
    huge = config.replace('"filters": 8', '"filters": 1000000000')
    changes: dict[str, dict[str, str | None]] = {
        "without config.json": {"config.json": None},
        "without weights": {"model.weights.h5": None},
        "200,000 brackets": {"config.json": "[" * 200_000},
        "a layer of 1,000,000,000 filters": {"config.json": huge},
        "saved by Keras 2": {"config.json": "{}", "metadata.json": old},
        "a class of somebody else's": {
            "config.json": config.replace('"Flatten"', '"TheirLayer"')
        },
    }
    for name, parts in changes.items():
        path = folder / f"{len(list(folder.iterdir()))}.keras"
        _changed(sound, path, parts)
        yield Strange(name=name, path=path, expected="refused")
    path = folder / "lambda.keras"
    classifier(layers.Lambda(lambda x: x + 1)).save(path)
    yield Strange(name="a Lambda layer", path=path, expected="refused")
    saved = folder / "saved_model"
    classifier().export(saved, verbose=False)
    yield Strange(name="a SavedModel's folder", path=saved, expected="refused")


def _changed(
    sound: pathlib.Path, path: pathlib.Path, parts: dict[str, str | None]
) -> None:
    """Writes an archive with other parts; those that are None are left out."""
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            part = parts.get(name, old.read(name))
            if part is not None:
                new.writestr(name, part)


def strange_tflite(
    folder: pathlib.Path, images: np.ndarray
) -> Iterator[Strange]:
    """Yields .tflite files, to be measured.

    Args:
        folder: Where to write them.
        images: `(count, 8, 8, 1)`, to calibrate with.
    """
    sound = convert(classifier(), "int8", images)
    contents = {
        "sound, int8": (sound, "measured"),
        "cut off in the middle": (sound[: len(sound) // 2], "refused"),
        "empty": (b"", "refused"),
        "a batch of 4": (_converted(classifier(), 4), "measured"),
        "an open batch": (_converted(classifier(), None), "measured"),
    }
    for scale in (0.0, -1.0, np.inf, np.nan):
        contents[f"all scales {scale:g}"] = (_scaled(sound, scale), "refused")
    for kind in ("Flex", "My"):
        contents[f"an op {kind}Op that is not built in"] = (
            _with_custom_op(sound, f"{kind}Op"),
            "refused",
        )
    for number, (name, (content, expected)) in enumerate(contents.items()):
        path = folder / f"{number}.tflite"
        path.write_bytes(content)
        yield Strange(name=name, path=path, expected=expected)


def _scaled(content: bytes, scale: float) -> bytes:
    """Returns a file whose tensors all have one scale."""
    model = unpacked_model(content)
    for tensor in model.subgraphs[0].tensors:
        found = tensor.quantization
        if found is not None and found.scale is not None:
            found.scale = np.full_like(found.scale, scale)
    return packed_model(model)


def _converted(model: keras.Model, batch: int | None) -> bytes:
    """Returns a file that takes so many images at once."""
    images = keras.Input(SHAPE, batch_size=batch)
    whole = keras.Model(images, model(images))
    return bytes(tf.lite.TFLiteConverter.from_keras_model(whole).convert())


def _with_custom_op(content: bytes, name: str) -> bytes:
    """Returns a file whose first kind of op is one that nobody knows."""
    model = unpacked_model(content)
    code = model.operatorCodes[0]
    code.customCode = name
    code.builtinCode = schema.BuiltinOperator.CUSTOM
    code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    for operator in model.subgraphs[0].operators:
        operator.builtinOptions, operator.builtinOptionsType = None, 0
    return packed_model(model)
