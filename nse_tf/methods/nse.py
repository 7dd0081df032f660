"""NSE: the search space itself evolves.

A few ops of each cell are active at a time. They are trained side by side, with
fitness indicators. Networks are drawn by the indicators and evaluated with the
shared weights, and so are, again, the best of all rounds before. The ops that
the new front uses stay, locked, and unseen ops of the pool replace the others.
After the last round the best network of the front is trained alone.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.costs.cost_names import MICRO
from nse_tf.events import (
    NetworksProposed,
    OpsInherited,
    PoolState,
    SpaceAtStage,
    known,
    table_of_known,
)
from nse_tf.evolution.pools import Pools, num_rounds
from nse_tf.evolution.proposals import (
    Proposals,
    Window,
    propose,
    propose_paths,
)
from nse_tf.jobs import Genes
from nse_tf.methods.evaluating import EvaluatedChild
from nse_tf.methods.final_training import (
    check_ranking,
    pick_finalists,
    train_finalists,
)
from nse_tf.methods.inheritance import (
    branch_angles,
    inherited,
    operator_angles,
)
from nse_tf.methods.method import Method, Plan, SearchError, Steps
from nse_tf.methods.nse_aims import Aims
from nse_tf.methods.nse_config import SpaceEvolutionConfig
from nse_tf.methods.nse_rounds import (
    Round,
    evaluate,
    path_of,
    train_branches,
    train_paths,
)
from nse_tf.methods.search_settings import search_settings
from nse_tf.methods.start_states import StartState
from nse_tf.spaces import SearchSpace

_MOST_WIDENINGS = 8
_PURPOSES = {"pools": 0, "proposals": 1, "extra": 2}


class SpaceEvolution(Method):
    """NSE's search, over multi-branch cells or single-path choice blocks.

    Choice blocks that open one op, as those of chains and of cells, have no
    fitness indicators: their supernet is trained by uniform single paths,
    nothing is dropped on the way, and proposals are drawn uniformly.

    Args:
        model: Cost model; the active ops of its space are the pool.
        budget: What the winner must fit.
        config: The numbers of the search.
        start: State of an earlier search to continue; None starts from scratch.

    Raises:
        BudgetError: If no network of the pool has the cost that is aimed at, or
            fits the budget.
        ValueError: If the numbers do not fit the pool.

    References:
        Ci et al., Evolving Search Space for Neural Architecture Search (2021):
        https://arxiv.org/abs/2011.10904, by its code. Where we differ: batch
        norm of a proposal is calibrated from scratch, not from the running
        statistics of the supernet; the front of a `start` is evaluated again at
        once; the draw of proposals is bent where indicators alone
        would hardly ever meet the window.
    """

    def __init__(
        self,
        model: CostModel,
        budget: Budget = Budget(),
        config: SpaceEvolutionConfig = SpaceEvolutionConfig(),  # noqa: B008
        start: StartState | None = None,
    ) -> None:
        super().__init__(config.objective)
        model = config.final_costs(model)
        self.model, self.budget, self.config = model, budget, config
        self._start = start
        self._is_branched = model.space.opens_subsets
        budget.check_reachable(model)
        self.aims = Aims.chosen(model, budget, config)
        if not self._is_branched and config.inherit_by != "front":
            raise ValueError(
                f"`inherit_by` {config.inherit_by!r} is for multi-branch "
                "cells; other spaces are inherited by 'front'."
            )
        self._first_pools()  # Refuses what does not fit.

    @property
    def space(self) -> SearchSpace:
        """The whole pool."""
        return self.model.space

    @property
    def num_rounds(self) -> int:
        """Most rounds; fewer where nothing unseen is left."""
        if self.config.max_rounds is not None:
            return self.config.max_rounds
        size = max(map(len, self.space.active))
        return num_rounds(size, self.config.num_active)

    def describe(self) -> dict[str, Any]:
        """Returns all settings as a JSON value; states are matched by it."""
        start = self._start
        settings = search_settings(
            "space_evolution", self.model, self.budget, self.config
        )
        settings["start"] = None if start is None else dataclasses.asdict(start)
        return settings

    def plan(self) -> Plan:
        """Yields lists of jobs; is sent the list of their results."""
        pools = self._first_pools()
        front = [
            EvaluatedChild(path_of(self.space, genes), np.nan)
            for genes in (self._start.front if self._start else ())
        ]
        ranked: list[EvaluatedChild] = []
        for number in range(self.num_rounds):
            self._note_pools(pools, number)
            trained = yield from self._train(pools, number)
            new, extra = self._proposals(trained)
            ranked, front = yield from evaluate(
                self,
                self.model,
                trained,
                (new.genes, extra, front),
                self.aims,
                self.config,
            )
            pools = self._evolved(pools, trained, new, front)
            if not any(pools.entered):
                break
        fitting = self._fitting(front, ranked)
        finalists = yield from pick_finalists(
            self, fitting, self.model, self.budget, self.config
        )
        yield from check_ranking(self, ranked, self.config)
        yield from train_finalists(
            self, finalists, self.model, self.budget, self.config
        )

    def _rng(self, purpose: str, number: int) -> np.random.Generator:
        """Returns a generator for one purpose of one round, exact by seed."""
        return np.random.default_rng(
            [self.config.seed, _PURPOSES[purpose], number]
        )

    def _first_pools(self) -> Pools:
        start = self._start
        return Pools.initial(
            self.space,
            self.config.num_active,
            self._rng("pools", 0),
            None if start is None else start.locked,
            None if start is None else start.seen,
        )

    def _note_pools(self, pools: Pools, number: int) -> None:
        space = self.space.restrict(pools.active)
        self.note(
            SpaceAtStage(
                stage=number,
                active=pools.active,
                size=space.size,
                num_operators=len(space.operators),
                pools=PoolState(
                    locked=pools.locked,
                    entered=pools.entered,
                    num_pending=tuple(len(each) for each in pools.pending),
                ),
            )
        )

    def _train(self, pools: Pools, number: int) -> Steps[Round]:
        """Trains a round's active ops, from fresh weights."""
        if self._is_branched:
            return train_branches(self, pools, self.aims, self.config, number)
        return train_paths(self, pools, self.space, self.config, number)

    def _proposals(self, trained: Round) -> tuple[Proposals, Sequence[Genes]]:
        """Returns a round's proposals, and extra ones below the window.

        Where none lie below the window, there are no extra ones.
        """
        new, window = self._reached(trained)
        self.note(
            NetworksProposed(
                stage=trained.number,
                num_proposals=len(new.genes),
                bend=new.bend,
                shift=new.shift,
                window=(known(window.low), known(window.high)),
            )
        )
        if not self.config.num_extra or not self.aims.has_extra:
            return new, ()
        try:
            return new, self._drawn(
                trained, self.aims.extra_window, "extra"
            ).genes
        except BudgetError:
            return new, ()

    def _reached(self, trained: Round) -> tuple[Proposals, Window]:
        """Returns proposals, and the window that they were found in.

        The pool reaches the window that is aimed at, but what is active of it
        need not; then the window is widened until it does.
        """
        window = self.aims.window
        for _ in range(_MOST_WIDENINGS):
            try:
                return self._drawn(trained, window, "proposals"), window
            except BudgetError:
                half = window.high - window.low  # Of the next, twice as wide.
                window = Window(window.middle - half, window.middle + half)
        return self._drawn(trained, window, "proposals"), window

    def _drawn(self, trained: Round, window: Window, purpose: str) -> Proposals:
        space = self.space.restrict(trained.left)
        rng = self._rng(purpose, trained.number)
        is_extra = purpose == "extra"
        count = self.config.num_extra if is_extra else self.config.num_proposals
        costing = self.aims.costing
        fits = self._fits_others if self._others.limits else None
        if not self._is_branched:
            return propose_paths(space, costing, window, count, rng, fits)
        return propose(
            space, trained.probabilities, costing, window, count, rng, fits
        )

    @property
    def _others(self) -> Budget:
        """Limits that no window holds: on memory, and on several devices."""
        kinds = list(MICRO)
        if isinstance(self.budget.latency_ms, Mapping):
            kinds.append("latency_ms")
        return self.budget.limited_to(*kinds)

    def _fits_others(self, genes: Genes) -> bool:
        """Whether a network keeps such limits, as predicted."""
        costs = self.model.costs(self.space.genotype(genes))
        return self._others.fits(costs)

    def _evolved(
        self,
        pools: Pools,
        trained: Round,
        new: Proposals,
        front: Sequence[EvaluatedChild],
    ) -> Pools:
        """Returns the next round's pools."""
        scores = np.full((len(self.space.blocks), self.space.max_candidates), 0)
        if trained.result.architecture is not None:
            scores = operator_angles(
                self.space, new.genes, branch_angles(trained.result, new.genes)
            )
        kept = inherited(
            trained.left,
            [child.genes for child in front],
            scores,
            self.config.inherit_by,
        )
        self.note(
            OpsInherited(
                stage=trained.number,
                kept=kept,
                angles=table_of_known(scores) if self._is_branched else None,
            )
        )
        return pools.inherit(kept, self.config.num_active)

    def _fitting(
        self, front: Sequence[EvaluatedChild], ranked: Sequence[EvaluatedChild]
    ) -> list[EvaluatedChild]:
        """Returns what may win: the front first, then the others.

        Raises:
            SearchError: If nothing fits the budget.
        """
        best = sorted(front, key=lambda child: -child.accuracy)
        others = [child for child in ranked if child not in best]
        fitting = [
            child
            for child in (*best, *others)
            if self.budget.fits(
                self.model.costs(self.space.genotype(child.path))
            )
        ]
        if not fitting:
            raise SearchError(
                f"None of the {len(best) + len(others)} networks of the last "
                f"round has {self.budget}. Aim lower, or allow more."
            )
        return fitting
