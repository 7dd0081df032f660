"""CellSupernet: the weight-sharing model of a NAS-Bench-201 space."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import Genotype, NB201Skeleton, SearchSpace
from nse_tf.supernet.cells.edge_view import EdgeView
from nse_tf.supernet.cells.nb201_backbone import NB201Backbone
from nse_tf.supernet.cells.nb201_stage import CellStage
from nse_tf.supernet.chains.backbone import initialize
from nse_tf.supernet.layers.batch_norm import MOMENTUM, FusedBatchNormalization
from nse_tf.supernet.layers.layouts import InitialKernels
from nse_tf.supernet.protocols import row_kernel_sizes


class CellSupernet(keras.Model):
    """All cells of a space with all their candidates.

    Each cell is told its own candidate of each edge, so that cells need not
    agree while weights are trained. In the cells batch norm has neither scale
    nor offset.

    Args:
        space: A space with the skeleton of NAS-Bench-201.
        seed: Of the initial weights.
        kernels: How they are drawn; see `Piece.initial`.

    Call arguments:
        images: `(batch, height, width, channels)`, pixels in 0..255.
        open_branches: Index of the open candidate of each edge of each cell,
            int32 `(num_cells, num_edges)`; see `encode`.
        training: Whether batch norm uses and moves statistics.
        rate: Share of the batch in moved statistics.

    Output shape:
        Logits `(batch, num_classes)`.

    Raises:
        ValueError: If the space has another skeleton.

    References:
        Dong and Yang, NAS-Bench-201 (2020): https://arxiv.org/abs/2001.00326
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        kernels: InitialKernels = "fan_out",
    ) -> None:
        super().__init__(name="supernet")
        skeleton = space.require_skeleton(NB201Skeleton)
        edges = space.as_cells().edges
        self.space = space
        self._initial_kernels: InitialKernels = kernels
        rng = np.random.default_rng(seed)
        self._backbone = NB201Backbone(skeleton, fast=True)
        self._backbone.build()
        # Kept as an attribute, so that Keras finds their weights.
        self.backbone_layers = self._backbone.layers
        self.stages = [
            CellStage(
                f"stage{stage}",
                skeleton.graph,
                edges,
                skeleton.num_cells,
                width,
                rng,
                kernels,
            )
            for stage, width in enumerate(skeleton.widths)
        ]
        initialize(self.backbone_layers, rng, kernels)
        self.built = True

    def initialize(self, seed: int) -> None:
        """Draws all weights anew, as for a new supernet of that seed."""
        rng = np.random.default_rng(seed)
        for stage in self.stages:
            stage.initialize(rng)
        initialize(self.backbone_layers, rng, self._initial_kernels)

    @tf.autograph.experimental.do_not_convert  # It has no need to.
    def call(
        self,
        images: tf.Tensor,
        open_branches: tf.Tensor,
        training: bool = False,
        rate: tf.Tensor | float = 1.0 - MOMENTUM,
    ) -> tf.Tensor:
        """Returns the logits of the open sub-network."""
        of_stages = tf.split(open_branches, len(self.stages))

        def run_stage(number: int, outputs: tf.Tensor) -> tf.Tensor:
            return self.stages[number](
                outputs, of_stages[number], training=training, rate=rate
            )

        return self._run(images, run_stage, training, rate)

    @tf.autograph.experimental.do_not_convert
    def mix(
        self,
        images: tf.Tensor,
        mixing_weights: tf.Tensor,
        active: Sequence[Sequence[int]],
    ) -> tf.Tensor:
        """Returns logits of the mixture; see `MixingSupernet`."""

        def run_stage(number: int, outputs: tf.Tensor) -> tf.Tensor:
            return self.stages[number].mix(outputs, mixing_weights, active)

        return self._run(images, run_stage, training=True, rate=0.0)

    def _run(
        self,
        images: tf.Tensor,
        run_stage: Callable[[int, tf.Tensor], tf.Tensor],
        training: bool,
        rate: tf.Tensor | float,
    ) -> tf.Tensor:
        """Returns the logits of the fixed part around stages."""

        def apply(layer: keras.layers.Layer, inputs: tf.Tensor) -> tf.Tensor:
            if isinstance(layer, FusedBatchNormalization):
                return layer(inputs, training=training, rate=rate)
            return layer(inputs)

        outputs = self._backbone.run_stem(tf.cast(images, tf.float32), apply)
        for number in range(len(self.stages)):
            if number:
                outputs = self._backbone.run_reduction(number, outputs, apply)
            outputs = run_stage(number, outputs)
        return self._backbone.run_tail(outputs, apply)

    @property
    def blocks(self) -> list[EdgeView]:
        """A view of each edge, over all its cells."""
        return [
            EdgeView(self.stages, edge)
            for edge in range(len(self.space.blocks))
        ]

    @property
    def angle_weights(self) -> list[keras.Variable]:
        """All weights of the fixed part, as the published angle has it."""
        return [
            weight
            for layer in self.backbone_layers
            for weight in layer.trainable_weights
        ]

    @property
    def num_cells(self) -> int:
        """How many cells there are."""
        return len(self.space.require_skeleton(NB201Skeleton).cells)

    def encode(self, genotype: Genotype) -> np.ndarray:
        """Returns a genotype, the same in all cells, as `open_branches`.

        Raises:
            ValueError: If the genotype is not of the space.
        """
        self.space.require(genotype)
        path = np.array(genotype.path, np.int32)
        return np.tile(path, (self.num_cells, 1))

    def row_kernel_sizes(self) -> dict[int, np.ndarray]:
        """Returns how long the kernels of rows are, by index of variable."""
        return row_kernel_sizes(self.trainable_variables, self.stages)
