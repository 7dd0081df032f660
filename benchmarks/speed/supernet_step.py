"""How much slower a training step of a supernet is than of its child alone.

    python benchmarks/speed/supernet_step.py --batch=128 --places=20

Both are timed in turns, in one process, with the parts that a search trains
with; the shortest of some repeats counts. A ratio of 1.00 is a supernet for
free.
"""

import time
from collections.abc import Callable, Sequence

import keras
import numpy as np
from absl import app, flags
from timing import seconds_of, shortest_in_turns

from nse_tf.datasets import ImageSet
from nse_tf.spaces import ChainSkeleton, Genotype, Identity, SearchSpace, Stage
from nse_tf.spaces.chains import chain_space
from nse_tf.spaces.presets import MBCONVS
from nse_tf.supernet import Supernet, WeightSharing, cut_out
from nse_tf.training import ChildRecipe, SupernetRecipe, SupernetTrainer
from nse_tf.training.child_trainer import child_step
from nse_tf.training.steps import TrainingStep

PLACES = flags.DEFINE_integer(
    "places", 20, "Places with six MBConvs each.", lower_bound=4
)
BATCH = flags.DEFINE_integer(
    "batch", 128, "Images of 32x32x3 a step.", lower_bound=1
)
PATHS = flags.DEFINE_integer(
    "paths", 10, "Random paths, and as many children.", lower_bound=1
)
REPEATS = flags.DEFINE_integer(
    "repeats", 5, "Steps that are timed, for each path.", lower_bound=1
)
IDENTITY = flags.DEFINE_bool(
    "identity", False, "Whether places that keep their shape may be skipped."
)
SEED = flags.DEFINE_integer("seed", 0, "Of paths and images.", lower_bound=0)

CLASSES = 10
LEARNING_RATE = 0.01


def make_space(num_blocks: int, *, has_identity: bool) -> SearchSpace:
    """Returns a chain of four stages, 16 to 96 channels wide."""
    ends = np.round(np.array([0, 3, 8, 14, 20]) / 20 * num_blocks)
    depths = np.diff(ends).astype(int).tolist()
    stages = tuple(
        Stage(channels, depth, stride)
        for channels, depth, stride in zip(
            (16, 32, 64, 96), depths, (1, 2, 2, 1), strict=True
        )
    )
    skeleton = ChainSkeleton(
        image_size=(32, 32),
        image_channels=3,
        num_classes=CLASSES,
        stem_channels=32,
        stem_stride=1,
        first_channels=16,
        stages=stages,
        tail_channels=320,
    )
    optional = (Identity(),) if has_identity else ()
    return chain_space("benchmark", skeleton, MBCONVS, optional)


def make_images(count: int, seed: int) -> ImageSet:
    """Returns noise."""
    rng = np.random.default_rng(seed)
    return ImageSet(
        rng.integers(0, 256, (count, 32, 32, 3), np.uint8),
        rng.integers(0, CLASSES, count).astype(np.int32),
    )


def ready(
    step: TrainingStep, images: ImageSet, slots: np.ndarray
) -> Callable[[], float]:
    """Returns a step with all that it is told; it waits for its loss."""
    pixels = np.asarray(images.images)
    return lambda: float(
        step(pixels, images.labels, slots, LEARNING_RATE, (0, 0))
    )


def compare(
    trainer: SupernetTrainer,
    genotype: Genotype,
    images: ImageSet,
    cut: Callable[..., keras.Model],
) -> tuple[float, float]:
    """Returns the seconds of a step of supernet and child."""
    slots = trainer.supernet.encode(genotype)
    child = cut(trainer.supernet, genotype)
    alone = child_step(child, ChildRecipe(batch_size=len(images)))
    steps = [ready(step, images, slots) for step in (trainer.step, alone)]
    together, apart = shortest_in_turns(steps, REPEATS.value)
    return together, apart


def main(argv: Sequence[str]) -> None:
    """Compares a chain of MBConvs."""
    del argv
    space = make_space(PLACES.value, has_identity=IDENTITY.value)
    print_ratios(lambda: Supernet(space), cut_out)


def print_ratios(
    make: Callable[[], WeightSharing],
    cut: Callable[..., keras.Model],
    draw: Callable[[SearchSpace, np.random.Generator], Genotype] = (
        SearchSpace.sample
    ),
) -> SupernetTrainer:
    """Prints a line for each path, and the ratio over all of them.

    Args:
        make: Makes the supernet.
        cut: Cuts a child out of it.
        draw: Draws a child of a space.

    Returns:
        What trains the supernet.
    """
    images = make_images(BATCH.value, SEED.value)
    rng = np.random.default_rng(SEED.value)

    started = time.perf_counter()
    recipe = SupernetRecipe(batch_size=len(images))
    trainer = SupernetTrainer(make(), recipe, images)
    space = trainer.supernet.space
    slots = trainer.supernet.encode(draw(space, rng))
    seconds_of(ready(trainer.step, images, slots))
    print(f"build and first step: {time.perf_counter() - started:.1f} s")

    times = []
    for number in range(PATHS.value):
        times.append(compare(trainer, draw(space, rng), images, cut))
        together, apart = times[-1]
        print(
            f"path {number}: supernet {together * 1000:.0f} ms, child "
            f"{apart * 1000:.0f} ms, ratio {together / apart:.3f}",
            flush=True,
        )
    together, apart = np.sum(times, axis=0)
    print(f"traces of the supernet's step: {trainer.step.num_traces}")
    median = np.median([one / other for one, other in times])
    print(
        f"ratio over {PATHS.value} paths: {together / apart:.3f}, of the "
        f"median path: {median:.3f}"
    )
    return trainer


if __name__ == "__main__":
    app.run(main)
