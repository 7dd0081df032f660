"""What a supernet is to whatever trains, calibrates and judges with it."""

from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import Genotype, SearchSpace


class SharedPlace(Protocol):
    """One place of a supernet: a row of weights for each candidate."""

    rows: keras.Variable
    kernel_sizes: np.ndarray

    def kernels(self) -> np.ndarray:
        """Returns `(num_candidates, row_length)`: kernels, zeros elsewhere."""


class WeightSharing(Protocol):
    """What trains, calibrates and judges asks of a supernet."""

    space: SearchSpace

    @property
    def places(self) -> Any:
        """A `SharedPlace` for each place of the space."""

    @property
    def fixed_layers(self) -> list[keras.layers.Layer]:
        """The layers that all children share, input to output."""

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

    def slots_of(self, genotype: Genotype) -> np.ndarray:
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
