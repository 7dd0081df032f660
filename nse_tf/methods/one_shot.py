"""One-shot search: train a supernet, shrink its space by angle, explore it.

The plan of SPOS, with ABS in front of it: train the supernet by uniform single
paths; drop the operators with the smallest angle scores, train on, until the
space is small; train a fresh supernet on what is left, longer if it stays at
chance; let an explorer evaluate children with inherited weights; measure the
best ones whole where the budget limits latency or size; train a few children
alone to see how far the ranking holds; train the winner alone, from fresh
weights or from those it inherits. Under another budget the plan may begin at
the explorer, with a supernet that an earlier search trained.
"""

import dataclasses
from typing import Any, ClassVar

import numpy as np

from nse_tf.costs import Budget, BudgetError, CostModel, sample_within
from nse_tf.jobs import Teacher, WeightRule
from nse_tf.methods.final_training import (
    check_ranking,
    pick_finalists,
    train_finalists,
)
from nse_tf.methods.final_training_config import LARGEST
from nse_tf.methods.learned_exploring import LearnedExploring
from nse_tf.methods.method import Method, Plan, Steps
from nse_tf.methods.one_shot_config import OneShotConfig
from nse_tf.methods.search_settings import search_settings
from nse_tf.methods.shrinking_steps import (
    Shrinking,
    note_space,
    require_shrinkable,
    shrink,
)
from nse_tf.methods.supernet_training import (
    EarlierSupernet,
    Stretch,
    SupernetTraining,
)
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
        earlier: The supernet of an earlier search of the space, by any budget,
            which is explored at once: nothing is shrunk or trained before, and
            no ranking is checked. None trains one.

    Attributes:
        NAME: The method's name in settings.

    Raises:
        BudgetError: If nothing in the space can fit the budget, or in what an
            earlier search left of it.
        ValueError: If a warm-up is asked for that the space cannot have.
    """

    NAME: ClassVar[str] = "one_shot"

    def __init__(
        self,
        model: CostModel,
        budget: Budget = Budget(),
        config: OneShotConfig = OneShotConfig(),  # noqa: B008 - frozen
        earlier: EarlierSupernet | None = None,
    ) -> None:
        super().__init__(config.objective)
        model = config.final_costs(model)
        budget.check_reachable(model)
        if earlier is not None:
            _check_left(model, budget, earlier)
        require_shrinkable(model.space, config.shrinking, config.score)
        self.model = model
        self.budget = budget
        self.config = config
        self.earlier = earlier

    @property
    def space(self) -> SearchSpace:
        """The space as it was before anything was dropped."""
        return self.model.space

    def describe(self) -> dict[str, Any]:
        """Returns all settings as a JSON value; states are matched by it."""
        settings = search_settings(
            self.NAME, self.model, self.budget, self.config
        )
        if self.earlier is not None:
            settings["earlier"] = self.earlier.trained.weights
        return settings

    def plan(self) -> Plan:
        """Yields lists of jobs; is sent the list of their results."""
        config, budget, earlier = self.config, self.budget, self.earlier
        space = yield from self._space_to_explore()
        model = dataclasses.replace(self.model, space=space)
        exploring = LearnedExploring(
            method=self, model=model, budget=budget, config=config
        )
        if earlier is None:
            ranked, weights = yield from exploring.steps(
                *self._search_training(space)
            )
        else:
            ranked = yield from exploring.again(earlier)
            weights = earlier.trained.weights
        finalists = yield from pick_finalists(
            self, ranked, model, budget, config
        )
        if earlier is None:
            yield from check_ranking(self, ranked, config)
        inherits = weights if config.child_start == "inherited" else None
        teacher = self._teacher(model, weights)
        yield from train_finalists(
            self, finalists, model, budget, config, inherits, teacher
        )

    def _teacher(self, model: CostModel, weights: str) -> Teacher | None:
        """Returns the largest network that was explored, if it teaches.

        Args:
            model: Cost model of the space that was explored.
            weights: Reference of the weights of the supernet.
        """
        if self.config.teacher != LARGEST:
            return None
        _, largest = model.extremes("macs")
        return Teacher(
            source="supernet",
            child=largest.genes,
            weights=weights,
            calibration_images=self.config.calibration_images,
        )

    def _space_to_explore(self) -> Steps[SearchSpace]:
        """Returns what shrinking leaves of the space, now or earlier."""
        config = self.config
        if self.earlier is None and config.shrinking is not None:
            shrinking = Shrinking(
                schedule=config.shrinking,
                scoring=config.scoring,
                training=config.training,
                least_left=config.exploring.num_children,
            )
            return (yield from shrink(self, self.model, self.budget, shrinking))
        space = self.space
        if self.earlier is not None:
            space = space.restrict(self.earlier.active)
        note_space(self, space, stage=0)
        return space

    def _search_training(
        self, space: SearchSpace
    ) -> tuple[SupernetTraining, Stretch]:
        """Returns how the supernet that is explored is trained, and how long.

        Args:
            space: What shrinking left.
        """
        del space
        config = self.config
        if config.paths == "uniform":
            return config.training, Stretch(epochs=config.search_epochs)
        training = dataclasses.replace(
            config.training,
            weights=WeightRule(rule="sandwich", num_random=config.random_paths),
            architecture=None,
        )
        passes = 2 + config.random_paths
        epochs = max(1, round(config.search_epochs / passes))
        return training, Stretch(epochs=epochs)


def _check_left(
    model: CostModel, budget: Budget, earlier: EarlierSupernet
) -> None:
    """Refuses a budget that nothing fits of what an earlier search left.

    Raises:
        BudgetError: If nothing does; says what there is.
    """
    left = model.space.restrict(earlier.active)
    model = dataclasses.replace(model, space=left)
    try:
        budget.check_reachable(model)
        sample_within(model, budget, np.random.default_rng(0), 1)
    except BudgetError as error:
        raise BudgetError(
            f"Of the space, {left.size:,} networks are left that the supernet "
            f"was trained for, and none has {budget}: "
            f"{str(error).removesuffix('.')}. Loosen the limit, or search the "
            "whole space in a folder of its own (--run_dir)."
        ) from error
