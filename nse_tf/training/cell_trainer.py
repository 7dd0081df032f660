"""Trains the shared weights of cells, each cell on a path of its own."""

import dataclasses
from collections.abc import Callable

import numpy as np

from nse_tf.datasets import ImageSet, epoch_batches
from nse_tf.sampling import CellSampler
from nse_tf.supernet import NB201Supernet
from nse_tf.training.angle_sums import of_unit_kernels, three_sums
from nse_tf.training.recipes import SupernetRecipe
from nse_tf.training.steps import mean_loss
from nse_tf.training.supernet_step import supernet_step

# As in the published study of NAS-Bench-201, but for the padding of crops.
NB201_RECIPE = SupernetRecipe(
    batch_size=64,
    weight_decay=5e-4,
    label_smoothing=0.0,
    clip_norm=None,
    augmentation="small_images",
)


@dataclasses.dataclass(frozen=True)
class CellWeights:
    """Weights as they stood, to measure angles from.

    Attributes:
        rows: Of each stage, its kernels, a row each.
        backbone: Of the fixed part, all trainable weights by `layer/weight`.
    """

    rows: tuple[np.ndarray, ...]
    backbone: dict[str, np.ndarray]


class CellTrainer:
    """Holds a supernet of cells and moves its weights.

    Args:
        supernet: Whose weights to train.
        recipe: The numbers of a step.
        images: The training part.
    """

    def __init__(
        self, supernet: NB201Supernet, recipe: SupernetRecipe, images: ImageSet
    ) -> None:
        self.supernet = supernet
        self._recipe = recipe
        self._images = images
        self._optimizer, self.step = supernet_step(
            supernet, recipe, supernet.row_kernel_sizes()
        )

    def train_epoch(
        self,
        epoch: int,
        learning_rate: float,
        seed: int,
        after_step: Callable[[int], None] = lambda number: None,
    ) -> float:
        """Passes over the images once; returns the mean loss.

        The same weights, epoch and seed give the same result, bit for bit.

        Args:
            epoch: Which pass it is, from 0.
            learning_rate: Of all its steps.
            seed: Of paths, order and augmentation.
            after_step: Called with the number of steps taken in this epoch.

        Raises:
            ValueError: If the training diverged, or no path can be drawn.
        """
        rng = np.random.default_rng([seed, epoch])
        batches = epoch_batches(
            self._images,
            self._recipe.batch_size,
            seed=int(rng.integers(2**31)),
            epoch=epoch,
        )
        losses = []
        sampler = CellSampler(self.supernet.space)
        for number, (images, labels) in enumerate(batches, 1):
            slots = sampler.sample(rng)
            augment_seed = tuple(rng.integers(2**31, size=2).tolist())
            losses.append(
                self.step(images, labels, slots, learning_rate, augment_seed)
            )
            after_step(number)
        return mean_loss(losses, learning_rate)

    def weights(self) -> CellWeights:
        """Returns the weights as they stand."""
        return CellWeights(
            tuple(stage.rows.numpy() for stage in self.supernet.cells),
            {
                f"{layer.name}/{weight.name}": weight.numpy()
                for layer in self.supernet.backbone_layers
                for weight in layer.trainable_weights
            },
        )

    def angle_sums(
        self, base: CellWeights, *, unit_kernels: bool = False
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Returns ⟨w0, w⟩, ‖w0‖² and ‖w‖² since `base`.

        Args:
            base: The weights as they stood.
            unit_kernels: Whether each candidate's kernel counts as if it had
                length one, in each cell.

        Returns:
            Of each candidate of each edge, over its kernels in all cells,
            `(num_edges, max_candidates, 3)`; and of each weight of the fixed
            part, `(3,)` by `layer/weight`. In float64.
        """
        now = self.weights()
        space = self.supernet.space
        candidates = np.zeros((len(space.blocks), space.max_candidates, 3))
        for stage, old, new in zip(
            self.supernet.cells, base.rows, now.rows, strict=True
        ):
            # The last row, of what has no weights, adds zeros.
            of_rows = three_sums(old, new)
            if unit_kernels:
                of_rows = of_unit_kernels(of_rows)
            candidates += of_rows[stage.row_index].sum(axis=0)
        return candidates, {
            name: three_sums(
                old.reshape(1, -1), now.backbone[name].reshape(1, -1)
            )[0]
            for name, old in base.backbone.items()
        }

    def state(self) -> list[np.ndarray]:
        """Returns all that training goes on from: weights and momenta."""
        variables = [*self.supernet.variables, *self._optimizer.momenta]
        return [variable.numpy() for variable in variables]

    def restore(self, state: list[np.ndarray]) -> None:
        """Goes on from what `state` returned.

        Raises:
            ValueError: If it is that of another supernet.
        """
        variables = [*self.supernet.variables, *self._optimizer.momenta]
        shapes = [tuple(variable.shape) for variable in variables]
        if [value.shape for value in state] != shapes:
            raise ValueError(
                "The state is that of another supernet: its shapes differ."
            )
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)
