"""ModelSupernet: the weight-sharing model of a user's own space."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.spaces.open_branches import encode
from nse_tf.supernet.layers.layouts import row_kernel_sizes
from nse_tf.supernet.layers.stock import kernels_of
from nse_tf.supernet.protocols import Capability
from nse_tf.supernet.user_models.children import (
    block_genes,
    copy_model,
    one_of,
)
from nse_tf.supernet.user_models.choice import Choice
from nse_tf.supernet.user_models.layer_copies import LayerCopies
from nse_tf.supernet.user_models.row_choice import RowChoice

_NOISES = (
    keras.layers.AlphaDropout,
    keras.layers.Dropout,
    keras.layers.GaussianDropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
)


class ModelSupernet:
    """All networks of a user's model on one set of weights.

    It is called, trained, calibrated and saved as a `Supernet`.

    Args:
        model: Functional, with choices; stays as it is.
        space: Its space.
        seed: Seed of the initial weights.
        body_rate: See `LayerCopies`.

    Attributes:
        space: The space.
        blocks: The layers in place of the choices.
        shared: The original of every other layer, and its copy here.

    Call arguments:
        images: `(batch, height, width, channels)`, as the model takes them.
        open_branches: Index of the open layer of each choice, int32
            `(num_blocks, 1)`.
        training: Whether batch norm uses and moves statistics.
        rate: Share of the batch in moved statistics, with dropout switched off,
            to calibrate; None leaves both as the user set them.

    Output shape:
        Logits `(batch, num_classes)`.
    """

    capabilities = frozenset({Capability.TWO_PATHS})
    limits: Mapping[Capability, str] = {
        Capability.MIXES: (
            "Candidates of a user's own model run one at a time, so they have "
            "no architecture parameters: score by angle or accuracy."
        )
    }

    def __init__(
        self,
        model: keras.Model,
        space: SearchSpace,
        seed: int = 0,
        body_rate: float | None = None,
    ) -> None:
        self.space = space
        self._model, self._body_rate = model, body_rate
        copy = copy_model(
            model, _all_of, fast=True, seed=seed, body_rate=body_rate
        )
        self._body = copy.model
        self.shared = copy.shared
        self.blocks: list[Any] = [block for _, block in copy.blocks]
        layers = [layer for _, layer in copy.shared]
        for block in self.blocks:
            for candidate in block.candidate_layers:
                layers += candidate._flatten_layers()
        # By what they have, so that norms of the user's own are calibrated,
        # too.
        self._norms = [x for x in layers if hasattr(x, "momentum")]
        self._noises = [x for x in layers if isinstance(x, _NOISES)]

    def initialize(self, seed: int) -> None:
        """Draws all weights again, as for a new supernet of that seed."""
        # Keras draws weights only when a layer is built, so new ones are built.
        fresh = ModelSupernet(self._model, self.space, seed, self._body_rate)
        for variable, other in zip(
            self.variables, fresh.variables, strict=True
        ):
            variable.assign(other.value)

    @property
    def variables(self) -> list[keras.Variable]:
        """All weights, statistics and counters."""
        found: list[keras.Variable] = self._body.variables
        return found

    @property
    def weights(self) -> list[keras.Variable]:
        """Weights and statistics, without the counters of generators."""
        found: list[keras.Variable] = self._body.weights
        return found

    def get_weights(self) -> list[np.ndarray]:
        """Returns the values of `weights`."""
        return [variable.numpy() for variable in self.weights]

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """What training moves."""
        found: list[keras.Variable] = self._body.trainable_variables
        return found

    @property
    def non_trainable_variables(self) -> list[keras.Variable]:
        """Statistics, frozen weights and counters."""
        found: list[keras.Variable] = self._body.non_trainable_variables
        return found

    @property
    def backbone_layers(self) -> list[keras.layers.Layer]:
        """The layers that all children share, input to output."""
        return [
            copy
            for _, copy in self.shared
            if isinstance(copy, keras.layers.Layer)
        ]

    @property
    def angle_weights(self) -> list[keras.Variable]:
        """The kernels of the backbone, whose rotation counts in angles."""
        return kernels_of(self.backbone_layers)

    def row_kernel_sizes(self) -> dict[int, np.ndarray]:
        """Returns how long the kernels of rows are, by index of variable."""
        return row_kernel_sizes(self.trainable_variables, self.blocks)

    def rows_open(self, open_branches: tf.Tensor) -> dict[int, tf.Tensor]:
        """Returns nothing: gradients name the rows; see `WeightSharing`."""
        del open_branches
        return {}

    def __call__(
        self,
        images: tf.Tensor,
        open_branches: tf.Tensor,
        training: bool = False,
        rate: tf.Tensor | float | None = None,
    ) -> tf.Tensor:
        """Returns the logits of the open network."""
        for index, block in enumerate(self.blocks):
            # An attribute, since a functional model passes its layers nothing
            # but the tensors of its graph.
            block.open_index = open_branches[index, 0]
        with self._calibrating(rate):
            outputs: tf.Tensor = self._body(
                tf.cast(images, tf.float32), training=training
            )
        return outputs

    def call_pair(
        self,
        images: tf.Tensor,
        selected: tf.Tensor,
        unselected: tf.Tensor,
        mixing_weights: tf.Tensor,
    ) -> tf.Tensor:
        """Returns logits of one of two paths; see `TwoPathSupernet`.

        Nothing is dropped out.
        """
        for index, block in enumerate(self.blocks):
            block.rival = (unselected[index, 0], mixing_weights[index])
        try:
            return self(images, selected, training=True, rate=0.0)
        finally:
            for block in self.blocks:
                block.rival = None

    @contextlib.contextmanager
    def _calibrating(self, rate: tf.Tensor | float | None) -> Iterator[None]:
        """Lets norms move by `rate` and nothing be dropped, if there is one."""
        if rate is None:
            yield
            return
        # Set while a call is traced, attributes may be tensors, so that one
        # trace serves every rate.
        changes = [
            *((layer, "momentum", 1.0 - rate) for layer in self._norms),
            *((layer, "rate", 0.0) for layer in self._noises),
        ]
        kept = [getattr(layer, name) for layer, name, _ in changes]
        for layer, name, value in changes:
            setattr(layer, name, value)
        try:
            yield
        finally:
            for (layer, name, _), value in zip(changes, kept, strict=True):
                setattr(layer, name, value)

    def encode(self, genotype: Genotype) -> np.ndarray:
        """Returns a genotype as `open_branches`.

        Raises:
            ValueError: If the genotype is not of the space.
        """
        return encode(self.space, genotype)

    def cut_out(self, genotype: Genotype, *, fast: bool = True) -> keras.Model:
        """Returns the stand-alone child; see `WeightSharing`.

        A fast one gives logits, another one what the user's model gives.
        """
        names = [block.name for block in self.blocks]
        genes = block_genes(names, self.space, genotype)
        child = copy_model(
            self._model, one_of(genes), fast=fast, body_rate=self._body_rate
        )
        trained = {id(layer): copy for layer, copy in self.shared}
        for layer, copy in child.shared:
            if isinstance(copy, keras.layers.Layer) and copy.weights:
                copy.set_weights(trained[id(layer)].get_weights())
        for block, index, (_, copy) in zip(
            self.blocks, genotype.path, child.blocks, strict=True
        ):
            block.fill(index, copy)
        return child.model


def _all_of(choice: Choice, copies: LayerCopies) -> RowChoice:
    """Returns a block that holds copies of all layers of a choice, built."""
    layers = [copies.whole(layer) for layer in choice.layers]
    shape = choice.get_build_config()["input_shape"]
    probe = keras.KerasTensor((None, *shape[1:]), dtype=choice.compute_dtype)
    for layer in layers:
        layer(probe)
    copies.settle()  # Rows begin with the weights that layers have by then.
    return RowChoice(layers, choice.name)
