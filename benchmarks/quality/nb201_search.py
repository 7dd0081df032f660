"""Searches the cells of NAS-Bench-201, and looks up what was found.

    python benchmarks/quality/nb201_search.py --table=nb201_cifar10.csv.gz
        --latency_table=nb201_latency_ms.csv.gz --data_dir=tfds

For each seed a supernet of one cell a stage is trained once, as a study that
`nse_rank` could resume, and searched in several ways; none of them sees a true
accuracy. Children are evaluated by the loss that they inherit on validation
images, by their angle since the initial weights, or by how their features grow
before any training. What was found is looked up in the table, and the rows go
to a CSV file, seed by seed; re-run the command to resume. Mean, deviation and
paired t tests are printed, and with latencies also which share of the true
front's hypervolume, accuracy against latency, the cells take that were found
under several limits.
"""

import dataclasses
import math
import pathlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

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
    Exploration,
    ExplorerConfig,
    explore,
)
from nse_tf.ranking import NB201Table, RankStudy, StudyConfig, read_table
from nse_tf.ranking.halves import cells_of
from nse_tf.ranking.sample_scores import SampleScores
from nse_tf.ranking.study import UNIT_ANGLE
from nse_tf.ranking.zero_cost import ZeroCost
from nse_tf.shrinking import ShrinkSchedule, operator_means
from nse_tf.spaces import Genotype, SearchSpace, format_genotype
from nse_tf.training import ChildEvaluator

TABLE = flags.DEFINE_string("table", None, "CSV of known accuracies.")
LATENCY_TABLE = flags.DEFINE_string(
    "latency_table", None, "CSV of measured latencies; none leaves them out."
)
DEVICE = flags.DEFINE_string("device", "pixel3", "Its column of latencies.")
LIMITS = flags.DEFINE_multi_float(
    "limit_ms", [4.0, 6.0, 9.0, 13.0, 18.0], "Latency limits, milliseconds."
)
DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Folder of TensorFlow Datasets."
)
RUN_DIR = flags.DEFINE_string("run_dir", "runs/nb201_search", "Folder.")
CSV = flags.DEFINE_string(
    "csv", "docs/figures/nb201_search.csv", "Where rows go."
)
SEEDS = flags.DEFINE_integer("seeds", 10, "Trainings, seeds from 0.", 1)
CHILDREN = flags.DEFINE_integer(
    "num_children", 40, "Children that a way of searching may evaluate.", 1
)
LIMITED_CHILDREN = flags.DEFINE_integer(
    "num_limited_children", 12, "The same under each latency limit.", 1
)
IMAGES = flags.DEFINE_integer(
    "loss_images", 256, "Validation images of a loss.", 1
)
DROPPED = flags.DEFINE_integer(
    "drop", 14, "Operators of 30 that a single shot of shrinking drops.", 1
)
GROWTH_IMAGES = flags.DEFINE_integer(
    "growth_images", 32, "Training images that features grow on.", 2
)
EPOCHS = flags.DEFINE_integer("epochs", 4, "Epochs of the supernet.", 1)

TRUTH = "cifar10_test"
# Explorers that look for accuracy alone.
ONE_GOAL = ("evolution", "random", "regularized_evolution")

# What an explorer gets as fitness, and what that adds to its name.
FITNESSES = {"loss": "", "angle": " by angle"}


class Found(NamedTuple):
    """What a way of searching found.

    Attributes:
        num_evaluated: Children whose loss, angle or growth was asked for.
        cell: Its index in the table.
    """

    num_evaluated: int
    cell: int


Find = Callable[[], Found]
Evaluate = Callable[[np.ndarray], np.ndarray]


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
        table: The true accuracies of all cells.
        model: Costs of cells; a `MeasuredModel` where there are latencies.
        angles: The angle of each cell, in the table's order.
        losses: Returns the inherited losses of cells, by their indices.
        growths: Returns how the features of cells grow, likewise.
        seed: Seed of everything drawn.
    """

    def __init__(
        self,
        table: NB201Table,
        model: CostModel,
        angles: np.ndarray,
        losses: Evaluate,
        growths: Evaluate,
        seed: int,
    ) -> None:
        self._table, self._model = table, model
        self._angles, self._losses, self._seed = angles, losses, seed
        self._growths = growths

    def ways(self) -> dict[tuple[str, float], Find]:
        """Returns all ways by name and latency limit, NaN for none.

        Raises:
            BudgetError: If no cell is as fast as a limit wants.
        """
        found: dict[tuple[str, float], Find] = {}
        whole, count = self._table.space, CHILDREN.value
        for name, space in (
            ("whole space", whole),
            ("shrunk", self._shrunk(DROPPED.value)),
        ):
            for explorer in ONE_GOAL:
                for evaluate, suffix in FITNESSES.items():
                    found[f"{explorer}{suffix}, {name}", math.nan] = partial(
                        self._explored, explorer, evaluate, space, count
                    )
        found["shrunk to one cell", math.nan] = self._single
        self._add_plain(found, math.nan, np.arange(len(self._angles)), count)
        # Growth was chosen as a score on the other half.
        found["first by angle, growth, held-out half", math.nan] = partial(
            self._first_by_angle,
            cells_of(self._table, "held_out"),
            count,
            self._growths,
        )
        if isinstance(self._model, MeasuredModel):
            for limit_ms in LIMITS.value:
                self._add_limited(found, limit_ms)
        return found

    def _add_limited(
        self, found: dict[tuple[str, float], Find], limit_ms: float
    ) -> None:
        """Adds the ways under a latency limit."""
        latencies = self._model.path_costs("latency_ms", self._table.paths)
        fitting = np.flatnonzero(latencies <= limit_ms)
        if len(fitting) == 0:
            raise BudgetError(
                f"No cell takes at most {limit_ms:g} ms; the fastest takes "
                f"{latencies.min():.2f} ms."
            )
        count = LIMITED_CHILDREN.value
        for explorer in ("random", "regularized_evolution"):
            for evaluate, suffix in FITNESSES.items():
                found[explorer + suffix, limit_ms] = partial(
                    self._explored,
                    explorer,
                    evaluate,
                    self._table.space,
                    count,
                    Budget(latency_ms=limit_ms),
                )
        self._add_plain(found, limit_ms, fitting, count)

    def _add_plain(
        self,
        found: dict[tuple[str, float], Find],
        limit_ms: float,
        cells: np.ndarray,
        count: int,
    ) -> None:
        """Adds what looks at all cells that may be found, by their indices."""
        macs = self._model.path_costs("macs", self._table.paths)
        for name, evaluate in (
            ("first by angle", lambda found: -self._losses(found)),
            ("first by angle, growth", self._growths),
        ):
            found[name, limit_ms] = partial(
                self._first_by_angle, cells, count, evaluate
            )
        for name, scores in (
            ("angle alone", self._angles),
            ("most MACs", macs),
        ):
            best = int(cells[scores[cells].argmax()])
            found[name, limit_ms] = partial(Found, 0, best)

    def _single(self) -> Found:
        """Returns what is left if shrinking continues to the end."""
        single = self._shrunk(len(self._table.space.operators))
        path = np.array([[indices[0] for indices in single.active]])
        return Found(0, int(self._table.indices_of(path)[0]))

    def _shrunk(self, num_dropped: int) -> SearchSpace:
        """Returns what a single shot by angle leaves."""
        space = self._table.space
        scores = operator_means(space, self._table.paths, self._angles)
        schedule = ShrinkSchedule(drop_per_stage=num_dropped, stop_size=1)
        return schedule.shrink(space, scores)[0]

    def _explored(
        self,
        explorer: str,
        evaluate: str,
        space: SearchSpace,
        count: int,
        budget: Budget = Budget(),
    ) -> Found:
        """Returns what an explorer finds that gets fitness values."""
        state = Exploration(
            model=dataclasses.replace(self._model, space=space),
            budget=budget,
            config=ExplorerConfig(
                num_children=count, population=max(2, count // 4), num_parents=5
            ),
            rng=np.random.default_rng([self._seed, 1]),
        )
        asking = explore(explorer, state)
        paths = next(asking, None)
        while paths is not None:
            cells = self._table.indices_of(paths)
            is_angle = evaluate == "angle"
            fitness = self._angles[cells] if is_angle else -self._losses(cells)
            try:
                paths = asking.send(fitness)
            except StopIteration:
                paths = None
        best = state.paths[int(state.best(1)[0])]
        (index,) = self._table.indices_of(best[np.newaxis])
        return Found(len(state.paths), int(index))

    def _first_by_angle(
        self, cells: np.ndarray, count: int, evaluate: Evaluate
    ) -> Found:
        """Returns the fittest of the first cells by angle."""
        order = np.argsort(-self._angles[cells], kind="stable")
        first = cells[order[:count]]
        return Found(len(first), int(first[evaluate(first).argmax()]))


def row_of(
    table: NB201Table, way: tuple[str, float], seed: int, found: Found
) -> Row:
    """Returns a row of what a way found, looked up in the table."""
    path = table.paths[found.cell].tolist()
    known = table.columns.get(DEVICE.value)
    name, limit_ms = way
    return Row(
        way=name,
        limit_ms=limit_ms,
        seed=seed,
        num_evaluated=found.num_evaluated,
        arch=format_genotype(table.space, table.space.genotype(path)),
        accuracy=float(table.column(TRUTH)[found.cell]),
        latency_ms=math.nan if known is None else float(known[found.cell]),
    )


def seed_search(table: NB201Table, data: ImageData, seed: int) -> SeedSearch:
    """Returns the searches of a seed, its supernet trained."""
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
    trainer, bases = study.trained(seed)
    space = trainer.supernet.space
    evaluator = ChildEvaluator(
        trainer.supernet, data.train, data.validation, IMAGES.value
    )
    kept = SampleScores(pathlib.Path(RUN_DIR.value) / f"evaluated{seed}.json")

    scorer = ZeroCost(space, data.train.images[: GROWTH_IMAGES.value], seed)

    def evaluate(
        name: str, count: int, score: Callable[[Genotype], float]
    ) -> Evaluate:
        def score_one(index: int) -> dict[str, float]:
            genotype = space.genotype(table.paths[index].tolist())
            return {name: score(genotype)}

        what = f"{name} on {count} images"
        return lambda cells: kept.of(what, cells.tolist(), score_one)[name]

    losses = evaluate(
        "loss",
        IMAGES.value,
        lambda genotype: evaluator.losses([genotype], IMAGES.value)[0],
    )
    growths = evaluate("growth", GROWTH_IMAGES.value, scorer.growth)

    model = CostModel(table.space)
    if DEVICE.value in table.columns:
        model = MeasuredModel(table.space, known=table, device=DEVICE.value)
    angles = study.angles(trainer, bases["initial"])[UNIT_ANGLE]
    return SeedSearch(table, model, angles, losses, growths, seed)


def main(argv: Sequence[str]) -> None:
    """Trains and searches what is not in the CSV file yet, then summarizes."""
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
        search = seed_search(table, data, seed)
        # By text, since no limit is like another.
        known = {
            (row.way, str(row.limit_ms)) for row in rows if row.seed == seed
        }
        for (way, limit_ms), find in search.ways().items():
            if (way, str(limit_ms)) not in known:
                rows.append(row_of(table, (way, limit_ms), seed, find()))
        write_rows(path, rows)
        print(f"seed {seed}: {len(rows)} rows so far", flush=True)
    print("\n".join(summary(rows)))
    if DEVICE.value in table.columns:
        latencies_ms, truth = table.column(DEVICE.value), table.column(TRUTH)
        print("\n".join(front_summary(rows, latencies_ms, truth)))


if __name__ == "__main__":
    app.run(main)
