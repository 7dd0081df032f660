"""DARTS: train a mixture of all candidates, then draw the network from it.

The weights train through the mixture on training images, the architecture
parameters that mix it on validation images, in turn. At the end the parameters
say which ops are drawn; the network is trained alone.
"""

import dataclasses
from typing import Any

import numpy as np

from nse_tf.costs import Budget, CostModel
from nse_tf.events import CellDrawn, MixtureTrained, known
from nse_tf.jobs import ArchitectureTrained, SupernetTrained, weights_of
from nse_tf.methods.darts_config import DartsConfig
from nse_tf.methods.discretizing import drawn_within, likeliest, skip_shares
from nse_tf.methods.evaluating import (
    EvaluatedChild,
    Evaluating,
    evaluate_children,
    genes_of,
)
from nse_tf.methods.final_training import pick_finalists, train_finalists
from nse_tf.methods.method import (
    Method,
    Plan,
    Steps,
    require,
    require_architecture,
)
from nse_tf.methods.search_settings import search_settings
from nse_tf.methods.shrinking_steps import Shrinking, note_space, shrink
from nse_tf.methods.supernet_training import Stretch, note_stage
from nse_tf.methods.warm_up import require_progressive_depth
from nse_tf.spaces import SearchSpace

# What generators are drawn for; see `Method.new_rng`.
_DRAWING = 3
# More of a cell's edges without computation than this share is a collapse.
COLLAPSE = 0.5


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
        super().__init__()
        model.space.as_cells()
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
        return search_settings("darts", self.model, self.budget, self.config)

    def plan(self) -> Plan:
        """Yields lists of jobs; is sent the list of their results."""
        config, budget, space = self.config, self.budget, self.space
        if config.shrinking is None:
            note_space(self, space, stage=0)
        else:
            shrinking = Shrinking(
                schedule=config.shrinking,
                scoring=config.scoring,
                training=config.shrink_training,
                least_left=1,
            )
            space = yield from shrink(self, self.model, budget, shrinking)
        model = dataclasses.replace(self.model, space=space)
        job = config.training.job(
            self, space, Stretch(epochs=config.search_epochs)
        )
        (result,) = yield [job]
        trained = require(result, SupernetTrained, job)
        note_stage(self, job, trained, stage=0)
        path = self._drawn(model, require_architecture(trained, job))
        child = yield from self._evaluated(path, weights_of(job.id, trained))
        finalists = yield from pick_finalists(
            self, [child], model, budget, config
        )
        yield from train_finalists(self, finalists, model, config)

    def _drawn(
        self, model: CostModel, trained: ArchitectureTrained
    ) -> tuple[int, ...]:
        """Returns the path that the parameters came to, and notes it."""
        space = model.space
        kinds = space.as_cells().skeleton.cell_kinds
        epochs = [_matrix(space, epoch) for epoch in trained.history]
        self.note(
            MixtureTrained(
                architecture_losses=trained.losses,
                active=space.active,
                history=trained.history,
                cell_kinds=kinds,
                skip_shares=tuple(
                    skip_shares(space, likeliest(space, each))
                    for each in epochs
                ),
                eigenvalues=tuple(
                    (epoch, known(value))
                    for epoch, value in trained.eigenvalues
                ),
                kept_epoch=trained.kept_epoch,
            )
        )
        final = np.array(trained.probabilities)
        if trained.kept_epoch is not None:
            final = epochs[trained.kept_epoch]
        drawn = drawn_within(
            model, self.budget, final, self.new_rng(self.config.seed, _DRAWING)
        )
        shares = skip_shares(space, drawn.path)
        self.note(
            CellDrawn(
                path=drawn.path,
                likeliest=likeliest(space, final),
                bend=known(drawn.bend),
                costs=model.costs(space.genotype(drawn.path)),
                cell_kinds=kinds,
                skip_shares=shares,
                collapsed=tuple(
                    kind
                    for kind, share in zip(kinds, shares, strict=True)
                    if share > COLLAPSE
                ),
            )
        )
        return drawn.path

    def _evaluated(
        self, path: tuple[int, ...], weights: str
    ) -> Steps[EvaluatedChild]:
        """Returns the network with its accuracy by the mixture's weights."""
        config = self.config
        (accuracy,) = yield from evaluate_children(
            self,
            genes_of(np.array([path])),
            weights,
            Evaluating(config.calibration_images, config.children_per_job),
            generation=0,
        )
        return EvaluatedChild(path, float(accuracy))


def _matrix(
    space: SearchSpace, rows: tuple[tuple[float, ...], ...]
) -> np.ndarray:
    """Returns probabilities of active candidates as a matrix, else 0."""
    found = np.zeros((len(space.blocks), space.max_candidates))
    for row, indices, values in zip(found, space.active, rows, strict=True):
        row[list(indices)] = values
    return found
