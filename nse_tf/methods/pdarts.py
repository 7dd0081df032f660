"""P-DARTS: mix candidates in stages that deepen the network and narrow it.

Each stage trains a new supernet, deeper than the one before, and new
architecture parameters; then each edge loses its least probable ops. After the
last stage the network is drawn, with few skip connections, and trained alone.
"""

import dataclasses
from typing import Any

import numpy as np

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.events import SkipsLimited, SpaceAtStage
from nse_tf.jobs import SupernetTrained, weights_of
from nse_tf.methods.discretizing import (
    Drawn,
    drawn_within,
    num_skips,
    with_few_skips,
)
from nse_tf.methods.method import (
    Method,
    Plan,
    Steps,
    require,
    require_architecture,
)
from nse_tf.methods.mixture_steps import (
    DRAWING,
    note_cell,
    note_mixture,
    require_cells,
    shrink_first,
    train_drawn,
)
from nse_tf.methods.narrowing import narrowed, num_kept, without_none
from nse_tf.methods.pdarts_config import PDartsConfig
from nse_tf.methods.search_settings import search_settings
from nse_tf.methods.shrinking_steps import note_space, require_shrinkable
from nse_tf.methods.supernet_training import Stretch, note_stage
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.cell_text import format_cells

# What generators are drawn for; see `Method.new_rng`.
_STAGE = 4
# The published search lists cells of at most this many skips, down to none.
MOST_LISTED = 8


class PDartsSearch(Method):
    """P-DARTS's search, with or without ABS's shrinking before it.

    Unlike P-DARTS's, it bends the network that is drawn to a budget. After a
    shrinking that dropped anything it has its last stage only.

    Args:
        model: Cost model; its space of cells is the one to search.
        budget: What the network must fit.
        config: The numbers of the search.

    Raises:
        BudgetError: If nothing in the space can fit the budget.
        ValueError: If the space has no cells, or a warm-up is asked for that it
            cannot have.

    References:
        Chen et al., P-DARTS (2019): https://arxiv.org/abs/1904.12760; Hu et
        al., ABS (2020): https://arxiv.org/abs/2004.13431.
    """

    def __init__(
        self,
        model: CostModel,
        budget: Budget = Budget(),
        config: PDartsConfig = PDartsConfig(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(config.objective)
        require_cells(model.space, "P-DARTS")
        model = config.final_costs(model)
        budget.check_reachable(model)
        require_shrinkable(model.space, config.shrinking, config.score)
        self.model = model
        self.budget = budget
        self.config = config

    @property
    def space(self) -> SearchSpace:
        """The space as it was before anything was dropped."""
        return self.model.space

    def describe(self) -> dict[str, Any]:
        """Returns all settings as a JSON value; states are matched by it."""
        return search_settings("pdarts", self.model, self.budget, self.config)

    def plan(self) -> Plan:
        """Yields lists of jobs; is sent the list of their results."""
        config, budget = self.config, self.budget
        first = yield from shrink_first(self, self.model, budget, config)
        stages = config.stages(first.active != self.space.active)
        model = dataclasses.replace(self.model, space=first)
        for number, stage in enumerate(stages):
            probabilities, weights = yield from self._trained(model, stage)
            last = model
            counts = [
                num_kept(len(indices), number, len(stages))
                for indices in first.active
            ]
            model = self._narrowed(model, probabilities, counts)
        self._note_skips(last.space, probabilities)
        drawable, drawn = self._drawn(last, probabilities)
        likeliest = with_few_skips(
            drawable.space, probabilities, config.max_skips
        )
        note_cell(self, drawable, likeliest, drawn)
        yield from train_drawn(
            self, drawn.path, weights, drawable, budget, config
        )

    def _trained(
        self, model: CostModel, stage: int
    ) -> Steps[tuple[np.ndarray, str]]:
        """Trains a stage from nothing; returns probabilities and weights."""
        config, space = self.config, model.space
        seed = int(self.new_rng(config.seed, _STAGE).integers(2**31))
        stretch = Stretch(
            epochs=config.stage_epochs,
            num_cells=config.num_cells(space.as_cells().skeleton, stage),
        )
        job = config.training(stage, seed).job(self, space, stretch)
        (result,) = yield [job]
        trained = require(result, SupernetTrained, job)
        # Each is a training of its own, which calls itself stage 0.
        note_stage(self, job, trained, stage=0)
        architecture = require_architecture(trained, job)
        probabilities = note_mixture(
            self, model, self.budget, architecture, job
        )
        return probabilities, weights_of(job.id, trained)

    def _narrowed(
        self, model: CostModel, probabilities: np.ndarray, counts: list[int]
    ) -> CostModel:
        """Drops each edge's least probable ops, and notes what is left.

        After the last stage `none` is gone, too. Where no network of what is
        left would keep the budget, the ops of the one stay that would be drawn
        now.
        """
        is_last = set(counts) == {1}
        space = without_none(model.space) if is_last else model.space
        left = narrowed(space, probabilities, counts)
        if not is_last and not self._can_keep_budget(model, left):
            _, drawn = self._drawn(model, probabilities)
            left = narrowed(space, probabilities, counts, drawn.path)
        dropped = set(model.space.operators) - set(left.operators)
        stage = self.noted(SpaceAtStage)[-1].stage + 1
        note_space(self, left, stage, sorted(dropped))
        return dataclasses.replace(model, space=left)

    def _can_keep_budget(self, model: CostModel, space: SearchSpace) -> bool:
        """Whether a network of a space was found that keeps the budget."""
        try:
            self._drawn(
                dataclasses.replace(model, space=space),
                np.zeros((len(space.blocks), space.max_candidates)),
            )
        except BudgetError:
            return False
        return True

    def _drawn(
        self, model: CostModel, probabilities: np.ndarray
    ) -> tuple[CostModel, Drawn]:
        """Returns the network that probabilities speak for within the budget.

        `none` is only drawn where the budget cannot be kept without it.

        Returns:
            The model of the space that it was drawn from, and the network.

        Raises:
            BudgetError: If no network within the budget was found.
        """
        plain = dataclasses.replace(model, space=without_none(model.space))
        try:
            return plain, self._drawn_from(plain, probabilities)
        except BudgetError:
            return model, self._drawn_from(model, probabilities)

    def _drawn_from(self, model: CostModel, probabilities: np.ndarray) -> Drawn:
        """Returns the network within the budget, of few skips; see `_drawn`."""
        self.budget.check_reachable(model)  # Sooner than by many samples.
        return drawn_within(
            model,
            self.budget,
            probabilities,
            self.new_rng(self.config.seed, DRAWING),
            self.config.max_skips,
        )

    def _note_skips(
        self, space: SearchSpace, probabilities: np.ndarray
    ) -> None:
        """Notes the cells of at most so many skips, whatever they cost."""
        space = without_none(space)
        limits = tuple(range(MOST_LISTED, -1, -1))
        paths = tuple(
            with_few_skips(space, probabilities, most) for most in limits
        )
        self.note(
            SkipsLimited(
                cell_kind=space.as_cells().skeleton.cell_kinds[0],
                chosen=self.config.max_skips,
                limits=limits,
                paths=paths,
                num_skips=tuple(num_skips(space, path) for path in paths),
                genotypes=tuple(
                    format_cells(space, space.genotype(path)) for path in paths
                ),
            )
        )
