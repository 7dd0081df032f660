"""How much memory a run takes, and what generations and trainings add.

    python benchmarks/speed/memory.py

Trains a supernet on the embedded digits for an epoch, evaluates generations
of random children and trains some of them alone; prints resident memory in
between.
"""

import gc
from collections.abc import Sequence

import numpy as np
from absl import app, flags
from resident import resident_mb

from nse_tf.datasets import ImageData, load
from nse_tf.sampling import UniformSampler
from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.supernet import Supernet, build_child
from nse_tf.training import (
    ChildEvaluator,
    ChildRecipe,
    SupernetRecipe,
    SupernetTrainer,
    train_child,
)

GENERATIONS = flags.DEFINE_integer(
    "generations", 200, "Number of generations.", 40
)
CHILDREN = flags.DEFINE_integer("children", 10, "Children in a generation.", 1)
TRAINED = flags.DEFINE_integer("trained", 12, "Children trained alone.", 4)


def train_alone(
    data: ImageData, space: SearchSpace, rng: np.random.Generator
) -> None:
    """Trains children one after the other, and prints what stays of them."""
    marks = []
    for number in range(TRAINED.value):
        child = build_child(space, space.sample(rng), seed=number)
        train_child(child, data.train, ChildRecipe(batch_size=32), 1, number)
        del child
        gc.collect()
        marks.append(resident_mb())
        print(f"{number + 1} trained alone: {marks[-1]:.0f} MB", flush=True)
    half = TRAINED.value // 2
    print(
        f"growth from child {half} to {TRAINED.value}: "
        f"{(marks[-1] - marks[half - 1]) / (TRAINED.value - half):.1f} MB each"
    )


def main(argv: Sequence[str]) -> None:
    """Prints what is resident after each stage."""
    del argv
    data = load("digits")
    space = make_preset(
        "spos_tiny", image_size=(8, 8), image_channels=1, num_classes=10
    )
    print(f"imported: {resident_mb():.0f} MB")
    recipe = SupernetRecipe(batch_size=32)
    trainer = SupernetTrainer(Supernet(space), recipe, data.train)
    loop = trainer.loop(
        UniformSampler(space).sample,
        epochs=1,
        rate=lambda epoch: 0.1,
        named_rate=0.1,
        seeds=(0, 0),
    )
    loop.run(trainer.losses)
    print(f"trained for an epoch: {resident_mb():.0f} MB")
    evaluator = ChildEvaluator(trainer.supernet, data.train, data.validation)
    rng = np.random.default_rng(0)
    marks = {}
    for generation in range(1, GENERATIONS.value + 1):
        children = [space.sample(rng) for _ in range(CHILDREN.value)]
        evaluator.accuracies(children, 512)
        if generation % 20 == 0:
            gc.collect()
            marks[generation] = resident_mb()
            print(
                f"{generation} generations: {marks[generation]:.0f} MB",
                flush=True,
            )
    first, last = min(marks), max(marks)
    print(
        f"growth from generation {first} to {last}: "
        f"{marks[last] - marks[first]:+.1f} MB; highest "
        f"{resident_mb('VmHWM'):.0f} MB"
    )
    train_alone(data, space, rng)


if __name__ == "__main__":
    app.run(main)
