"""How long the angles of all NAS-Bench-201 cells take, from sums and naively.

    python benchmarks/speed/cell_angles.py --cells=200

Naively means as the published code does: every path of every cell listed, and
every weight of a child concatenated. Weights are random, of the benchmark's
true sizes. Both ways must agree to 1e-6.
"""

import itertools
import time
from collections.abc import Sequence

import numpy as np
from absl import app, flags
from timing import shortest_in_turns

from nse_tf.shrinking import EVERY_BACKBONE_WEIGHT, CellAngleSums
from nse_tf.spaces import NB201Skeleton, NorConv, Pool, Zero, make_preset

CELLS = flags.DEFINE_integer(
    "cells", 200, "Cells that are also scored naively.", lower_bound=1
)
REPEATS = flags.DEFINE_integer(
    "repeats", 20, "Number of timings.", lower_bound=1
)
SEED = flags.DEFINE_integer(
    "seed", 0, "Seed of weights and cells.", lower_bound=0
)

SPACE = make_preset("nb201")
SKELETON = SPACE.require_skeleton(NB201Skeleton)
EDGES = SPACE.as_cells().edges
NUM_FIXED = 73_306
# Nodes of every way through a cell, as the indices of the edges between them.
WAYS = [
    [SKELETON.graph.edges.index(step) for step in itertools.pairwise(way)]
    for way in ((0, 3), (0, 1, 3), (0, 2, 3), (0, 1, 2, 3))
]

Pair = tuple[np.ndarray, np.ndarray]


def random_pair(rng: np.random.Generator, *shape: int) -> Pair:
    """Returns a base weight and what it has turned to."""
    base = rng.standard_normal(shape, np.float32)
    return base, base + 0.7 * rng.standard_normal(shape, np.float32)


def random_kernels(
    rng: np.random.Generator,
) -> dict[tuple[int, int, int], Pair]:
    """Returns the kernels of each (edge, op, cell) that has any."""
    return {
        (number, index, cell): random_pair(
            rng, op.kernel, op.kernel, site.channels, site.channels
        )
        for number, edge in enumerate(EDGES)
        for index, op in enumerate(edge.candidates)
        if isinstance(op, NorConv)
        for cell, site in enumerate(edge.sites)
    }


def three_sums(pair: Pair) -> np.ndarray:
    """Returns the three sums of one weight, in float64."""
    base, now = (each.astype(np.float64).ravel() for each in pair)
    return np.array([base @ now, base @ base, now @ now])


def naive_angle(
    path: Sequence[int],
    kernels: dict[tuple[int, int, int], Pair],
    backbone: Pair,
) -> float:
    """Returns the angle of a cell by concatenating all of its weights."""
    pieces = [backbone]
    for cell in range(len(EDGES[0].sites)):
        for way in WAYS:
            ops = [EDGES[number].candidates[path[number]] for number in way]
            if Zero() in ops:
                continue
            for number, op in zip(way, ops, strict=True):
                if isinstance(op, NorConv):
                    pieces.append(kernels[number, path[number], cell])
                elif isinstance(op, Pool):
                    channels = EDGES[number].sites[cell].channels
                    constants = np.full(9 * channels, 1 / 9, np.float32)
                    pieces.append((constants, constants))
    dot, base, now = three_sums(
        tuple(  # type: ignore[arg-type]
            np.concatenate([piece[which].ravel() for piece in pieces])
            for which in (0, 1)
        )
    )
    return float(np.arccos(dot / np.sqrt(base * now)))


def main(argv: Sequence[str]) -> None:
    """Prints both times, their ratio, and the largest difference."""
    del argv
    rng = np.random.default_rng(SEED.value)
    kernels, backbone = random_kernels(rng), random_pair(rng, NUM_FIXED)
    candidates = np.zeros((len(EDGES), SPACE.max_candidates, 3))
    for (number, index, _), pair in kernels.items():
        candidates[number, index] += three_sums(pair)
    sums = CellAngleSums.of_weights(
        SPACE,
        candidates,
        {"fixed/kernel": three_sums(backbone)},
        EVERY_BACKBONE_WEIGHT,
    )
    paths = np.array([each.path for each in SPACE.enumerate()])
    (seconds,) = shortest_in_turns([lambda: sums.angles(paths)], REPEATS.value)
    print(f"all {len(paths)} cells from sums: {seconds * 1000:.1f} ms")

    some = rng.choice(len(paths), CELLS.value, replace=False)
    started = time.perf_counter()
    naive = [
        naive_angle(path, kernels, backbone) for path in paths[some].tolist()
    ]
    per_cell = (time.perf_counter() - started) / len(some)
    gap = np.abs(np.array(naive) - sums.angles(paths)[some]).max()
    print(f"a cell naively: {per_cell * 1000:.1f} ms")
    print(f"ratio: {per_cell * len(paths) / seconds:,.0f}")
    print(f"largest difference over {len(some)} cells: {gap:.1e} rad")
    if not gap <= 1e-6:
        raise ValueError(f"The two ways differ by {gap:.1e} rad.")


if __name__ == "__main__":
    app.run(main)
