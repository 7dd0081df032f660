"""Shrinking alone: the space that is left is the answer."""

from typing import Any

from nse_tf.costs import Budget, CostModel
from nse_tf.events import SpaceAtStage
from nse_tf.methods.method import Method, Plan
from nse_tf.methods.one_shot_config import OneShotConfig
from nse_tf.methods.search_settings import search_settings
from nse_tf.methods.shrinking_steps import (
    Shrinking,
    require_shrinkable,
    shrink,
)
from nse_tf.spaces import SearchSpace


class SpaceShrinking(Method):
    """The first half of `OneShotSearch`, for searches of any kind to follow.

    Args:
        model: Cost model; its space is the one to shrink.
        budget: What children that score operators must fit.
        config: The numbers of the search. As many networks are left within
            the budget as `exploring` would evaluate, but no more are asked for
            than `shrinking.stop_size`.

    Raises:
        BudgetError: If nothing in the space can fit the budget.
        ValueError: If `config.shrinking` is None, or a warm-up is asked for
            that the space cannot have.
    """

    def __init__(
        self,
        model: CostModel,
        budget: Budget = Budget(),
        config: OneShotConfig = OneShotConfig(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(config.objective)
        model = config.final_costs(model)
        budget.check_reachable(model)
        require_shrinkable(model.space, config.shrinking, config.score)
        if config.shrinking is None:
            raise ValueError(
                "`config.shrinking` is None, so nothing would be shrunk: give "
                "it a ShrinkSchedule."
            )
        self.model = model
        self.budget = budget
        self.config = config
        self._schedule = config.shrinking

    @property
    def space(self) -> SearchSpace:
        """The space as it was before anything was dropped."""
        return self.model.space

    def describe(self) -> dict[str, Any]:
        """Returns all settings as a JSON value; states are matched by it."""
        return search_settings(
            "space_shrinking", self.model, self.budget, self.config
        )

    def plan(self) -> Plan:
        """Yields lists of jobs; is sent the list of their results."""
        config, schedule = self.config, self._schedule
        shrinking = Shrinking(
            schedule=schedule,
            scoring=config.scoring,
            training=config.training,
            # A search may follow, but no more is asked for than the schedule.
            least_left=min(config.exploring.num_children, schedule.stop_size),
        )
        yield from shrink(self, self.model, self.budget, shrinking)

    @property
    def left(self) -> SearchSpace:
        """The space as it stands, after the stages that were done."""
        return self.space.restrict(self.noted(SpaceAtStage)[-1].active)
