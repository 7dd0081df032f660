"""How much slower a training step of a cell supernet is than of its child.

    python benchmarks/speed/cell_supernet_step.py --batch=128 --paths=10

The space is that of NAS-Bench-201: 16 channels, 5 cells a stage, 32x32x3. Both
are timed in turns, in one process; the shortest of some repeats counts. The
child has batch norms with scale and offset, as in the benchmark, and what no
output hears from is left out of it; the supernet computes it.
"""

import time
from collections.abc import Sequence

import numpy as np
from absl import app, flags
from supernet_step import (
    BATCH,
    PATHS,
    REPEATS,
    SEED,
    make_images,
    ready,
)
from timing import seconds_of, shortest_in_turns

from nse_tf.datasets import ImageSet
from nse_tf.sampling import draw_cells
from nse_tf.spaces import Genotype, make_preset
from nse_tf.supernet import CellSupernet, cut_out
from nse_tf.training import CellTrainer, ChildRecipe, SupernetRecipe
from nse_tf.training.child_trainer import child_step

CPU_TIME = flags.DEFINE_bool(
    "cpu_time",
    False,
    "Whether to count the seconds of all processors, which other programs "
    "disturb less, instead of those of the wall.",
)


def compare(
    trainer: CellTrainer, genotype: Genotype, images: ImageSet
) -> tuple[float, float]:
    """Returns the seconds of a step of supernet and child."""
    slots = trainer.supernet.encode(genotype)
    child = cut_out(trainer.supernet, genotype)
    alone = child_step(child, ChildRecipe(batch_size=len(images)))
    clock = time.process_time if CPU_TIME.value else time.perf_counter
    steps = [ready(step, images, slots) for step in (trainer.step, alone)]
    together, apart = shortest_in_turns(steps, REPEATS.value, clock)
    return together, apart


def main(argv: Sequence[str]) -> None:
    """Prints a line for each path, and the ratio over all of them."""
    del argv
    space = make_preset("nb201")
    images = make_images(BATCH.value, SEED.value)
    rng = np.random.default_rng(SEED.value)
    paths = [draw_cells(space, rng, 1)[0].tolist() for _ in range(PATHS.value)]

    recipe = SupernetRecipe(batch_size=len(images))
    started = time.perf_counter()
    trainer = CellTrainer(CellSupernet(space), recipe, images)
    slots = trainer.supernet.encode(space.genotype(paths[0]))
    seconds_of(ready(trainer.step, images, slots))
    print(f"build and first step: {time.perf_counter() - started:.1f} s")

    times = []
    for path in paths:
        times.append(compare(trainer, space.genotype(path), images))
        together, apart = times[-1]
        print(
            f"path {path}: supernet {together * 1000:.0f} ms, child "
            f"{apart * 1000:.0f} ms, ratio {together / apart:.3f}",
            flush=True,
        )
    together, apart = np.sum(times, axis=0)
    clock = "processor" if CPU_TIME.value else "wall"
    print(
        f"ratio over {len(paths)} paths: {together / apart:.3f} of {clock} "
        f"time; traces of the supernet's step: {trainer.step.num_traces}"
    )


if __name__ == "__main__":
    app.run(main)
