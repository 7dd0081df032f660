"""FairNAS: SPOS's plan with a supernet that is trained by strict fairness.

Each step of the weights opens every op of every choice block once, on one
batch, and makes one update of it all, so that no op is ahead of another because
it was drawn more often.
"""

import dataclasses

from nse_tf.costs import Budget, CostModel
from nse_tf.jobs import WeightRule
from nse_tf.methods.one_shot import OneShotSearch
from nse_tf.methods.one_shot_config import OneShotConfig
from nse_tf.methods.supernet_training import (
    EarlierSupernet,
    Stretch,
    SupernetTraining,
)
from nse_tf.shrinking import PUBLISHED_SCHEDULES, ShrinkSchedule
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.open_branches import max_open


@dataclasses.dataclass(frozen=True, kw_only=True)
class FairNASConfig(OneShotConfig):
    """The numbers of a search by FairNAS.

    The defaults are those of FairNAS after ABS; see `OneShotConfig` for them
    and for the other attributes. ABS explores by SPOS's evolution, FairNAS's
    own paper by NSGA-II: `explorer="nsga2"`.

    Attributes:
        shrinking: How the space is shrunk first; the lowest op of each block
            goes, so that the lists stay equally long. None searches it whole.
        search_epochs: What the training of the supernet that is explored may
            cost, in epochs of single paths: a step of so many passes as the
            longest list has ops counts as so many steps.

    References:
        Chu et al., FairNAS (2019): https://arxiv.org/abs/1907.01845. Hu et
        al., ABS (2020), code of FairNAS: https://arxiv.org/abs/2004.13431.
        Their batch is 1024 at a rate of 0.5 for the search, twice that of
        shrinking; ours is the same for both, and so is the rate.
    """

    shrinking: ShrinkSchedule | None = PUBLISHED_SCHEDULES["fairnas"]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.paths != "uniform":
            raise ValueError(
                f"`paths` is {self.paths!r}, but FairNAS opens each op of a "
                "block once a step: leave it out, or take SPOS."
            )

    @classmethod
    def like(cls, numbers: OneShotConfig) -> "FairNASConfig":
        """Returns the numbers of a one-shot search, with FairNAS's dropping.

        Args:
            numbers: The search. Its published schedule is replaced by that of
                FairNAS, another one drops the lowest op of each block.
        """
        shrinking = numbers.shrinking
        if shrinking == ShrinkSchedule():
            shrinking = PUBLISHED_SCHEDULES["fairnas"]
        elif shrinking is not None:
            shrinking = dataclasses.replace(
                shrinking, rule="each_block", drop_per_stage=1
            )
        fields = {
            field.name: getattr(numbers, field.name)
            for field in dataclasses.fields(OneShotConfig)
        }
        return cls(**{**fields, "shrinking": shrinking})


class FairNAS(OneShotSearch):
    """FairNAS's search, with or without ABS's shrinking before it.

    Shrinking trains by uniform single paths, as in ABS's code.

    Args:
        model: Cost model; its space is the one to search.
        budget: What the winner must fit.
        config: The numbers of the search.
        earlier: See `OneShotSearch`.

    Raises:
        BudgetError: If nothing in the space can fit the budget.
        ValueError: If choice blocks open several ops, or a warm-up is asked for
            that the space cannot have.

    References:
        Chu et al., FairNAS (2019): https://arxiv.org/abs/1907.01845. Lists of
        unequal length, which the paper does not have: a shorter one is dealt
        again, and the gradients of what that repeats are averaged.
    """

    NAME = "fairnas"

    def __init__(
        self,
        model: CostModel,
        budget: Budget = Budget(),
        config: FairNASConfig = FairNASConfig(),
        earlier: EarlierSupernet | None = None,
    ) -> None:
        if max_open(model.space) > 1:
            raise ValueError(
                "FairNAS opens the ops of a choice block one after another, "
                f"but space {model.space.name!r} opens several at once: use "
                "--method=nse or spos."
            )
        super().__init__(model, budget, config, earlier)

    def _search_training(
        self, space: SearchSpace
    ) -> tuple[SupernetTraining, Stretch]:
        """Returns how the supernet that is explored is trained."""
        training = dataclasses.replace(
            self.config.training,
            weights=WeightRule(rule="fair"),
            architecture=None,
        )
        passes = max(map(len, space.active))
        epochs = max(1, round(self.config.search_epochs / passes))
        return training, Stretch(epochs=epochs)
