"""How much memory mixed steps of DARTS's supernet for CIFAR take.

    python benchmarks/speed/mixed_memory.py
    pip install torch && python benchmarks/speed/mixed_memory.py --peer=torch

The supernet of DARTS on CIFAR-10 (8 cells, 16 channels, all eight ops of all
edges) does --steps first order iterations on batches of --batch images: a step
of the architecture parameters, then one of the weights. What counts is the
highest resident memory, less that once the supernet is built: graphs count as
much as what a step holds. Ours and PyTorch's, written by hand as its users
write it, run in processes of their own; both must have as many weights in
kernels. Ours may be traced once for either step.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from absl import app, flags
from noise_steps import LEARNING_RATE, NUM_CLASSES, make_images
from resident import resident_mb
from traces import TraceCounter

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule
from nse_tf.spaces import make_preset
from nse_tf.supernet import networks_of
from nse_tf.supernet.layers.stock import kernels_of
from nse_tf.training import DARTS_RECIPE, SupernetTrainer
from nse_tf.training.architecture_course import new_architecture
from nse_tf.training.draws import draw_nothing

PEER = flags.DEFINE_enum("peer", "ours", ["ours", "torch"], "Whose supernet.")
BATCH = flags.DEFINE_integer("batch", 64, "Images of a step.", lower_bound=1)
STEPS = flags.DEFINE_integer("steps", 5, "Iterations.", lower_bound=1)
CHANNELS = flags.DEFINE_integer(
    "channels", 16, "Channels of the first cells.", lower_bound=2
)
CELLS = flags.DEFINE_integer("cells", 8, "Number of cells.", lower_bound=3)

RULE = ArchitectureRule(rule="first_order")
RECIPE = dataclasses.replace(DARTS_RECIPE, augmentation="none")


def make_space() -> Any:
    """Returns the space that the flags ask for."""
    return make_preset(
        "darts_cifar",
        image_size=(32, 32),
        num_classes=NUM_CLASSES,
        width=CHANNELS.value / 16,
        depth=CELLS.value / 8,
    )


def our_iteration(images: ImageSet) -> tuple[int, Callable[[], float]]:
    """Returns how many weights are in kernels, and an iteration of ours."""
    networks = networks_of(make_space())
    recipe = dataclasses.replace(RECIPE, batch_size=len(images))
    trainer = SupernetTrainer(networks.supernet(), recipe, images)
    supernet: Any = trainer.supernet
    counter = TraceCounter(supernet, "mix")
    architecture = new_architecture(trainer, images, RULE, 0, epochs=1)
    active, rng = networks.space.active, np.random.default_rng(0)
    of_weights: Any = architecture.step_of_weights(active)
    pixels = np.asarray(images.images)

    def iterate() -> float:
        architecture.step(active, rng)
        loss = of_weights(
            pixels, images.labels, draw_nothing(rng), LEARNING_RATE, (0, 0)
        )
        counter.require(2)
        return float(loss)

    kernels = kernels_of(supernet.backbone_layers)
    size = sum(int(np.prod(each.shape)) for each in kernels)
    size += sum(int(cell.kernel_sizes.sum()) for cell in supernet.cells)
    return size, iterate


def torch_iteration(images: ImageSet) -> tuple[int, Callable[[], float]]:
    """Returns the same of PyTorch.

    Raises:
        UsageError: If PyTorch is not installed.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        raise app.UsageError(
            "--peer=torch needs PyTorch, which is no dependency: pip install "
            "torch."
        ) from error
    from torch_darts import TorchDartsSupernet

    space = make_space()
    supernet = TorchDartsSupernet(space).train()
    supernet = supernet.to(memory_format=torch.channels_last)
    shape = len(space.blocks), space.max_candidates
    parameters = torch.nn.Parameter(RULE.deviation * torch.randn(shape))
    weights = list(supernet.parameters())
    of_parameters = torch.optim.Adam(
        [parameters],
        lr=RULE.rate,
        betas=RULE.betas,
        weight_decay=RULE.weight_decay,
    )
    of_weights = torch.optim.SGD(
        weights,
        lr=LEARNING_RATE,
        momentum=RECIPE.momentum,
        weight_decay=RECIPE.weight_decay,
    )
    loss_of = torch.nn.CrossEntropyLoss()
    pixels = torch.from_numpy(np.asarray(images.images).transpose(0, 3, 1, 2))
    labels = torch.from_numpy(images.labels.astype(np.int64))

    def loss_now() -> Any:
        batch = pixels.float().contiguous(memory_format=torch.channels_last)
        mixing_weights = torch.softmax(parameters, dim=1)
        return loss_of(supernet(batch, mixing_weights), labels)

    def iterate() -> float:
        (parameters.grad,) = torch.autograd.grad(loss_now(), [parameters])
        of_parameters.step()
        of_weights.zero_grad(set_to_none=True)
        loss = loss_now()
        loss.backward(inputs=weights)
        torch.nn.utils.clip_grad_norm_(weights, RECIPE.clip_norm)
        of_weights.step()
        return float(loss.item())

    size = sum(each.numel() for each in weights if each.dim() > 1)
    return size, iterate


def main(argv: Sequence[str]) -> None:
    """Prints what is resident, and how much of it the steps took."""
    del argv
    images = make_images(BATCH.value, 0)
    make = our_iteration if PEER.value == "ours" else torch_iteration
    size, iterate = make(images)
    built = resident_mb()
    print(f"{size:,} weights in kernels; built: {built:.0f} MB", flush=True)
    for number in range(STEPS.value):
        iterate()
        print(f"iteration {number}: {resident_mb():.0f} MB", flush=True)
    highest = resident_mb("VmHWM")
    print(
        f"{PEER.value}: highest {highest:.0f} MB, {highest - built:.0f} MB "
        f"more than before the first step, at a batch of {BATCH.value}"
    )


if __name__ == "__main__":
    app.run(main)
