"""One-shot search: train a supernet, shrink its space by angle, explore it.

The plan of SPOS, with ABS in front of it: train the supernet by uniform single
paths; drop the operators with the smallest angle scores, train on, until the
space is small; train a supernet anew on what is left; let an explorer judge
children with inherited weights; measure the best ones whole where the budget
speaks of latency or size; train a few children alone to see how far the
ranking holds; train the winner alone.
"""

import dataclasses
import hashlib
import json
from typing import Any, NamedTuple

import numpy as np

from nse_tf.costs import Budget, CostModel
from nse_tf.evolution import Exploration, explore, pareto_front
from nse_tf.jobs import (
    ArchitectureRule,
    RateSchedule,
    Start,
    SupernetTrained,
    TrainSupernet,
    weights_of,
)
from nse_tf.methods.evaluating import evaluate_children, genes_of
from nse_tf.methods.final_training import (
    EvaluatedChild,
    check_ranking,
    pick_finalists,
    train_finalists,
)
from nse_tf.methods.method import Method, Plan, SearchError, Steps, require
from nse_tf.methods.one_shot_config import OneShotConfig
from nse_tf.methods.warm_up import require_progressive_depth, warm_up
from nse_tf.shrinking import (
    ShrinkSchedule,
    keeps_enough,
)
from nse_tf.spaces import SearchSpace


class _Trained(NamedTuple):
    """What a training came back with, and a reference of its weights."""

    result: SupernetTrained
    weights: str


class OneShotSearch(Method):
    """SPOS's search, with or without ABS's shrinking before it.

    Unlike ABS's, its one budget bounds the children that score operators as
    well as those that are explored, and shrinking leaves as many networks
    within it as are to be explored.

    Args:
        model: Prices the children; its space is the one to search.
        budget: What the network handed over must fit.
        config: The numbers of the search.

    Raises:
        BudgetError: If nothing in the space can fit the budget.
        ValueError: If a warm-up is asked for that the space cannot have.
    """

    def __init__(
        self,
        model: CostModel,
        budget: Budget = Budget(),
        config: OneShotConfig = OneShotConfig(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__()
        budget.check_reachable(model)
        require_progressive_depth(model.space, config)
        self.model = model
        self.budget = budget
        self.config = config

    @property
    def space(self) -> SearchSpace:
        """The space as it was before anything was dropped."""
        return self.model.space

    def describe(self) -> dict[str, Any]:
        """Returns all settings as a JSON value; states are matched by it.

        `op_costs` names all that the cost model tells, measured rows included.
        """
        op_costs = [
            [name, self.model.backbone[name], table.tolist()]
            for name, table in self.model.by_operator.items()
        ]
        return {
            "method": "one_shot",
            "space": self.space.fingerprint,
            "active": self.space.active,
            "prices": hashlib.sha256(json.dumps(op_costs).encode()).hexdigest(),
            "budget": dataclasses.asdict(self.budget),
            **dataclasses.asdict(self.config),
        }

    def plan(self) -> Plan:
        """Yields lists of jobs; is sent the list of their results."""
        self._note_space(self.space, stage=0)
        space = self.space
        if self.config.shrinking is not None:
            space = yield from self._shrink(self.config.shrinking)
        trained = yield from self._train(space, self.config.search_epochs, 0)
        model = dataclasses.replace(self.model, space=space)
        ranked = yield from self._explore(model, trained)
        finalists = yield from pick_finalists(
            self, ranked, model, self.budget, self.config
        )
        yield from check_ranking(self, ranked, self.config)
        yield from train_finalists(self, finalists, model, self.config)

    def _rng(self, purpose: int) -> np.random.Generator:
        """Returns a generator for one purpose, exact by seed."""
        return np.random.default_rng(
            [self.config.seed, purpose, self._num_jobs]
        )

    def _note_space(self, space: SearchSpace, **facts: Any) -> None:
        self.note(
            "space",
            active=space.active,
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
        start: Start = Start(),  # noqa: B008 - frozen
        base: str = "initial",
    ) -> Steps[_Trained]:
        """Trains the supernet, anew or on from previous weights."""
        first, last = learning_rates or self.config.learning_rates
        job = TrainSupernet(
            id=self.new_job_id(TrainSupernet.KIND),
            active=space.active,
            epochs=epochs,
            schedule=RateSchedule(first=first, last=last),
            seed=self.config.seed,
            architecture=ArchitectureRule(rule="beside")
            if self.config.scoring.needs_architecture
            else None,
            start=start,
            base=base,
        )
        (result,) = yield [job]
        trained = require(result, SupernetTrained, job)
        self.note(
            "supernet_trained",
            job=job.id,
            stage=stage,
            losses=trained.losses,
            seconds=trained.seconds,
        )
        return _Trained(trained, weights_of(job.id, trained))

    def _shrink(self, schedule: ShrinkSchedule) -> Steps[SearchSpace]:
        """Drops operators stage by stage; returns the space that is left."""
        space, stage, base, num_epochs = self.space, 0, "initial", 0
        start = Start()
        if not schedule.is_done(space, stage):
            start = yield from warm_up(self, space, self.config)
        if start != Start():
            base = "reset"  # The weights right after the last insertion.
        is_allowed = keeps_enough(self.model, self.budget, self._least_left)
        while not schedule.is_done(space, stage):
            epochs = schedule.other_epochs if stage else schedule.first_epochs
            trained = yield from self._train(
                space,
                epochs,
                stage,
                self._rates(
                    num_epochs / schedule.total_epochs,
                    (num_epochs + epochs) / schedule.total_epochs,
                ),
                start,
                base,
            )
            start = Start(source="previous", weights=trained.weights)
            num_epochs += epochs
            scores = yield from self.config.scoring.steps(
                self,
                dataclasses.replace(self.model, space=space),
                self.budget,
                trained.result,
                trained.weights,
                self._rng(1),
                stage,
            )
            self.note(
                "scored",
                stage=stage,
                score=self.config.score,
                scores=scores.tolist(),
            )
            space, dropped = schedule.shrink(space, scores, is_allowed)
            if not dropped:
                break
            num_gone = len(self.space.operators) - len(space.operators)
            resets = schedule.resets_base(num_gone, len(dropped))
            base = "reset" if resets else "previous"
            stage += 1
            self._note_space(space, stage=stage, dropped=dropped)
        return space

    @property
    def _least_left(self) -> int:
        """How many networks within the budget no stage may go below."""
        return self.config.exploring.num_children

    def _rates(self, start: float, end: float) -> tuple[float, float]:
        """Returns the learning rates of a stretch of one linear schedule."""
        first, last = self.config.learning_rates
        start, end = min(start, 1.0), min(end, 1.0)
        return first + (last - first) * start, first + (last - first) * end

    def _explore(
        self, model: CostModel, trained: _Trained
    ) -> Steps[list[EvaluatedChild]]:
        """Judges children with inherited weights; returns them best first."""
        state = Exploration(
            model=model,
            budget=self.budget,
            config=self.config.exploring,
            rng=self._rng(2),
        )
        explorer = explore(self.config.explorer, state)
        generation = 0
        paths = next(explorer, None)
        while paths is not None:
            fitness = yield from evaluate_children(
                self,
                genes_of(paths),
                trained.weights,
                generation=generation,
                calibration_images=self.config.calibration_images,
                children_per_job=self.config.children_per_job,
            )
            self.note(
                "generation",
                generation=generation,
                paths=paths.tolist(),
                accuracies=fitness.tolist(),
                **{
                    name: model.path_costs(name, paths).tolist()
                    for name in model.names
                },
            )
            generation += 1
            try:
                paths = explorer.send(fitness)
            except StopIteration:
                paths = None
        return self._ranked(state)

    def _ranked(self, state: Exploration) -> list[EvaluatedChild]:
        """Returns the children that could be judged, best first.

        Of children of equal accuracy the one with fewer MACs is better.
        """
        if not np.isfinite(state.fitness).any():
            raise SearchError(
                "No child could be evaluated; see the failed jobs."
            )
        macs = state.model.path_costs("macs", np.array(state.paths))
        ranked = [
            EvaluatedChild(tuple(state.paths[i].tolist()), state.fitness[i])
            for i in np.lexsort((macs, -np.array(state.fitness)))
            if np.isfinite(state.fitness[i])
        ]
        front = pareto_front(
            state.model.path_costs(
                "macs", np.array([child.path for child in ranked])
            ),
            np.array([child.accuracy for child in ranked]),
        )
        self.note("front", paths=[ranked[i].path for i in front])
        return ranked
