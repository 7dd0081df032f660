"""Parts of a network and what they cost: kernels, norms, sums of them."""

import dataclasses
from collections.abc import Iterable


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
        name: Of the part.
        out_size: Height and width of the output, in pixels.
        kernel: Height and width, or one number for both.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        groups: What the channels are divided into.
    """
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    params = height * width * in_channels * out_channels // groups
    return Part(name, out_size[0] * out_size[1] * params, params, params, 1)


def norm_part(name: str, channels: int) -> Part:
    """Returns the cost of a batch norm: its scale and offset."""
    return Part(name, params=2 * channels)


def conv_part(
    name: str,
    out_size: tuple[int, int],
    kernel: int | tuple[int, int],
    in_channels: int,
    out_channels: int,
    groups: int = 1,
) -> Part:
    """Returns the cost of a convolution without bias, with batch norm.

    Arguments are those of `kernel_part`.
    """
    part = kernel_part(
        name, out_size, kernel, in_channels, out_channels, groups
    )
    return part + norm_part(name, out_channels)


def dense_part(name: str, in_channels: int, num_classes: int) -> Part:
    """Returns the cost of a fully connected layer with bias."""
    macs = in_channels * num_classes
    return Part(name, macs, macs + num_classes, macs, 1)


def total(name: str, parts: Iterable[Part]) -> Part:
    """Returns the sum of parts under a name."""
    return sum(parts, Part(name))
