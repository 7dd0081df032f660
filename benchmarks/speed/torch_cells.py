"""A NAS-Bench-201 supernet as users of PyTorch write it: a module a candidate.

Each edge of each cell has a module for each of its candidates; those of the
path run, eagerly, or all of them, mixed.
"""

import functools
from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch_layers import conv_norm

from nse_tf.spaces import (
    CellGraph,
    CellOp,
    Edge,
    NB201Skeleton,
    NorConv,
    Pool,
    SearchSpace,
    SkipConnect,
)
from nse_tf.supernet.layers.batch_norm import EPSILON


class TorchZero(nn.Module):
    """The op `none`, which outputs zeros."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns zeros, as the benchmark's authors make them."""
        return images.mul(0.0)


def torch_op(op: CellOp, width: int) -> nn.Module:
    """Returns one candidate of an edge."""
    match op:
        case SkipConnect():
            return nn.Identity()
        case NorConv(kernel):
            layers = conv_norm(width, width, kernel, affine=False)
            return nn.Sequential(nn.ReLU(), *layers)
        case Pool("avg"):
            return nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        case _:
            return TorchZero()


class TorchCell(nn.Module):
    """One cell, with all candidates of its edges."""

    def __init__(
        self, graph: CellGraph, edges: Sequence[Edge], width: int
    ) -> None:
        super().__init__()
        self.graph = graph
        self.edges = nn.ModuleList(
            nn.ModuleList(torch_op(op, width) for op in edge.candidates)
            for edge in edges
        )

    def forward(
        self, images: torch.Tensor, path: Sequence[int]
    ) -> torch.Tensor:
        """Returns the last node; each is the sum of its edges."""
        return self._run(
            images, lambda edge, source: self.edges[edge][path[edge]](source)
        )

    def mix(self, images: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Returns the last node if all candidates of each edge are mixed.

        Args:
            images: The first node.
            weights: Factor of each candidate, `(num_edges, num_candidates)`.
        """
        return self._run(
            images,
            lambda edge, source: mixed(self.edges[edge], source, weights[edge]),
        )

    def _run(
        self,
        images: torch.Tensor,
        brought_by: Callable[[int, torch.Tensor], torch.Tensor],
    ) -> torch.Tensor:
        """Returns the last node, given what each edge makes of its source."""
        nodes = [images]
        for node in range(1, self.graph.num_nodes):
            brought = [
                brought_by(edge, nodes[source])
                for edge, (source, target) in enumerate(self.graph.edges)
                if target == node
            ]
            nodes.append(functools.reduce(torch.add, brought))
        return nodes[-1]


def mixed(
    ops: nn.ModuleList, inputs: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """Returns what candidates make of their input, as DARTS's authors mix.

    Args:
        ops: The candidates.
        inputs: Their input.
        weights: Factor of each candidate.
    """
    brought = [
        weight * op(inputs) for weight, op in zip(weights, ops, strict=True)
    ]
    return functools.reduce(torch.add, brought)


class TorchReduction(nn.Module):
    """A residual block of stride 2, to twice the channels."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.ReLU(),
            *conv_norm(inner, outer, 3, 2),
            nn.ReLU(),
            *conv_norm(outer, outer, 3),
        )
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2), nn.Conv2d(inner, outer, 1, bias=False)
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns maps of half the height and width."""
        return self.branch(images) + self.shortcut(images)


class TorchCellSupernet(nn.Module):
    """All candidates of a space with the skeleton of NAS-Bench-201."""

    def __init__(self, space: SearchSpace) -> None:
        super().__init__()
        skeleton = space.require_skeleton(NB201Skeleton)
        edges = space.as_cells().edges
        widths = skeleton.widths
        self.stem = nn.Sequential(
            *conv_norm(skeleton.image_channels, widths[0], 3)
        )
        self.stages = nn.ModuleList(
            nn.ModuleList(
                TorchCell(skeleton.graph, edges, width)
                for _ in range(skeleton.num_cells)
            )
            for width in widths
        )
        self.reductions = nn.ModuleList(
            TorchReduction(inner, 2 * inner) for inner in widths[:-1]
        )
        self.tail = nn.Sequential(
            nn.BatchNorm2d(widths[-1], eps=EPSILON),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(widths[-1], skeleton.num_classes),
        )

    def forward(
        self, images: torch.Tensor, path: Sequence[int]
    ) -> torch.Tensor:
        """Returns the logits of a path, the same in all cells."""
        return self._run(images, lambda cell, inputs: cell(inputs, path))

    def mix(self, images: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Returns the logits of a mixture, the same in all cells.

        Args:
            images: `(batch, channels, height, width)`, pixels in 0..255.
            weights: Factor of each candidate, `(num_edges, num_candidates)`.
        """
        return self._run(images, lambda cell, inputs: cell.mix(inputs, weights))

    def _run(
        self,
        images: torch.Tensor,
        run_cell: Callable[[nn.Module, torch.Tensor], torch.Tensor],
    ) -> torch.Tensor:
        """Returns the logits, given how a cell runs."""
        outputs = self.stem(images / 127.5 - 1.0)
        for number, stage in enumerate(self.stages):
            if number:
                outputs = self.reductions[number - 1](outputs)
            for cell in stage:
                outputs = run_cell(cell, outputs)
        return self.tail(outputs)
