"""How long a training step of our supernet takes against one in PyTorch.

    pip install torch && python benchmarks/speed/torch_supernet_step.py

Both have the places of `supernet_step.py` and train the same paths on the same
images: SGD with Nesterov momentum, weight decay on kernels, label smoothing and
clipping, as a search here does. PyTorch has a module for each candidate, runs
those of the path in the memory format that suits CPUs best, channels last, and
leaves alone what got no gradient. Both are timed in turns, in one process; the
flags are those of `supernet_step.py`.
"""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from absl import app
from supernet_step import (
    BATCH,
    LEARNING_RATE,
    PATHS,
    REPEATS,
    make_images,
    make_space,
    ready,
)
from timing import shortest_in_turns
from torch import nn

from nse_tf.datasets import ImageSet
from nse_tf.spaces import ChoiceBlock, MBConv, SearchSpace
from nse_tf.supernet import Supernet
from nse_tf.supernet.layers.batch_norm import EPSILON
from nse_tf.training import SupernetRecipe, SupernetTrainer


def conv_norm(
    inner: int, outer: int, side: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """Returns a convolution without bias and its batch norm."""
    return [
        nn.Conv2d(
            inner, outer, side, stride, side // 2, groups=groups, bias=False
        ),
        nn.BatchNorm2d(outer, eps=EPSILON),
    ]


class TorchMBConv(nn.Sequential):
    """One candidate of a place."""

    def __init__(self, op: MBConv, block: ChoiceBlock) -> None:
        width = block.in_channels
        inner = width * op.expansion
        expand = [*conv_norm(width, inner, 1), nn.ReLU6(inplace=True)]
        super().__init__(
            *(expand if op.expansion > 1 else []),
            *conv_norm(inner, inner, op.kernel, block.stride, inner),
            nn.ReLU6(inplace=True),
            *conv_norm(inner, block.out_channels, 1),
        )
        self.has_shortcut = block.has_shortcut

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns the branch, with the place's shortcut."""
        outputs = super().forward(images)
        return outputs + images if self.has_shortcut else outputs


class TorchSupernet(nn.Module):
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
                if isinstance(op, MBConv)
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
        for place, candidate in zip(self.blocks, path, strict=True):
            outputs = place[candidate](outputs)
        return self.tail(outputs)


def torch_step(
    supernet: nn.Module, images: ImageSet, recipe: SupernetRecipe
) -> Callable[[Sequence[int]], float]:
    """Returns a training step of a path; it tells its loss.

    Args:
        supernet: Takes images and a path.
        images: Its one batch.
        recipe: The numbers of a step.
    """
    kernels = [each for each in supernet.parameters() if each.dim() > 1]
    others = [each for each in supernet.parameters() if each.dim() <= 1]
    optimizer = torch.optim.SGD(
        [
            {"params": kernels, "weight_decay": recipe.weight_decay},
            {"params": others},
        ],
        lr=LEARNING_RATE,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
    )
    loss_of = nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
    pixels = torch.from_numpy(np.asarray(images.images).transpose(0, 3, 1, 2))
    labels = torch.from_numpy(images.labels.astype(np.int64))

    def step(path: Sequence[int]) -> float:
        optimizer.zero_grad(set_to_none=True)
        batch = pixels.float().contiguous(memory_format=torch.channels_last)
        loss = loss_of(supernet(batch, path), labels)
        loss.backward()
        if recipe.clip_norm is not None:
            nn.utils.clip_grad_norm_(supernet.parameters(), recipe.clip_norm)
        optimizer.step()
        return float(loss.item())

    return step


def main(argv: Sequence[str]) -> None:
    """Prints a line for each path, and the ratio over all of them."""
    del argv
    space = make_space(20, has_identity=False)
    images = make_images(BATCH.value, seed=0)
    recipe = SupernetRecipe(batch_size=len(images))
    trainer = SupernetTrainer(Supernet(space), recipe, images)
    theirs = TorchSupernet(space).to(memory_format=torch.channels_last)
    step = torch_step(theirs.train(), images, recipe)
    rng = np.random.default_rng(0)
    totals = np.zeros(2)
    for number in range(PATHS.value):
        genotype = space.sample(rng)
        slots = trainer.supernet.encode(genotype)
        times = shortest_in_turns(
            [
                ready(trainer.step, images, slots),
                functools.partial(step, genotype.path),
            ],
            REPEATS.value,
        )
        totals += times
        print(
            f"path {number}: ours {times[0] * 1e3:.0f} ms, PyTorch "
            f"{times[1] * 1e3:.0f} ms, ratio {times[0] / times[1]:.3f}",
            flush=True,
        )
    print(
        f"ratio over {PATHS.value} paths: {totals[0] / totals[1]:.3f}; "
        f"PyTorch {torch.__version__}, channels last"
    )


if __name__ == "__main__":
    app.run(main)
