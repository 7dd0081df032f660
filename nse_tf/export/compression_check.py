"""Checks whether a compressed network is as requested."""

import dataclasses
import zlib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from nse_tf.export.compression import Compressed

# Least share of zeros in a pruned kernel. Half of its weights should be zero,
# but a kernel of few weights cannot be halved exactly.
LEAST_ZEROS = 0.45
# Most different values in a clustered kernel.
MOST_VALUES = 16


@dataclasses.dataclass(frozen=True, kw_only=True)
class CompressionCheck:
    """What compressing did to a network.

    Attributes:
        least_zeros: Smallest share of zeros in the kernel of a convolution or
            fully connected layer; None for `quantize`.
        most_values: Most different values in such a kernel; None for
            `quantize`.
        accuracy_before: Accuracy of the original network on the test images.
        accuracy: Accuracy of the compressed network; None for `quantize`, where
            the file is checked instead.
        faults: Faults of the network, in sentences.
    """

    least_zeros: float | None
    most_values: int | None
    accuracy_before: float
    accuracy: float | None
    faults: tuple[str, ...]


def check_compressed(
    made: Compressed,
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
) -> CompressionCheck:
    """Returns what compressing did to a network.

    Args:
        made: The compressed network.
        model: The original network.
        images: `(count, height, width, channels)`, test images.
        labels: `(count,)`, class indices.
    """
    before = _accuracy(model, images, labels)
    if made.model is None:
        return CompressionCheck(
            least_zeros=None,
            most_values=None,
            accuracy_before=before,
            accuracy=None,
            faults=(),
        )
    kernels = {
        layer.name: layer.get_weights()[0]
        for layer in made.model.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)
    }
    zeros = {name: float((each == 0).mean()) for name, each in kernels.items()}
    values = {name: len(np.unique(each)) for name, each in kernels.items()}
    faults = []
    if made.kind == "prune":
        faults = [
            f"Layer {name!r} was not pruned: {share:.1%} of its weights are "
            "zero. Train for more epochs."
            for name, share in zeros.items()
            if share < LEAST_ZEROS
        ]
    if made.kind == "cluster":
        faults = [
            f"Layer {name!r} was not clustered: its kernel has {count} values."
            for name, count in values.items()
            if count > MOST_VALUES
        ]
    return CompressionCheck(
        least_zeros=min(zeros.values(), default=None),
        most_values=max(values.values(), default=None),
        accuracy_before=before,
        accuracy=_accuracy(made.model, images, labels),
        faults=tuple(faults),
    )


def compression_json(
    made: Compressed, found: CompressionCheck, files: Mapping[str, bytes]
) -> dict[str, Any]:
    """Returns the part of `export.json` about a compression.

    Args:
        made: The compressed network.
        found: The check of it.
        files: Contents of the exported files, by precision.
    """
    return {
        "kind": made.kind,
        "epochs": len(made.losses),
        "learning_rate": made.learning_rate,
        "losses": list(made.losses),
        "carried_over_difference": made.carried_over_difference,
        **dataclasses.asdict(found),
        "deflated_bytes": {
            name: len(zlib.compress(content, 9))
            for name, content in files.items()
        },
    }


def _accuracy(
    model: keras.Model, images: np.ndarray, labels: np.ndarray
) -> float:
    scores = model.predict(images.astype(np.float32), verbose=0, batch_size=256)
    return float((scores.argmax(axis=-1) == labels).mean())
