"""The layers of inverted residuals in a stand-alone child."""

import functools
from collections.abc import Callable

import tensorflow as tf

from nse_tf.spaces import ChainOp, ChoiceBlock, Identity, MBConv, Motif
from nse_tf.supernet.chains.backbone import stem_layers, tail_layers
from nse_tf.supernet.chains.motif_layers import MotifGraph
from nse_tf.supernet.chains.parts import ChainParts
from nse_tf.supernet.layers.squeeze_excite import SqueezeExcite
from nse_tf.supernet.layers.stock import (
    batch_norm,
    conv,
    depthwise,
    named_activation,
)


def mbconv_layers(
    op: ChainOp, block: ChoiceBlock, prefix: str, *, fast: bool
) -> list[Callable[..., tf.Tensor]]:
    """Returns what a candidate does, input to output.

    Args:
        op: The candidate.
        block: Its block.
        prefix: Begins the name of each layer.
        fast: Whether layers are those of this package that are fast to train,
            or stock ones.

    Raises:
        TypeError: If the op does not compete in such chains.
    """
    match op:
        case Identity():
            return []
        case MBConv():
            inside = _inside(op, block, prefix, fast=fast)
            inner, expands = op.inner_channels(block.in_channels), op.expands
            kind = op.activation
        case Motif():
            inside = [MotifGraph(op, block.stride, prefix, fast=fast)]
            inner, expands = block.in_channels * op.expansion, op.expansion > 1
            kind = "relu6"
        case _:
            raise TypeError(
                f"{op.name!r} is neither an inverted residual nor the identity."
            )
    norm = functools.partial(batch_norm, fast=fast, epsilon=block.norm_epsilon)
    expand = [
        conv(inner, 1, 1, f"{prefix}_expand"),
        norm(f"{prefix}_expand_bn"),
        named_activation(kind, f"{prefix}_expand"),
    ]
    return [
        *(expand if expands else []),
        *inside,
        conv(block.out_channels, 1, 1, f"{prefix}_project"),
        norm(f"{prefix}_project_bn"),
    ]


def _inside(
    op: MBConv, block: ChoiceBlock, prefix: str, *, fast: bool
) -> list[Callable[..., tf.Tensor]]:
    """Returns what stands between expanding and projecting convolution."""
    name = f"{prefix}_depthwise"
    layers: list[Callable[..., tf.Tensor]] = [
        depthwise(op.kernel, block.stride, name, fast=fast),
        batch_norm(f"{name}_bn", fast=fast, epsilon=block.norm_epsilon),
        named_activation(op.activation, name),
    ]
    if op.squeeze_excite:
        layers.append(
            SqueezeExcite(
                prefix,
                op.inner_channels(block.in_channels),
                op.squeezed_channels(block.in_channels),
                "relu",
                "hard_sigmoid",
            )
        )
    return layers


MBCONV_PARTS = ChainParts(
    stem_layers=stem_layers,
    tail_layers=tail_layers,
    op_layers=mbconv_layers,
)
