"""The compiled update of a supernet, as its recipe says."""

import numpy as np

from nse_tf.supernet import WeightSharing
from nse_tf.training.lazy_sgd import LazySGD
from nse_tf.training.recipes import SupernetRecipe
from nse_tf.training.steps import TrainingStep, statistics_of


def supernet_step(
    supernet: WeightSharing,
    recipe: SupernetRecipe,
    row_kernel_sizes: dict[int, np.ndarray],
) -> tuple[LazySGD, TrainingStep]:
    """Returns the optimizer, momenta zero, and the update that it is part of.

    Args:
        supernet: The supernet.
        recipe: The numbers of a step.
        row_kernel_sizes: See `LazySGD`.
    """
    optimizer = LazySGD(
        supernet.trainable_variables,
        row_kernel_sizes,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
        clip_norm=recipe.clip_norm,
        names_rows_once=True,  # A pass does, and passes are summed by row.
    )
    step = TrainingStep(
        lambda images, open_branches: supernet(
            images, open_branches, training=True
        ),
        optimizer,
        augmentation=recipe.augmentation,
        label_smoothing=recipe.label_smoothing,
        class_weights=recipe.class_weights,
        statistics=statistics_of(supernet),
        rows_open=supernet.rows_open,
    )
    return optimizer, step
