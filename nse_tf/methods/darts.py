"""DARTS: train a mixture of all candidates, then draw the network from it.

The weights train through the mixture on training images, the architecture
parameters that mix it on validation images, in turn. At the end the parameters
say which ops are drawn; the network is trained alone.
"""

import dataclasses
from typing import Any

from nse_tf.costs import Budget, CostModel
from nse_tf.jobs import SupernetTrained, weights_of
from nse_tf.methods.darts_config import DartsConfig
from nse_tf.methods.discretizing import drawn_within, likeliest
from nse_tf.methods.method import (
    Method,
    Plan,
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
from nse_tf.methods.search_settings import search_settings
from nse_tf.methods.shrinking_steps import require_shrinkable
from nse_tf.methods.supernet_training import Stretch, note_stage
from nse_tf.spaces import SearchSpace


class DartsSearch(Method):
    """DARTS's search, with or without ABS's shrinking before it.

    Unlike DARTS's, it bends the network that is drawn to a budget; says when
    the cell that it draws has collapsed to skip connections; and can stop
    before that, after RobustDARTS.

    Args:
        model: Cost model; its space of cells is the one to search.
        budget: What the network must fit.
        config: The numbers of the search.

    Raises:
        BudgetError: If nothing in the space can fit the budget.
        ValueError: If the space has no cells, or a warm-up is asked for that it
            cannot have.

    References:
        Liu et al., DARTS (2019): https://arxiv.org/abs/1806.09055; Hu et al.,
        ABS (2020): https://arxiv.org/abs/2004.13431; Zela et al., RobustDARTS
        (2020): https://arxiv.org/abs/1909.09656.
    """

    def __init__(
        self,
        model: CostModel,
        budget: Budget = Budget(),
        config: DartsConfig = DartsConfig(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(config.objective)
        require_cells(model.space, "DARTS")
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
        return search_settings("darts", self.model, self.budget, self.config)

    def plan(self) -> Plan:
        """Yields lists of jobs; is sent the list of their results."""
        config, budget = self.config, self.budget
        space = yield from shrink_first(self, self.model, budget, config)
        model = dataclasses.replace(self.model, space=space)
        job = config.training.job(
            self, space, Stretch(epochs=config.search_epochs)
        )
        (result,) = yield [job]
        trained = require(result, SupernetTrained, job)
        note_stage(self, job, trained, stage=0)
        final = note_mixture(
            self, model, budget, require_architecture(trained, job), job
        )
        drawn = drawn_within(
            model, budget, final, self.new_rng(config.seed, DRAWING)
        )
        note_cell(self, model, likeliest(space, final), drawn)
        weights = weights_of(job.id, trained)
        yield from train_drawn(self, drawn.path, weights, model, budget, config)
