"""DartsSupernet: the weight-sharing model of a space with DARTS's skeleton."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import DartsSkeleton, Genotype, SearchSpace, edges_of_kinds
from nse_tf.supernet.cells.darts_backbone import DartsBackbone
from nse_tf.supernet.cells.darts_cell import DartsCell
from nse_tf.supernet.cells.edge_view import EdgeView
from nse_tf.supernet.chains.backbone import initialize
from nse_tf.supernet.layers.batch_norm import MOMENTUM, FusedBatchNormalization
from nse_tf.supernet.layers.layouts import InitialKernels
from nse_tf.supernet.protocols import kernels_of, row_kernel_sizes


class DartsSupernet(keras.Model):
    """All cells of a space with all their candidates.

    Each cell is told its own candidate of each edge, so that cells of one kind
    need not agree while weights are trained. In the cells batch norm has
    neither scale nor offset; where inputs are brought to a cell's width it has.

    Args:
        space: A space with the skeleton of DARTS.
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
        ValueError: If the space has another skeleton, or an op has no layers.

    References:
        Liu et al., DARTS (2019): https://arxiv.org/abs/1806.09055
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        kernels: InitialKernels = "fan_in",
    ) -> None:
        super().__init__(name="supernet")
        skeleton = space.require_skeleton(DartsSkeleton)
        self.space = space
        self._initial_kernels: InitialKernels = kernels
        rng = np.random.default_rng(seed)
        self._backbone = DartsBackbone(skeleton, fast=True)
        self._backbone.build()
        # Kept as an attribute, so that Keras finds their weights.
        self.backbone_layers = self._backbone.layers
        edges = edges_of_kinds(space)
        self.cells = [
            DartsCell(cell, skeleton.graph, edges[cell.kind], rng, kernels)
            for cell in skeleton.cells
        ]
        initialize(self.backbone_layers, rng, kernels)
        self.built = True

    def initialize(self, seed: int) -> None:
        """Draws all weights anew, as for a new supernet of that seed."""
        rng = np.random.default_rng(seed)
        for cell in self.cells:
            cell.initialize(rng)
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
        of_cells = tf.unstack(tf.convert_to_tensor(open_branches))

        def run_cell(
            number: int, first: tf.Tensor, second: tf.Tensor
        ) -> tf.Tensor:
            return self.cells[number](
                first, second, of_cells[number], training=training, rate=rate
            )

        return self._run(images, run_cell, training, rate)

    @tf.autograph.experimental.do_not_convert
    def mix(
        self,
        images: tf.Tensor,
        mixing_weights: tf.Tensor,
        active: Sequence[Sequence[int]],
    ) -> tf.Tensor:
        """Returns logits of the mixture; see `MixingSupernet`."""
        skeleton = self.space.require_skeleton(DartsSkeleton)
        num_edges = len(skeleton.graph.edges)
        first_edge = {
            kind: number * num_edges
            for number, kind in enumerate(skeleton.cell_kinds)
        }

        def run_cell(
            number: int, first: tf.Tensor, second: tf.Tensor
        ) -> tf.Tensor:
            start = first_edge[skeleton.cells[number].kind]
            of_kind = slice(start, start + num_edges)
            return self.cells[number].mix(
                first, second, mixing_weights[of_kind], active[of_kind]
            )

        return self._run(images, run_cell, training=True, rate=0.0)

    def _run(
        self,
        images: tf.Tensor,
        run_cell: Callable[[int, tf.Tensor, tf.Tensor], tf.Tensor],
        training: bool,
        rate: tf.Tensor | float,
    ) -> tf.Tensor:
        """Returns the logits of the fixed part around cells."""

        def apply(layer: keras.layers.Layer, inputs: tf.Tensor) -> tf.Tensor:
            if isinstance(layer, FusedBatchNormalization):
                return layer(inputs, training=training, rate=rate)
            return layer(inputs)

        before, last = self._backbone.run_stem(
            tf.cast(images, tf.float32), apply
        )
        for number in range(len(self.cells)):
            inputs = self._backbone.run_inputs(number, before, last, apply)
            before, last = last, run_cell(number, *inputs)
        return self._backbone.run_tail(last, apply)

    @property
    def blocks(self) -> list[EdgeView]:
        """A view of each edge of each kind, over all its cells."""
        skeleton = self.space.require_skeleton(DartsSkeleton)
        return [
            EdgeView(
                [
                    layer
                    for layer, cell in zip(
                        self.cells, skeleton.cells, strict=True
                    )
                    if cell.kind == kind
                ],
                edge,
            )
            for kind in skeleton.cell_kinds
            for edge in range(len(skeleton.graph.edges))
        ]

    @property
    def angle_weights(self) -> list[keras.Variable]:
        """The kernels of the fixed part, as the published angle has it."""
        return kernels_of(self.backbone_layers)

    @property
    def num_cells(self) -> int:
        """How many cells there are."""
        return len(self.cells)

    def encode(self, genotype: Genotype) -> np.ndarray:
        """Returns a genotype, the same in all cells, as `open_branches`.

        Raises:
            ValueError: If the genotype is not of the space.
        """
        self.space.require(genotype)
        skeleton = self.space.require_skeleton(DartsSkeleton)
        kinds = skeleton.cell_kinds
        by_kind = np.array(genotype.path, np.int32).reshape(len(kinds), -1)
        return np.stack(
            [by_kind[kinds.index(cell.kind)] for cell in skeleton.cells]
        )

    def row_kernel_sizes(self) -> dict[int, np.ndarray]:
        """Returns how long the kernels of rows are, by index of variable."""
        return row_kernel_sizes(self.trainable_variables, self.cells)
