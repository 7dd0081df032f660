"""How long a training step of our supernet takes against one in PyTorch.

    pip install torch && python benchmarks/speed/torch_supernet_step.py

`--family=chain` has 20 choice blocks of six MBConvs, `--family=nb201` the space
of NAS-Bench-201, both as in `supernet_step.py`. Both sides train the same paths
on the same images, by SGD with Nesterov momentum and weight decay on kernels:
the chain as a search does, with label smoothing and clipping, the cells as
`nse_rank` does, without them.

PyTorch is written as its users write it: a module for each candidate, of which
those of the path run, eagerly, in the memory format that suits CPUs best,
channels last; what got no gradient stays as it is. Before anything is timed,
both must have as many weights in kernels, and every path as many MACs as the
cost model says. Both are timed in turns, in one process, with the same number
of threads. Where other programs run, PyTorch's threads wait for each other many
times longer than they work; there use `--threads=1 --cpu_time`.
"""

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import step_flags
import torch
from absl import app, flags
from noise_steps import LEARNING_RATE, make_images, ready
from step_families import FAMILIES, FamilyOptions
from step_flags import BATCH, PATHS, REPEATS, SEED
from timing import shortest_in_turns
from torch import nn
from torch_cells import TorchCellSupernet
from torch_chain import TorchChain
from torch_peers import (
    check_equal,
    kernel_size,
    torch_kernel_size,
    use_threads,
)

from nse_tf.costs import CostModel
from nse_tf.datasets import ImageSet
from nse_tf.spaces import SearchSpace
from nse_tf.training import NB201_RECIPE, SupernetRecipe, SupernetTrainer


@dataclasses.dataclass(frozen=True, kw_only=True)
class TorchFamily:
    """How a family is written and trained in PyTorch.

    Attributes:
        supernet: Makes the supernet of a space.
        recipe: The numbers of a step, batch size and augmentation aside.
    """

    supernet: Callable[[SearchSpace], nn.Module]
    recipe: SupernetRecipe


TORCH_FAMILIES: Mapping[str, TorchFamily] = {
    "chain": TorchFamily(supernet=TorchChain, recipe=SupernetRecipe()),
    "nb201": TorchFamily(supernet=TorchCellSupernet, recipe=NB201_RECIPE),
}

flags.adopt_module_key_flags(step_flags)
FAMILY = flags.DEFINE_enum(
    "family", "chain", list(TORCH_FAMILIES), "Which supernet is timed."
)
THREADS = flags.DEFINE_integer(
    "threads", os.cpu_count() or 1, "Threads of each library.", lower_bound=1
)


def torch_step(
    supernet: nn.Module, images: ImageSet, recipe: SupernetRecipe
) -> Callable[[Sequence[int]], float]:
    """Returns a training step of a path, which returns its loss.

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


def macs_of(supernet: nn.Module, path: Sequence[int]) -> int:
    """Returns the MACs of a path for one image, by the layers that ran."""
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


def main(argv: Sequence[str]) -> None:
    """Prints a line for each path, and the ratio over all of them."""
    del argv
    use_threads(THREADS.value)
    family = FAMILIES[FAMILY.value]
    networks = family.networks(FamilyOptions())
    space = networks.space
    model = CostModel(space)
    images = make_images(BATCH.value, SEED.value)
    rng = np.random.default_rng(SEED.value)
    recipe = dataclasses.replace(
        TORCH_FAMILIES[FAMILY.value].recipe,
        batch_size=len(images),
        augmentation="none",
    )
    trainer = SupernetTrainer(networks.supernet(), recipe, images)
    theirs = TORCH_FAMILIES[FAMILY.value].supernet(space)
    theirs = theirs.to(memory_format=torch.channels_last)
    size = torch_kernel_size(theirs)
    check_equal("weights in kernels", kernel_size(trainer.supernet), size)
    step = torch_step(theirs.train(), images, recipe)
    totals = np.zeros(2)
    for number in range(PATHS.value):
        genotype = family.draw(space, rng)
        macs = int(model.costs(genotype)["macs"])
        check_equal(
            f"MACs on path {number}", macs, macs_of(theirs, genotype.path)
        )
        open_branches = trainer.supernet.encode(genotype)
        times = shortest_in_turns(
            [
                ready(trainer.step, images, open_branches),
                functools.partial(step, genotype.path),
            ],
            REPEATS.value,
            step_flags.clock(),
        )
        totals += times
        print(
            f"path {number}, {macs / 1e6:.1f} M MACs: ours "
            f"{times[0] * 1e3:.0f} ms, PyTorch {times[1] * 1e3:.0f} ms, ratio "
            f"{times[0] / times[1]:.3f}",
            flush=True,
        )
    print(
        f"ratio over {PATHS.value} paths: {totals[0] / totals[1]:.3f} of "
        f"{step_flags.clock_name()}; {size:,} weights in kernels; "
        f"{THREADS.value} threads each; PyTorch {torch.__version__}, channels "
        "last"
    )


if __name__ == "__main__":
    app.run(main)
