"""One-shot search: train a supernet, shrink its space by angle, explore it.

The plan of SPOS, with ABS in front of it: train the supernet by uniform single
paths; drop the operators with the smallest angle scores, train on, until the
space is small; train a supernet anew on what is left; let an explorer judge
children with inherited weights; measure the best ones whole where the budget
speaks of latency or size; train the winner alone.
"""

import dataclasses
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.evolution import Exploration, ExplorerConfig, explore, pareto_front
from nse_tf.jobs import (
    ChildrenEvaluated,
    ChildrenMeasured,
    ChildTrained,
    EvaluateChildren,
    Failed,
    Genes,
    Job,
    MeasureChildren,
    Result,
    SupernetTrained,
    TrainChild,
    TrainSupernet,
)
from nse_tf.methods.method import Method, Plan, SearchError
from nse_tf.shrinking import AngleSums, ShrinkSchedule, operator_scores
from nse_tf.spaces import SearchSpace

Steps = Generator[Sequence[Job], list[Result], Any]


@dataclasses.dataclass(frozen=True)
class OneShotConfig:
    """The numbers of a one-shot search.

    The defaults are those of SPOS after ABS, for ImageNet on many GPUs; the
    command line has presets for less.

    Attributes:
        explorer: `evolution`, `random` or `regularized_evolution`.
        exploring: How the explorer looks around.
        shrinking: How the space is shrunk first; None searches it whole.
        search_epochs: Epochs of the supernet that is explored.
        learning_rates: At the start and the end of that training, and of the
            shrinking altogether.
        children_per_operator: Children that an operator's angle is averaged
            over.
        calibration_images: Training images for a child's batch norm.
        children_per_job: Most children that one job evaluates.
        num_finalists: How many children are trained alone; the best is kept.
        child_epochs: Epochs of such a training.
        retrain_on_all: Whether the winner's training takes in the validation
            part, which the search no longer needs.
        measured_at_once: How many candidates are measured whole at a time.
        precision: Of the file that a latency or size limit speaks of.
        num_threads: Of the interpreter that a latency limit speaks of.
        seed: Of everything drawn.

    References:
        Guo et al., Single Path One-Shot NAS (2019):
        https://arxiv.org/abs/1904.00420. Hu et al., ABS (2020):
        https://arxiv.org/abs/2004.13431.
    """

    explorer: str = "evolution"
    exploring: ExplorerConfig = ExplorerConfig()
    shrinking: ShrinkSchedule | None = ShrinkSchedule()
    search_epochs: int = 100
    learning_rates: tuple[float, float] = (0.25, 5e-4)
    children_per_operator: int = 1000
    calibration_images: int = 20_000
    children_per_job: int = 50
    num_finalists: int = 1
    child_epochs: int = 240
    retrain_on_all: bool = True
    measured_at_once: int = 5
    precision: str = "fp32"
    num_threads: int = 1
    seed: int = 0


class OneShotSearch(Method):
    """SPOS's search, with or without ABS's shrinking before it.

    Args:
        model: Prices the children; its space is the one to search.
        budget: What the network handed over must fit.
        config: The numbers of the search.

    Raises:
        BudgetError: If nothing in the space can fit the budget.
    """

    def __init__(
        self,
        model: CostModel,
        budget: Budget = Budget(),  # noqa: B008 - frozen
        config: OneShotConfig = OneShotConfig(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__()
        budget.check_reachable(model)
        self.model = model
        self.budget = budget
        self.config = config
        self._num_jobs = 0

    @property
    def space(self) -> SearchSpace:
        """The space as it was before anything was dropped."""
        return self.model.space

    def describe(self) -> dict[str, Any]:
        """Returns all settings as a JSON value; states are matched by it."""
        table = self.model.table
        return {
            "method": "one_shot",
            "space": self.space.fingerprint,
            "active": [list(indices) for indices in self.space.active],
            "budget": dataclasses.asdict(self.budget),
            "table": None if table is None else table.fingerprint,
            **dataclasses.asdict(
                self.config,
                dict_factory=lambda pairs: {
                    name: list(value) if isinstance(value, tuple) else value
                    for name, value in pairs
                },
            ),
        }

    def plan(self) -> Plan:
        """Yields lists of jobs; is sent the list of their results."""
        self._num_jobs = 0
        self._note_space(self.space, stage=0)
        space = self.space
        if self.config.shrinking is not None:
            space = yield from self._shrink(self.config.shrinking)
        model = dataclasses.replace(self.model, space=space)
        yield from self._train(space, self.config.search_epochs, 0)
        state = yield from self._explore(model)
        finalists = yield from self._pick(state)
        yield from self._train_finalists(finalists)

    def _job_id(self, what: str) -> str:
        """Returns an id that tells order and kind."""
        self._num_jobs += 1
        return f"{self._num_jobs - 1:05d}_{what}"

    def _rng(self, what: int) -> np.random.Generator:
        """Returns a generator for one purpose, exact by seed."""
        return np.random.default_rng([self.config.seed, what, self._num_jobs])

    def _note_space(self, space: SearchSpace, **facts: Any) -> None:
        self.note(
            "space",
            active=[list(indices) for indices in space.active],
            size=str(space.size),
            num_operators=len(space.operators),
            **facts,
        )

    def _train(
        self,
        space: SearchSpace,
        epochs: int,
        stage: int,
        learning_rates: tuple[float, float] | None = None,
        start_from: str = "fresh",
        base: str = "initial",
    ) -> Steps:
        """Trains the supernet; returns the result."""
        job = TrainSupernet(
            self._job_id(TrainSupernet.KIND),
            space.active,
            epochs,
            learning_rates or self.config.learning_rates,
            start_from,
            base,
            self.config.seed,
        )
        (result,) = yield [job]
        trained = _require(result, SupernetTrained, job.id)
        self.note(
            "supernet_trained",
            job=job.id,
            stage=stage,
            losses=list(trained.losses),
            seconds=trained.seconds,
        )
        return trained

    def _shrink(self, schedule: ShrinkSchedule) -> Steps:
        """Drops operators stage by stage; returns the space that is left."""
        space, stage, base = self.space, 0, "initial"
        done, total = 0, schedule.total_epochs
        while not schedule.is_done(space, stage):
            epochs = schedule.other_epochs if stage else schedule.first_epochs
            trained = yield from self._train(
                space,
                epochs,
                stage,
                self._rates(done / total, (done + epochs) / total),
                "previous" if stage else "fresh",
                base,
            )
            done += epochs
            scores = operator_scores(
                dataclasses.replace(self.model, space=space),
                AngleSums.from_result(trained),
                self.budget,
                self._rng(1),
                self.config.children_per_operator,
            )
            self.note(
                "scored",
                stage=stage,
                score="angle",
                scores=[
                    [None if np.isnan(each) else float(each) for each in row]
                    for row in scores
                ],
            )
            space, dropped = schedule.shrink(space, scores)
            resets = schedule.resets_base(stage, len(dropped))
            base = "reset" if resets else "previous"
            stage += 1
            self._note_space(
                space, stage=stage, dropped=[list(each) for each in dropped]
            )
        return space

    def _rates(self, start: float, end: float) -> tuple[float, float]:
        """Returns the learning rates of a stretch of one linear schedule."""
        first, last = self.config.learning_rates
        start, end = min(start, 1.0), min(end, 1.0)
        return first + (last - first) * start, first + (last - first) * end

    def _explore(self, model: CostModel) -> Steps:
        """Judges children with inherited weights; returns the exploration."""
        state = Exploration(
            model, self.budget, self.config.exploring, self._rng(2)
        )
        explorer = explore(self.config.explorer, state)
        paths = next(explorer, None)
        generation = 0
        while paths is not None:
            fitness = yield from self._evaluate(paths)
            self._note_generation(model, generation, paths, fitness)
            generation += 1
            try:
                paths = explorer.send(fitness)
            except StopIteration:
                paths = None
        if not np.isfinite(state.fitness).any():
            raise SearchError(
                "No child could be evaluated; see the failed jobs."
            )
        return state

    def _evaluate(self, paths: np.ndarray) -> Steps:
        """Returns the accuracy of each path; -inf where its job failed."""
        size = self.config.children_per_job
        shards = [paths[i : i + size] for i in range(0, len(paths), size)]
        jobs = [
            EvaluateChildren(
                self._job_id(EvaluateChildren.KIND),
                tuple(_genes(path) for path in shard),
                self.config.calibration_images,
            )
            for shard in shards
        ]
        results = yield jobs
        fitness: list[float] = []
        for job, result in zip(jobs, results, strict=True):
            if isinstance(result, Failed):
                self.note("failed", job=job.id, error=result.error)
                fitness += [-np.inf] * len(job.children)
            else:
                fitness += _require(
                    result, ChildrenEvaluated, job.id
                ).accuracies
        return np.array(fitness)

    def _note_generation(
        self,
        model: CostModel,
        generation: int,
        paths: np.ndarray,
        fitness: np.ndarray,
    ) -> None:
        self.note(
            "generation",
            generation=generation,
            paths=paths.tolist(),
            accuracies=[float(each) if each >= 0 else None for each in fitness],
            **{
                name: model.path_costs(name, paths).tolist()
                for name in model.names
            },
        )

    def _pick(self, state: Exploration) -> Steps:
        """Returns the (path, accuracy) pairs to train, best first.

        Where the budget speaks of what only a measurement tells, candidates
        are measured whole, in order of accuracy, until enough of them fit.
        """
        order = [
            i for i in state.best(len(state.paths)) if state.fitness[i] >= 0
        ]
        ranked = [(state.paths[i], state.fitness[i]) for i in order]
        costs = state.model.path_costs("macs", np.array([p for p, _ in ranked]))
        front = pareto_front(costs, np.array([a for _, a in ranked]))
        self.note("front", paths=[ranked[i][0].tolist() for i in front])
        if not self.budget.needs_table:
            return ranked[: self.config.num_finalists]
        fitting: list[tuple[np.ndarray, float]] = []
        closest = np.inf
        for start in range(0, len(ranked), self.config.measured_at_once):
            some = ranked[start : start + self.config.measured_at_once]
            excesses = yield from self._measure(
                state.model, [p for p, _ in some]
            )
            closest = min(closest, *excesses)
            fitting += [
                each
                for each, excess in zip(some, excesses, strict=True)
                if not excess
            ]
            if len(fitting) >= self.config.num_finalists:
                break
        if not fitting:
            raise BudgetError(
                f"None of the {len(ranked)} judged networks meets {self.budget} "
                f"as measured; the closest misses it by {closest:.1%}. Allow "
                "more, or measure the cost table again on a quiet machine."
            )
        return fitting[: self.config.num_finalists]

    def _measure(self, model: CostModel, paths: list[np.ndarray]) -> Steps:
        """Returns by how much each path misses the budget, as measured."""
        job = MeasureChildren(
            self._job_id(MeasureChildren.KIND),
            tuple(_genes(path) for path in paths),
            self.config.precision,
            self.config.num_threads,
        )
        (result,) = yield [job]
        measured = _require(result, ChildrenMeasured, job.id)
        excesses = []
        for path, latency_ms, size_bytes in zip(
            paths, measured.latencies_ms, measured.sizes_bytes, strict=True
        ):
            predicted = model.costs(model.space.genotype(path.tolist()))
            costs = {
                **predicted,
                "latency_ms": latency_ms,
                "size_bytes": size_bytes,
            }
            excesses.append(self.budget.excess(costs))
            self.note(
                "measured", path=path.tolist(), predicted=predicted, costs=costs
            )
        return excesses

    def _train_finalists(
        self, finalists: list[tuple[np.ndarray, float]]
    ) -> Steps:
        """Trains the finalists alone, then the winner on all data if asked."""
        is_contest = len(finalists) > 1
        uses_validation = self.config.retrain_on_all and not is_contest
        trained = yield from self._train_children(finalists, uses_validation)
        best = int(np.argmax([each.validation_accuracy for each in trained]))
        winner = trained[best]
        if is_contest and self.config.retrain_on_all:
            (winner,) = yield from self._train_children([finalists[best]], True)
        path, inherited = finalists[best]
        self.note(
            "winner",
            path=path.tolist(),
            inherited_accuracy=inherited,
            validation_accuracy=winner.validation_accuracy,
            model_file=winner.model_file,
            costs=self.model.costs(self.space.genotype(path.tolist())),
        )

    def _train_children(
        self, finalists: list[tuple[np.ndarray, float]], uses_validation: bool
    ) -> Steps:
        jobs = [
            TrainChild(
                self._job_id(TrainChild.KIND),
                _genes(path),
                self.config.child_epochs,
                uses_validation,
                accuracy,
                self.config.seed,
            )
            for path, accuracy in finalists
        ]
        results = yield jobs
        trained = [
            _require(result, ChildTrained, job.id)
            for job, result in zip(jobs, results, strict=True)
        ]
        for job, result in zip(jobs, trained, strict=True):
            self.note(
                "child_trained",
                job=job.id,
                path=[gene[0] for gene in job.child],
                uses_validation=uses_validation,
                inherited_accuracy=job.inherited_accuracy,
                **dataclasses.asdict(result),
            )
        return trained


def _genes(path: np.ndarray) -> Genes:
    return tuple((int(index),) for index in path)


def _require(result: Result, kind: type[Any], job_id: str) -> Any:
    """Returns a result of the wanted kind, or ends the search saying why."""
    if isinstance(result, kind):
        return result
    reason = result.error if isinstance(result, Failed) else f"got {result!r}"
    raise SearchError(f"Job {job_id!r} failed, and nothing follows: {reason}")
