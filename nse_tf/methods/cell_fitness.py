"""What a round of training says of the cells that it tested."""

import numpy as np

from nse_tf.jobs import SupernetTrained, TrainSupernet
from nse_tf.methods.method import SearchError, require_architecture


def values_of(
    fitness: str, trained: SupernetTrained, job: TrainSupernet
) -> np.ndarray:
    """Returns what counts for each slot of each block; more is better.

    Args:
        fitness: One of `FITNESSES`.
        trained: What the round came back with.
        job: The round.

    Returns:
        `(num_blocks, num_slots)`.

    Raises:
        SearchError: If the worker did not report it.
    """
    architecture = require_architecture(trained, job)
    match fitness:
        case "alpha":
            found = np.array(architecture.parameters)
        case "loss":
            found = -np.array(architecture.candidate_losses)
        case "distance":
            found = -np.array(architecture.candidate_distances)
        case _:
            found = turns(np.array(trained.unit_sums))
    shape = len(job.active), len(job.active[0])
    if found.shape != shape:
        raise SearchError(
            f"Job {job.id!r} came back without the fitness {fitness!r} of its "
            "cells."
        )
    return found


def turns(unit_sums: np.ndarray) -> np.ndarray:
    """Returns by how much the kernels of cells turned, all in all.

    That is the angle of their joined vector, in which each has length one,
    times their number. The angle alone does not rank cells, as it leaves out
    how many kernels turned; see docs/results/autospace.md.

    Args:
        unit_sums: `(…, 3)`: for each cell, over its kernels, the sum of the
            cosines between base and present, and twice their number.

    Returns:
        `(…)`, in radians; 0 for a cell without kernels.
    """
    if unit_sums.ndim < 2:
        return np.zeros(0)
    dots, counts = unit_sums[..., 0], unit_sums[..., 1]
    cosines = np.divide(dots, counts, np.ones_like(dots), where=counts > 0)
    found: np.ndarray = counts * np.arccos(np.clip(cosines, -1, 1))
    return found


def evidence_of(values: np.ndarray, reference: str) -> np.ndarray:
    """Returns what a group's blocks say of its cells, about zero in the mean.

    Args:
        values: What counts, `(num_blocks_of_group, num_slots)`; the last slot
            is the reference's, where it has one.
        reference: One of `REFERENCES`.

    Returns:
        `(num_cells,)`, without the reference.
    """
    if reference == "yardstick":
        centered = values - values[:, -1:]
    else:
        centered = values - values.mean(axis=1, keepdims=True)
    evidence: np.ndarray = centered.mean(axis=0)
    return evidence if reference == "none" else evidence[:-1]
