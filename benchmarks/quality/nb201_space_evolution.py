"""Does evolving the space help? NSE's evolution against a table of answers.

    python benchmarks/quality/nb201_space_evolution.py \
        --table=nb201_cifar10.csv.gz

The ops of NAS-Bench-201 are the pool, its edges the cells, with one branch
each; three of five ops are active at a time. Nothing is trained: a network's
evaluated accuracy is the table's with noise added, new noise each round, as new
shared weights would. Beside it, random subspaces of the same size, with nothing
inherited, and the whole pool at once, at the same number of evaluations.
Regret is how far the chosen network lies below the best one within the window
of costs.
"""

import functools
import pathlib
from collections.abc import Callable, Sequence

import numpy as np
from absl import app, flags

from nse_tf.costs import BudgetError, CostModel
from nse_tf.events import WinnerChosen
from nse_tf.evolution.proposals import propose_paths
from nse_tf.jobs import (
    ChildrenEvaluated,
    ChildTrained,
    EvaluateChildren,
    Genes,
    Job,
    Result,
    SupernetTrained,
    TrainSupernet,
)
from nse_tf.methods import Done, SpaceEvolution, SpaceEvolutionConfig, Wait
from nse_tf.methods.nse_aims import Aims
from nse_tf.ranking import read_table
from nse_tf.ranking.nasbench201 import NB201Table
from nse_tf.significance import half_interval
from nse_tf.spaces import SearchSpace

TABLE = flags.DEFINE_string("table", None, "CSV of all cells.", required=True)
COLUMN = flags.DEFINE_string(
    "column", "cifar10_test", "Column with accuracies, in percent."
)
SEEDS = flags.DEFINE_integer("seeds", 100, "Searches of each kind.")
ACTIVE = flags.DEFINE_integer("active", 3, "Active ops of an edge at a time.")
ROUNDS = flags.DEFINE_integer("rounds", 4, "Rounds of each search.")
PROPOSALS = flags.DEFINE_integer("proposals", 40, "Networks evaluated a round.")
NOISE = flags.DEFINE_float(
    "noise", 1.0, "Deviation of an evaluation, in percent."
)
TARGET_M = flags.DEFINE_float("target_m", 130.0, "MACs aimed at, in millions.")
WINDOW = flags.DEFINE_float("window", 0.4, "Half of the window to the target.")


_MOST_DRAWS = 100


class TableWorker:
    """Answers jobs from the table.

    Args:
        table: Accuracies.
        seed: Seed of the noise.
    """

    def __init__(self, table: NB201Table, seed: int) -> None:
        self._table = table
        self._truth = table.column(COLUMN.value)
        self._rng = np.random.default_rng([seed, 1])
        self.num_evaluated = 0

    def truth(self, paths: np.ndarray) -> np.ndarray:
        """Returns what cells reach, as a share."""
        found: np.ndarray = self._truth[self._table.indices_of(paths)] / 100
        return found

    def evaluated(self, paths: np.ndarray) -> np.ndarray:
        """Returns what a supernet might say of cells."""
        self.num_evaluated += len(paths)
        noise = self._rng.normal(0, NOISE.value / 100, len(paths))
        return self.truth(paths) + noise

    def run(self, job: Job) -> Result:
        """Returns a job's result."""
        match job:
            case TrainSupernet():
                return SupernetTrained(
                    losses=(),
                    angle_sums=(),
                    backbone_sums=(0.0, 1.0, 1.0),
                    seconds=0.0,
                )
            case EvaluateChildren():
                paths = np.array(job.children)[:, :, 0]
                return ChildrenEvaluated(
                    accuracies=tuple(self.evaluated(paths)), seconds=0.0
                )
        return ChildTrained(
            losses=(),
            validation_accuracy=0.0,
            model_file="",
            model_sha256="",
            seconds=0.0,
        )


def evolved(space: SearchSpace, worker: TableWorker, seed: int) -> np.ndarray:
    """Returns the path that an evolving space ends with."""
    method = SpaceEvolution(CostModel(space), config=config(seed))
    while not isinstance(job := method.ask(), Done | Wait):
        method.tell(job.id, worker.run(job))
    return np.array(method.noted(WinnerChosen)[-1].path)


def config(seed: int) -> SpaceEvolutionConfig:
    """Returns the numbers of a search."""
    return SpaceEvolutionConfig(
        num_active=ACTIVE.value,
        max_rounds=ROUNDS.value,
        target=TARGET_M.value * 1e6 or None,
        window=WINDOW.value,
        window_shift=0.0,
        num_proposals=PROPOSALS.value,
        num_extra=0,
        seed=seed,
    )


def drawn(
    space: SearchSpace, worker: TableWorker, seed: int, count: int, active: int
) -> np.ndarray:
    """Returns the path of best evaluation in random subspaces, one a round.

    Args:
        space: The pool.
        worker: Evaluates.
        seed: Seed of the draws.
        count: Networks evaluated altogether.
        active: Ops of each edge that a subspace has.
    """
    rng = np.random.default_rng([seed, 2])
    aims = SpaceEvolution(CostModel(space), config=config(seed)).aims
    paths, accuracies = [], []
    for part in np.array_split(np.arange(count), ROUNDS.value):
        genes = _proposed(space, aims, len(part), active, rng)
        some = np.array(genes)[:, :, 0]
        paths.append(some)
        accuracies.append(worker.evaluated(some))
    best: np.ndarray = np.concatenate(paths)[
        int(np.concatenate(accuracies).argmax())
    ]
    return best


def _proposed(
    space: SearchSpace,
    aims: Aims,
    count: int,
    active: int,
    rng: np.random.Generator,
) -> tuple[Genes, ...]:
    """Returns networks of a random subspace that has any in the window."""
    for _ in range(_MOST_DRAWS):
        subspace = space.restrict(
            [
                rng.permutation(np.array(indices))[:active].tolist()
                for indices in space.active
            ]
        )
        try:
            return propose_paths(
                subspace, aims.costing, aims.window, count, rng
            ).genes
        except BudgetError:
            continue
    raise BudgetError("No random subspace reaches into the window.")


def print_line(
    name: str, regrets: Sequence[float], of_evolved: Sequence[float]
) -> None:
    """Prints mean regret, and how it differs from that of evolution."""
    mean, deviation = np.mean(regrets), np.std(regrets, ddof=1)
    line = f"{name}: regret {mean:.3f} ± {deviation:.3f} points"
    if regrets is not of_evolved:
        gap = np.subtract(regrets, of_evolved)
        half = half_interval(gap)
        line += (
            f"; evolution better by {gap.mean():.3f} (95 % interval "
            f"{gap.mean() - half:.3f} to {gap.mean() + half:.3f})"
        )
    print(line, flush=True)


def main(argv: Sequence[str]) -> None:
    """Compares three ways to spend the same number of evaluations."""
    del argv
    table = read_table(pathlib.Path(TABLE.value))
    space = table.space
    aims = SpaceEvolution(CostModel(space), config=config(0)).aims
    costs = CostModel(space).path_costs("macs", table.paths)
    is_within = (costs > aims.window.low) & (costs <= aims.window.high)
    best = table.column(COLUMN.value)[is_within].max()
    print(f"{is_within.sum()} cells within the window, the best {best:.2f} %")
    regrets: dict[str, list[float]] = {}
    evaluated = []
    for seed in range(SEEDS.value):
        worker = TableWorker(table, seed)
        path = evolved(space, worker, seed)
        count = worker.num_evaluated
        evaluated.append(count)
        ways: dict[str, Callable[[], np.ndarray]] = {
            "evolving space": functools.partial(np.asarray, path),
            "random subspaces": functools.partial(
                drawn, space, worker, seed, count, ACTIVE.value
            ),
            "whole pool": functools.partial(
                drawn, space, worker, seed, count, 5
            ),
        }
        for name, way in ways.items():
            found = 100 * worker.truth(way()[None])[0]
            regrets.setdefault(name, []).append(best - found)
    print(f"networks evaluated: {np.mean(evaluated):.0f} in the mean")
    for name, values in regrets.items():
        print_line(name, values, regrets["evolving space"])


if __name__ == "__main__":
    app.run(main)
