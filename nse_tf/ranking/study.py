"""Does a score rank? Trains a supernet of cells, and asks the table.

After Hu et al., ABS (2020), section 2.1: https://arxiv.org/abs/2004.13431.
"""

import dataclasses
import io
import json
import math
import pathlib
from collections.abc import Callable

import numpy as np

from nse_tf.costs import CostModel
from nse_tf.datasets import ImageData, ImageSet
from nse_tf.ranking.halves import cells_of
from nse_tf.ranking.nasbench201 import NB201Table
from nse_tf.ranking.study_rows import StudyRow, read_rows, row_of, write_rows
from nse_tf.ranking.study_sample import (
    SAMPLE_SCORES,
    Columns,
    StudySample,
    combined,
)
from nse_tf.ranking.zero_cost import ZeroCost
from nse_tf.shrinking import EVERY_FIXED_WEIGHT, CellAngleSums, FixedPart
from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.spaces.files import write_bytes
from nse_tf.supernet import CellSupernet
from nse_tf.supernet.layouts import InitialKernels
from nse_tf.training import (
    NB201_RECIPE,
    CellTrainer,
    CellWeights,
    ChildEvaluator,
)

# How the fixed part counts, by the name of the score.
ANGLES = {
    "angle": EVERY_FIXED_WEIGHT,
    "angle_fixed_at_zero": FixedPart(
        EVERY_FIXED_WEIGHT.weights, at_angle_zero=True
    ),
}
UNIT_ANGLE = "angle_of_unit_kernels"
SAMPLE_SEED = 0


@dataclasses.dataclass(frozen=True)
class StudyConfig:
    """One study; the defaults are the published ones but for the epochs.

    Attributes:
        run_dir: Where rows and states go.
        epochs: Passes over the images.
        schedule_epochs: Over which the learning rate falls, as a cosine, from
            epoch to epoch.
        learning_rates: At the first epoch, and after the last of the schedule.
        num_seeds: Trainings, of the seeds from 0.
        cells_per_stage: Cells of a stage.
        width: Multiplies the 16 channels.
        batch_size: Images a step.
        num_images: Training images, at most.
        measures_per_epoch: How often an epoch is measured.
        cells: Which cells are ranked; one of `HALVES`.
        sample_size: Cells of a fixed sample of these, whose `sample_scores` are
            told at the end; 0 tells none.
        sample_scores: Scores that take time for each cell: `accuracy`, with
            inherited weights and calibrated, and `zero_cost`.
        zero_cost_images: Images that the latter look at.
        calibration_images: Images that each of them is calibrated on.
        validation_images: Images that each of them is judged on.
        truth: Column of the table that is ranked against.
        initial_kernels: How kernels are drawn; see `Piece.initial`. Which of
            the two the published study took was not found.
    """

    run_dir: pathlib.Path
    epochs: int = 4
    schedule_epochs: int = 250
    learning_rates: tuple[float, float] = (0.025, 0.001)
    num_seeds: int = 1
    cells_per_stage: int = 5
    width: float = 1.0
    batch_size: int = 64
    num_images: int = 25_000
    measures_per_epoch: int = 2
    cells: str = "all"
    sample_size: int = 0
    sample_scores: tuple[str, ...] = SAMPLE_SCORES
    zero_cost_images: int = 32
    calibration_images: int = 1_000
    validation_images: int = 1_000
    truth: str = "cifar10_test"
    initial_kernels: InitialKernels = "fan_in"

    def learning_rate(self, epoch: int) -> float:
        """Returns the rate of an epoch."""
        first, last = self.learning_rates
        done = min(epoch / self.schedule_epochs, 1.0)
        return last + 0.5 * (first - last) * (1 + math.cos(math.pi * done))

    def settings(self) -> dict[str, object]:
        """Returns what decides a training's rows, as a JSON value."""
        left_out = ("run_dir", "epochs", "num_seeds")
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in left_out
        } | {
            "learning_rates": list(self.learning_rates),
            "sample_scores": list(self.sample_scores),
        }

    def __post_init__(self) -> None:
        unknown = set(self.sample_scores) - set(SAMPLE_SCORES)
        if unknown:
            raise ValueError(
                f"`sample_scores` has {', '.join(sorted(unknown))}; there are "
                f"{', '.join(SAMPLE_SCORES)}."
            )


class RankStudy:
    """Trains and ranks, and goes on where it was stopped.

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

    def trained(self, seed: int) -> tuple[CellTrainer, dict[str, CellWeights]]:
        """Returns a seed's trainer as it was last kept, and its bases."""
        trainer, bases = self._fresh(seed)
        path = self._config.run_dir / f"seed{seed}.npz"
        if not path.exists():
            raise FileNotFoundError(2, "No such seed was trained", str(path))
        self._restore(path, trainer, bases)
        return trainer, bases

    def _fresh(self, seed: int) -> tuple[CellTrainer, dict[str, CellWeights]]:
        """Returns a trainer of a fresh supernet, and its first base."""
        config = self._config
        trainer = CellTrainer(
            CellSupernet(self._space, seed, config.initial_kernels),
            dataclasses.replace(NB201_RECIPE, batch_size=config.batch_size),
            self._train,
        )
        return trainer, {"initial": trainer.weights()}

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
        trainer, bases = self._fresh(seed)
        start = 0
        if path.exists():
            start = self._restore(path, trainer, bases)
        self._keep(seed, start)
        for epoch in range(start, config.epochs):
            rows: list[StudyRow] = []
            loss = trainer.train_epoch(
                epoch,
                config.learning_rate(epoch),
                seed,
                self._measuring(trainer, bases, rows, seed, epoch),
            )
            if epoch == 0:
                bases["first_epoch"] = trainer.weights()
            if epoch + 1 == config.epochs and config.sample_size:
                rows += self._sample_rows(trainer, bases, seed)
            self._report(
                f"seed {seed}, epoch {epoch + 1}: loss {loss:.3f}, "
                + "; ".join(f"{row.label} {row.tau:.3f}" for row in rows[-4:])
            )
            self._add(rows)
            _save(path, epoch + 1, trainer, bases)

    def _measuring(
        self,
        trainer: CellTrainer,
        bases: dict[str, CellWeights],
        rows: list[StudyRow],
        seed: int,
        epoch: int,
    ) -> Callable[[int], None]:
        """Returns what measures several times an epoch."""
        num_steps = len(self._train) // self._config.batch_size
        times = self._config.measures_per_epoch
        marks = {num_steps * number // times for number in range(1, times + 1)}

        def after_step(number: int) -> None:
            if number in marks:
                done = epoch + number / num_steps
                rows.extend(self._angle_rows(trainer, bases, seed, done))

        return after_step

    def angles(
        self, trainer: CellTrainer, base: CellWeights
    ) -> dict[str, np.ndarray]:
        """Returns every angle of every cell, in the table's order."""
        candidates, by_weight = trainer.angle_sums(base)
        sums = {
            score: CellAngleSums.of_weights(
                self._space, candidates, by_weight, fixed
            )
            for score, fixed in ANGLES.items()
        }
        units, _ = trainer.angle_sums(base, unit_kernels=True)
        sums[UNIT_ANGLE] = CellAngleSums.of_unit_kernels(self._space, units)
        return {
            score: each.angles(self._table.paths)
            for score, each in sums.items()
        }

    def _angle_rows(
        self,
        trainer: CellTrainer,
        bases: dict[str, CellWeights],
        seed: int,
        epoch: float,
    ) -> list[StudyRow]:
        return [
            row_of(
                angles[self._cells],
                self._truth[self._cells],
                score,
                seed=seed,
                epoch=epoch,
                base=name,
            )
            for name, base in bases.items()
            for score, angles in self.angles(trainer, base).items()
        ]

    def _sample_rows(
        self, trainer: CellTrainer, bases: dict[str, CellWeights], seed: int
    ) -> list[StudyRow]:
        """Returns how the scores of a fixed sample rank, and combinations."""
        config = self._config
        rng = np.random.default_rng(SAMPLE_SEED)
        indices = rng.permutation(self._cells)[: config.sample_size]
        sample = StudySample(
            self._table, indices, config.run_dir / f"sample{seed}.json"
        )
        scores = self._sample_scores(sample, trainer, seed)
        angles = {
            name: each[indices]
            for name, each in self.angles(trainer, bases["initial"]).items()
        }
        scores |= combined(scores, angles[UNIT_ANGLE])
        scores |= {f"{name}_of_sample": each for name, each in angles.items()}
        return [
            row_of(
                values,
                self._truth[indices],
                name,
                seed=seed,
                epoch=config.epochs,
                is_sample=True,
            )
            for name, values in scores.items()
        ]

    def _sample_scores(
        self, sample: StudySample, trainer: CellTrainer, seed: int
    ) -> Columns:
        config, scores = self._config, Columns()
        if "accuracy" in config.sample_scores:
            evaluator = ChildEvaluator(
                trainer.supernet, self._train, self._validation
            )
            scores |= sample.accuracies(
                evaluator, config.calibration_images, config.epochs
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

    def _restore(
        self,
        path: pathlib.Path,
        trainer: CellTrainer,
        bases: dict[str, CellWeights],
    ) -> int:
        """Goes on from a state's file; returns its epochs."""
        with path.open("rb") as file, np.load(file) as arrays:
            epoch = int(arrays["epoch"])
            names = [f"state{i}" for i in range(len(trainer.state()))]
            trainer.restore([arrays[name] for name in names])
            first = bases["initial"]
            bases["first_epoch"] = CellWeights(
                tuple(arrays[f"rows{i}"] for i in range(len(first.rows))),
                {name: arrays[f"fixed/{name}"] for name in first.fixed},
            )
        return epoch


def study_space(config: StudyConfig, data: ImageData) -> SearchSpace:
    """Returns the space of a study's supernet, fitted to the images."""
    height, width, channels = data.image_shape
    return make_preset(
        "nb201",
        image_size=(height, width),
        image_channels=channels,
        num_classes=data.num_classes,
        width=config.width,
        depth=config.cells_per_stage / 5,
    )


def _save(
    path: pathlib.Path,
    epoch: int,
    trainer: CellTrainer,
    bases: dict[str, CellWeights],
) -> None:
    base = bases["first_epoch"]
    arrays = {f"state{i}": each for i, each in enumerate(trainer.state())}
    arrays |= {f"rows{i}": each for i, each in enumerate(base.rows)}
    arrays |= {f"fixed/{name}": each for name, each in base.fixed.items()}
    content = io.BytesIO()
    np.savez(content, epoch=np.array(epoch), **arrays)  # type: ignore[arg-type]
    write_bytes(path, content.getvalue())


def _first(images: ImageSet, count: int) -> ImageSet:
    return images.subset(np.arange(min(count, len(images))))
