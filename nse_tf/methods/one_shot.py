"""One-shot search: train a supernet, shrink its space by angle, explore it.

The plan of SPOS, with ABS in front of it: train the supernet by uniform single
paths; drop the operators with the smallest angle scores, train on, until the
space is small; train a fresh supernet on what is left, longer if it stays at
chance; let an explorer evaluate children with inherited weights; measure the
best ones whole where the budget limits latency or size; train a few children
alone to see how far the ranking holds; train the winner alone, from fresh
weights or from those it inherits.
"""

import dataclasses
from typing import Any, ClassVar

from nse_tf.costs import Budget, CostModel
from nse_tf.methods.final_training import (
    check_ranking,
    pick_finalists,
    train_finalists,
)
from nse_tf.methods.learned_exploring import LearnedExploring
from nse_tf.methods.method import Method, Plan
from nse_tf.methods.one_shot_config import OneShotConfig
from nse_tf.methods.search_settings import search_settings
from nse_tf.methods.shrinking_steps import Shrinking, note_space, shrink
from nse_tf.methods.supernet_training import Stretch, SupernetTraining
from nse_tf.methods.warm_up import require_progressive_depth
from nse_tf.spaces import SearchSpace


class OneShotSearch(Method):
    """SPOS's search, with or without ABS's shrinking before it.

    Unlike ABS's, its one budget bounds the children that score operators as
    well as those that are explored, and shrinking leaves as many networks
    within it as are to be explored.

    Args:
        model: Cost model; its space is the one to search.
        budget: What the winner must fit.
        config: The numbers of the search.

    Attributes:
        NAME: The method's name in settings.

    Raises:
        BudgetError: If nothing in the space can fit the budget.
        ValueError: If a warm-up is asked for that the space cannot have.
    """

    NAME: ClassVar[str] = "one_shot"

    def __init__(
        self,
        model: CostModel,
        budget: Budget = Budget(),
        config: OneShotConfig = OneShotConfig(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(config.objective)
        model = config.final_costs(model)
        budget.check_reachable(model)
        require_progressive_depth(model.space, config.shrinking)
        self.model = model
        self.budget = budget
        self.config = config

    @property
    def space(self) -> SearchSpace:
        """The space as it was before anything was dropped."""
        return self.model.space

    def describe(self) -> dict[str, Any]:
        """Returns all settings as a JSON value; states are matched by it."""
        return search_settings(self.NAME, self.model, self.budget, self.config)

    def plan(self) -> Plan:
        """Yields lists of jobs; is sent the list of their results."""
        config, budget, space = self.config, self.budget, self.space
        if config.shrinking is None:
            note_space(self, space, stage=0)
        else:
            shrinking = Shrinking(
                schedule=config.shrinking,
                scoring=config.scoring,
                training=config.training,
                least_left=config.exploring.num_children,
            )
            space = yield from shrink(self, self.model, budget, shrinking)
        training, stretch = self._search_training(space)
        model = dataclasses.replace(self.model, space=space)
        exploring = LearnedExploring(
            method=self,
            model=model,
            budget=budget,
            config=config,
            training=training,
            stretch=stretch,
        )
        ranked, weights = yield from exploring.steps()
        finalists = yield from pick_finalists(
            self, ranked, model, budget, config
        )
        yield from check_ranking(self, ranked, config)
        inherits = weights if config.child_start == "inherited" else None
        yield from train_finalists(
            self, finalists, model, budget, config, inherits
        )

    def _search_training(
        self, space: SearchSpace
    ) -> tuple[SupernetTraining, Stretch]:
        """Returns how the supernet that is explored is trained, and how long.

        Args:
            space: What shrinking left.
        """
        del space
        return self.config.training, Stretch(epochs=self.config.search_epochs)
