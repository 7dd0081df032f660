"""What a supernet is to whatever trains, calibrates and judges with it."""

from collections.abc import Sequence
from typing import Any, Protocol, cast

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import BranchBlock, Genotype, SearchSpace


class SharedBlock(Protocol):
    """One place of a supernet: a row of kernels for each candidate."""

    @property
    def kernel_lengths(self) -> list[list[int]]:
        """How long each kernel of each candidate is, in a row's order."""

    def kernels(self) -> np.ndarray:
        """Returns `(num_candidates, row_length)`: kernels, zeros elsewhere."""


class WeightSharing(Protocol):
    """What trains, calibrates and judges asks of a supernet."""

    space: SearchSpace

    @property
    def blocks(self) -> Any:
        """A `SharedBlock` for each place of the space."""

    @property
    def backbone_layers(self) -> list[keras.layers.Layer]:
        """The layers that all children share, input to output."""

    @property
    def angle_weights(self) -> list[keras.Variable]:
        """The weights of the fixed part whose rotation counts in angles."""

    def row_kernel_sizes(self) -> dict[int, np.ndarray]:
        """Returns how long the kernels of rows are, by index of variable.

        For an optimizer that moves rows; see `LazySGD`.
        """

    @property
    def variables(self) -> list[keras.Variable]:
        """Everything that a checkpoint keeps."""

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """What training moves."""

    @property
    def non_trainable_variables(self) -> list[keras.Variable]:
        """What judging a child moves and puts back."""

    @property
    def weights(self) -> list[keras.Variable]:
        """Weights and statistics, without the counters of generators."""

    def get_weights(self) -> list[np.ndarray]:
        """Returns the values of `weights`."""

    def initialize(self, seed: int) -> None:
        """Draws all weights anew, as for a new supernet of that seed."""

    def encode(self, genotype: Genotype) -> np.ndarray:
        """Returns a genotype as the call's `open_branches`."""

    def __call__(
        self,
        images: tf.Tensor,
        open_branches: tf.Tensor,
        *,
        training: bool = False,
        rate: Any = ...,
    ) -> tf.Tensor:
        """Returns logits; see `Supernet`."""


class MixingSupernet(WeightSharing, Protocol):
    """A supernet that can run all its candidates at once."""

    def mix(
        self,
        images: tf.Tensor,
        mixing_weights: tf.Tensor,
        active: Sequence[Sequence[int]],
    ) -> tf.Tensor:
        """Returns logits of the mixture of active candidates.

        Batch norm takes the batch's statistics and moves none.

        Args:
            images: `(batch, height, width, channels)`, pixels in 0..255.
            mixing_weights: Of each candidate, `(num_blocks, max_candidates)`.
            active: The candidates that run, place by place.
        """


def require_mixing(supernet: WeightSharing) -> MixingSupernet:
    """Returns the supernet if it can run all its candidates at once.

    Raises:
        ValueError: If it cannot.
    """
    if isinstance(supernet.space.blocks[0], BranchBlock):
        raise ValueError(
            "Multi-branch cells have indicators in place of architecture "
            "parameters: score by angle or accuracy, or use --method=nse."
        )
    if not hasattr(supernet, "mix"):
        raise ValueError(
            "Candidates of a user's own model run one at a time, so they have "
            "no architecture parameters: score by angle or accuracy."
        )
    return cast("MixingSupernet", supernet)


def kernels_of(layers: list[keras.layers.Layer]) -> list[keras.Variable]:
    """Returns the trained weights of rank 2 or more, in order."""
    return [
        weight
        for layer in layers
        for weight in layer.trainable_weights
        if len(weight.shape) >= 2
    ]


def row_kernel_sizes(
    variables: list[keras.Variable], holders: list[Any]
) -> dict[int, np.ndarray]:
    """Returns the kernel sizes of what holds `rows`, by index of variable."""
    positions = {id(variable): i for i, variable in enumerate(variables)}
    return {
        positions[id(holder.rows)]: holder.kernel_sizes for holder in holders
    }
