"""DartsSupernet: the weight-sharing model of a space with DARTS's skeleton."""

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import DartsSkeleton, Genotype, SearchSpace, edges_of_kinds
from nse_tf.supernet.cells.backbone import Apply
from nse_tf.supernet.cells.cell_supernet import CellSupernet, RunCells
from nse_tf.supernet.cells.darts_backbone import DartsBackbone
from nse_tf.supernet.cells.darts_cell import DartsCell
from nse_tf.supernet.cells.darts_child import cut_out_darts
from nse_tf.supernet.layers.layouts import InitialKernels
from nse_tf.supernet.layers.stock import kernels_of
from nse_tf.supernet.protocols import Capability


class DartsSupernet(CellSupernet):
    """Cells of two inputs; it is called as a `CellSupernet`.

    Where inputs are brought to a cell's width, batch norm has scale and offset.

    Args:
        space: A space with the skeleton of DARTS.
        seed: Seed of the initial weights.
        kernels: How they are drawn; see `Piece.initial`.

    Raises:
        ValueError: If the space has another skeleton, or an op has no layers.

    References:
        Liu et al., DARTS (2019): https://arxiv.org/abs/1806.09055
    """

    capabilities = CellSupernet.capabilities | {Capability.DEEPENS}

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        kernels: InitialKernels = "fan_in",
    ) -> None:
        skeleton = space.require_skeleton(DartsSkeleton)
        backbone = DartsBackbone(skeleton, fast=True)
        backbone.build()
        edges = edges_of_kinds(space)

        def make_cells(rng: np.random.Generator) -> list[DartsCell]:
            return [
                DartsCell(cell, skeleton.graph, edges[cell.kind], rng, kernels)
                for cell in skeleton.cells
            ]

        super().__init__(
            space, skeleton, backbone, make_cells, seed=seed, kernels=kernels
        )

    def _run(
        self, images: tf.Tensor, run_cells: RunCells, apply: Apply
    ) -> tf.Tensor:
        """Returns the logits of the backbone around cells."""
        before, last = self._backbone.run_stem(
            tf.cast(images, tf.float32), apply
        )
        for number in range(len(self.cells)):
            inputs = self._backbone.run_inputs(number, before, last, apply)
            before, last = last, run_cells(number, *inputs)
        return self._backbone.run_tail(last, apply)

    @property
    def angle_weights(self) -> list[keras.Variable]:
        """The kernels of the backbone, as the published angle has it."""
        return kernels_of(self.backbone_layers)

    def cut_out(self, genotype: Genotype, *, fast: bool = True) -> keras.Model:
        """Returns the stand-alone child; see `WeightSharing`.

        Its poolings are normalized as here, which no network trained alone is.
        """
        return cut_out_darts(self, genotype, fast=fast)
