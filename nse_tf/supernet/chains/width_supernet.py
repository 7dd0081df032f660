"""WidthSupernet: a chain whose stages have widths to choose."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import (
    ChainSkeleton,
    Genotype,
    SearchSpace,
    StageWidthSkeleton,
    realized,
    shaped_blocks,
)
from nse_tf.supernet.chains.backbone import stem_layers, tail_layers
from nse_tf.supernet.chains.chain_supernet import ChainSupernet
from nse_tf.supernet.chains.child import build_chain_child, set_operator
from nse_tf.supernet.chains.mbconv_layers import MBCONV_PARTS
from nse_tf.supernet.chains.narrowing import (
    NarrowingChoiceLayer,
    NarrowingConv,
    WidthLayer,
)
from nse_tf.supernet.chains.parts import ChainParts
from nse_tf.supernet.layers.layouts import row_kernel_sizes
from nse_tf.supernet.layers.stock import initialize
from nse_tf.supernet.protocols import Capability

_ONE_WIDTH = (
    "A supernet with widths by stage cannot {}, which are of several shapes: "
    "search by single paths (--method=spos), or leave out the widths."
)


class WidthSupernet(ChainSupernet):
    """The weight-sharing model of a chain with widths by stage.

    A stage of a smaller width is the first channels of the whole stage, as an
    expansion of 3 is the first inner channels of one of 6: candidates and
    widths nest (see `NarrowingChoiceLayer`), and a step costs what the open
    network alone would. It is called as a `ChainSupernet`; a decision about a
    width is a part that hands on its inputs.

    The stem's weights belong to all networks; of the first convolution of the
    tail each reads as many input channels as its last stage has. Batch norm of
    the tail has one set of moving statistics, so that children are to be
    calibrated.

    Args:
        space: The space.
        seed: Seed of the initial weights.

    Raises:
        ValueError: If the space has no widths to choose, or its candidates do
            not nest; see `require_nesting`.

    References:
        Yu et al., Slimmable Neural Networks (2019):
        https://arxiv.org/abs/1812.08928; there, all stages have one width.
    """

    capabilities = frozenset({Capability.RUNS_PARTS})
    limits: Mapping[Capability, str] = {
        Capability.MIXES: _ONE_WIDTH.format("mix candidates"),
        Capability.TWO_PATHS: _ONE_WIDTH.format("compare two candidates"),
        Capability.SEVERAL_OPEN: _ONE_WIDTH.format("open several candidates"),
    }

    def __init__(self, space: SearchSpace, seed: int = 0) -> None:
        shaped = {block.number: block for block in shaped_blocks(space)}
        layers = iter(range(len(space.blocks)))

        def make_block(block: Any, rng: np.random.Generator) -> Any:
            number = next(layers)
            if block.sets_width:
                return WidthLayer(block)
            return NarrowingChoiceLayer(shaped[number], rng)

        super().__init__(space, seed, WIDTH_PARTS, make_block)

    def chain_of(
        self, space: SearchSpace
    ) -> tuple[ChainSkeleton, Sequence[Any]]:
        """Returns the skeleton of a space, and its decision points."""
        return space.require_skeleton(StageWidthSkeleton), space.blocks

    def draw_backbone(self, rng: np.random.Generator) -> None:
        """Draws the weights of the layers that all children share."""
        conv, *others = self.tail
        initialize(self.stem, rng)
        conv.initialize(rng)
        initialize(others, rng)

    def open_by_block(self, open_branches: tf.Tensor) -> Any:
        """Returns what gives each block, by its number, its own variant."""
        path = open_branches[:, 0]
        return lambda number: self.blocks[number].opened_of(path)

    def row_kernel_sizes(self) -> Mapping[int, Any]:
        """Returns how long the kernels of rows are, by index of variable."""
        holders = [
            layer
            for layer, block in zip(self.blocks, self.space.blocks, strict=True)
            if not block.sets_width
        ]
        return row_kernel_sizes(
            self.trainable_variables, [*holders, self.tail[0]]
        )

    def cut_out(self, genotype: Genotype, *, fast: bool = True) -> keras.Model:
        """Returns the stand-alone child; see `WeightSharing`."""
        plain, own = realized(self.space, genotype)
        skeleton, blocks = plain.as_chain()
        child = build_chain_child(MBCONV_PARTS, plain, own, fast=fast)
        conv, *others = self.tail
        for layer in (*self.stem, *others):
            child.get_layer(layer.name).set_weights(layer.get_weights())
        channels = skeleton.stages[-1].channels
        child.get_layer(conv.name).set_weights([conv.kernel_of(channels)])
        shaped = shaped_blocks(self.space)
        for each, block, index in zip(shaped, blocks, own.path, strict=True):
            variant = each.variant_of(genotype.path)
            values = self.blocks[each.number].values_of(variant)
            set_operator(child, block, index, values)
        return child


def _tail_layers(
    skeleton: ChainSkeleton, *, fast: bool
) -> list[keras.layers.Layer]:
    """Returns everything after the last block, for any width of it."""
    conv, *others = tail_layers(skeleton, fast=fast)
    channels = skeleton.stages[-1].channels
    return [NarrowingConv(channels, skeleton.tail_channels, conv.name), *others]


WIDTH_PARTS = ChainParts(
    stem_layers=stem_layers,
    tail_layers=_tail_layers,
    op_layers=MBCONV_PARTS.op_layers,
)
