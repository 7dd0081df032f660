"""The layers of inverted residuals in a stand-alone child."""

import functools
from collections.abc import Callable

import tensorflow as tf

from nse_tf.spaces import ChainOp, ChoiceBlock, Identity, MBConv, Motif
from nse_tf.supernet.chains.backbone import stem_layers, tail_layers
from nse_tf.supernet.chains.motif_layers import MotifGraph
from nse_tf.supernet.chains.parts import ChainParts
from nse_tf.supernet.layers.stock import batch_norm, conv, depthwise, relu6


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
    norm = functools.partial(batch_norm, fast=fast, epsilon=block.norm_epsilon)
    match op:
        case Identity():
            return []
        case MBConv(kernel, expansion):
            inside: list[Callable[..., tf.Tensor]] = [
                depthwise(
                    kernel, block.stride, f"{prefix}_depthwise", fast=fast
                ),
                norm(f"{prefix}_depthwise_bn"),
                relu6(f"{prefix}_depthwise_relu"),
            ]
        case Motif():
            expansion = op.expansion
            inside = [MotifGraph(op, block.stride, prefix, fast=fast)]
        case _:
            raise TypeError(
                f"{op.name!r} is neither an inverted residual nor the identity."
            )
    expand = [
        conv(block.in_channels * expansion, 1, 1, f"{prefix}_expand"),
        norm(f"{prefix}_expand_bn"),
        relu6(f"{prefix}_expand_relu"),
    ]
    return [
        *(expand if expansion > 1 else []),
        *inside,
        conv(block.out_channels, 1, 1, f"{prefix}_project"),
        norm(f"{prefix}_project_bn"),
    ]


MBCONV_PARTS = ChainParts(
    stem_layers=stem_layers,
    tail_layers=tail_layers,
    op_layers=mbconv_layers,
)
