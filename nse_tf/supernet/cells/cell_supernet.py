"""CellSupernet: what the supernets of both kinds of cells have in common."""

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import CellSkeleton, Genotype, SearchSpace
from nse_tf.spaces.open_branches import encode
from nse_tf.supernet.cells.backbone import Apply, CellBackbone
from nse_tf.supernet.cells.edge_view import EdgeView
from nse_tf.supernet.cells.packed_cells import PackedCells
from nse_tf.supernet.extra_skips import ExtraSkips
from nse_tf.supernet.layers.batch_norm import MOMENTUM, FusedBatchNormalization
from nse_tf.supernet.layers.layouts import InitialKernels, row_kernel_sizes
from nse_tf.supernet.layers.stock import initialize
from nse_tf.supernet.protocols import Active, Capability
from nse_tf.supernet.skip_dropout import SkipDropout

# Runs the cells of a layer, given its number and their inputs.
RunCells = Callable[..., tf.Tensor]
MakeCells = Callable[[np.random.Generator], Sequence[PackedCells]]


class CellSupernet(keras.Model, abc.ABC):
    """All cells of a space with all their candidates.

    Each cell gets its own candidate of each edge, so that cells of one kind
    need not agree while weights are trained. In the cells batch norm has
    neither scale nor offset. A family gives the backbone, the layers that hold
    cells, and the order in which they run.

    Args:
        space: A space of cells.
        skeleton: Its skeleton.
        backbone: Its backbone, built.
        make_cells: Makes the layers that hold cells, input to output and
            equally many cells each, given what draws their weights.
        seed: Seed of the initial weights.
        kernels: How they are drawn; see `Piece.initial`.

    Attributes:
        cells: The layers that hold cells.

    Call arguments:
        images: `(batch, height, width, channels)`, pixels in 0..255.
        open_branches: Index of the open candidate of each edge of each cell,
            cell by cell, int32 `(num_cells * num_edges, 1)`; see `encode`.
        training: Whether batch norm uses and moves statistics.
        rate: Share of the batch in moved statistics.

    Output shape:
        Logits `(batch, num_classes)`.
    """

    capabilities = frozenset({Capability.MIXES, Capability.TRAINS_MIXED})
    limits: Mapping[Capability, str] = {}

    def __init__(
        self,
        space: SearchSpace,
        skeleton: CellSkeleton,
        backbone: CellBackbone,
        make_cells: MakeCells,
        *,
        seed: int,
        kernels: InitialKernels,
    ) -> None:
        super().__init__(name="supernet")
        self.space = space
        self._skeleton = skeleton
        self._initial_kernels: InitialKernels = kernels
        rng = np.random.default_rng(seed)
        self._backbone: Any = backbone
        # Kept as an attribute, so that Keras finds their weights.
        self.backbone_layers = backbone.layers
        self.cells = list(make_cells(rng))
        initialize(self.backbone_layers, rng, kernels)
        self.built = True

    def initialize(self, seed: int) -> None:
        """Draws all weights again, as for a new supernet of that seed."""
        rng = np.random.default_rng(seed)
        for packed in self.cells:
            packed.initialize(rng)
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
        by_cell = tf.split(open_branches, len(self.cells))

        def run_cells(number: int, *inputs: tf.Tensor) -> tf.Tensor:
            return self.cells[number](
                *inputs, by_cell[number], training=training, rate=rate
            )

        return self._run(images, run_cells, _applying(training, rate))

    @tf.autograph.experimental.do_not_convert
    def mix(
        self,
        images: tf.Tensor,
        mixing_weights: tf.Tensor,
        active: Active,
        skip_dropout: SkipDropout | None = None,
        *,
        extra_skips: ExtraSkips | None = None,
    ) -> tf.Tensor:
        """Returns logits of the mixture; see `MixedTrainingSupernet`."""

        def run_cells(number: int, *inputs: tf.Tensor) -> tf.Tensor:
            packed = self.cells[number]
            return packed.mix(
                *inputs,
                *self._mixed_at(packed, mixing_weights, active),
                skip_dropout and skip_dropout.at(number),
                extra_skip=extra_skips and extra_skips.at(number),
            )

        return self._run(images, run_cells, _applying(training=True, rate=0.0))

    def new_extra_kernels(self, seed: int) -> dict[int, keras.Variable]:
        """Returns fresh kernels; see `MixedTrainingSupernet`."""
        rng = np.random.default_rng([seed, 2])
        return {
            number: keras.Variable(packed.extra_kernels(rng))
            for number, packed in enumerate(self.cells)
            if packed.extra_pieces
        }

    def _mixed_at(
        self, packed: PackedCells, mixing_weights: tf.Tensor, active: Active
    ) -> tuple[tf.Tensor, Active]:
        """Returns the weights and candidates of the edges of some cells."""
        num_edges = len(self._skeleton.graph.edges)
        kind = packed.cells[0].kind
        start = self._skeleton.cell_kinds.index(kind) * num_edges
        own = slice(start, start + num_edges)
        return mixing_weights[own], active[own]

    @abc.abstractmethod
    def _run(
        self, images: tf.Tensor, run_cells: RunCells, apply: Apply
    ) -> tf.Tensor:
        """Returns the logits of the backbone around cells."""

    @property
    def blocks(self) -> list[EdgeView]:
        """A view of each edge of each kind, over all its cells."""
        kinds = self._skeleton.cell_kinds
        num_edges = len(self._skeleton.graph.edges)
        by_kind = {
            kind: [each for each in self.cells if each.cells[0].kind == kind]
            for kind in kinds
        }
        edges = [(kind, edge) for kind in kinds for edge in range(num_edges)]
        return [
            EdgeView(block.name, by_kind[kind], edge)
            for block, (kind, edge) in zip(
                self.space.blocks, edges, strict=True
            )
        ]

    @property
    def num_cells(self) -> int:
        """How many cells there are."""
        return len(self._skeleton.cells)

    def encode(self, genotype: Genotype) -> np.ndarray:
        """Returns a genotype, the same in all cells, as `open_branches`.

        Raises:
            ValueError: If the genotype is not of the space.
        """
        return encode(self.space, genotype)

    def row_kernel_sizes(self) -> dict[int, np.ndarray]:
        """Returns how long the kernels of rows are, by index of variable."""
        return row_kernel_sizes(self.trainable_variables, self.cells)

    def rows_open(self, open_branches: tf.Tensor) -> dict[int, tf.Tensor]:
        """Returns nothing: gradients name the rows; see `WeightSharing`."""
        del open_branches
        return {}


def _applying(training: bool, rate: tf.Tensor | float) -> Apply:
    """Returns what runs a layer of the backbone in a mode."""

    def apply(layer: keras.layers.Layer, inputs: tf.Tensor) -> tf.Tensor:
        if isinstance(layer, FusedBatchNormalization):
            return layer(inputs, training=training, rate=rate)
        return layer(inputs)

    return apply
