"""Steps of plans that judge children with inherited weights."""

from collections.abc import Sequence

import numpy as np

from nse_tf.jobs import ChildrenEvaluated, EvaluateChildren, Failed, Genes
from nse_tf.methods.method import Method, Steps, require


def evaluate_children(
    method: Method,
    children: Sequence[Genes],
    weights: str,
    *,
    generation: int,
    calibration_images: int,
    children_per_job: int,
) -> Steps[np.ndarray]:
    """Returns the accuracy of each child; -inf where its job failed.

    Args:
        method: Whose plan it is; its history is told.
        children: Their genes.
        weights: Reference of the supernet's weights.
        generation: Which generation they are.
        calibration_images: As of `EvaluateChildren`.
        children_per_job: Most children of a job.
    """
    jobs = [
        EvaluateChildren(
            id=method.new_job_id(EvaluateChildren.KIND),
            children=tuple(children[start : start + children_per_job]),
            calibration_images=calibration_images,
            generation=generation,
            supernet=weights,
        )
        for start in range(0, len(children), children_per_job)
    ]
    results = yield jobs
    accuracies: list[float] = []
    for job, result in zip(jobs, results, strict=True):
        if isinstance(result, Failed):
            method.note("failed", job=job.id, error=result.error)
            accuracies += [-np.inf] * len(job.children)
        else:
            evaluated = require(result, ChildrenEvaluated, job)
            accuracies += evaluated.accuracies
            method.note(
                "children_evaluated",
                job=job.id,
                num_children=len(job.children),
                seconds=evaluated.seconds,
            )
    return np.array(accuracies)


def genes_of(paths: np.ndarray) -> list[Genes]:
    """Returns single paths `(count, num_blocks)` as jobs spell them."""
    return [tuple((index,) for index in path) for path in paths.tolist()]
