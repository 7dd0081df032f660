"""Which ops a round passes on to the next."""

import math
from collections.abc import Sequence

import numpy as np

from nse_tf.jobs import Genes, SupernetTrained
from nse_tf.spaces import SearchSpace


def union_of(front: Sequence[Genes], num_blocks: int) -> Genes:
    """Returns the ops of each cell that some network opens."""
    return tuple(
        tuple(sorted({index for genes in front for index in genes[block]}))
        for block in range(num_blocks)
    )


def branch_angles(
    trained: SupernetTrained, children: Sequence[Genes]
) -> np.ndarray:
    """Returns the angle of each network, in radians, `(count,)`.

    It is the angle of the vector that joins the kernels of all branches and of
    the backbone, between the start of the round and its end.

    References:
        Hu et al., ABS (2020), algorithm 1: https://arxiv.org/abs/2004.13431,
        for networks of several branches.
    """
    candidates = np.array(trained.angle_sums)
    angles = []
    for genes in children:
        dot, base, now = np.array(trained.backbone_sums) + sum(
            candidates[block, index]
            for block, gene in enumerate(genes)
            for index in gene
        )
        cosine = dot / math.sqrt(base * now)
        angles.append(math.acos(min(1.0, max(-1.0, cosine))))
    return np.array(angles)


def operator_angles(
    space: SearchSpace, children: Sequence[Genes], angles: np.ndarray
) -> np.ndarray:
    """Returns the mean angle of the networks that open each op.

    Returns:
        `(num_blocks, max_candidates)`; NaN where no network opens the op.
    """
    shape = len(space.blocks), space.max_candidates
    sums, counts = np.zeros(shape), np.zeros(shape)
    for genes, angle in zip(children, angles, strict=True):
        for block, gene in enumerate(genes):
            sums[block, list(gene)] += angle
            counts[block, list(gene)] += 1
    means: np.ndarray = np.where(
        counts > 0, sums / np.maximum(counts, 1), np.nan
    )
    return means


def inherited(
    left: Genes, front: Sequence[Genes], scores: np.ndarray, rule: str
) -> Genes:
    """Returns the ops of each cell that the next round keeps.

    By `front`, those that some network of the front opens. By another rule as
    many, so that spaces evolve at the same pace: by `angle` those of the best
    scores, by `both` those that are best by the sum of two ranks, of the score
    and of how many networks of the front open the op.

    Args:
        left: Ops of each cell that were not dropped.
        front: The best networks.
        scores: Score of each op, `(num_blocks, max_candidates)`; higher is
            better, NaN is worst.
        rule: `front`, `angle` or `both`.
    """
    union = union_of(front, len(left))
    if rule == "front":
        return union
    kept = []
    for block, (indices, of_front) in enumerate(zip(left, union, strict=True)):
        given = np.nan_to_num(scores[block, list(indices)], nan=-np.inf)
        ranks = _ranks(given)
        if rule == "both":
            uses = [sum(i in genes[block] for genes in front) for i in indices]
            ranks = ranks + _ranks(np.array(uses, float))
        best = np.argsort(-ranks, kind="stable")[: len(of_front)]
        kept.append(tuple(sorted(indices[i] for i in best)))
    return tuple(kept)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Returns for each value how many are below it."""
    ranks: np.ndarray = (values[None, :] < values[:, None]).sum(axis=1)
    return ranks
