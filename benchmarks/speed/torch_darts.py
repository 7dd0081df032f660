"""DARTS's supernet for CIFAR as users of PyTorch write it, all ops mixed."""

import torch
from torch import nn
from torch_cells import TorchZero, mixed
from torch_layers import conv_norm

from nse_tf.spaces import (
    Cell,
    CellGraph,
    CellOp,
    DartsSkeleton,
    DilConv,
    Edge,
    Pool,
    SearchSpace,
    SepConv,
    SkipConnect,
    edges_of_kinds,
)
from nse_tf.supernet.layers.batch_norm import EPSILON


class StridedZero(TorchZero):
    """The op `none` of a reduction."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns zeros of half the height and width."""
        return super().forward(images[:, :, ::2, ::2])


class FactorizedReduction(nn.Module):
    """Halves maps by two 1×1 convolutions, one of them a pixel off."""

    def __init__(self, inner: int, outer: int, *, affine: bool) -> None:
        super().__init__()
        self.halves = nn.ModuleList(
            nn.Conv2d(inner, outer // 2, 1, 2, bias=False) for _ in range(2)
        )
        self.norm = nn.BatchNorm2d(outer, eps=EPSILON, affine=affine)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns maps of half the height and width."""
        active = torch.relu(images)
        first, second = self.halves
        shifted = second(active[:, :, 1:, 1:])
        return self.norm(torch.cat([first(active), shifted], dim=1))


def separable(
    width: int, side: int, stride: int, dilation: int = 1
) -> list[nn.Module]:
    """Returns ReLU, a depthwise and a 1×1 convolution, and batch norm."""
    return [
        nn.ReLU(),
        nn.Conv2d(
            width,
            width,
            side,
            stride,
            dilation * (side // 2),
            dilation,
            groups=width,
            bias=False,
        ),
        *conv_norm(width, width, 1, affine=False),
    ]


def torch_op(op: CellOp, width: int, stride: int) -> nn.Module:
    """Returns one candidate of an edge."""
    norm = nn.BatchNorm2d(width, eps=EPSILON, affine=False)
    match op:
        case SkipConnect() if stride == 2:
            return FactorizedReduction(width, width, affine=False)
        case SkipConnect():
            return nn.Identity()
        case Pool("avg"):
            pool = nn.AvgPool2d(3, stride, 1, count_include_pad=False)
            return nn.Sequential(pool, norm)
        case Pool():
            return nn.Sequential(nn.MaxPool2d(3, stride, 1), norm)
        case SepConv(side):
            first = separable(width, side, stride)
            return nn.Sequential(*first, *separable(width, side, 1))
        case DilConv(side):
            return nn.Sequential(*separable(width, side, stride, dilation=2))
        case _:
            return TorchZero() if stride == 1 else StridedZero()


class TorchDartsCell(nn.Module):
    """One cell of two inputs, with all candidates of its edges."""

    def __init__(self, cell: Cell, graph: CellGraph, edges: list[Edge]) -> None:
        super().__init__()
        self.graph = graph
        first, second = cell.in_channels
        self.first: nn.Module = (
            FactorizedReduction(first, cell.channels, affine=True)
            if cell.halves_first
            else nn.Sequential(nn.ReLU(), *conv_norm(first, cell.channels, 1))
        )
        self.second = nn.Sequential(
            nn.ReLU(), *conv_norm(second, cell.channels, 1)
        )
        self.edges = nn.ModuleList(
            nn.ModuleList(
                torch_op(
                    op,
                    cell.channels,
                    cell.stride if edge.source < graph.num_inputs else 1,
                )
                for op in edge.candidates
            )
            for edge in edges
        )

    def forward(
        self, first: torch.Tensor, second: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Returns the inner nodes, concatenated.

        Args:
            first: The output of the cell before the last.
            second: That of the last cell.
            weights: Factor of each candidate, `(num_edges, num_candidates)`.
        """
        nodes = [self.first(first), self.second(second)]
        for node in range(self.graph.num_inputs, self.graph.num_nodes):
            brought = [
                mixed(self.edges[edge], nodes[source], weights[edge])
                for edge, (source, target) in enumerate(self.graph.edges)
                if target == node
            ]
            nodes.append(torch.stack(brought).sum(dim=0))
        return torch.cat([nodes[node] for node in self.graph.outputs], dim=1)


class TorchDartsSupernet(nn.Module):
    """All candidates of a space with DARTS's skeleton for CIFAR."""

    def __init__(self, space: SearchSpace) -> None:
        super().__init__()
        skeleton = space.require_skeleton(DartsSkeleton)
        edges = edges_of_kinds(space)
        (width,) = skeleton.stem_widths
        self.kinds = skeleton.cell_kinds
        self.cell_kinds = [cell.kind for cell in skeleton.cells]
        self.stem = nn.Sequential(*conv_norm(skeleton.image_channels, width, 3))
        self.cells = nn.ModuleList(
            TorchDartsCell(cell, skeleton.graph, list(edges[cell.kind]))
            for cell in skeleton.cells
        )
        self.tail = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(skeleton.classifier_channels, skeleton.num_classes),
        )

    def forward(
        self, images: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Returns the logits of the mixture.

        Args:
            images: `(batch, channels, height, width)`, pixels in 0..255.
            weights: Factor of each candidate of each edge, kind by kind,
                `(num_blocks, num_candidates)`.
        """
        by_kind = dict(
            zip(self.kinds, weights.chunk(len(self.kinds)), strict=True)
        )
        before = last = self.stem(images / 127.5 - 1.0)
        for kind, cell in zip(self.cell_kinds, self.cells, strict=True):
            before, last = last, cell(before, last, by_kind[kind])
        return self.tail(last)
