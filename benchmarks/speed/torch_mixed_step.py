"""How long a step of DARTS's architecture parameters takes against PyTorch's.

    pip install torch && python benchmarks/speed/torch_mixed_step.py --batch=64

Both mix all candidates of all edges of the space of NAS-Bench-201 on the same
images, take the gradient of the loss by the architecture parameters, and move
these by Adam, with DARTS's numbers. PyTorch is written as its users write it:
a module for each candidate, summed as DARTS's authors sum them, eagerly, in the
memory format channels last; its gradient is by the parameters alone, as ours.
Before anything is timed, both must have as many weights in kernels. Both are
timed in turns, in one process, with the same number of threads; the shortest of
--repeats counts. Ours may be traced once.
"""

import dataclasses
import os
from collections.abc import Callable, Sequence

import numpy as np
import step_flags
import torch
from absl import app, flags
from noise_steps import make_images
from step_families import FAMILIES, FamilyOptions
from step_flags import BATCH, REPEATS, SEED
from timing import shortest_in_turns
from torch import nn
from torch_cells import TorchCellSupernet
from torch_peers import (
    check_equal,
    kernel_size,
    torch_kernel_size,
    use_threads,
)
from traces import TraceCounter

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule
from nse_tf.training import DARTS_RECIPE, SupernetTrainer
from nse_tf.training.architecture_course import new_architecture

flags.adopt_module_key_flags(step_flags)
THREADS = flags.DEFINE_integer(
    "threads", os.cpu_count() or 1, "Threads of each library.", lower_bound=1
)
RULE = ArchitectureRule(rule="first_order")


def torch_step(
    supernet: TorchCellSupernet, shape: tuple[int, int], images: ImageSet
) -> Callable[[], float]:
    """Returns a step of the architecture parameters, which returns its loss.

    Args:
        supernet: Mixes its candidates.
        shape: `(num_edges, num_candidates)`.
        images: Its one batch.
    """
    parameters = nn.Parameter(RULE.deviation * torch.randn(shape))
    optimizer = torch.optim.Adam(
        [parameters],
        lr=RULE.rate,
        betas=RULE.betas,
        weight_decay=RULE.weight_decay,
    )
    loss_of = nn.CrossEntropyLoss()
    pixels = torch.from_numpy(np.asarray(images.images).transpose(0, 3, 1, 2))
    labels = torch.from_numpy(images.labels.astype(np.int64))

    def step() -> float:
        batch = pixels.float().contiguous(memory_format=torch.channels_last)
        logits = supernet.mix(batch, torch.softmax(parameters, dim=1))
        loss = loss_of(logits, labels)
        (parameters.grad,) = torch.autograd.grad(loss, [parameters])
        optimizer.step()
        return float(loss.item())

    return step


def main(argv: Sequence[str]) -> None:
    """Prints how long either step takes, and the ratio."""
    del argv
    use_threads(THREADS.value)
    networks = FAMILIES["nb201"].networks(FamilyOptions(seed=SEED.value))
    space = networks.space
    images = make_images(BATCH.value, SEED.value)
    recipe = dataclasses.replace(
        DARTS_RECIPE, batch_size=len(images), augmentation="none"
    )
    trainer = SupernetTrainer(networks.supernet(), recipe, images)
    theirs = TorchCellSupernet(space).to(memory_format=torch.channels_last)
    size = torch_kernel_size(theirs)
    check_equal("weights in kernels", kernel_size(trainer.supernet), size)
    counter = TraceCounter(trainer.supernet, "mix")
    architecture = new_architecture(trainer, images, RULE, SEED.value, epochs=1)
    rng = np.random.default_rng(SEED.value)
    step = torch_step(
        theirs.train(), (len(space.blocks), space.max_candidates), images
    )
    ours, torchs = shortest_in_turns(
        [lambda: float(architecture.step(space.active, rng)), step],
        REPEATS.value,
        step_flags.clock(),
    )
    counter.require(1)
    print(
        f"mixed step: ours {ours * 1e3:.0f} ms, PyTorch {torchs * 1e3:.0f} ms, "
        f"ratio {ours / torchs:.3f} of {step_flags.clock_name()}; {size:,} "
        f"weights in kernels; {THREADS.value} threads each; PyTorch "
        f"{torch.__version__}, channels last"
    )


if __name__ == "__main__":
    app.run(main)
