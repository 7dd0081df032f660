"""Does `MeasureChildren` jobs."""

import time
from typing import TypeVar

from nse_tf.jobs import ChildrenMeasured, MeasureChildren
from nse_tf.training.handlers.context import WorkerContext

Measure = TypeVar("Measure")


def measure_children(
    context: WorkerContext, job: MeasureChildren
) -> ChildrenMeasured:
    """Returns what a job wants of children, converted whole.

    Raises:
        ValueError: If a child is not in the space, or nothing can measure it.
    """
    started, trainings = time.monotonic(), context.trainings
    models = []
    for genes in job.children:
        networks, genotype = trainings.sized(genes, job.num_cells, job.channels)
        models.append(networks.child(genotype, fast=False))
    names = trainings.data.class_names
    latencies_ms: list[float] = []
    sizes_bytes: list[int] = []
    rams_bytes: list[int] = []
    flashes_bytes: list[int] = []
    if job.file:
        measure = _given(context.measure, "measure", job)
        latencies_ms, sizes_bytes = measure(
            models, job.precision, job.num_threads, names
        )
    if job.memory:
        measure_memory = _given(context.measure_memory, "measure_memory", job)
        rams_bytes, flashes_bytes = measure_memory(models, names)
    return ChildrenMeasured(
        latencies_ms=tuple(latencies_ms),
        sizes_bytes=tuple(sizes_bytes),
        seconds=time.monotonic() - started,
        rams_bytes=tuple(rams_bytes),
        flashes_bytes=tuple(flashes_bytes),
    )


def _given(measure: Measure | None, name: str, job: MeasureChildren) -> Measure:
    if measure is None:
        raise ValueError(
            f"Job {job.id!r} wants children measured, but this worker was "
            f"given no `{name}`."
        )
    return measure
