"""A worker that trains nothing: it answers jobs by formulas.

For driving a method in milliseconds: in tests, and to rehearse a search. Its
formulas are plain enough to know the answer beforehand, so that it can be seen
whether a method finds it.
"""

import dataclasses
import functools
import zlib

import numpy as np

from nse_tf.costs import CostModel
from nse_tf.jobs import (
    ArchitectureRule,
    ArchitectureTrained,
    ChildrenEvaluated,
    ChildrenMeasured,
    ChildTrained,
    EvaluateChildren,
    Genes,
    Job,
    MeasureChildren,
    Result,
    SupernetTrained,
    TrainChild,
    TrainSupernet,
)

# What guessing gets, and on how many images: no formula's children guess.
CHANCE, NUM_IMAGES = 0.0, 1000
# What networks of other spaces have, whose candidates no formula knows.
OTHER_ACCURACY = 0.5


@dataclasses.dataclass(frozen=True)
class FormulaWorker:
    """Answers jobs by formulas; equal jobs get equal results.

    A child's accuracy is the mean `merit` of its candidates. The angle of a
    candidate's weights grows with its merit, and no two trainings are alike.
    A measured file has the cost model's latency and size, where its table
    has them, or a millisecond per million MACs and four bytes a parameter.

    Attributes:
        model: Cost model; its space is the one searched.
        seed: Seed of the merits.
    """

    model: CostModel
    seed: int = 0

    @functools.cached_property
    def merit(self) -> np.ndarray:
        """What each candidate is worth: `(num_blocks, max_candidates)`."""
        space = self.model.space
        rng = np.random.default_rng(self.seed)
        merit: np.ndarray = rng.random(
            (len(space.blocks), space.max_candidates)
        )
        return merit

    def accuracy(self, child: Genes) -> float:
        """Returns the mean merit of a child's candidates."""
        merits = [
            self.merit[block, index]
            for block, gene in enumerate(child)
            for index in gene
        ]
        return float(np.mean(merits)) if merits else 0.0

    def run(self, job: Job) -> Result:
        """Returns a job's result."""
        match job:
            case TrainSupernet():
                return self._supernet_trained(job)
            case EvaluateChildren():
                found = [self.accuracy(child) for child in job.children]
                return ChildrenEvaluated(
                    accuracies=tuple(found),
                    seconds=1.0,
                    chance=CHANCE,
                    num_images=NUM_IMAGES,
                )
            case MeasureChildren():
                return self._children_measured(job)
            case TrainChild():
                accuracy = (
                    OTHER_ACCURACY if job.space else self.accuracy(job.child)
                )
                return ChildTrained(
                    losses=_losses(job.epochs),
                    validation_accuracy=accuracy,
                    model_file=f"children/{job.id}.keras",
                    model_sha256="0" * 64,
                    seconds=1.0,
                    file_accuracy=accuracy if job.file else None,
                )

    def _supernet_trained(self, job: TrainSupernet) -> SupernetTrained:
        rule = job.architecture
        return SupernetTrained(
            losses=_losses(job.epochs),
            angle_sums=self._sums(job.id),
            backbone_sums=(0.9, 1.0, 1.0),
            seconds=float(job.epochs),
            weights_sha256="0" * 64,
            architecture=self._architecture_trained(job, rule)
            if rule
            else None,
        )

    def _architecture_trained(
        self, job: TrainSupernet, rule: ArchitectureRule
    ) -> ArchitectureTrained:
        """Returns parameters that follow merits; the worst may be dropped.

        That is the worst of all that may go at all: not what is locked, nor one
        of the last two of its block.
        """
        drops = self._drops(job, rule) if rule.drop_below is not None else []
        gone = {(block, index) for _, _, block, index in drops}
        return ArchitectureTrained(
            losses=_losses(job.epochs),
            parameters=tuple(map(tuple, (4.0 * (self.merit - 0.5)).tolist())),
            probabilities=self._magnitudes(job),
            left=tuple(
                tuple(i for i in indices if (block, i) not in gone)
                for block, indices in enumerate(job.active)
            ),
            drops=tuple(drops),
            history=(self._history(job, rule),) * job.epochs,
        )

    def _history(
        self, job: TrainSupernet, rule: ArchitectureRule
    ) -> tuple[tuple[float, ...], ...]:
        """Returns the probabilities of active candidates after an epoch."""
        if rule.rule == "two_subsets":
            return tuple(tuple(0.5 for _ in each) for each in job.active)
        return tuple(
            tuple(row[index] for index in indices)
            for row, indices in zip(
                self._magnitudes(job), job.active, strict=True
            )
        )

    def _drops(
        self, job: TrainSupernet, rule: ArchitectureRule
    ) -> list[tuple[int, int, int, int]]:
        locked = rule.locked or ((),) * len(job.active)
        worst = [
            (self.merit[block, index], block, index)
            for block, indices in enumerate(job.active)
            for index in indices
            if index not in locked[block] and len(indices) > 2
        ]
        return [(0, 0, block, index) for _, block, index in sorted(worst)[:1]]

    def _sums(
        self, job_id: str
    ) -> tuple[tuple[tuple[float, float, float], ...], ...]:
        """Returns sums of candidates that turned as their merit says."""
        rng = np.random.default_rng(zlib.crc32(job_id.encode()))
        norms = rng.uniform(0.9, 1.1, self.merit.shape)
        cosines = 1 - 0.5 * self.merit
        sums = np.stack([cosines * norms, norms, norms], axis=-1)
        return tuple(
            tuple((dot, base, now) for dot, base, now in block)
            for block in sums.tolist()
        )

    def _magnitudes(self, job: TrainSupernet) -> tuple[tuple[float, ...], ...]:
        """Returns each block's softmax of the merits of what is active."""
        mixing_weights = np.zeros_like(self.merit)
        for row, merits, indices in zip(
            mixing_weights, self.merit, job.active, strict=True
        ):
            chosen = list(indices)
            row[chosen] = np.exp(merits[chosen])
            row /= row.sum() or 1.0
        return tuple(map(tuple, mixing_weights.tolist()))

    def _children_measured(self, job: MeasureChildren) -> ChildrenMeasured:
        costs = [
            self.model.costs(self.model.space.genotype(child))
            for child in job.children
        ]
        table = self.model.table
        here = None if table is None else table.measured_latency
        return ChildrenMeasured(
            latencies_ms=tuple(
                each["macs"] / 1e6 if here is None else each[here]
                for each in costs
            ),
            sizes_bytes=tuple(
                int(each.get("size_bytes", 4 * each["params"]))
                for each in costs
            ),
            seconds=1.0,
            rams_bytes=tuple(int(each.get("ram_bytes", 0)) for each in costs),
            flashes_bytes=tuple(
                int(each.get("flash_bytes", 0)) for each in costs
            ),
        )


def _losses(epochs: int) -> tuple[float, ...]:
    return tuple(1 / (1 + epoch) for epoch in range(epochs))
