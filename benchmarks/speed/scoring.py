"""How fast sums give angles, and that they are the angles of the vectors.

    python benchmarks/speed/scoring.py

Scores a million children of the SPOS space of ABS at 224 pixels, and all its
operators. Then computes the angles of the children of a small supernet both
from the sums and the way the published code does: every weight of a child in
one vector.
"""

from collections.abc import Callable, Sequence

import numpy as np
from absl import app, flags
from timing import seconds_of, shortest_in_turns

from nse_tf.costs import Budget, CostModel
from nse_tf.datasets import ImageSet
from nse_tf.shrinking import AngleSums, operator_scores
from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.supernet import Supernet
from nse_tf.training import SupernetRecipe, SupernetTrainer

COUNT = flags.DEFINE_integer(
    "count", 1_000_000, "Children that are scored at once.", lower_bound=1
)
NAIVE = flags.DEFINE_integer(
    "naive", 200, "Children that are scored both ways.", lower_bound=1
)
REPEATS = flags.DEFINE_integer("repeats", 3, "The shortest counts.", 1)
SEED = flags.DEFINE_integer("seed", 0, "Seed of children and weights.", 0)

# The FLOPs limit of ABS on the children it samples.
BUDGET = Budget(macs=600e6)


def made_up_sums(space: SearchSpace, rng: np.random.Generator) -> AngleSums:
    """Returns the sums of vectors with some angle between them."""
    shape = (len(space.blocks), space.max_candidates)
    before, after = rng.uniform(1, 9, shape), rng.uniform(1, 9, shape)
    cosines = rng.uniform(0.3, 0.9, shape)
    products = cosines * np.sqrt(before * after)
    sums = np.stack([products, before, after], axis=-1)
    return AngleSums(sums, np.array([3.0, 4.0, 5.0]))


def trained_a_little(seed: int) -> SupernetTrainer:
    """Returns a trainer whose weights are no longer the initial ones."""
    space = make_preset("spos_small", image_size=(32, 32), num_classes=10)
    images = ImageSet(np.zeros((1, 32, 32, 3), np.uint8), np.zeros(1, np.int32))
    trainer = SupernetTrainer(
        Supernet(space, seed), SupernetRecipe(batch_size=1), images
    )
    rng = np.random.default_rng(seed)
    for variable in trainer.supernet.trainable_variables:
        value = variable.numpy()
        # Zeros are padding, or scales that start at zero: they stay.
        noise = rng.normal(0.0, 0.02, value.shape) * (value != 0)
        variable.assign(value + noise)
    return trainer


def one_vector(kernels: list[np.ndarray], path: np.ndarray) -> np.ndarray:
    """Returns every kernel weight of a child, one after another."""
    backbone = kernels[len(path) :]
    rows = [
        kernel[index]
        for kernel, index in zip(kernels, path, strict=False)
        if index < len(kernel)
    ]
    return np.concatenate([each.ravel() for each in (*rows, *backbone)])


def angles_of_vectors(
    base: list[np.ndarray], now: list[np.ndarray], paths: np.ndarray
) -> np.ndarray:
    """Returns the angle of each path, from its two vectors."""
    angles = []
    for path in paths:
        before = one_vector(base, path).astype(np.float64)
        after = one_vector(now, path).astype(np.float64)
        cosine = before @ after
        cosine /= np.linalg.norm(before) * np.linalg.norm(after)
        angles.append(np.arccos(np.minimum(cosine, 1.0)))
    return np.array(angles)


def shortest(work: Callable[[], object]) -> float:
    """Returns the shortest time of some repeats."""
    return shortest_in_turns([work], REPEATS.value)[0]


def main(argv: Sequence[str]) -> None:
    """Prints times, the largest difference and the ratio."""
    del argv
    rng = np.random.default_rng(SEED.value)
    space = make_preset("spos")
    sums = made_up_sums(space, rng)
    paths = space.sample_paths(rng, COUNT.value)
    seconds = shortest(lambda: sums.angles(paths))
    print(
        f"angles of {COUNT.value:,} children of {space.name}: {seconds:.2f} s"
    )
    model = CostModel(space)
    seconds = shortest(
        lambda: operator_scores(
            model, sums, BUDGET, np.random.default_rng(SEED.value)
        )
    )
    print(f"scores of {len(space.operators)} operators: {seconds:.2f} s")

    trainer = trained_a_little(SEED.value)
    small = trainer.supernet.space
    paths = small.sample_paths(rng, NAIVE.value)
    base, now = trainer.base, trainer.kernels()
    summing = seconds_of(trainer.angle_sums)
    turned = trainer.angle_sums()
    sums = AngleSums(turned.candidates, turned.backbone)
    quick, naive = shortest_in_turns(
        [
            lambda: sums.angles(paths),
            lambda: angles_of_vectors(base, now, paths),
        ],
        REPEATS.value,
    )
    difference = np.abs(
        sums.angles(paths) - angles_of_vectors(base, now, paths)
    ).max()
    print(
        f"{NAIVE.value} children of {small.name}: {quick * 1e3:.2f} ms from "
        f"the sums, which take {summing * 1e3:.0f} ms once; "
        f"{naive * 1e3:.0f} ms from whole vectors, {naive / quick:.0f} times "
        "as long"
    )
    print(f"largest difference: {difference:.1e} radians")


if __name__ == "__main__":
    app.run(main)
