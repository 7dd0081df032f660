"""The part of a study that takes time for each cell: one fixed sample."""

import dataclasses
import pathlib
from collections.abc import Callable

import numpy as np
from scipy import stats

from nse_tf.ranking.nasbench201 import NB201Table
from nse_tf.ranking.sample_scores import SampleScores, Scores
from nse_tf.ranking.zero_cost import ZeroCost
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.training import ChildEvaluator
from nse_tf.training.progress import Progress

SAMPLE_SCORES = ("accuracy", "zero_cost")

Columns = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class StudySample:
    """Scores a fixed sample of cells.

    Attributes:
        table: Table of the cells.
        indices: Indices of the sample's cells in the table.
        path: The file that keeps the scores of one training.
    """

    table: NB201Table
    indices: np.ndarray
    path: pathlib.Path

    def accuracies(
        self, evaluator: ChildEvaluator, calibration_images: int, epoch: float
    ) -> Columns:
        """Returns `calibrated_accuracy` and `accuracy`, with inherited weights.

        The latter takes batch norm's running statistics as they are.

        Args:
            evaluator: Evaluates cells with the supernet's present weights.
            calibration_images: How many images batch norm is calibrated on.
            epoch: After which it stands so.
        """

        def scored(name: str, what: str, num_images: int) -> Columns:
            def score(genotype: Genotype) -> Scores:
                (found,) = evaluator.accuracies([genotype], num_images)
                return {name: found}

            key = f"{what} after epoch {epoch:.9g}"
            return self._scored(key, evaluator.supernet.space, score)

        calibrated = scored(
            "calibrated_accuracy", "accuracy", calibration_images
        )
        return calibrated | scored("accuracy", "running accuracy", 0)

    def zero_cost(self, scorer: ZeroCost) -> Columns:
        """Returns the scores of `ZeroCost`."""
        return self._scored("zero cost", scorer.space, scorer.scores)

    def _scored(
        self,
        what: str,
        space: SearchSpace,
        score: Callable[[Genotype], Scores],
    ) -> Columns:
        def score_one(index: int) -> Scores:
            return score(space.genotype(self.table.paths[index].tolist()))

        with Progress(
            f"scoring cells: {what}", len(self.indices), "cells"
        ) as bar:
            return SampleScores(self.path).of(
                what, self.indices.tolist(), score_one, bar.advance
            )


def combined(scores: Columns, angles: np.ndarray) -> Columns:
    """Returns combinations of a sample's scores with its angles.

    `add` is the sum of the ranks by calibrated accuracy and angle. `all_ranks`
    is the sum of the logarithms of the ranks by the angle and all scores
    without training: a cell that one of them puts last does not come out high.

    Args:
        scores: The scores of a `StudySample`.
        angles: Angles of the same cells, or another score from training.

    References:
        Hu et al., ABS (2020), figures of the ranking study, for `add`:
        https://arxiv.org/abs/2004.13431. Lee and Ham, AZ-NAS (2024), for the
        logarithms: https://arxiv.org/abs/2403.19232
    """
    found: Columns = {}
    without_training = [
        values
        for name, values in scores.items()
        if name not in ("calibrated_accuracy", "accuracy")
    ]
    if "calibrated_accuracy" in scores:
        both = (scores["calibrated_accuracy"], angles)
        found["add"] = np.sum([stats.rankdata(each) for each in both], axis=0)
    if without_training:
        ranks = [stats.rankdata(each) for each in (*without_training, angles)]
        found["all_ranks"] = np.sum(np.log(ranks), axis=0)
    return found
