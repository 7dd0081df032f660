"""A supernet of MBConvs as users of PyTorch write it: a module a candidate."""

from collections.abc import Sequence

import torch
from torch import nn
from torch_layers import conv_norm

from nse_tf.spaces import ChoiceBlock, MBConv, SearchSpace


class TorchMBConv(nn.Sequential):
    """One candidate of a choice block."""

    def __init__(self, op: MBConv, block: ChoiceBlock) -> None:
        width = block.in_channels
        inner = op.inner_channels(width)
        expand = [*conv_norm(width, inner, 1), nn.ReLU6(inplace=True)]
        super().__init__(
            *(expand if op.expands else []),
            *conv_norm(inner, inner, op.kernel, block.stride, inner),
            nn.ReLU6(inplace=True),
            *conv_norm(inner, block.out_channels, 1),
        )
        self.has_shortcut = block.has_shortcut

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns the branch, with the block's shortcut."""
        outputs = super().forward(images)
        return outputs + images if self.has_shortcut else outputs


class TorchChain(nn.Module):
    """All candidates of a space of MBConvs."""

    def __init__(self, space: SearchSpace) -> None:
        super().__init__()
        skeleton, blocks = space.as_chain()
        first = ChoiceBlock(
            name="first",
            candidates=(MBConv(3, 1),),
            in_size=skeleton.stem_size,
            in_channels=skeleton.stem_channels,
            out_channels=skeleton.first_channels,
        )
        self.stem = nn.Sequential(
            *conv_norm(skeleton.image_channels, skeleton.stem_channels, 3),
            nn.ReLU6(inplace=True),
            TorchMBConv(MBConv(3, 1), first),
        )
        self.blocks = nn.ModuleList(
            nn.ModuleList(
                TorchMBConv(op, block)
                for op in block.candidates
                if isinstance(op, MBConv) and op.is_plain
            )
            for block in blocks
        )
        self.tail = nn.Sequential(
            *conv_norm(skeleton.stages[-1].channels, skeleton.tail_channels, 1),
            nn.ReLU6(inplace=True),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(skeleton.tail_channels, skeleton.num_classes),
        )

    def forward(
        self, images: torch.Tensor, path: Sequence[int]
    ) -> torch.Tensor:
        """Returns the logits of a path."""
        outputs = self.stem(images / 127.5 - 1.0)
        for block, candidate in zip(self.blocks, path, strict=True):
            outputs = block[candidate](outputs)
        return self.tail(outputs)
