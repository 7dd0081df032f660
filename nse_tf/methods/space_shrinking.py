"""Shrinking alone: the space that is left is the answer."""

from typing import Any

from nse_tf.costs import Budget, CostModel
from nse_tf.methods.method import Plan
from nse_tf.methods.one_shot import OneShotSearch
from nse_tf.methods.one_shot_config import OneShotConfig
from nse_tf.spaces import SearchSpace


class SpaceShrinking(OneShotSearch):
    """The first half of `OneShotSearch`, for searches of any kind to follow.

    Args:
        model: Prices the children; its space is the one to shrink.
        budget: What children that score operators must fit.
        config: The numbers of the search. As many networks are left within
            the budget as `exploring` would judge, but no more are asked for
            than `shrinking.stop_size`.

    Raises:
        BudgetError: If nothing in the space can fit the budget.
        ValueError: If `config.shrinking` is None.
    """

    def __init__(
        self,
        model: CostModel,
        budget: Budget = Budget(),
        config: OneShotConfig = OneShotConfig(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(model, budget, config)
        if config.shrinking is None:
            raise ValueError(
                "`config.shrinking` is None, so nothing would be shrunk: give "
                "it a ShrinkSchedule."
            )
        self._schedule = config.shrinking

    def describe(self) -> dict[str, Any]:
        """Returns all settings as a JSON value; states are matched by it."""
        return {**super().describe(), "method": "space_shrinking"}

    def plan(self) -> Plan:
        """Yields lists of jobs; is sent the list of their results."""
        self._note_space(self.space, stage=0)
        yield from self._shrink(self._schedule)

    @property
    def _least_left(self) -> int:
        """A search may follow, but no more is asked for than the schedule."""
        return min(super()._least_left, self._schedule.stop_size)

    @property
    def left(self) -> SearchSpace:
        """The space as it stands, after the stages that were done."""
        spaces = [each for each in self.history if each["event"] == "space"]
        return self.space.restrict(spaces[-1]["active"])
