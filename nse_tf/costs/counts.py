"""Parameters and MACs of every part of a network, in closed form.

One multiply-accumulate is one MAC. Convolutions and fully connected layers
count, nothing else does: batch norm, activations, additions and pooling are
free, as are biases. Parameters are what training moves: kernels, batch norm's
scale and offset, the classifier's bias.
"""

import dataclasses
from collections.abc import Iterable

from nse_tf.spaces import (
    ChoiceBlock,
    Identity,
    LayerOp,
    MBConv,
    ModelSkeleton,
    Op,
    Skeleton,
)


@dataclasses.dataclass(frozen=True)
class Part:
    """What one part of a network costs.

    Attributes:
        name: The part's name, for tables.
        macs: Multiply-accumulates for one image.
        params: Trainable numbers.
        kernel_params: Those of them that are convolution or classifier kernels.
        num_convs: How many convolutions and fully connected layers it has.
    """

    name: str
    macs: int = 0
    params: int = 0
    kernel_params: int = 0
    num_convs: int = 0

    def __add__(self, other: "Part") -> "Part":
        """Returns both parts as one, under this part's name."""
        return Part(
            self.name,
            self.macs + other.macs,
            self.params + other.params,
            self.kernel_params + other.kernel_params,
            self.num_convs + other.num_convs,
        )


def conv_part(
    name: str,
    out_size: tuple[int, int],
    kernel: int,
    in_channels: int,
    out_channels: int,
    groups: int = 1,
) -> Part:
    """Returns the cost of a k×k convolution without bias, with batch norm."""
    kernel_params = kernel * kernel * in_channels * out_channels // groups
    macs = out_size[0] * out_size[1] * kernel_params
    return Part(name, macs, kernel_params + 2 * out_channels, kernel_params, 1)


def total(name: str, parts: Iterable[Part]) -> Part:
    """Returns the sum of parts under a name."""
    return sum(parts, Part(name))


def mbconv_part(
    name: str,
    op: MBConv,
    in_size: tuple[int, int],
    out_size: tuple[int, int],
    in_channels: int,
    out_channels: int,
) -> Part:
    """Returns the cost of an inverted residual."""
    inner = in_channels * op.expansion
    expand = [conv_part(name, in_size, 1, in_channels, inner)]
    return total(
        name,
        [
            *(expand if op.expansion > 1 else []),
            conv_part(name, out_size, op.kernel, inner, inner, groups=inner),
            conv_part(name, out_size, 1, inner, out_channels),
        ],
    )


def op_part(op: Op, block: ChoiceBlock) -> Part:
    """Returns the cost of one candidate at its place."""
    match op:
        case Identity():
            return Part(block.name)
        case LayerOp():
            return _opaque_part(block.name, op)
        case MBConv():
            return mbconv_part(
                block.name,
                op,
                block.in_size,
                block.out_size,
                block.in_channels,
                block.out_channels,
            )


def _opaque_part(name: str, whole: LayerOp | ModelSkeleton) -> Part:
    """Returns what was read off layers of the user's."""
    return Part(
        name, whole.macs, whole.params, whole.kernel_params, whole.num_convs
    )


def fixed_parts(skeleton: Skeleton | ModelSkeleton) -> tuple[Part, ...]:
    """Returns what all networks of a skeleton share, input to output."""
    if isinstance(skeleton, ModelSkeleton):
        return (_opaque_part("shared", skeleton),)
    classifier = skeleton.tail_channels * skeleton.num_classes
    return (
        conv_part(
            "stem",
            skeleton.stem_size,
            3,
            skeleton.image_channels,
            skeleton.stem_channels,
        ),
        mbconv_part(
            "first",
            MBConv(3, 1),
            skeleton.stem_size,
            skeleton.stem_size,
            skeleton.stem_channels,
            skeleton.first_channels,
        ),
        conv_part(
            "tail",
            skeleton.tail_size,
            1,
            skeleton.stages[-1].channels,
            skeleton.tail_channels,
        ),
        Part(
            "classifier",
            classifier,
            classifier + skeleton.num_classes,
            classifier,
            1,
        ),
    )
