"""Does `EvaluateChildren` jobs."""

import time

from nse_tf.classification import chance_of
from nse_tf.jobs import ChildrenEvaluated, EvaluateChildren
from nse_tf.training.handlers.context import WorkerContext
from nse_tf.training.progress import Progress


def evaluate_children(
    context: WorkerContext, job: EvaluateChildren
) -> ChildrenEvaluated:
    """Returns the accuracy, or objective, of children with inherited weights.

    Raises:
        ValueError: If a child is not in the space, or there are no such
            weights.
        LostWeightsError: If the file of the weights is gone.
    """
    started = time.monotonic()
    evaluator = context.held.evaluator(job.supernet)
    found: list[float] = []
    with Progress(
        f"evaluating children ({job.id})", len(job.children), "children"
    ) as bar:
        for genes in job.children:
            genotype = context.trainings.genotype(genes)
            found += evaluator.accuracies(
                [genotype], job.calibration_images, job.objective
            )
            bar.advance(1, **{job.objective: found[-1]})
    labels = context.trainings.data.validation.labels
    return ChildrenEvaluated(
        accuracies=tuple(found),
        seconds=time.monotonic() - started,
        chance=chance_of(job.objective, labels),
        num_images=len(labels),
    )
