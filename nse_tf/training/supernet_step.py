"""The compiled update of a supernet, as its recipe says."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from nse_tf.jobs import Genes
from nse_tf.supernet import (
    ExtraSkips,
    MixedTrainingSupernet,
    SeatingSupernet,
    SkipDropout,
    WeightSharing,
)
from nse_tf.training.first_pass import FirstPassTeaches
from nse_tf.training.lazy_sgd import LazySGD
from nse_tf.training.rate_factors import rate_factors
from nse_tf.training.recipes import SupernetRecipe
from nse_tf.training.steps import TrainingStep, statistics_of


def supernet_step(
    supernet: WeightSharing,
    recipe: SupernetRecipe,
    row_kernel_sizes: Mapping[int, np.ndarray | tf.Variable],
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
        rate_factors=rate_factors(
            supernet.backbone_layers,
            supernet.trainable_variables,
            recipe.classifier_rate,
        ),
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


def sandwich_step(
    supernet: WeightSharing, recipe: SupernetRecipe, optimizer: LazySGD
) -> TrainingStep:
    """Returns the update of several paths, the first of which teaches the rest.

    Args:
        supernet: The supernet.
        recipe: The numbers of a step.
        optimizer: Moves the weights; that of `supernet_step`.
    """
    return TrainingStep(
        lambda images, open_branches: supernet(
            images, open_branches, training=True
        ),
        optimizer,
        augmentation=recipe.augmentation,
        label_smoothing=recipe.label_smoothing,
        class_weights=recipe.class_weights,
        first_teaches=FirstPassTeaches(supernet.space.skeleton.num_classes),
        statistics=statistics_of(supernet),
        rows_open=supernet.rows_open,
    )


def mixed_step(
    supernet: MixedTrainingSupernet,
    recipe: SupernetRecipe,
    optimizer: LazySGD,
    mixing_weights: Callable[[Genes], tf.Tensor],
    active: Genes,
    skip_dropout: Callable[[], SkipDropout | None] = lambda: None,
    extra_skips: Callable[[], ExtraSkips | None] = lambda: None,
) -> TrainingStep:
    """Returns the update of all active candidates at once, mixed.

    It opens nothing that is drawn: whatever is given for it is not looked at.
    Batch norm's statistics stay, since no network is the mixture.

    Args:
        supernet: The supernet.
        recipe: The numbers of a step.
        optimizer: Moves the weights; that of `supernet_step`.
        mixing_weights: Returns the factor of each candidate, as it is now.
        active: The candidates that are mixed, block by block.
        skip_dropout: Returns what drops out after skip connections, as it is
            now.
        extra_skips: Returns what is added to each mixture, as it is now.
    """
    return TrainingStep(
        lambda images, _: supernet.mix(
            images,
            mixing_weights(active),
            active,
            skip_dropout(),
            extra_skips=extra_skips(),
        ),
        optimizer,
        augmentation=recipe.augmentation,
        label_smoothing=recipe.label_smoothing,
        class_weights=recipe.class_weights,
    )


def seated_step(
    supernet: SeatingSupernet,
    recipe: SupernetRecipe,
    optimizer: LazySGD,
    mixing_weights: Callable[[Genes], tf.Tensor],
    active: Genes,
) -> TrainingStep:
    """Returns the update of all slots at once, mixed; see `mixed_step`.

    Other cells may sit in the slots later: the step is traced once.
    """
    return TrainingStep(
        lambda images, _: supernet.mix(images, mixing_weights(active), active),
        optimizer,
        augmentation=recipe.augmentation,
        label_smoothing=recipe.label_smoothing,
        class_weights=recipe.class_weights,
    )
