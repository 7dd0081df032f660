"""Counts what a .tflite file stores and computes, by number type."""

import dataclasses
import os
from collections.abc import Iterable

import numpy as np

from nse_tf.export.inference import open_interpreter

_FLOATS = ("float16", "float32", "float64")


@dataclasses.dataclass(frozen=True)
class TypeCount:
    """Tensors of one number type.

    Attributes:
        tensors: Number of tensors.
        size_bytes: Bytes of all of them together.
    """

    tensors: int
    size_bytes: int


@dataclasses.dataclass(frozen=True)
class Census:
    """The tensors of a file that hold real values, by number type.

    Shapes, axes and the like are integers in every file and are left out: an
    integer tensor counts where it has a scale.

    Attributes:
        weights: Constants by type, such as `{"int8": …, "int32": …}`; biases
            of an int8 network are int32.
        activations: The same for what is computed, inputs and outputs included.
        kernels: Those of the weights with two sides or more; biases, scales and
            the like, which some converters leave as they are, are not.
        float_names: Names of the float tensors, weights first.
    """

    weights: dict[str, TypeCount]
    activations: dict[str, TypeCount]
    kernels: dict[str, TypeCount]
    float_names: tuple[str, ...]

    @property
    def integer_weights(self) -> float:
        """Share of the weight tensors that are integers."""
        return _share(self.weights, "tensors")

    @property
    def integer_weight_bytes(self) -> float:
        """Share of the weights' bytes that are in integer tensors."""
        return _share(self.weights, "size_bytes")

    @property
    def integer_activations(self) -> float:
        """Share of the activation tensors that are integers."""
        return _share(self.activations, "tensors")

    @property
    def integer_activation_bytes(self) -> float:
        """Share of the activations' bytes that are in integer tensors."""
        return _share(self.activations, "size_bytes")


def take_census(tflite: bytes | str | os.PathLike[str]) -> Census:
    """Returns the census of a file; a tensor that no op makes is a weight.

    Raises:
        ValueError: If the content is not a whole .tflite file.
    """
    interpreter = open_interpreter(tflite, use_xnnpack=False)
    ops = interpreter._get_ops_details()
    made = {tensor for op in ops for tensor in op["outputs"].tolist()}
    made.update(t["index"] for t in interpreter.get_input_details())
    used = made | {tensor for op in ops for tensor in op["inputs"].tolist()}
    weights: list[tuple[str, str, int]] = []
    activations: list[tuple[str, str, int]] = []
    kernels: list[tuple[str, str, int]] = []
    for tensor in interpreter.get_tensor_details():
        dtype = np.dtype(tensor["dtype"])
        has_scale = len(tensor["quantization_parameters"]["scales"]) > 0
        if tensor["index"] in used and (dtype.name in _FLOATS or has_scale):
            size_bytes = int(np.prod(tensor["shape"])) * dtype.itemsize
            kind = activations if tensor["index"] in made else weights
            kind.append((tensor["name"], dtype.name, size_bytes))
            if kind is weights and (tensor["shape"] > 1).sum() > 1:
                kernels.append(kind[-1])
    return Census(
        weights=_count(weights),
        activations=_count(activations),
        kernels=_count(kernels),
        float_names=tuple(
            name for name, dtype, _ in weights + activations if dtype in _FLOATS
        ),
    )


def _count(tensors: Iterable[tuple[str, str, int]]) -> dict[str, TypeCount]:
    counts: dict[str, TypeCount] = {}
    for _, dtype, size_bytes in tensors:
        old = counts.get(dtype, TypeCount(0, 0))
        counts[dtype] = TypeCount(old.tensors + 1, old.size_bytes + size_bytes)
    return counts


def _share(counts: dict[str, TypeCount], name: str) -> float:
    """Returns the share of integers; 1 where there is nothing to count."""
    total: int = sum(getattr(count, name) for count in counts.values())
    floats: int = sum(
        getattr(count, name)
        for dtype, count in counts.items()
        if dtype in _FLOATS
    )
    return 1 - floats / total if total else 1.0
