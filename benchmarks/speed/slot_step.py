"""How much a step of cells side by side costs, and who is new in a slot.

    python benchmarks/speed/slot_step.py --batch=64 --cpu_time

A mixed step of all slots of the space `autospace_small`, at 32x32x3, is timed
against the steps of networks of one cell each, as many as there are slots: in
turns, in one process; the shortest of --repeats counts. Cells are random.
Stem and tail run once in the mixture and once in each of these networks. Then
all slots but one are given to other cells, --rounds times: with what that
takes, how often the step was traced, and how the memory of the process grew.
"""

import resource
import time
from collections.abc import Sequence

import numpy as np
import step_flags
from absl import app, flags
from noise_steps import NUM_CLASSES, make_images, ready
from step_flags import BATCH, REPEATS, SEED
from timing import seconds_of, shortest_in_turns

from nse_tf.evolution.cell_population import motif_at
from nse_tf.jobs import ArchitectureRule, Seats
from nse_tf.spaces import make_preset, slot_space
from nse_tf.spaces.motif_genes import NUM_MOTIFS
from nse_tf.supernet import networks_of
from nse_tf.training import ChildRecipe, SupernetRecipe, SupernetTrainer
from nse_tf.training.child_trainer import child_step

flags.adopt_module_key_flags(step_flags)
SPACE = flags.DEFINE_string("space", "autospace_small", "Preset of the chain.")
SLOTS = flags.DEFINE_integer("slots", 4, "Slots of each block.", 1)
ROUNDS = flags.DEFINE_integer("rounds", 20, "Times that cells change.", 0)


def random_seats(
    rng: np.random.Generator, num_blocks: int, kept: Seats | None = None
) -> Seats:
    """Returns random cells; the first slot keeps its own, if there are some."""
    drawn = rng.integers(0, NUM_MOTIFS, (num_blocks, SLOTS.value)).tolist()
    cells = [[motif_at(index).name for index in row] for row in drawn]
    if kept is not None:
        for row, before in zip(cells, kept.cells, strict=True):
            row[0] = before[0]
    return Seats(
        cells=tuple(map(tuple, cells)),
        parents=(("",) * SLOTS.value,) * num_blocks,
        bench=((),) * num_blocks,
    )


def memory_mb() -> float:
    """Returns the largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(argv: Sequence[str]) -> None:
    """Times the step, then changes cells."""
    del argv
    chain = make_preset(
        SPACE.value,
        image_size=(32, 32),
        image_channels=3,
        num_classes=NUM_CLASSES,
    )
    space = slot_space(chain, SLOTS.value, bench=0)
    images = make_images(BATCH.value, SEED.value)
    rng = np.random.default_rng(SEED.value)
    recipe = SupernetRecipe(batch_size=len(images))
    started = time.perf_counter()
    supernet = networks_of(space).supernet()
    trainer = SupernetTrainer(supernet, recipe, images)
    seats = random_seats(rng, len(space.blocks))
    trainer.seat(seats, (SEED.value,))
    rule = ArchitectureRule(rule="first_order", deviation=0.0)
    architecture = trainer.slot_architecture(images, rule, 0)
    step = architecture.step_of_weights(space.active)
    nothing = np.zeros((0, 1), np.int32)
    mixed = ready(step, images, nothing)
    seconds_of(mixed)
    print(f"build and first step: {time.perf_counter() - started:.1f} s")
    alone = [
        ready(
            child_step(
                supernet.cut_out(space.genotype([slot] * len(space.blocks))),
                ChildRecipe(batch_size=len(images)),
            ),
            images,
            nothing,
        )
        for slot in range(SLOTS.value)
    ]
    own, *others = shortest_in_turns(
        [mixed, *alone], REPEATS.value, step_flags.clock()
    )
    print(
        f"{SLOTS.value} slots: {own * 1000:.0f} ms; networks of one cell each: "
        f"{sum(others) * 1000:.0f} ms; ratio {own / sum(others):.3f} of "
        f"{step_flags.clock_name()}"
    )
    before, seconds = memory_mb(), 0.0
    for number in range(ROUNDS.value):
        seats = random_seats(rng, len(space.blocks), seats)
        started = time.perf_counter()
        trainer.seat(seats, (SEED.value, number))
        seconds += time.perf_counter() - started
        trainer.slot_architecture(images, rule, 0)
        mixed()
    print(
        f"{ROUNDS.value} rounds of other cells: "
        f"{seconds / max(ROUNDS.value, 1) * 1000:.0f} ms each to seat them, "
        f"{step.num_traces} traces of the step, memory {before:.0f} to "
        f"{memory_mb():.0f} MB"
    )


if __name__ == "__main__":
    app.run(main)
