"""Carries weights over to a supernet that has more cells."""

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from nse_tf.supernet import DartsSupernet
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.shared_weights import require_space
from nse_tf.training.supernet_trainer import SupernetTrainer

_OF_CELL = re.compile(r"cell(\d+)(.*)")


def deepened(
    kept: Checkpoint, before: DartsSupernet, trainer: SupernetTrainer, seed: int
) -> Checkpoint:
    """Returns what a training resumes from after cells were inserted.

    Weights and momenta of cells that were there, and of stem and classifier,
    are as they were; those of the inserted cell are fresh, and so is whatever
    brings inputs to a cell that now hears of another one, where its shape is
    another. Fresh momenta are zero.

    Args:
        kept: Checkpoint of the smaller supernet.
        before: A supernet of that size, of any weights.
        trainer: Holds the larger one; is left with fresh weights.
        seed: Seed of the fresh weights.

    Raises:
        ValueError: If the checkpoint is not that of such a supernet.
    """
    require_space(kept, before.space)
    trainer.start_over(seed)
    # Fresh weights and zero momenta: what is not carried over stays so.
    now = trainer.checkpoint(kept.job_id, kept.config_digest)
    after: Any = trainer.supernet
    of_before, of_after = _names(before), _names(after)

    def carried(
        old: Sequence[Any],
        old_values: Sequence[np.ndarray],
        new: Sequence[Any],
        new_values: Sequence[np.ndarray],
    ) -> list[np.ndarray]:
        known = {
            of_before[id(variable)]: value
            for variable, value in zip(old, old_values, strict=True)
        }
        found = []
        for variable, fresh in zip(new, new_values, strict=True):
            value = known.get(of_after[id(variable)], fresh)
            found.append(value if value.shape == fresh.shape else fresh)
        return found

    return dataclasses.replace(
        now,
        losses=kept.losses,
        weights=carried(
            before.variables, kept.weights, after.variables, now.weights
        ),
        momenta=carried(
            before.trainable_variables,
            kept.momenta,
            after.trainable_variables,
            now.momenta,
        ),
        architecture=kept.architecture,
    )


def _names(supernet: DartsSupernet) -> dict[int, str]:
    """Returns names of variables that they keep while cells are inserted."""
    roles = supernet.space.skeleton.cell_roles
    names = {}
    for layer in (*supernet.backbone_layers, *supernet.cells):
        of_cell = _OF_CELL.fullmatch(layer.name)
        name = layer.name
        if of_cell is not None:
            # Numbers of cells shift with every insertion; roles do not.
            name = roles[int(of_cell[1])] + of_cell[2]
        for variable in layer.variables:
            names[id(variable)] = f"{name}/{variable.name}"
    return names
