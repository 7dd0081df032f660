"""What built layers of the user's cost, by the conventions of `costs`.

Convolutions and fully connected layers multiply and accumulate. Whatever else
has only weights of rank 0 or 1 (norms, scales) or none at all (activations,
pooling) is free. Any other layer is refused rather than guessed at: a wrong
count would break a budget in silence. A layer of the user's own gives its count
by a method `count_macs(input_shape, output_shape) -> int`, shapes without the
batch.
"""

import math
from collections.abc import Iterable
from typing import Any

import keras

from nse_tf.costs.parts import Part, total
from nse_tf.supernet.user_models.copying import Call, Shape, copied, plain_copy

_CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
)
_TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)


def layer_part(
    name: str, layer: Any, in_shape: Shape, out_shape: Shape
) -> Part:
    """Returns what a built layer, or a model, costs.

    Args:
        name: Name of the part.
        layer: The layer.
        in_shape: Shape of its inputs, with the batch.
        out_shape: Shape of its outputs, with the batch.

    Raises:
        ValueError: If its multiply-accumulates are unknown.
    """
    calls = [Call(layer, in_shape, out_shape)]
    if isinstance(layer, keras.Model):
        calls = []
        copied(layer, plain_copy, calls)
    return calls_part(name, calls)


def calls_part(name: str, calls: Iterable[Call]) -> Part:
    """Returns the sum of calls; weights of a layer count once, MACs each time.

    Raises:
        ValueError: See `layer_part`.
    """
    parts, seen = [], set()
    for call in calls:
        num_macs = count_macs(*call)
        weights = getattr(call.layer, "trainable_weights", [])
        sizes = [math.prod(weight.shape) for weight in weights]
        kernels = [
            size
            for size, weight in zip(sizes, weights, strict=True)
            if len(weight.shape) >= 2
        ]
        is_new = id(call.layer) not in seen
        seen.add(id(call.layer))
        parts.append(
            Part(
                name=name,
                macs=num_macs,
                params=sum(sizes) if is_new else 0,
                kernel_params=sum(kernels) if is_new else 0,
                num_convs=int(num_macs > 0),
            )
        )
    return total(name, parts)


def count_macs(layer: Any, in_shape: Shape, out_shape: Shape) -> int:
    """Returns the multiply-accumulates of one call, for one image.

    Raises:
        ValueError: If they are unknown.
    """
    if hasattr(layer, "count_macs"):
        return int(layer.count_macs(in_shape[1:], out_shape[1:]))
    kernels = [
        weight.shape
        for weight in getattr(layer, "weights", [])
        if len(weight.shape) >= 2
    ]
    if not kernels:
        return 0
    if None in in_shape[1:] or None in out_shape[1:]:
        raise ValueError(
            f"The multiply-accumulates of layer {layer.name!r} are unknown, "
            f"as its input is {in_shape[1:]}: give keras.Input a whole shape."
        )
    # A grouped kernel is smaller already, so each of its numbers multiplies
    # once at each position.
    return sum(map(math.prod, kernels)) * _repeats(layer, in_shape, out_shape)


def _repeats(layer: Any, in_shape: Shape, out_shape: Shape) -> int:
    """Returns how often a layer's kernels are applied to one image."""
    if isinstance(layer, keras.layers.Dense):
        return math.prod(_known(out_shape[1:-1]))
    if isinstance(layer, _TRANSPOSED + _CONVOLUTIONS):
        # A transposed kernel is applied at every input, others at every output.
        shape = in_shape if isinstance(layer, _TRANSPOSED) else out_shape
        is_first = layer.data_format == "channels_first"
        return math.prod(_known(shape[2:] if is_first else shape[1:-1]))
    raise ValueError(
        f"The multiply-accumulates of layer {layer.name!r} are not known, as "
        f"it is a {type(layer).__name__} with kernels of its own. Give its "
        "class a method `count_macs(input_shape, output_shape)`, or write it "
        "as a keras.Sequential or functional model of stock layers."
    )


def _known(sides: Shape) -> list[int]:
    return [side for side in sides if side is not None]
