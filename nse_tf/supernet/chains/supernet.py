"""Supernet: a skeleton of choice layers, called with what is open."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.supernet.chains.backbone import initialize, stem_layers, tail_layers
from nse_tf.supernet.chains.choice_layer import INACTIVE, ChoiceLayer
from nse_tf.supernet.layers.batch_norm import MOMENTUM, FusedBatchNormalization
from nse_tf.supernet.protocols import kernels_of, row_kernel_sizes


class Supernet(keras.Model):
    """The weight-sharing model of a whole chain space.

    Args:
        space: The space; also the candidates that are no longer active have
            their weights here.
        seed: Of the initial weights.
        make_block: Makes the layer of a place, given what draws its weights.

    Call arguments:
        images: `(batch, height, width, channels)`, pixels in 0..255.
        open_branches: Indices of the open candidates, int32 `(num_blocks,
            max_open)`, `INACTIVE` in unused slots; see `encode`.
        gates: Factors `(num_blocks, max_candidates)`, or None for an equal
            share of each open branch.
        training: Whether batch norm uses and moves statistics.
        rate: Share of the batch in moved statistics.

    Output shape:
        Logits `(batch, num_classes)`.

    Raises:
        ValueError: If the space is no chain.
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        make_block: Callable[..., Any] = ChoiceLayer,
    ) -> None:
        super().__init__(name="supernet")
        skeleton, blocks = space.as_chain()
        self.space = space
        rng = np.random.default_rng(seed)
        self.stem = stem_layers(skeleton, fast=True)
        self.tail = tail_layers(skeleton, fast=True)
        self.blocks = [make_block(block, rng) for block in blocks]
        self._build_backbone()
        initialize(self.backbone_layers, rng)
        self.built = True

    def _build_backbone(self) -> None:
        skeleton = self.space.as_chain().skeleton
        ends = (
            (self.stem, (*skeleton.image_size, skeleton.image_channels)),
            (self.tail, (*skeleton.tail_size, skeleton.stages[-1].channels)),
        )
        for layers, shape in ends:
            keras.Sequential([keras.Input(shape), *layers])

    def initialize(self, seed: int) -> None:
        """Draws all weights anew, as for a new supernet of that seed."""
        rng = np.random.default_rng(seed)
        for place in self.blocks:
            place.initialize(rng)
        initialize(self.backbone_layers, rng)

    @property
    def backbone_layers(self) -> list[keras.layers.Layer]:
        """The layers that all children share, input to output."""
        return [*self.stem, *self.tail]

    @property
    def angle_weights(self) -> list[keras.Variable]:
        """The kernels of the fixed part, whose rotation counts in angles."""
        return kernels_of(self.backbone_layers)

    def row_kernel_sizes(self) -> dict[int, np.ndarray]:
        """Returns how long the kernels of rows are, by index of variable."""
        return row_kernel_sizes(self.trainable_variables, self.blocks)

    @property
    def max_open(self) -> int:
        """The most branches that any place may open."""
        return max(block.max_open for block in self.space.blocks)

    @tf.autograph.experimental.do_not_convert  # It has no need to.
    def call(
        self,
        images: tf.Tensor,
        open_branches: tf.Tensor,
        gates: tf.Tensor | None = None,
        training: bool = False,
        rate: tf.Tensor | float = 1.0 - MOMENTUM,
    ) -> tf.Tensor:
        """Returns the logits of the open sub-network."""
        parts = range(self.num_parts)
        return self.run_parts(
            parts, images, open_branches, gates, training, rate
        )

    @property
    def num_parts(self) -> int:
        """Stem, places and tail, which run one after the other."""
        return len(self.blocks) + 2

    @tf.autograph.experimental.do_not_convert
    def run_parts(
        self,
        parts: range,
        inputs: tf.Tensor,
        open_branches: tf.Tensor,
        gates: tf.Tensor | None = None,
        training: bool = False,
        rate: tf.Tensor | float = 1.0 - MOMENTUM,
    ) -> tf.Tensor:
        """Returns what some neighboring parts make of their inputs.

        Args:
            parts: Which: 0 is the stem, whose inputs are images; place `n` is
                part `n + 1`; the last is the tail, which gives logits.
            inputs: Of the first of them.
            open_branches: Of the whole network, as in a call.
            gates: As in a call.
            training: As in a call.
            rate: As in a call.
        """
        outputs = inputs
        for part in parts:
            if part in (0, self.num_parts - 1):
                layers = self.tail if part else self.stem
                outputs = tf.cast(outputs, tf.float32)
                outputs = self._run_backbone(layers, outputs, training, rate)
                continue
            place = part - 1
            layer = self.blocks[place]
            outputs = layer(
                outputs,
                open_branches[place, : layer.num_slots],
                gates=None if gates is None else gates[place],
                training=training,
                rate=rate,
            )
        return outputs

    @tf.autograph.experimental.do_not_convert
    def mix(
        self,
        images: tf.Tensor,
        mixing_weights: tf.Tensor,
        active: Sequence[Sequence[int]],
    ) -> tf.Tensor:
        """Returns logits of the mixture; see `MixingSupernet`."""
        outputs = self._run_backbone(
            self.stem, tf.cast(images, tf.float32), training=True, rate=0.0
        )
        for place, layer in enumerate(self.blocks):
            outputs = layer.mix(outputs, mixing_weights[place], active[place])
        return self._run_backbone(self.tail, outputs, training=True, rate=0.0)

    def _run_backbone(
        self,
        layers: list[keras.layers.Layer],
        outputs: tf.Tensor,
        training: bool,
        rate: tf.Tensor | float,
    ) -> tf.Tensor:
        for layer in layers:
            has_mode = isinstance(layer, FusedBatchNormalization)
            mode = {"training": training, "rate": rate} if has_mode else {}
            outputs = layer(outputs, **mode)
        return outputs

    def encode(self, genotype: Genotype) -> np.ndarray:
        """Returns a genotype as `open_branches`.

        Raises:
            ValueError: If the genotype is not of the space.
        """
        self.space.require(genotype)
        return slots(genotype.genes, self.max_open)


def slots(genes: Sequence[Sequence[int]], max_open: int) -> np.ndarray:
    """Returns genes, int32 `(num_blocks, max_open)`, padded by `INACTIVE`."""
    filled = np.full((len(genes), max_open), INACTIVE, np.int32)
    for row, gene in zip(filled, genes, strict=True):
        row[: len(gene)] = gene
    return filled
