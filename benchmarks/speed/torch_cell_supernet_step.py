"""How long a step of our NAS-Bench-201 supernet takes against one in PyTorch.

    pip install torch && python benchmarks/speed/torch_cell_supernet_step.py

The space is that of `cell_supernet_step.py`: 16 channels, 5 cells a stage,
32x32x3. Both train the same paths on the same images, as `nse_rank` does: SGD
with Nesterov momentum, weight decay on kernels, no smoothing, no clipping.
PyTorch is written as its users write it: a module for each candidate of each
edge of each cell, of which those of the path run, eagerly, in the memory format
that suits CPUs best, channels last. Before anything is timed, both must have
as many weights, and every path as many MACs as the cost model says. Both are
timed in turns, in one process, with the same number of threads; the flags are
those of `cell_supernet_step.py`. Where other programs run, PyTorch's threads
wait for each other many times longer than they work; there `--threads=1
--cpu_time` tells more.
"""

import dataclasses
import functools
import os
import time
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import torch
from absl import app, flags
from cell_supernet_step import CPU_TIME
from supernet_step import BATCH, PATHS, REPEATS, SEED, make_images, ready
from timing import shortest_in_turns
from torch import nn
from torch_supernet_step import torch_step

from nse_tf.costs import CostModel
from nse_tf.sampling import draw_cells
from nse_tf.spaces import (
    CellGraph,
    CellOp,
    Edge,
    NB201Skeleton,
    NorConv,
    Pool,
    SearchSpace,
    SkipConnect,
    make_preset,
)
from nse_tf.supernet import CellSupernet
from nse_tf.supernet.layers.batch_norm import EPSILON
from nse_tf.training import CellTrainer
from nse_tf.training.cell_trainer import NB201_RECIPE

THREADS = flags.DEFINE_integer(
    "threads", os.cpu_count(), "Of either library.", lower_bound=1
)


def conv_norm(
    inner: int, outer: int, side: int, stride: int = 1, *, affine: bool = True
) -> list[nn.Module]:
    """Returns a convolution without bias and its batch norm."""
    return [
        nn.Conv2d(inner, outer, side, stride, side // 2, bias=False),
        nn.BatchNorm2d(outer, eps=EPSILON, affine=affine),
    ]


class TorchZero(nn.Module):
    """An edge that brings zeros."""

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
        """Returns the last node; each sums what its edges bring."""
        nodes = [images]
        opened = list(zip(self.graph.edges, self.edges, path, strict=True))
        for node in range(1, self.graph.num_nodes):
            brought = [
                ops[candidate](nodes[source])
                for (source, target), ops, candidate in opened
                if target == node
            ]
            nodes.append(functools.reduce(torch.add, brought))
        return nodes[-1]


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
        outputs = self.stem(images / 127.5 - 1.0)
        for number, stage in enumerate(self.stages):
            if number:
                outputs = self.reductions[number - 1](outputs)
            for cell in stage:
                outputs = cell(outputs, path)
        return self.tail(outputs)


def macs_of(supernet: TorchCellSupernet, path: Sequence[int]) -> int:
    """Returns how much a path multiplies for one image, by what really ran."""
    macs: list[int] = []

    def count(
        layer: nn.Module, _: tuple[torch.Tensor], outputs: torch.Tensor
    ) -> None:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            macs.append(outputs[0, 0].numel() * layer.weight.numel())

    hooks = [layer.register_forward_hook(count) for layer in supernet.modules()]
    with torch.no_grad():
        supernet(torch.zeros(2, 3, 32, 32), path)
    for hook in hooks:
        hook.remove()
    return sum(macs)


def num_weights(supernet: CellSupernet) -> int:
    """Returns how many trainable numbers ours has, padding left out."""
    in_cells = sum(stage.kernel_sizes.sum() for stage in supernet.stages)
    backbone = sum(weight.numpy().size for weight in supernet.angle_weights)
    return int(in_cells + backbone)


def check_equal(what: str, ours: int, theirs: int) -> None:
    """Refuses to time networks that differ.

    Raises:
        ValueError: Saying in what.
    """
    if ours != theirs:
        raise ValueError(f"Ours has {ours:,} {what}, PyTorch {theirs:,}.")


def main(argv: Sequence[str]) -> None:
    """Prints a line for each path, and the ratio over all of them."""
    del argv
    torch.set_num_threads(THREADS.value)
    tf.config.threading.set_intra_op_parallelism_threads(THREADS.value)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS.value)
    space, model = make_preset("nb201"), CostModel(make_preset("nb201"))
    images = make_images(BATCH.value, SEED.value)
    rng = np.random.default_rng(SEED.value)
    paths = [draw_cells(space, rng, 1)[0].tolist() for _ in range(PATHS.value)]
    recipe = dataclasses.replace(
        NB201_RECIPE, batch_size=len(images), augmentation="none"
    )
    trainer = CellTrainer(CellSupernet(space), recipe, images)
    theirs = TorchCellSupernet(space).to(memory_format=torch.channels_last)
    weights = sum(each.numel() for each in theirs.parameters())
    check_equal("weights", num_weights(trainer.supernet), weights)
    step = torch_step(theirs.train(), images, recipe)
    totals = np.zeros(2)
    for path in paths:
        genotype = space.genotype(path)
        macs = int(model.costs(genotype)["macs"])
        check_equal(f"MACs on path {path}", macs, macs_of(theirs, path))
        slots = trainer.supernet.encode(genotype)
        times = shortest_in_turns(
            [
                ready(trainer.step, images, slots),
                functools.partial(step, path),
            ],
            REPEATS.value,
            time.process_time if CPU_TIME.value else time.perf_counter,
        )
        totals += times
        print(
            f"path {path}, {macs / 1e6:.1f} M MACs: ours "
            f"{times[0] * 1e3:.0f} ms, PyTorch {times[1] * 1e3:.0f} ms, ratio "
            f"{times[0] / times[1]:.3f}",
            flush=True,
        )
    clock = "processor" if CPU_TIME.value else "wall"
    print(
        f"ratio over {len(paths)} paths: {totals[0] / totals[1]:.3f} of "
        f"{clock} time; {weights:,} weights; {THREADS.value} threads each; "
        f"PyTorch {torch.__version__}, channels last"
    )


if __name__ == "__main__":
    app.run(main)
