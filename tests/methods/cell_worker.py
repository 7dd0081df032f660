"""A worker that trains nothing, and knows what cells are worth."""

import dataclasses
import functools

import numpy as np

from nse_tf.jobs import (
    ArchitectureTrained,
    Job,
    SupernetTrained,
    TrainSupernet,
)
from nse_tf.spaces import Motif
from nse_tf.spaces.motif_genes import NUM_MOTIFS, genes_of_indices


@dataclasses.dataclass(frozen=True)
class CellWorker:
    """Answers rounds of cells by the merit of their genes, with noise.

    Attributes:
        noise: Deviation of what a round says, where merits have about one.
        seed: Seed of merits and noise.
    """

    noise: float = 0.0
    seed: int = 0

    @functools.cached_property
    def _worth(self) -> np.ndarray:
        return np.random.default_rng(self.seed).standard_normal((9, 10)) / 2

    def merit(self, name: str) -> float:
        """Returns what a cell is worth: the sum of what its genes are."""
        genes = Motif.of_code(name.removeprefix("motif_")).genes
        return float(self._worth[np.arange(9), list(genes)].sum())

    @property
    def merits(self) -> np.ndarray:
        """What each of the cells that are explored is worth."""
        genes = genes_of_indices(np.arange(NUM_MOTIFS))
        found: np.ndarray = self._worth[np.arange(9), genes].sum(axis=1)
        return found

    def run(self, job: Job) -> SupernetTrained:
        """Returns the result of a round."""
        assert isinstance(job, TrainSupernet)
        assert job.seats is not None
        rng = np.random.default_rng([self.seed, int(job.id[:5])])
        worth = np.array(
            [[self.merit(cell) for cell in row] for row in job.seats.cells]
        )
        seen = worth + self.noise * rng.standard_normal(worth.shape)
        table = tuple(map(tuple, seen.tolist()))
        shares = np.exp(seen - seen.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        cosines = np.cos(0.5 + 0.05 * seen)
        sums = tuple(
            tuple((dot, 1.0, 1.0) for dot in row) for row in cosines.tolist()
        )
        return SupernetTrained(
            losses=(1.0,) * job.epochs,
            angle_sums=sums,
            unit_sums=sums,
            backbone_sums=(0.9, 1.0, 1.0),
            seconds=1.0,
            weights_sha256="0" * 64,
            architecture=ArchitectureTrained(
                losses=(1.0,),
                parameters=table,
                probabilities=tuple(map(tuple, shares.tolist())),
                left=job.active,
                candidate_losses=tuple(map(tuple, (-seen).tolist())),
                candidate_distances=tuple(map(tuple, (-seen).tolist())),
            ),
        )
