"""Searches the cells of NAS-Bench-201, and looks up what was found.

    python benchmarks/nb201_search.py --table=nb201_cifar10.csv.gz
        --latency_table=nb201_latency_ms.csv.gz --data_dir=tfds

For each seed a supernet of one cell a stage is trained once, as a study of
`nse_rank` that goes on, and searched in several ways; none of them sees a true
accuracy. Children are judged by the loss that they inherit on validation
images, or by their angle since the initial weights. What was found is looked up
in the table, and the rows go to a CSV file, seed by seed: stopped and started
again it goes on. Printed are mean, deviation and paired t tests; with latencies
also the share of the true front's hypervolume, accuracy against latency, that
cells found under several limits take.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Sequence

import numpy as np
from absl import app, flags
from nb201_search_rows import (
    Row,
    front_summary,
    read_rows,
    summary,
    write_rows,
)

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.datasets import ImageData, load
from nse_tf.evolution import (
    EXPLORERS,
    Exploration,
    ExplorerConfig,
    explore,
)
from nse_tf.ranking import NB201Table, RankStudy, StudyConfig, read_table
from nse_tf.ranking.sample_scores import SampleScores
from nse_tf.ranking.study import UNIT_ANGLE
from nse_tf.shrinking import ShrinkSchedule, operator_means
from nse_tf.spaces import SearchSpace, format_genotype
from nse_tf.training import ChildEvaluator

TABLE = flags.DEFINE_string("table", None, "CSV of known accuracies.")
LATENCY_TABLE = flags.DEFINE_string(
    "latency_table", None, "CSV of measured latencies; none leaves them out."
)
DEVICE = flags.DEFINE_string("device", "pixel3", "Its column of latencies.")
LIMITS = flags.DEFINE_multi_float(
    "limit_ms", [4.0, 6.0, 9.0, 13.0, 18.0], "Latency limits, milliseconds."
)
DATA_DIR = flags.DEFINE_string("data_dir", None, "Of TensorFlow Datasets.")
RUN_DIR = flags.DEFINE_string("run_dir", "runs/nb201_search", "Folder.")
CSV = flags.DEFINE_string(
    "csv", "docs/figures/nb201_search.csv", "Where rows go."
)
SEEDS = flags.DEFINE_integer("seeds", 10, "Trainings, seeds from 0.", 1)
CHILDREN = flags.DEFINE_integer(
    "num_children", 60, "Children that a way of searching may judge.", 1
)
LIMITED_CHILDREN = flags.DEFINE_integer(
    "num_limited_children", 20, "The same under each latency limit.", 1
)
IMAGES = flags.DEFINE_integer(
    "loss_images", 256, "Validation images that a loss is told on.", 1
)
DROPPED = flags.DEFINE_integer(
    "drop", 14, "Operators of 30 that a single shot of shrinking drops.", 1
)
EPOCHS = flags.DEFINE_integer("epochs", 4, "Of the supernet.", 1)

TRUTH = "cifar10_test"

Judge = Callable[[np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True, kw_only=True)
class MeasuredModel(CostModel):
    """A cost model that knows the measured latency of each cell.

    Attributes:
        known: The cells, with a column of latencies.
        device: Its name.
    """

    known: NB201Table
    device: str

    def path_costs(self, name: str, paths: np.ndarray) -> np.ndarray:
        """Returns a cost of many single paths."""
        if name == "latency_ms":
            latencies_ms = self.known.column(self.device)
            found: np.ndarray = latencies_ms[self.known.indices_of(paths)]
            return found
        return super().path_costs(name, paths)

    def range(self, name: str) -> tuple[float, float]:
        """Returns the lowest and the highest cost of all cells."""
        if name == "latency_ms":
            latencies_ms = self.known.column(self.device)
            return float(latencies_ms.min()), float(latencies_ms.max())
        return super().range(name)


class SeedSearch:
    """All ways of searching with one seed's supernet.

    Args:
        table: Of the cells.
        model: Prices cells; a `MeasuredModel` where there are latencies.
        angles: Of all cells, in the table's order.
        losses: Tells the inherited losses of cells, by their indices.
        seed: Of everything drawn.
    """

    def __init__(
        self,
        table: NB201Table,
        model: CostModel,
        angles: np.ndarray,
        losses: Judge,
        seed: int,
    ) -> None:
        self._table, self._model = table, model
        self._angles, self._losses, self._seed = angles, losses, seed

    def found(self) -> list[Row]:
        """Returns what every way finds, without a limit."""
        smaller = self._shrunk(DROPPED.value)
        count = CHILDREN.value
        rows = [
            self._explored(f"{explorer}, {name}", explorer, space, count)
            for name, space in (
                ("whole space", self._table.space),
                ("shrunk", smaller),
            )
            for explorer in EXPLORERS
        ]
        everything = np.arange(len(self._angles))
        single = self._shrunk(len(self._table.space.operators))
        path = [indices[0] for indices in single.active]
        macs = self._model.path_costs("macs", self._table.paths)
        return [
            *rows,
            self._first_by_angle(everything, count),
            self._row("angle alone", 0, int(self._angles.argmax())),
            self._row(
                "shrunk to one cell",
                0,
                int(self._table.indices_of(np.array([path]))[0]),
            ),
            self._row("most MACs", 0, int(macs.argmax())),
        ]

    def found_within(self, limit_ms: float) -> list[Row]:
        """Returns what some ways find under a latency limit.

        Raises:
            BudgetError: If no cell is that fast.
        """
        latencies = self._model.path_costs("latency_ms", self._table.paths)
        fitting = np.flatnonzero(latencies <= limit_ms)
        if len(fitting) == 0:
            raise BudgetError(
                f"No cell takes at most {limit_ms:g} ms; the fastest takes "
                f"{latencies.min():.2f} ms."
            )
        macs = self._model.path_costs("macs", self._table.paths)
        count = LIMITED_CHILDREN.value
        within = Budget(latency_ms=limit_ms)
        rows = [
            self._explored(name, name, self._table.space, count, within)
            for name in ("random", "regularized_evolution")
        ]
        rows += [
            self._first_by_angle(fitting, count),
            self._row(
                "angle alone", 0, fitting[self._angles[fitting].argmax()]
            ),
            self._row("most MACs", 0, fitting[macs[fitting].argmax()]),
        ]
        return [dataclasses.replace(row, limit_ms=limit_ms) for row in rows]

    def _shrunk(self, num_dropped: int) -> SearchSpace:
        """Returns what a single shot by angle leaves."""
        space = self._table.space
        scores = operator_means(space, self._table.paths, self._angles)
        schedule = ShrinkSchedule(drop_per_stage=num_dropped, stop_size=1)
        return schedule.shrink(space, scores)[0]

    def _explored(
        self,
        way: str,
        explorer: str,
        space: SearchSpace,
        count: int,
        budget: Budget = Budget(),
    ) -> Row:
        """Returns what an explorer finds that is asked, and told losses."""
        state = Exploration(
            dataclasses.replace(self._model, space=space),
            budget,
            ExplorerConfig(
                num_children=count, population=max(2, count // 4), num_parents=5
            ),
            np.random.default_rng([self._seed, 1]),
        )
        asking = explore(explorer, state)
        paths = next(asking, None)
        while paths is not None:
            losses = self._losses(self._table.indices_of(paths))
            try:
                paths = asking.send(-losses)
            except StopIteration:
                paths = None
        best = state.paths[int(state.best(1)[0])]
        (index,) = self._table.indices_of(best[np.newaxis])
        return self._row(way, len(state.paths), int(index))

    def _first_by_angle(self, cells: np.ndarray, count: int) -> Row:
        """Returns the best by loss of the first cells by angle."""
        order = np.argsort(-self._angles[cells], kind="stable")
        first = cells[order[:count]]
        best = int(first[self._losses(first).argmin()])
        return self._row("first by angle", len(first), best)

    def _row(self, way: str, num_judged: int, index: int) -> Row:
        table = self._table
        path = table.paths[index].tolist()
        known = table.columns.get(DEVICE.value)
        return Row(
            way,
            float("nan"),
            self._seed,
            num_judged,
            format_genotype(table.space, table.space.genotype(path)),
            float(table.column(TRUTH)[index]),
            float("nan") if known is None else float(known[index]),
        )


def seed_search(
    study: RankStudy, table: NB201Table, data: ImageData, seed: int
) -> SeedSearch:
    """Returns the searches of a seed, its supernet trained."""
    trainer, bases = study.trained(seed)
    space = trainer.supernet.space
    evaluator = ChildEvaluator(
        trainer.supernet, data.train, data.validation, IMAGES.value
    )
    kept = SampleScores(pathlib.Path(RUN_DIR.value) / f"losses{seed}.json")

    def score(index: int) -> dict[str, float]:
        genotype = space.genotype(table.paths[index].tolist())
        return {"loss": evaluator.losses([genotype], IMAGES.value)[0]}

    def losses(indices: np.ndarray) -> np.ndarray:
        what = f"loss on {IMAGES.value} images"
        return kept.of(what, indices.tolist(), score)["loss"]

    model = CostModel(table.space)
    if DEVICE.value in table.columns:
        model = MeasuredModel(table.space, known=table, device=DEVICE.value)
    angles = study.angles(trainer, bases["initial"])[UNIT_ANGLE]
    return SeedSearch(table, model, angles, losses, seed)


def main(argv: Sequence[str]) -> None:
    """Trains and searches what is not in the CSV file yet, then tells of it."""
    del argv
    if TABLE.value is None or DATA_DIR.value is None:
        raise app.UsageError("--table and --data_dir are needed.")
    table = read_table(pathlib.Path(TABLE.value))
    if LATENCY_TABLE.value is not None:
        table = table.joined(read_table(pathlib.Path(LATENCY_TABLE.value)))
    path = pathlib.Path(CSV.value)
    rows = read_rows(path)
    data = load("cifar10", data_dir=DATA_DIR.value)
    for seed in range(SEEDS.value):
        if seed in {row.seed for row in rows}:
            continue
        study = RankStudy(
            StudyConfig(
                pathlib.Path(RUN_DIR.value) / "study",
                epochs=EPOCHS.value,
                learning_rates=(0.1, 0.004),
                num_seeds=seed + 1,
                cells_per_stage=1,
                num_images=12_800,
            ),
            data,
            table,
        )
        study.run()
        search = seed_search(study, table, data, seed)
        new = search.found()
        if DEVICE.value in table.columns:
            for limit_ms in LIMITS.value:
                new += search.found_within(limit_ms)
        rows += new
        write_rows(path, rows)
        print(f"seed {seed}: {len(new)} rows", flush=True)
    print("\n".join(summary(rows)))
    if DEVICE.value in table.columns:
        latencies_ms, truth = table.column(DEVICE.value), table.column(TRUTH)
        print("\n".join(front_summary(rows, latencies_ms, truth)))


if __name__ == "__main__":
    app.run(main)
