"""What makes a comparison with PyTorch fair: equal networks, equal threads."""

import numpy as np
import tensorflow as tf
import torch
from torch import nn

from nse_tf.supernet import WeightSharing
from nse_tf.supernet.layers.stock import kernels_of


def kernel_size(supernet: WeightSharing) -> int:
    """Returns how many numbers our kernels have, padding left out."""
    in_blocks = sum(
        sum(map(sum, block.kernel_lengths)) for block in supernet.blocks
    )
    return in_blocks + sum(
        int(np.prod(kernel.shape))
        for kernel in kernels_of(supernet.backbone_layers)
    )


def torch_kernel_size(supernet: nn.Module) -> int:
    """Returns how many numbers PyTorch's kernels have."""
    return sum(each.numel() for each in supernet.parameters() if each.dim() > 1)


def check_equal(what: str, ours: int, theirs: int) -> None:
    """Refuses to time networks that differ.

    Raises:
        ValueError: If they differ; says in what, and by how much.
    """
    if ours != theirs:
        raise ValueError(f"Ours has {ours:,} {what}, PyTorch {theirs:,}.")


def use_threads(count: int) -> None:
    """Gives both libraries this many threads; before either computes."""
    torch.set_num_threads(count)
    tf.config.threading.set_intra_op_parallelism_threads(count)
    tf.config.threading.set_inter_op_parallelism_threads(count)
