"""Does `MeasureChildren` jobs."""

import time

from nse_tf.jobs import ChildrenMeasured, MeasureChildren
from nse_tf.training.handlers.context import WorkerContext


def measure_children(
    context: WorkerContext, job: MeasureChildren
) -> ChildrenMeasured:
    """Returns latencies and file sizes of children, converted whole.

    Raises:
        ValueError: If a child is not in the space, or nothing can measure it.
    """
    started, trainings = time.monotonic(), context.trainings
    if context.measure is None:
        raise ValueError(
            f"Job {job.id!r} wants children measured, but this worker was "
            "given no `measure`."
        )
    models = [
        trainings.networks.child(trainings.genotype(genes), fast=False)
        for genes in job.children
    ]
    latencies_ms, sizes_bytes = context.measure(
        models,
        job.precision,
        job.num_threads,
        trainings.data.class_names,
    )
    return ChildrenMeasured(
        latencies_ms=tuple(latencies_ms),
        sizes_bytes=tuple(sizes_bytes),
        seconds=time.monotonic() - started,
    )
