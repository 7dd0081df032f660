"""PyTorch layers that the networks of all families are made of."""

from torch import nn

from nse_tf.supernet.layers.batch_norm import EPSILON


def conv_norm(
    inner: int,
    outer: int,
    side: int,
    stride: int = 1,
    groups: int = 1,
    *,
    affine: bool = True,
) -> list[nn.Module]:
    """Returns a convolution without bias and its batch norm."""
    return [
        nn.Conv2d(
            inner, outer, side, stride, side // 2, groups=groups, bias=False
        ),
        nn.BatchNorm2d(outer, eps=EPSILON, affine=affine),
    ]
