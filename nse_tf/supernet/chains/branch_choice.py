"""BranchChoice: the choice block of a multi-branch supernet."""

import functools
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import BRANCH_FAMILIES, BranchBlock
from nse_tf.supernet.chains.branch import Branch
from nse_tf.supernet.layers.batch_norm import MOMENTUM, moved
from nse_tf.supernet.layers.layouts import packed, unpacked
from nse_tf.supernet.protocols import OwnedRows


class BranchChoice(keras.layers.Layer):
    """One cell with the candidates that it may open.

    An argument says which branches are open; the layer never chooses. Each
    candidate keeps its weights in a row of its own, and only open branches
    compute: any other costs a test, and a row of zeros for its gradient.

    Args:
        block: The cell.
        rng: Draws the initial weights.
        active: The candidates that there are weights for.

    Call arguments:
        inputs: `(batch, height, width, in_channels)`.
        is_open: Whether each of `candidates` is, bool `(num_active,)`.
        training: Whether to normalize by the batch and move statistics.
        rate: Share of the batch in moved statistics.

    Output shape:
        `(batch, out_height, out_width, out_channels)`.

    Attributes:
        candidates: The candidates that there are weights for.
        rows: Weights, a variable for each of them.
        statistics: Moving statistics, a variable for each of them.
    """

    def __init__(
        self,
        block: BranchBlock,
        rng: np.random.Generator,
        active: Sequence[int] | None = None,
    ) -> None:
        super().__init__(name=block.name)
        self.block = block
        everyone = range(len(block.candidates))
        self.candidates = tuple(everyone if active is None else active)
        ops = [
            op
            for op in (block.candidates[index] for index in self.candidates)
            if isinstance(op, BRANCH_FAMILIES)  # As all of such a cell are.
        ]
        self._branches = [Branch(op, block) for op in ops]
        weights, statistics = self._fresh(rng)
        self.rows, self.statistics = (
            [
                self.add_weight(
                    name=f"{op.name}_{name}",
                    shape=value.shape,
                    initializer=functools.partial(_constant, value),
                    trainable=name == "row",
                )
                for op, value in zip(ops, values, strict=True)
            ]
            for name, values in (("row", weights), ("statistics", statistics))
        )
        self.built = True

    def _fresh(
        self, rng: np.random.Generator
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Returns fresh rows of weights and of statistics."""
        layouts = [branch.layout for branch in self._branches]
        weights = [packed(layout.weights, rng) for layout in layouts]
        return weights, [packed(layout.statistics, rng) for layout in layouts]

    def initialize(self, rng: np.random.Generator) -> None:
        """Draws all weights and statistics again."""
        for variables, values in zip(
            (self.rows, self.statistics), self._fresh(rng), strict=True
        ):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    def call(
        self,
        inputs: tf.Tensor,
        is_open: tf.Tensor,
        training: bool = False,
        rate: tf.Tensor | float = 1.0 - MOMENTUM,
    ) -> tf.Tensor:
        """Returns the average of the open branches and the shortcut."""
        total = inputs if self.block.has_shortcut else None
        for number in range(len(self.candidates)):
            total = self._added(
                inputs, total, number, is_open[number], training, rate
            )
        if total is None:
            raise ValueError(f"Cell {self.name!r} has no active candidate.")
        count = tf.reduce_sum(tf.cast(is_open, total.dtype))
        if self.block.has_shortcut:
            # In NSE the identity counts as one more branch of the average.
            return total / (count + 1.0)
        return tf.math.divide_no_nan(total, count)

    def _added(
        self,
        inputs: tf.Tensor,
        total: tf.Tensor | None,
        number: int,
        is_open: tf.Tensor,
        training: bool,
        rate: tf.Tensor | float,
    ) -> tf.Tensor:
        """Returns the sum so far with what one candidate brings.

        Adding is part of the branch, so that one that is not open adds nothing.
        """
        row, statistics = self.rows[number], self.statistics[number]

        def run() -> tf.Tensor:
            outputs, seen = self._branches[number](
                inputs, row.value, statistics.value, training
            )
            if training:
                # Within the branch, so that one that is closed keeps its own.
                statistics.assign(moved(statistics.value, seen, rate))
            return outputs if total is None else total + outputs

        def skip() -> tf.Tensor:
            if total is not None:
                return tf.identity(total)
            shape = [*self.block.out_size, self.block.out_channels]
            return tf.zeros([tf.shape(inputs)[0], *shape], inputs.dtype)

        outputs = tf.cond(is_open, run, skip)
        outputs.set_shape([None, *self.block.out_size, self.block.out_channels])
        return outputs

    def values_of(self, candidate: int) -> dict[tuple[str, str], np.ndarray]:
        """Returns a candidate's weights and statistics by (layer, weight)."""
        number = self.candidates.index(candidate)
        layout = self._branches[number].layout
        return {
            **unpacked(layout.weights, self.rows[number].numpy()),
            **unpacked(layout.statistics, self.statistics[number].numpy()),
        }

    def owned_rows(self, decisions: Sequence[int]) -> list[OwnedRows]:
        """Returns a variable for each candidate; see `SharedBlock`."""
        (decision,) = decisions
        return [
            OwnedRows(
                decision=decision,
                variable=row,
                statistics=statistics,
                rows=(0,),
                candidates=(candidate,),
            )
            for candidate, row, statistics in zip(
                self.candidates, self.rows, self.statistics, strict=True
            )
        ]

    @property
    def kernel_sizes(self) -> list[int]:
        """How many numbers at the start of each row are kernels."""
        return [branch.layout.kernel_size for branch in self._branches]

    @property
    def kernel_lengths(self) -> list[list[int]]:
        """How long each kernel of each of `candidates` is, in a row's order."""
        return [
            [piece.size for piece in branch.layout.kernels]
            for branch in self._branches
        ]

    def kernels(self) -> np.ndarray:
        """Returns `(num_active, longest_row)`: kernels, zeros elsewhere."""
        sizes = self.kernel_sizes
        values = np.zeros((len(sizes), max(sizes, default=0)), np.float32)
        for value, size, row in zip(values, sizes, self.rows, strict=True):
            value[:size] = row.numpy()[:size]
        return values


def _constant(value: np.ndarray, shape: object, dtype: str) -> tf.Tensor:
    del shape
    return tf.constant(value, dtype)
