"""Steps of plans that evaluate children with inherited weights."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from nse_tf.events import EvaluationFinished, JobFailed
from nse_tf.jobs import ChildrenEvaluated, EvaluateChildren, Failed, Genes
from nse_tf.methods.method import Method, Steps, require
from nse_tf.spaces.genotype import Path


@dataclasses.dataclass(frozen=True)
class EvaluatedChild:
    """A network and its accuracy with inherited weights.

    Attributes:
        path: The active candidate of each choice block, or those of each cell.
        accuracy: On the validation part; with another objective of the search,
            what it comes to by that.
    """

    path: Path
    accuracy: float

    @property
    def genes(self) -> Genes:
        """The path as jobs write it."""
        return tuple(
            (gene,) if isinstance(gene, int) else gene for gene in self.path
        )


@dataclasses.dataclass(frozen=True)
class Evaluating:
    """How children are evaluated.

    Attributes:
        calibration_images: Training images for each child's batch norm; 0
            takes the supernet's running statistics.
        children_per_job: Most children in a job.
        objective: What they are evaluated by; see `EvaluateChildren`.
    """

    calibration_images: int
    children_per_job: int = 50
    objective: str = "accuracy"


def evaluate_children(
    method: Method,
    children: Sequence[Genes],
    weights: str,
    evaluating: Evaluating,
    *,
    generation: int,
) -> Steps[np.ndarray]:
    """Returns each child's accuracy, or objective; -inf if its job failed.

    Args:
        method: Whose plan it is; gets the jobs and events.
        children: Their genes.
        weights: Reference of the supernet's weights.
        evaluating: How they are evaluated.
        generation: Number of their generation.
    """
    size = evaluating.children_per_job
    jobs = [
        EvaluateChildren(
            id=method.new_job_id(EvaluateChildren.KIND),
            children=tuple(children[start : start + size]),
            calibration_images=evaluating.calibration_images,
            generation=generation,
            supernet=weights,
            objective=evaluating.objective,
        )
        for start in range(0, len(children), size)
    ]
    results = yield jobs
    accuracies: list[float] = []
    for job, result in zip(jobs, results, strict=True):
        if isinstance(result, Failed):
            method.note(JobFailed(job=job.id, error=result.error))
            accuracies += [-np.inf] * len(job.children)
        else:
            evaluated = require(result, ChildrenEvaluated, job)
            accuracies += evaluated.accuracies
            method.note(
                EvaluationFinished(
                    job=job.id,
                    num_children=len(job.children),
                    seconds=evaluated.seconds,
                    chance=evaluated.chance,
                    num_images=evaluated.num_images,
                )
            )
    return np.array(accuracies)


def genes_of(paths: np.ndarray) -> list[Genes]:
    """Returns single paths `(count, num_blocks)` as jobs write them."""
    return [tuple((index,) for index in path) for path in paths.tolist()]
