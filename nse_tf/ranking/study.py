"""Does a score rank? Trains a supernet of cells, and asks the table.

After Hu et al., ABS (2020), section 2.1: https://arxiv.org/abs/2004.13431.
"""

import dataclasses
import json
from collections.abc import Callable

import numpy as np

from nse_tf.costs import CostModel
from nse_tf.datasets import ImageData, ImageSet
from nse_tf.jobs import ArchitectureRule
from nse_tf.ranking.halves import cells_of
from nse_tf.ranking.nasbench201 import NB201Table
from nse_tf.ranking.study_config import StudyConfig, study_space
from nse_tf.ranking.study_rows import StudyRow, read_rows, row_of, write_rows
from nse_tf.ranking.study_sample import Columns, StudySample, combined
from nse_tf.ranking.study_training import StudyTraining
from nse_tf.ranking.study_weights import StudyWeights, sums_since
from nse_tf.ranking.zero_cost import ZeroCost
from nse_tf.shrinking import EVERY_BACKBONE_WEIGHT, BackboneParts, CellAngleSums
from nse_tf.spaces.files import write_bytes
from nse_tf.supernet import NB201Supernet
from nse_tf.training import (
    NB201_RECIPE,
    ChildEvaluator,
    MixtureArchitecture,
    SupernetTrainer,
)

# How the backbone counts, by the name of the score.
ANGLES = {
    "angle": EVERY_BACKBONE_WEIGHT,
    "angle_fixed_at_zero": BackboneParts(
        EVERY_BACKBONE_WEIGHT.weights, at_angle_zero=True
    ),
}
UNIT_ANGLE = "angle_of_unit_kernels"
MAGNITUDE = "magnitude"
SAMPLE_SEED = 0


class RankStudy:
    """Trains and ranks, and resumes where it was stopped.

    Args:
        config: What to do.
        data: CIFAR-10, or other images of the table's task.
        table: The known answers.
        report: Told a line for each measure.

    Raises:
        ValueError: If the folder holds a study of other settings, or the table
            has no such column.
    """

    def __init__(
        self,
        config: StudyConfig,
        data: ImageData,
        table: NB201Table,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._config, self._table, self._report = config, table, report
        self._cells = cells_of(table, config.cells)
        self._truth = table.column(config.truth)
        self._train = _first(data.train, config.num_images)
        self._validation = _first(data.validation, config.validation_images)
        self._mixed_images = data.validation
        self._space = study_space(config, data)
        self._rows_path = config.run_dir / "rows.csv"
        self._claim_folder()
        self.rows = read_rows(self._rows_path)

    def _claim_folder(self) -> None:
        path = self._config.run_dir / "study.json"
        mine = json.dumps(self._config.settings(), indent=1) + "\n"
        if path.exists() and path.read_text(encoding="utf-8") != mine:
            raise ValueError(
                f"{self._config.run_dir} holds a study of other settings; see "
                f"{path}. Choose another --run_dir."
            )
        write_bytes(path, mine.encode())

    def run(self) -> list[StudyRow]:
        """Returns all rows; see the module."""
        if not self.rows:
            self._add(self._trivial_rows())
        for seed in range(self._config.num_seeds):
            self._run_seed(seed)
        return self.rows

    def trained(
        self, seed: int
    ) -> tuple[SupernetTrainer, dict[str, StudyWeights]]:
        """Returns a seed's trainer as it was last kept, and its bases."""
        training = self._fresh(seed)
        path = self._config.run_dir / f"seed{seed}.npz"
        if not path.exists():
            raise FileNotFoundError(2, "No such seed was trained", str(path))
        training.restore(path)
        return training.trainer, training.bases

    def _fresh(self, seed: int) -> StudyTraining:
        """Returns the training of a fresh supernet."""
        config = self._config
        supernet = NB201Supernet(self._space, seed, config.initial_kernels)
        return StudyTraining(
            SupernetTrainer(
                supernet,
                dataclasses.replace(NB201_RECIPE, batch_size=config.batch_size),
                self._train,
            ),
            MixtureArchitecture(
                supernet,
                self._mixed_images,
                config.batch_size,
                ArchitectureRule(rule="beside"),
                seed,
            )
            if config.magnitude
            else None,
        )

    def _trivial_rows(self) -> list[StudyRow]:
        """Returns what costs and chance rank like."""
        model, paths = CostModel(self._table.space), self._table.paths
        scores = {
            name: model.path_costs(name, paths) for name in ("macs", "params")
        }
        rng = np.random.default_rng(SAMPLE_SEED)
        scores["random"] = rng.random(len(paths))
        return [
            row_of(values[self._cells], self._truth[self._cells], name)
            for name, values in scores.items()
        ]

    def _run_seed(self, seed: int) -> None:
        config = self._config
        path = self._config.run_dir / f"seed{seed}.npz"
        training = self._fresh(seed)
        start = training.restore(path) if path.exists() else 0
        self._keep(seed, start)
        evaluator = ChildEvaluator(
            training.trainer.supernet, self._train, self._validation
        )
        for epoch in range(start, config.epochs):
            rows: list[StudyRow] = []
            loss = training.train_epoch(
                epoch,
                config.learning_rate(epoch),
                seed,
                self._measuring(training, evaluator, rows, seed, epoch),
            )
            self._report(
                f"seed {seed}, epoch {epoch + 1}: loss {loss:.3f}, "
                + "; ".join(f"{row.label} {row.tau:.3f}" for row in rows[-4:])
            )
            # Rows before the state: `_keep` drops those that a kill left
            # without.
            self._add(rows)
            training.save(path, epoch + 1)

    def _measuring(
        self,
        training: StudyTraining,
        evaluator: ChildEvaluator,
        rows: list[StudyRow],
        seed: int,
        epoch: int,
    ) -> Callable[[int], None]:
        """Returns what measures several times an epoch."""
        num_steps = len(self._train) // self._config.batch_size
        samples_after = self._config.measures(epoch, num_steps)

        def after_step(number: int) -> None:
            if number in samples_after:
                done = epoch + number / num_steps
                rows.extend(self._rows_of_all(training, seed, done))
                if samples_after[number]:
                    rows.extend(
                        self._sample_rows(training, evaluator, seed, done)
                    )

        return after_step

    def angles(
        self, trainer: SupernetTrainer, base: StudyWeights
    ) -> dict[str, np.ndarray]:
        """Returns every angle of every cell, in the table's order."""
        candidates, by_weight = sums_since(base, trainer.supernet)
        sums = {
            score: CellAngleSums.of_weights(
                self._space, candidates, by_weight, backbone
            )
            for score, backbone in ANGLES.items()
        }
        units, _ = sums_since(base, trainer.supernet, unit_kernels=True)
        sums[UNIT_ANGLE] = CellAngleSums.of_unit_kernels(self._space, units)
        return {
            score: each.angles(self._table.paths)
            for score, each in sums.items()
        }

    def _rows_of_all(
        self, training: StudyTraining, seed: int, epoch: float
    ) -> list[StudyRow]:
        """Returns how the scores of all cells rank."""
        found = [
            (score, name, angles)
            for name, base in training.bases.items()
            for score, angles in self.angles(training.trainer, base).items()
        ]
        magnitudes = training.magnitudes(self._table.paths)
        if magnitudes is not None:
            found.append((MAGNITUDE, "", magnitudes))
        return [
            row_of(
                values[self._cells],
                self._truth[self._cells],
                score,
                seed=seed,
                epoch=epoch,
                base=base,
            )
            for score, base, values in found
        ]

    def _sample_rows(
        self,
        training: StudyTraining,
        evaluator: ChildEvaluator,
        seed: int,
        epoch: float,
    ) -> list[StudyRow]:
        """Returns how the scores of a fixed sample rank, and combinations."""
        config = self._config
        # Not the training's seed: all trainings score the same cells.
        rng = np.random.default_rng(SAMPLE_SEED)
        indices = rng.permutation(self._cells)[: config.sample_size]
        sample = StudySample(
            self._table, indices, config.run_dir / f"sample{seed}.json"
        )
        of_all = self.angles(training.trainer, training.bases["initial"])
        told = self._sample_scores(sample, evaluator, seed, epoch)
        scores = told | combined(told, of_all[UNIT_ANGLE][indices])
        magnitudes = training.magnitudes(self._table.paths)
        if magnitudes is not None:
            scores |= {
                f"{name}_by_{MAGNITUDE}": values
                for name, values in combined(told, magnitudes[indices]).items()
            }
            of_all[MAGNITUDE] = magnitudes
        scores |= {
            f"{name}_of_sample": values[indices]
            for name, values in of_all.items()
        }
        return [
            row_of(
                values,
                self._truth[indices],
                name,
                seed=seed,
                epoch=epoch,
                is_sample=True,
            )
            for name, values in scores.items()
        ]

    def _sample_scores(
        self,
        sample: StudySample,
        evaluator: ChildEvaluator,
        seed: int,
        epoch: float,
    ) -> Columns:
        config, scores = self._config, Columns()
        if "accuracy" in config.sample_scores:
            scores |= sample.accuracies(
                evaluator, config.calibration_images, epoch
            )
        if "zero_cost" in config.sample_scores:
            images = self._train.images[: config.zero_cost_images]
            scores |= sample.zero_cost(ZeroCost(self._space, images, seed))
        return scores

    def _add(self, rows: list[StudyRow]) -> None:
        self.rows += rows
        write_rows(self._rows_path, self.rows)

    def _keep(self, seed: int, epochs: int) -> None:
        """Drops rows of a seed beyond the epochs that its state has."""
        self.rows = [
            row for row in self.rows if row.seed != seed or row.epoch <= epochs
        ]


def _first(images: ImageSet, count: int) -> ImageSet:
    return images.subset(np.arange(min(count, len(images))))
