"""What the tuners have in common that train weights through a mixture."""

import dataclasses
from typing import ClassVar

from nse_tf.costs import Budget
from nse_tf.spaces import SearchSpace
from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.tuners.efforts import Effort
from nse_tf.tuners.weight_sharing_tuner import Config, WeightSharingTuner


class MixtureTuner(WeightSharingTuner[Config]):
    """A search whose weights are trained through a mixture.

    An effort says how large its batches are and how images are varied; the
    other numbers of a step are those of the paper. See `WeightSharingTuner` for
    arguments.
    """

    # How the paper trains the weights.
    mixed_recipe: ClassVar[SupernetRecipe]

    def _numbers(
        self,
        space: SearchSpace,
        budget: Budget,
        effort: Effort,
        config: Config | None,
    ) -> tuple[Config, SupernetRecipe, ChildRecipe]:
        """Returns the configuration and the recipes to start from."""
        numbers, supernet, child = super()._numbers(
            space, budget, effort, config
        )
        mixed = dataclasses.replace(
            self.mixed_recipe, augmentation=supernet.augmentation
        )
        if config is None:
            mixed = dataclasses.replace(mixed, batch_size=supernet.batch_size)
        return numbers, mixed, child
