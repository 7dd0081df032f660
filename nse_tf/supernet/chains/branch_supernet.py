"""BranchSupernet: the weights of multi-branch cells, for some ops of each."""

import functools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from nse_tf.spaces import BranchBlock, Genotype, SearchSpace
from nse_tf.supernet.chains.branch_choice import BranchChoice
from nse_tf.supernet.chains.supernet import Supernet
from nse_tf.supernet.layers.batch_norm import MOMENTUM


class BranchSupernet(Supernet):
    """The weight-sharing model of a space of multi-branch cells.

    Only the active ops of a cell have weights: those of a whole pool seldom fit
    a memory, and no search trains them at once.

    Args:
        space: The space; its active candidates have their weights here.
        seed: Of the initial weights.

    Call arguments:
        images: `(batch, height, width, channels)`, pixels in 0..255.
        open_branches: Whether each active candidate is open, int32
            `(num_blocks, max_active)`; see `encode`.
        training: Whether batch norm uses and moves statistics.
        rate: Share of the batch in moved statistics.

    Output shape:
        Logits `(batch, num_classes)`.

    Raises:
        ValueError: If the space is none of multi-branch cells.

    References:
        Ci et al., NSE (2021), code of the supernet:
        https://arxiv.org/abs/2011.10904
    """

    def __init__(self, space: SearchSpace, seed: int = 0) -> None:
        blocks = [
            block for block in space.blocks if isinstance(block, BranchBlock)
        ]
        if len(blocks) < len(space.blocks):
            raise ValueError(
                f"Space {space.name!r} has places that are no multi-branch "
                "cells; this needs one such as 'nse_small'."
            )
        active = dict(
            zip((block.name for block in blocks), space.active, strict=True)
        )
        super().__init__(
            space,
            seed,
            lambda block, rng: BranchChoice(block, rng, active[block.name]),
        )

    @property
    def active(self) -> tuple[tuple[int, ...], ...]:
        """The candidates that there are weights for, place by place."""
        return tuple(place.active for place in self.blocks)

    def encode(self, genotype: Genotype) -> np.ndarray:
        """Returns a genotype as `open_branches`.

        Raises:
            ValueError: If the genotype is not of the space, or opens a
                candidate that has no weights here.
        """
        self.space.require(genotype)
        return self.opened(genotype.genes)

    def opened(self, genes: Sequence[Sequence[int]]) -> np.ndarray:
        """Returns which active candidates genes open, as `open_branches`.

        Raises:
            ValueError: If one of them is not active.
        """
        slots = np.zeros((len(genes), max(1, *map(len, self.active))), np.int32)
        for row, gene, active in zip(slots, genes, self.active, strict=True):
            if not set(gene) <= set(active):
                raise ValueError(
                    f"There are weights for candidates {active} of a cell, not "
                    f"for {gene}."
                )
            row[[active.index(index) for index in gene]] = 1
        return slots

    def row_kernel_sizes(self) -> dict[int, np.ndarray]:
        """Returns how long the kernels of rows are, by index of variable."""
        positions = {
            id(variable): index
            for index, variable in enumerate(self.trainable_variables)
        }
        return {
            positions[id(row)]: np.array([size])
            for place in self.blocks
            for row, size in zip(place.rows, place.kernel_sizes, strict=True)
        }

    def rows_open(self, open_branches: tf.Tensor) -> dict[int, tf.Tensor]:
        """Returns whether each row is open, by index of variable."""
        flags = tf.cast(open_branches, tf.bool)
        positions = {
            id(variable): index
            for index, variable in enumerate(self.trainable_variables)
        }
        return {
            positions[id(row)]: flags[place, number]
            for place, layer in enumerate(self.blocks)
            for number, row in enumerate(layer.rows)
        }

    @tf.autograph.experimental.do_not_convert
    def call_two(
        self,
        images: tf.Tensor,
        selected: tf.Tensor,
        unselected: tf.Tensor,
        mixing_weights: tf.Tensor,
        rate: tf.Tensor | float = 1.0 - MOMENTUM,
        unselected_rate: tf.Tensor | float = 1.0 - MOMENTUM,
    ) -> tf.Tensor:
        """Returns logits of one subset of each cell, differentiable in two.

        The value is that of the selected subsets. The gradient of a cell's
        share is what the loss would gain by its selected subset against its
        unselected one, which runs forward only.

        Args:
            images: `(batch, height, width, channels)`, pixels in 0..255.
            selected: The subsets that compute, as `open_branches`.
            unselected: Those that they are held against.
            mixing_weights: Probability of the selected subset given that it is
                one of the two, `(num_blocks,)`.
            rate: Share of the batch in moved statistics.
            unselected_rate: The same of the unselected subsets, after that; 0
                leaves them.

        References:
            Ci et al., NSE (2021), code of the architecture step, after Cai et
            al., ProxylessNAS (2019): https://arxiv.org/abs/1812.00332
        """
        run = functools.partial(self._run_backbone, training=True, rate=rate)
        outputs = run(self.stem, tf.cast(images, tf.float32))
        for number, place in enumerate(self.blocks):
            chosen, other = (
                place(
                    outputs,
                    slots[number, : place.num_slots],
                    training=True,
                    rate=by,
                )
                for slots, by in (
                    (selected, rate),
                    (unselected, unselected_rate),
                )
            )
            mixing_weight = mixing_weights[number]
            # Of value one and zero; all that counts is their gradient.
            one = mixing_weight + tf.stop_gradient(1.0 - mixing_weight)
            nothing = tf.stop_gradient(mixing_weight) - mixing_weight
            outputs = chosen * one + tf.stop_gradient(other) * nothing
        return run(self.tail, outputs)
