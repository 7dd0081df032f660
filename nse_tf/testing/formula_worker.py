"""A worker that trains nothing: it answers jobs by formulas.

For driving a method in milliseconds. Its formulas are plain enough to know the
answer beforehand, so that it can be seen whether a method finds it.
"""

import dataclasses
import functools
import zlib

import numpy as np

from nse_tf.costs import CostModel
from nse_tf.jobs import (
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


@dataclasses.dataclass(frozen=True)
class FormulaWorker:
    """Answers jobs by formulas; equal jobs get equal results.

    A child's accuracy is the mean `merit` of its candidates. The angle of a
    candidate's weights grows with its merit, and no two trainings are alike.
    A measured file has the cost model's latency and size, where its table
    tells them, or a millisecond per million MACs and four bytes a parameter.

    Attributes:
        model: Prices children; its space is the one searched.
        seed: Of the merits.
    """

    model: CostModel
    seed: int = 0

    @functools.cached_property
    def merit(self) -> np.ndarray:
        """What each candidate is worth: `(num_places, max_candidates)`."""
        space = self.model.space
        rng = np.random.default_rng(self.seed)
        merit: np.ndarray = rng.random(
            (len(space.blocks), space.max_candidates)
        )
        return merit

    def accuracy(self, child: Genes) -> float:
        """Returns the mean merit of a child's candidates."""
        merits = [
            self.merit[place, index]
            for place, gene in enumerate(child)
            for index in gene
        ]
        return float(np.mean(merits))

    def run(self, job: Job) -> Result:
        """Returns a job's result."""
        match job:
            case TrainSupernet():
                return self._supernet_trained(job)
            case EvaluateChildren():
                found = [self.accuracy(child) for child in job.children]
                return ChildrenEvaluated(tuple(found), 1.0)
            case MeasureChildren():
                return self._children_measured(job)
            case TrainChild():
                return ChildTrained(
                    _losses(job.epochs),
                    self.accuracy(job.child),
                    f"children/{job.id}.keras",
                    "0" * 64,
                    1.0,
                )

    def _supernet_trained(self, job: TrainSupernet) -> SupernetTrained:
        rng = np.random.default_rng(zlib.crc32(job.id.encode()))
        norms = rng.uniform(0.9, 1.1, self.merit.shape)
        cosines = 1 - 0.5 * self.merit
        sums = np.stack([cosines * norms, norms, norms], axis=-1)
        return SupernetTrained(
            _losses(job.epochs),
            tuple(
                tuple((dot, base, now) for dot, base, now in place)
                for place in sums.tolist()
            ),
            (0.9, 1.0, 1.0),
            float(job.epochs),
            magnitudes=self._magnitudes(job) if job.architecture else (),
        )

    def _magnitudes(self, job: TrainSupernet) -> tuple[tuple[float, ...], ...]:
        """Returns each place's softmax of the merits of what is active."""
        shares = np.zeros_like(self.merit)
        for row, merits, indices in zip(
            shares, self.merit, job.active, strict=True
        ):
            chosen = list(indices)
            row[chosen] = np.exp(merits[chosen])
            row /= row.sum()
        return tuple(map(tuple, shares.tolist()))

    def _children_measured(self, job: MeasureChildren) -> ChildrenMeasured:
        costs = [
            self.model.costs(self.model.space.genotype(child))
            for child in job.children
        ]
        return ChildrenMeasured(
            tuple(each.get("latency_ms", each["macs"] / 1e6) for each in costs),
            tuple(
                int(each.get("size_bytes", 4 * each["params"]))
                for each in costs
            ),
            1.0,
        )


def _losses(epochs: int) -> tuple[float, ...]:
    return tuple(1 / (1 + epoch) for epoch in range(epochs))
