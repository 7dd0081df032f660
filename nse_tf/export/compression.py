"""Quantization-aware fine-tuning, pruning and clustering, in another process.

TensorFlow's model optimization toolkit needs the older Keras. So the network
goes to another process as a list of layers and their weights and is built
again there. Before training, its scores are compared with those of the
original, to detect what the copy lacks.
"""

import dataclasses
import importlib.util
import json
import os
import pathlib
import sys
import tempfile
from typing import Any

import keras
import numpy as np

from nse_tf.export import own_process
from nse_tf.export.tools import run_tool

PROGRAM = pathlib.Path(__file__).with_name("compress_program.py")
KINDS = ("quantize", "prune", "cluster")
# Layers that the program can build, and that the toolkit or our own config can
# quantize.
KNOWN_LAYERS = (
    *("InputLayer", "Rescaling", "Conv2D", "DepthwiseConv2D", "Dense"),
    *("BatchNormalization", "ReLU", "Activation", "Add", "Multiply"),
    *("Average", "AveragePooling2D", "MaxPooling2D", "Flatten", "Dropout"),
    *("GlobalAveragePooling2D",),
)
# Others differ in the older Keras, such as hard_sigmoid, or the toolkit cannot
# quantize them.
KNOWN_ACTIVATIONS = (
    *("linear", "relu", "sigmoid", "tanh", "gelu", "silu", "swish"),
)
# Largest difference of the copy's scores, as a share of their span.
CARRIED_OVER = 1e-3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Compressed:
    """A compressed network.

    Attributes:
        kind: One of `KINDS`.
        learning_rate: Learning rate of Adam.
        tflite: The int8 file, for `quantize`.
        model: The network with its new weights, for `prune` and `cluster`.
        carried_over_difference: Largest difference of any score between the
            network and its copy in the other process, before training.
        losses: Mean training loss of each epoch.
    """

    kind: str
    learning_rate: float
    tflite: bytes | None
    model: keras.Model | None
    carried_over_difference: float
    losses: tuple[float, ...]


def compress(
    model: keras.Model,
    kind: str,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int = 1,
    learning_rate: float = 1e-4,
    batch_size: int = 64,
    seed: int = 0,
    timeout_seconds: float = 24 * 3600.0,
) -> Compressed:
    """Fine-tunes a network for a smaller file.

    `quantize` trains it to be computed in 8 bits and returns the file; `prune`
    leaves half of the weights of every kernel zero, `cluster` 16 values in each
    kernel, both of which make files that compress well.

    Args:
        model: One input `(batch, height, width, channels)` of raw pixel values
            0..255, one output of logits `(batch, classes)`; stock layers.
        kind: One of `KINDS`.
        images: `(count, height, width, channels)`, training images.
        labels: `(count,)`, class indices.
        epochs: Passes over the images.
        learning_rate: Learning rate of Adam.
        batch_size: Images a step.
        seed: Seed of the order of images.
        timeout_seconds: How long the process may take.

    Raises:
        ValueError: If an argument is out of range, a layer is unknown there
            (names it), the toolkit is not installed, the copy's scores differ,
            or the process fails.
    """
    _check_request(kind, images, labels, epochs, learning_rate)
    layers = describe_layers(model)
    require_toolkit()
    settings = {
        "kind": kind,
        "epochs": epochs,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "seed": seed,
    }
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "network.json").write_text(
            json.dumps({"layers": layers, "settings": settings})
        )
        _write_arrays(folder, model, images, labels)
        _run(folder, timeout_seconds)
        return _read_result(folder, model, kind, learning_rate)


def _check_request(
    kind: str,
    images: np.ndarray,
    labels: np.ndarray,
    epochs: int,
    learning_rate: float,
) -> None:
    if kind not in KINDS:
        raise ValueError(
            f"`kind` must be one of {', '.join(KINDS)}; got {kind!r}."
        )
    if len(images) == 0 or labels.shape != (len(images),):
        raise ValueError(
            f"`images` has shape {images.shape} and `labels` {labels.shape}; "
            "there must be at least one image, and one label for each."
        )
    if epochs < 1 or not learning_rate > 0:
        raise ValueError(
            f"`epochs` is {epochs} and `learning_rate` {learning_rate}; give "
            "at least 1 epoch and a rate above 0."
        )


def _write_arrays(
    folder: pathlib.Path,
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
) -> None:
    """Writes weights, images, and the scores that the copy must have."""
    # Quantization takes the range of the input from these, and few images may
    # hold neither black nor white.
    some = _with_extremes(images[:: max(1, len(images) // 64)])
    np.savez(folder / "weights.npz", **_weights(model))
    np.savez(
        folder / "images.npz",
        images=images,
        labels=labels,
        calibration=some,
        scores=model.predict(some.astype(np.float32), verbose=0),
    )


def _read_result(
    folder: pathlib.Path, model: keras.Model, kind: str, learning_rate: float
) -> Compressed:
    """Returns what the program wrote, if its copy's scores are equal."""
    result = json.loads((folder / "result.json").read_text())
    difference = result["carried_over_difference"]
    # Negated, so that NaN is refused.
    if not difference <= CARRIED_OVER * result["score_span"]:
        raise ValueError(
            f"`model` {model.name!r} cannot be copied to the older Keras: its "
            f"scores differ by {difference:.3g}, of a span of "
            f"{result['score_span']:.3g}."
        )
    tflite, compressed = None, None
    if kind == "quantize":
        own_process.require_runs(folder / "model.tflite")
        tflite = (folder / "model.tflite").read_bytes()
    else:
        compressed = _with_weights(model, folder / "compressed.npz")
    return Compressed(
        kind=kind,
        learning_rate=learning_rate,
        tflite=tflite,
        model=compressed,
        carried_over_difference=difference,
        losses=tuple(result["losses"]),
    )


def describe_layers(model: keras.Model) -> list[dict[str, Any]]:
    """Returns a network as data: each layer's kind, numbers and inputs.

    Raises:
        ValueError: If it is no functional model of one input and output, or has
            a layer that cannot be copied; names it.
    """
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"`model` {model.name!r} has {len(model.inputs)} inputs and "
            f"{len(model.outputs)} outputs; there must be one of each."
        )
    # As functional, since a Sequential does not name its layers' inputs.
    config = keras.Model(model.inputs, model.outputs).get_config()
    layers = []
    for layer in config["layers"]:
        kind, name = layer["class_name"], layer["config"]["name"]
        if kind not in KNOWN_LAYERS:
            raise ValueError(
                f"Layer {name!r} is a {kind}, which cannot be quantized, "
                f"pruned or clustered here; known are {', '.join(KNOWN_LAYERS)}"
                ". Export it by post-training quantization instead."
            )
        plain = json.loads(json.dumps(layer["config"], default=str))
        used = plain.get("activation", "linear")
        if used not in KNOWN_ACTIVATIONS:
            raise ValueError(
                f"Layer {name!r} has the activation {used!r}, which is not "
                "known to be the same in the older Keras; known are "
                f"{', '.join(KNOWN_ACTIVATIONS)}."
            )
        if used == "silu":
            plain["activation"] = "swish"
        layers.append(
            {
                "name": name,
                "kind": kind,
                "config": plain,
                "shape": list(model.input_shape[1:]),
                "inputs": _sources(layer["inbound_nodes"]),
            }
        )
    return layers


def _sources(nodes: Any) -> list[str]:
    """Returns the names of a layer's input layers, in order."""
    if isinstance(nodes, dict):
        if "keras_history" in nodes:
            return [nodes["keras_history"][0]]
        return [name for value in nodes.values() for name in _sources(value)]
    if isinstance(nodes, list | tuple):
        return [name for value in nodes for name in _sources(value)]
    return []


def _weights(model: keras.Model) -> dict[str, Any]:
    return {
        f"{layer.name}/{index}": value
        for layer in model.layers
        for index, value in enumerate(layer.get_weights())
    }


def _with_weights(model: keras.Model, path: pathlib.Path) -> keras.Model:
    """Returns a copy of the model with the weights of a file."""
    copy = keras.models.clone_model(model)
    with np.load(path) as values:
        for layer in copy.layers:
            count = len(layer.get_weights())
            layer.set_weights(
                [values[f"{layer.name}/{index}"] for index in range(count)]
            )
    return copy


def _with_extremes(images: np.ndarray) -> np.ndarray:
    """Returns the images with a black and a white value in the first."""
    pinned = np.array(images)
    pinned[0].flat[0], pinned[0].flat[-1] = 0, 255
    return pinned


def require_toolkit() -> None:
    """Refuses to continue without the toolkit, which is an extra.

    Raises:
        ValueError: If it is not installed; says how to install it.
    """
    for name in ("tensorflow_model_optimization", "tf_keras"):
        if importlib.util.find_spec(name) is None:
            raise ValueError(
                f"{name} is not installed, which compresses networks: pip "
                "install nse-tf[compress]."
            )


def _run(folder: pathlib.Path, timeout_seconds: float) -> None:
    environment = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # Makes `tf.keras` the older Keras, which the toolkit expects.
        "TF_USE_LEGACY_KERAS": "1",
    }
    run_tool(
        [sys.executable, str(PROGRAM), str(folder)],
        "Compressing",
        timeout_seconds,
        environment,
    )
