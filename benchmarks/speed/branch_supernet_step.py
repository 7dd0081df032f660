"""How much slower a step of a multi-branch supernet is than of its child alone.

    python benchmarks/speed/branch_supernet_step.py --batch=128 --active=5

For ten seeded subsets, each op open with probability one half: a step of the
weights against the same network alone, and a step of the architecture
parameters against a step of the weights of its selected subset. All are timed
in turns, in one process; the shortest of some repeats counts.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from absl import app, flags
from supernet_step import (
    BATCH,
    PATHS,
    REPEATS,
    SEED,
    make_images,
    print_ratios,
    ready,
)
from timing import shortest_in_turns

from nse_tf.spaces import Genotype, SearchSpace, make_preset
from nse_tf.spaces.subsets import draw_balanced, draw_two
from nse_tf.supernet import BranchSupernet, cut_out
from nse_tf.training import SupernetTrainer
from nse_tf.training.branch_architecture import BranchArchitecture

ACTIVE = flags.DEFINE_integer(
    "active", 5, "Ops of each cell that are active.", lower_bound=1
)
SPACE = flags.DEFINE_string("space", "nse_small", "Of multi-branch cells.")
WIDTH = flags.DEFINE_float("width", None, "Multiplies its widths.")
DEPTH = flags.DEFINE_float("depth", None, "Multiplies its depths.")


def make_space() -> SearchSpace:
    """Returns a space with some seeded ops of each cell active."""
    space = make_preset(
        SPACE.value,
        image_size=(32, 32),
        num_classes=10,
        width=WIDTH.value,
        depth=DEPTH.value,
    )
    rng = np.random.default_rng(SEED.value)
    return space.restrict(
        [
            rng.permutation(len(block.candidates))[: ACTIVE.value].tolist()
            for block in space.blocks
        ]
    )


def draw(space: SearchSpace, rng: np.random.Generator) -> Genotype:
    """Returns a child as steps of the weights draw it."""
    return space.genotype(draw_balanced(space, rng))


def print_architecture_ratio(trainer: SupernetTrainer) -> None:
    """Prints what a step of the architecture parameters costs."""
    supernet = trainer.supernet
    if not isinstance(supernet, BranchSupernet):
        raise TypeError("This measures multi-branch supernets only.")
    images = make_images(BATCH.value, SEED.value)
    rng = np.random.default_rng(SEED.value)
    architecture = BranchArchitecture(supernet, images, BATCH.value)
    half = np.full(
        (len(supernet.space.blocks), supernet.space.max_candidates), 0.5
    )
    times = []
    for _ in range(PATHS.value):
        pair = draw_two(supernet.space, half, rng)
        slots = supernet.opened(pair[0])
        weights = ready(trainer.step, images, slots)
        pixels = np.asarray(images.images)

        def update(pair: Any = pair, pixels: np.ndarray = pixels) -> float:
            return float(architecture.update(pixels, images.labels, *pair))

        times.append(shortest_in_turns([weights, update], REPEATS.value))
    apart, together = np.sum(times, axis=0)
    print(
        "step of the architecture parameters to one of the weights: "
        f"{together / apart:.3f}"
    )


def main(argv: Sequence[str]) -> None:
    """Compares a chain of multi-branch cells."""
    del argv
    space = make_space()
    trainer = print_ratios(lambda: BranchSupernet(space), cut_out, draw)
    print_architecture_ratio(trainer)


if __name__ == "__main__":
    app.run(main)
