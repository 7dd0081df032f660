"""ChainSupernet: what all supernets of chains have in common."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import ChainSkeleton, Genotype, SearchSpace
from nse_tf.spaces.open_branches import encode
from nse_tf.supernet.chains.child import cut_out_chain
from nse_tf.supernet.chains.parts import ChainParts
from nse_tf.supernet.layers.batch_norm import MOMENTUM, FusedBatchNormalization
from nse_tf.supernet.layers.stock import initialize, kernels_of
from nse_tf.supernet.protocols import Capability


class ChainSupernet(keras.Model):
    """A stem, choice blocks one after the other, and a tail.

    Args:
        space: The space.
        seed: Seed of the initial weights.
        parts: Makes the layers of the backbone and of children.
        make_block: Makes the layer of a choice block, given what draws its
            weights.

    Call arguments:
        images: `(batch, height, width, channels)`, pixels in 0..255.
        open_branches: Indices of the open candidates, int32 `(num_blocks,
            max_open)`, padded by `INACTIVE`; see `encode`.
        training: Whether batch norm uses and moves statistics.
        rate: Share of the batch in moved statistics.

    Output shape:
        Logits `(batch, num_classes)`.

    Raises:
        ValueError: If the space is no chain.
    """

    capabilities = frozenset(
        {
            Capability.RUNS_PARTS,
            Capability.SEVERAL_OPEN,
        }
    )
    limits: Mapping[Capability, str] = {}

    def __init__(
        self,
        space: SearchSpace,
        seed: int,
        parts: ChainParts,
        make_block: Callable[..., Any],
    ) -> None:
        super().__init__(name="supernet")
        skeleton, blocks = self.chain_of(space)
        self.space = space
        self._parts = parts
        rng = np.random.default_rng(seed)
        self.stem = parts.stem_layers(skeleton, fast=True)
        self.tail = parts.tail_layers(skeleton, fast=True)
        self.blocks = [make_block(block, rng) for block in blocks]
        self._build_backbone(skeleton)
        self.draw_backbone(rng)
        self.built = True

    def chain_of(
        self, space: SearchSpace
    ) -> tuple[ChainSkeleton, Sequence[Any]]:
        """Returns the skeleton of a space, and what layers are made of."""
        return space.as_chain()

    def draw_backbone(self, rng: np.random.Generator) -> None:
        """Draws the weights of the layers that all children share."""
        initialize(self.backbone_layers, rng)

    def _build_backbone(self, skeleton: ChainSkeleton) -> None:
        ends = (
            (self.stem, (*skeleton.image_size, skeleton.image_channels)),
            (self.tail, (*skeleton.tail_size, skeleton.stages[-1].channels)),
        )
        for layers, shape in ends:
            keras.Sequential([keras.Input(shape), *layers])

    def initialize(self, seed: int) -> None:
        """Draws all weights again, as for a new supernet of that seed."""
        rng = np.random.default_rng(seed)
        for block in self.blocks:
            block.initialize(rng)
        self.draw_backbone(rng)

    @property
    def backbone_layers(self) -> list[keras.layers.Layer]:
        """The layers that all children share, input to output."""
        return [*self.stem, *self.tail]

    @property
    def angle_weights(self) -> list[keras.Variable]:
        """The kernels of the backbone, whose rotation counts in angles."""
        return kernels_of(self.backbone_layers)

    def rows_open(self, open_branches: tf.Tensor) -> dict[int, tf.Tensor]:
        """Returns nothing: gradients name the rows; see `WeightSharing`."""
        del open_branches
        return {}

    @tf.autograph.experimental.do_not_convert  # It has no need to.
    def call(
        self,
        images: tf.Tensor,
        open_branches: tf.Tensor,
        training: bool = False,
        rate: tf.Tensor | float = 1.0 - MOMENTUM,
    ) -> tf.Tensor:
        """Returns the logits of the open sub-network."""
        parts = range(self.num_parts)
        return self.run_parts(parts, images, open_branches, training, rate)

    @property
    def num_parts(self) -> int:
        """Stem, blocks and tail, which run one after the other."""
        return len(self.blocks) + 2

    @tf.autograph.experimental.do_not_convert
    def run_parts(
        self,
        parts: range,
        inputs: tf.Tensor,
        open_branches: tf.Tensor,
        training: bool = False,
        rate: tf.Tensor | float = 1.0 - MOMENTUM,
    ) -> tf.Tensor:
        """Returns what some parts make of inputs; see `SupernetOfParts`."""
        is_open = self.open_by_block(open_branches)
        outputs = inputs
        for part in parts:
            if part in (0, self.num_parts - 1):
                layers = self.tail if part else self.stem
                outputs = tf.cast(outputs, tf.float32)
                outputs = self.run_backbone(layers, outputs, training, rate)
                continue
            outputs = self.blocks[part - 1](
                outputs, is_open(part - 1), training=training, rate=rate
            )
        return outputs

    def open_by_block(
        self, open_branches: tf.Tensor
    ) -> Callable[[int], tf.Tensor]:
        """Returns what gives each block, by its number, its own input."""
        return lambda number: open_branches[
            number, : self.blocks[number].block.max_open
        ]

    def run_backbone(
        self,
        layers: Sequence[keras.layers.Layer],
        outputs: tf.Tensor,
        training: bool,
        rate: tf.Tensor | float,
    ) -> tf.Tensor:
        """Returns what some layers of the backbone make of their inputs."""
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
        return encode(self.space, genotype)

    def cut_out(self, genotype: Genotype, *, fast: bool = True) -> keras.Model:
        """Returns the stand-alone child; see `WeightSharing`."""
        return cut_out_chain(self._parts, self, genotype, fast=fast)
