"""ProxylessNAS: architecture parameters that learn by binary gates.

A step of the weights trains one path, drawn by the architecture parameters; a
step of these opens one path, too, and holds it against one other candidate of
each block, or against all; or it compares the accuracies of several paths, by
REINFORCE. Their softmax also says what a network is expected
to cost, which may be penalized. In the end the likeliest network that keeps the
budget is trained alone.
"""

import dataclasses
from typing import Any

import numpy as np

from nse_tf.costs import Budget, CostModel
from nse_tf.events import NetworkDerived, ParametersTrained
from nse_tf.evolution.likeliest import likeliest_within
from nse_tf.jobs import (
    ArchitectureRule,
    ArchitectureTrained,
    RateSchedule,
    Start,
    SupernetTrained,
    TrainSupernet,
    WeightRule,
    weights_of,
)
from nse_tf.methods.chance import judge_supernet
from nse_tf.methods.cost_target import CostTarget
from nse_tf.methods.evaluating import EvaluatedChild
from nse_tf.methods.exploring_steps import evaluate_paths
from nse_tf.methods.final_training import (
    check_ranking,
    pick_finalists,
    train_finalists,
)
from nse_tf.methods.method import (
    Method,
    Plan,
    Steps,
    require,
    require_architecture,
)
from nse_tf.methods.proxylessnas_config import ProxylessNASConfig
from nse_tf.methods.search_settings import search_settings
from nse_tf.methods.shrinking_steps import (
    note_space,
    require_shrinkable,
    shrink,
)
from nse_tf.methods.supernet_training import note_stage
from nse_tf.spaces import SearchSpace

# What generators are drawn for; see `Method.new_rng`.
DERIVING = 3
_RULES = {"two": "two_gates", "full": "full_gates", "reinforce": "reinforce"}


class ProxylessNAS(Method):
    """ProxylessNAS's search, with or without ABS's shrinking before it.

    Args:
        model: Cost model; its space is the one to search.
        budget: What the winner must fit.
        config: The numbers of the search.

    Raises:
        BudgetError: If nothing in the space can fit the budget, or cost what
            is aimed at.
        ValueError: If the space cannot have the gates or the shrinking that
            are asked for.

    References:
        Cai et al., ProxylessNAS (2019): https://arxiv.org/abs/1812.00332, by
        its code. Where we differ: the network that is derived keeps the budget
        (see `likeliest_within`); a penalty's logarithms are those of single
        MACs or microseconds; batch norm's statistics stay in architecture
        steps, and are estimated anew for a network that is evaluated.
    """

    def __init__(
        self,
        model: CostModel,
        budget: Budget = Budget(),
        config: ProxylessNASConfig = ProxylessNASConfig(),  # noqa: B008
    ) -> None:
        super().__init__(config.objective)
        model = config.final_costs(model)
        budget.check_reachable(model)
        if config.shrinking is not None:
            require_shrinkable(
                model.space,
                config.shrinking.schedule,
                config.shrinking.scoring.score,
            )
        self.model, self.budget, self.config = model, budget, config
        self.gates = _gates(model.space, config.gates)
        self._target = CostTarget.chosen(
            model, budget, config.cost, config.target
        )

    @property
    def space(self) -> SearchSpace:
        """The space as it was before anything was dropped."""
        return self.model.space

    def describe(self) -> dict[str, Any]:
        """Returns all settings as a JSON value; states are matched by it."""
        return search_settings(
            "proxylessnas", self.model, self.budget, self.config
        )

    def plan(self) -> Plan:
        """Yields lists of jobs; is sent the list of their results."""
        config, budget, space = self.config, self.budget, self.space
        if config.shrinking is None:
            note_space(self, space, stage=0)
        else:
            training = dataclasses.replace(
                config.shrinking.training, seed=config.seed
            )
            shrinking = dataclasses.replace(config.shrinking, training=training)
            space = yield from shrink(self, self.model, budget, shrinking)
        model = dataclasses.replace(self.model, space=space)
        architecture, weights = yield from self._train(model)
        derived = yield from self._derived(model, architecture, weights)
        finalists = yield from pick_finalists(
            self, derived, model, budget, config
        )
        evaluated = [each for each in derived if np.isfinite(each.accuracy)]
        ranked = sorted(evaluated, key=lambda child: -child.accuracy)
        yield from check_ranking(self, ranked, config)
        yield from train_finalists(self, finalists, model, budget, config)

    def _train(
        self, model: CostModel
    ) -> Steps[tuple[ArchitectureTrained, str]]:
        """Warms up, then trains weights and parameters side by side."""
        config, start = self.config, Start()
        if config.warmup_epochs:
            job = self._job(
                model,
                epochs=config.warmup_epochs,
                rate=config.warmup_learning_rate,
                epochs_without=config.warmup_epochs,
                start=start,
            )
            trained = yield from self._trained(job, model)
            start = Start(
                source="previous", weights=weights_of(job.id, trained)
            )
        job = self._job(
            model,
            epochs=config.search_epochs,
            rate=config.learning_rate,
            epochs_without=config.epochs_without,
            start=start,
        )
        trained = yield from self._trained(job, model)
        return require_architecture(trained, job), weights_of(job.id, trained)

    def _job(
        self,
        model: CostModel,
        *,
        epochs: int,
        rate: float,
        epochs_without: int,
        start: Start,
    ) -> TrainSupernet:
        config = self.config
        return TrainSupernet(
            id=self.new_job_id(TrainSupernet.KIND),
            active=model.space.active,
            epochs=epochs,
            schedule=RateSchedule(kind="cosine", first=rate),
            seed=config.seed,
            weights=WeightRule(rule="by_mixing_weights"),
            architecture=self._rule(model, epochs_without),
            start=start,
            base="initial" if start.source == "fresh" else "previous",
        )

    def _rule(self, model: CostModel, epochs_without: int) -> ArchitectureRule:
        """Returns what trains the architecture parameters."""
        config, target = self.config, self._target.of(model)
        penalties = (
            target.penalty("reward_factor", 1.0, config.reward_exponent)
            if self.gates == "reinforce"
            else target.penalty(
                config.penalty_form,
                config.coefficient,
                config.penalty_exponent,
            )
        )
        return ArchitectureRule(
            rule=_RULES[self.gates],
            rate=config.architecture_rate,
            betas=config.architecture_betas,
            weight_decay=0.0,
            deviation=config.architecture_deviation,
            period=config.architecture_every,
            epochs_without=epochs_without,
            penalties=penalties,
            networks_per_step=config.networks_per_step,
            baseline_rate=config.baseline_rate,
        )

    def _trained(
        self, job: TrainSupernet, model: CostModel
    ) -> Steps[SupernetTrained]:
        """Trains, and notes what came of it."""
        (result,) = yield [job]
        trained = require(result, SupernetTrained, job)
        architecture = require_architecture(trained, job)
        # One that continues the warm-up is a later stage of one training.
        note_stage(self, job, trained, stage=int(job.start != Start()))
        target = self._target.of(model)
        self.note(
            ParametersTrained(
                job=job.id,
                active=job.active,
                losses=architecture.losses,
                history=architecture.history,
                cost=target.cost,
                target=target.value,
                expected=tuple(
                    target.expected(_spread(model.space, each))
                    for each in architecture.history
                ),
            )
        )
        return trained

    def _derived(
        self, model: CostModel, architecture: ArchitectureTrained, weights: str
    ) -> Steps[list[EvaluatedChild]]:
        """Returns the likeliest networks within the budget, the best first.

        They are evaluated, too, but one that could not be is as likely as ever.

        Raises:
            BudgetError: If none is found.
        """
        found = likeliest_within(
            model,
            self.budget,
            np.array(architecture.probabilities),
            self.config.num_derived,
            self.new_rng(self.config.seed, DERIVING),
        )
        space = model.space
        unbounded = tuple(found.unbounded.tolist())
        paths = [tuple(path) for path in found.paths.tolist()]
        self.note(
            NetworkDerived(
                likeliest=unbounded,
                path=paths[0],
                likeliest_costs=model.costs(space.genotype(unbounded)),
                costs=model.costs(space.genotype(paths[0])),
                log_odds=float(found.log_odds[0]),
                is_proven=found.is_proven,
            )
        )
        accuracies = yield from evaluate_paths(
            self, model, found.paths, weights, self.config.evaluating
        )
        judge_supernet(self, accuracies)
        return [
            EvaluatedChild(path, float(accuracy))
            for path, accuracy in zip(paths, accuracies, strict=True)
        ]


def _gates(space: SearchSpace, gates: str | None) -> str:
    """Returns the gates of a search.

    Raises:
        ValueError: If networks of the space cannot have those asked for, or a
            block has no candidate.
    """
    for block, indices in zip(space.blocks, space.active, strict=True):
        if not indices:
            raise ValueError(
                "ProxylessNAS opens one candidate of each block, but block "
                f"{block.name!r} has none that is active."
            )
    # REINFORCE only runs paths, as all networks can.
    possible = (*space.skeleton.gates, "reinforce")
    if gates is not None and gates not in possible:
        raise ValueError(
            f"`gates` is {gates!r}, but ProxylessNAS on networks with the "
            f"skeleton {space.skeleton.kind!r} has {' or '.join(possible)}."
        )
    return gates or possible[0]


def _spread(
    space: SearchSpace, history: tuple[tuple[float, ...], ...]
) -> np.ndarray:
    """Returns probabilities of active candidates by index of candidate."""
    found = np.zeros((len(space.blocks), space.max_candidates))
    for row, indices, values in zip(found, space.active, history, strict=True):
        row[list(indices)] = values
    return found
