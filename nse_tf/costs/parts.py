"""Parts of a network and what they cost, in closed form.

One multiply-accumulate is one MAC. Convolutions and fully connected layers
count, nothing else does: batch norm, activations, additions and pooling are
free, as are biases. Parameters are what training moves: kernels, batch norm's
scale and offset, the classifier's bias.
"""

import dataclasses
from collections.abc import Iterable

from nse_tf.spaces import MBConv

Map = tuple[int, int, int]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """What one part of a network costs.

    Attributes:
        name: Name of the part, for tables.
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
            name=self.name,
            macs=self.macs + other.macs,
            params=self.params + other.params,
            kernel_params=self.kernel_params + other.kernel_params,
            num_convs=self.num_convs + other.num_convs,
        )


def kernel_part(
    name: str,
    out_size: tuple[int, int],
    kernel: int | tuple[int, int],
    in_channels: int,
    out_channels: int,
    groups: int = 1,
) -> Part:
    """Returns the cost of a convolution without bias, alone.

    Args:
        name: Name of the part.
        out_size: Height and width of the output, in pixels.
        kernel: Height and width, or one number for both.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        groups: How many groups the channels are divided into.
    """
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    params = height * width * in_channels * out_channels // groups
    return Part(
        name=name,
        macs=out_size[0] * out_size[1] * params,
        params=params,
        kernel_params=params,
        num_convs=1,
    )


def norm_part(name: str, channels: int) -> Part:
    """Returns the cost of a batch norm: its scale and offset."""
    return Part(name=name, params=2 * channels)


def conv_part(
    name: str,
    out_size: tuple[int, int],
    kernel: int | tuple[int, int],
    in_channels: int,
    out_channels: int,
    groups: int = 1,
) -> Part:
    """Returns the cost of a convolution without bias, with batch norm.

    The arguments are those of `kernel_part`.
    """
    part = kernel_part(
        name, out_size, kernel, in_channels, out_channels, groups
    )
    return part + norm_part(name, out_channels)


def halving_part(
    name: str, out_size: tuple[int, int], in_channels: int, out_channels: int
) -> Part:
    """Returns the cost of a factorized reduction: two halves, one norm."""
    part = conv_part(name, out_size, 1, in_channels, out_channels)
    return dataclasses.replace(part, num_convs=2)


def mbconv_part(name: str, op: MBConv, in_map: Map, out_map: Map) -> Part:
    """Returns the cost of an inverted residual.

    Args:
        name: Name of the part.
        op: It.
        in_map: Height, width and channels of the input.
        out_map: Height, width and channels of the output.
    """
    in_size, out_size = in_map[:2], out_map[:2]
    inner = op.inner_channels(in_map[-1])
    expand = [conv_part(name, in_size, 1, in_map[-1], inner)]
    narrow = op.squeezed_channels(in_map[-1])
    squeeze = [squeeze_part(name, inner, narrow)]
    return total(
        name,
        [
            *(expand if op.expands else []),
            conv_part(name, out_size, op.kernel, inner, inner, groups=inner),
            *(squeeze if op.squeeze_excite else []),
            conv_part(name, out_size, 1, inner, out_map[-1]),
        ],
    )


def squeeze_part(name: str, channels: int, narrow: int) -> Part:
    """Returns the cost of squeeze-and-excite: two 1×1 convolutions, biases.

    Args:
        name: Name of the part.
        channels: How many channels are weighed.
        narrow: How many there are between the two convolutions.
    """
    kernels = 2 * channels * narrow
    return Part(
        name=name,
        macs=kernels,
        params=kernels + narrow + channels,
        kernel_params=kernels,
        num_convs=2,
    )


def dense_part(name: str, in_channels: int, num_classes: int) -> Part:
    """Returns the cost of a fully connected layer with bias."""
    macs = in_channels * num_classes
    return Part(
        name=name,
        macs=macs,
        params=macs + num_classes,
        kernel_params=macs,
        num_convs=1,
    )


def total(name: str, parts: Iterable[Part]) -> Part:
    """Returns the sum of parts under a name."""
    return sum(parts, Part(name=name))
