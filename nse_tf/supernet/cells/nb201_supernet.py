"""NB201Supernet: the weight-sharing model of a NAS-Bench-201 space."""

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import Genotype, NB201Skeleton, SearchSpace
from nse_tf.supernet.cells.backbone import Apply
from nse_tf.supernet.cells.cell_supernet import CellSupernet, RunCells
from nse_tf.supernet.cells.nb201_backbone import NB201Backbone
from nse_tf.supernet.cells.nb201_child import cut_out_nb201
from nse_tf.supernet.cells.nb201_stage import CellStage
from nse_tf.supernet.cells.packed_cells import PackedCells
from nse_tf.supernet.layers.layouts import InitialKernels
from nse_tf.supernet.protocols import Active


class NB201Supernet(CellSupernet):
    """Three stages of equal cells; it is called as a `CellSupernet`.

    Args:
        space: A space with the skeleton of NAS-Bench-201.
        seed: Seed of the initial weights.
        kernels: How they are drawn; see `Piece.initial`.

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
        skeleton = space.require_skeleton(NB201Skeleton)
        edges = space.as_cells().edges
        backbone = NB201Backbone(skeleton, fast=True)
        backbone.build()

        def make_cells(rng: np.random.Generator) -> list[CellStage]:
            cells, count = skeleton.cells, skeleton.num_cells
            return [
                CellStage(
                    f"stage{stage}",
                    skeleton.graph,
                    edges,
                    cells[stage * count : (stage + 1) * count],
                    rng,
                    kernels,
                )
                for stage in range(skeleton.NUM_STAGES)
            ]

        super().__init__(
            space, skeleton, backbone, make_cells, seed=seed, kernels=kernels
        )

    def _run(
        self, images: tf.Tensor, run_cells: RunCells, apply: Apply
    ) -> tf.Tensor:
        """Returns the logits of the backbone around stages."""
        outputs = self._backbone.run_stem(tf.cast(images, tf.float32), apply)
        for number in range(len(self.cells)):
            if number:
                outputs = self._backbone.run_reduction(number, outputs, apply)
            outputs = run_cells(number, outputs)
        return self._backbone.run_tail(outputs, apply)

    def _mixed_at(
        self, packed: PackedCells, mixing_weights: tf.Tensor, active: Active
    ) -> tuple[tf.Tensor, Active]:
        """Returns all: there is one kind of cells.

        A slice would add their gradients up in another order, stage by stage.
        """
        del packed
        return mixing_weights, active

    @property
    def angle_weights(self) -> list[keras.Variable]:
        """All weights of the backbone, as the published angle has it."""
        return [
            weight
            for layer in self.backbone_layers
            for weight in layer.trainable_weights
        ]

    def cut_out(self, genotype: Genotype, *, fast: bool = True) -> keras.Model:
        """Returns the stand-alone child; see `WeightSharing`."""
        return cut_out_nb201(self, genotype, fast=fast)
