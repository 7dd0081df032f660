"""Layers of a chain whose stages have widths to choose."""

import functools
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import ChainOp, ChoiceBlock, DecisionPoint, ShapedBlock
from nse_tf.supernet.chains.nested_choice import NestedChoiceLayer
from nse_tf.supernet.layers.batch_norm import MOMENTUM, moved
from nse_tf.supernet.layers.layouts import Layout, Piece, unpacked
from nse_tf.supernet.layers.nesting import Nesting
from nse_tf.supernet.protocols import OwnedRows


class WidthLayer(keras.layers.Layer):
    """Where the width of a stage is chosen: hands on its inputs.

    It has no weights; the layers of the stage know what was chosen.

    Args:
        block: The decision point.
    """

    def __init__(self, block: DecisionPoint) -> None:
        super().__init__(name=block.name)
        self.block = block
        self.built = True

    def call(
        self,
        inputs: tf.Tensor,
        opened: tf.Tensor,
        training: bool = False,
        rate: tf.Tensor | float = 0.0,
    ) -> tf.Tensor:
        """Returns the inputs."""
        del opened, training, rate
        return inputs

    def opened_of(self, path: tf.Tensor) -> tf.Tensor:
        """Returns what a path opens here; nobody asks."""
        return path[:1]

    def initialize(self, rng: np.random.Generator) -> None:
        """Draws nothing."""

    @property
    def candidates(self) -> tuple[int, ...]:
        """None has weights."""
        return ()

    @property
    def kernel_lengths(self) -> list[list[int]]:
        """None."""
        return []

    def kernels(self) -> np.ndarray:
        """Returns none."""
        return np.zeros((0, 0), np.float32)

    def owned_rows(self, decisions: Sequence[int]) -> list[OwnedRows]:
        """Returns none: blocks of the stage have the weights."""
        del decisions
        return []


class NarrowingChoiceLayer(NestedChoiceLayer):
    """One choice block whose candidates nest, in all shapes that it may have.

    It has the weights of the largest candidate in the widest network, and each
    candidate in each shape, a variant, is a part of them: narrower inputs and
    outputs are the first channels, as narrower inner widths are. Scales and
    offsets of channels are shared, too. Each variant has moving statistics of
    its own.

    Where a narrow network happens to keep a block's shape, the block has a
    shortcut, as any such block of a chain has.

    Args:
        shaped: The block.
        rng: Draws the initial weights.

    Call arguments:
        inputs: `(batch, height, width, channels)`.
        opened: The open variant, int32 `(1,)`.
        training: Whether to normalize by the batch and move statistics.
        rate: Share of the batch in moved statistics.

    Output shape:
        `(batch, out_height, out_width, channels)`.

    Raises:
        ValueError: If the block's candidates do not nest; see
            `require_nesting`.
    """

    def __init__(self, shaped: ShapedBlock, rng: np.random.Generator) -> None:
        self.shaped = shaped
        self._has_shortcut = np.array(
            [shape.has_shortcut for shape, _ in shaped.variants]
        )
        super().__init__(shaped.widest, rng)

    @property
    def _placed(self) -> Sequence[tuple[ChainOp, ChoiceBlock]]:
        return [
            (shape.candidates[candidate], shape)
            for shape, candidate in self.shaped.variants
        ]

    @functools.cached_property
    def _nesting(self) -> Nesting:
        return Nesting(self.shaped.widest, self.shaped.shapes)

    def opened_of(self, path: tf.Tensor) -> tf.Tensor:
        """Returns the variant that a path opens here, int32 `(1,)`.

        Args:
            path: The open candidate of each decision point, int32 `(count,)`.
        """
        strides = self.shaped.strides
        genes = tf.gather(path, list(strides))
        return tf.reduce_sum(genes * list(strides.values()), keepdims=True)

    def call(
        self,
        inputs: tf.Tensor,
        opened: tf.Tensor,
        training: bool = False,
        rate: tf.Tensor | float = 1.0 - MOMENTUM,
    ) -> tf.Tensor:
        """Returns what the variant computes, and its shortcut if any."""
        index = opened[0]
        (row,) = self._read(opened)
        statistics = tf.gather(self.statistics.value, index)
        branch, seen = self._run(inputs, index, row, statistics, training)
        if training:
            now = moved(statistics, seen, rate)
            self.statistics.value.scatter_update(
                tf.IndexedSlices(now[tf.newaxis], opened)
            )
        return self._beside_shortcut(inputs, branch, index)

    def _beside_shortcut(
        self, inputs: tf.Tensor, branch: tf.Tensor, index: tf.Tensor
    ) -> tf.Tensor:
        if self._has_shortcut.all():
            return inputs + branch
        if not self._has_shortcut.any():
            return branch
        outputs = tf.cond(
            tf.gather(self._has_shortcut, index),
            lambda: inputs + branch,
            lambda: branch,
        )
        outputs.set_shape(branch.shape)
        return outputs

    def _nothing(
        self,
        inputs: tf.Tensor,
        index: tf.Tensor,
        row: tf.Tensor,
        statistics: tf.Tensor,
        training: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        del index, row, training
        # Only identities come here, which keep their shape.
        return tf.zeros_like(inputs), statistics

    def _lengths(self) -> list[int]:
        used = [len(self._nesting.rows_of(i)) for i in range(len(self.layouts))]
        return [each * self._nesting.row_length for each in (*used, 0)]

    def _read(self, indices: tf.Tensor | Sequence[int]) -> Sequence[tf.Tensor]:
        cut = tf.gather(self._nesting.cuts, indices[0])
        rows = tf.gather(self.rows.value, self._nesting.rows_in_graph(cut))
        return [tf.reshape(rows, [-1])]

    def values_of(self, candidate: int) -> dict[tuple[str, str], np.ndarray]:
        """Returns a variant's weights and statistics by (layer, weight)."""
        layout = self.layouts[candidate]
        rows = self.rows.numpy()[self._nesting.rows_of(candidate)]
        statistics = self.statistics.numpy()[candidate]
        return {
            **unpacked(layout.weights, rows.ravel()),
            **unpacked(layout.statistics, statistics),
        }

    @property
    def _widest(self) -> range:
        """The variants of candidates in the widest network."""
        count = len(self.layouts)
        return range(count - len(self.block.candidates), count)

    @property
    def layouts_of_candidates(self) -> Sequence[Layout]:
        """How the weights of candidates lie in the widest network."""
        return [self.layouts[variant] for variant in self._widest]

    @functools.cached_property
    def _used(self) -> list[np.ndarray]:
        """The rows that candidates use in the widest network; last, none."""
        last = len(self.layouts)
        return [self._nesting.rows_of(each) for each in (*self._widest, last)]


class NarrowingConv(keras.layers.Layer):
    """A 1×1 convolution of the channels that there are, the first of all.

    Its kernel lies in rows, one for each input channel, so that only those get
    a gradient and move that are there.

    Args:
        channels: How many input channels there are at most.
        filters: Output channels.
        name: Name of the layer, and of that of a child.

    Input shape:
        `(batch, height, width, up to channels)`.

    Output shape:
        `(batch, height, width, filters)`.
    """

    def __init__(self, channels: int, filters: int, name: str) -> None:
        super().__init__(name=name)
        self.rows = self.add_weight(
            name="rows", shape=(channels, filters), initializer="zeros"
        )
        self.kernel_sizes = np.full(channels, filters, np.int32)
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the convolved images."""
        rows = tf.gather(self.rows.value, tf.range(tf.shape(inputs)[-1]))
        return tf.nn.conv2d(inputs, rows[tf.newaxis, tf.newaxis], 1, "SAME")

    def initialize(self, rng: np.random.Generator) -> None:
        """Draws the kernel, as for the convolution of a child."""
        shape = (1, 1, *self.rows.shape)
        value = Piece(self.name, "kernel", shape).initial(rng)
        self.rows.assign(value[0, 0])

    def kernel_of(self, channels: int) -> np.ndarray:
        """Returns the kernel of a child, `(1, 1, channels, filters)`."""
        rows: np.ndarray = self.rows.numpy()[:channels]
        return rows[np.newaxis, np.newaxis]
