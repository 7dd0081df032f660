"""Parameters and MACs of the branches of multi-branch cells."""

from nse_tf.costs.parts import Part, conv_part, kernel_part, total
from nse_tf.spaces import BranchBlock, BranchOp, BranchSkeleton, narrowed


def branch_part(op: BranchOp, block: BranchBlock) -> Part:
    """Returns the cost of a branch at its cell."""
    steps = op.steps(block.in_channels, block.out_channels, block.stride)
    parts = []
    height, width = block.in_size
    for step in steps:
        down, across = step.strides
        height, width = -(-height // down), -(-width // across)
        parts.append(
            conv_part(
                block.name,
                (height, width),
                step.kernel,
                step.in_channels,
                step.out_channels,
                step.groups,
            )
        )
    if block.squeeze_excite:
        parts.append(squeeze_part(block.name, steps[-1].in_channels))
    return total(block.name, parts)


def squeeze_part(name: str, channels: int) -> Part:
    """Returns the cost of squeeze-and-excite: two 1×1 convolutions, biases."""
    kernels = 2 * channels * narrowed(channels)
    biases = narrowed(channels) + channels
    return Part(name, kernels, kernels + biases, kernels, 2)


def branch_backbone_parts(skeleton: BranchSkeleton) -> tuple[Part, Part]:
    """Returns the costs of the stem and of the last convolution."""
    return (
        conv_part(
            "stem",
            skeleton.stem_size,
            3,
            skeleton.image_channels,
            skeleton.stem_channels,
        ),
        kernel_part(
            "tail",
            skeleton.tail_size,
            1,
            skeleton.stages[-1].channels,
            skeleton.tail_channels,
        ),
    )
