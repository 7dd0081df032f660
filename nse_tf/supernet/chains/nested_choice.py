"""NestedChoiceLayer: candidates that are parts of one another."""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from nse_tf.supernet.chains.choice_layer import ChoiceLayer
from nse_tf.supernet.layers.layouts import Piece, matrix_of, packed
from nse_tf.supernet.layers.nesting import Nesting
from nse_tf.supernet.protocols import OwnedRows


class NestedChoiceLayer(ChoiceLayer):
    """One choice block of a supernet whose candidates share all they can.

    It has the weights of the largest kernel with the largest expansion, and
    each candidate is a part of them: the middle of the kernel, the first inner
    channels, whose scales and offsets it shares, too. All candidates share the
    last scale and offset. A step reads the rows that are part of its candidate
    (see `Nesting`), and computes with them what the candidate alone would; so
    it costs no more, gets a gradient for these rows only, and leaves all other
    rows as they are.

    Moving statistics are not shared: each candidate has its own, as switchable
    batch norm has, since smaller kernels see other values in a channel.

    Arguments, call arguments and output as in `ChoiceLayer`.

    Raises:
        ValueError: If the block's candidates do not nest; see
            `require_nesting`.

    References:
        Yu et al., Slimmable Neural Networks (2019), section 3.3:
        https://arxiv.org/abs/1812.08928. There scales and offsets are each
        width's own, too.
    """

    @functools.cached_property
    def _nesting(self) -> Nesting:
        return Nesting(self.block)

    @functools.cached_property
    def _used(self) -> list[np.ndarray]:
        """By candidate index the rows that it uses; last, none for padding."""
        return [self._nesting.rows_of(i) for i in range(len(self.layouts) + 1)]

    def _sizes_of_kernels(self) -> np.ndarray:
        """Returns how many numbers at each row's start are kernels, int32."""
        return self._nesting.kernel_sizes

    def _fresh(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Returns fresh matrices of weights and statistics."""
        largest = packed(self._nesting.largest.weights, rng)
        return self._nesting.matrix_of(largest), self._fresh_statistics(rng)

    def take(self, part: Callable[[Piece], np.ndarray]) -> None:
        """Takes the weights and statistics of an MBConv that is trained.

        Args:
            part: Returns what of it is cut out for a piece of a candidate.
        """
        rows, *statistics = (
            np.concatenate(
                [np.empty(0, np.float32), *(part(each).ravel() for each in row)]
            )
            for row in (
                self._nesting.largest.weights,
                *(layout.statistics for layout in self.layouts),
            )
        )
        self.rows.assign(self._nesting.matrix_of(rows))
        self.statistics.assign(matrix_of(statistics))

    def _lengths(self) -> list[int]:
        """Returns how many weights each candidate reads, with padding."""
        return [len(rows) * self._nesting.row_length for rows in self._used]

    def _read(self, indices: tf.Tensor | Sequence[int]) -> Sequence[tf.Tensor]:
        """Returns the weights of candidates; see `ChoiceLayer`."""
        counts = np.array([len(rows) for rows in self._used], np.int32)
        ranges = np.stack([np.cumsum(counts) - counts, counts], 1)
        used = tf.constant(np.concatenate(self._used))
        read = []
        for start, count in map(
            tf.unstack, tf.unstack(tf.gather(ranges, indices))
        ):
            rows = tf.gather(self.rows.value, tf.slice(used, [start], [count]))
            read.append(tf.reshape(rows, [-1]))
        return read

    def _weights(self) -> np.ndarray:
        """Returns the weights of each candidate in a row, and padding."""
        rows = self.rows.numpy()
        return matrix_of([rows[used].ravel() for used in self._used[:-1]])[:-1]

    def owned_rows(self, decisions: Sequence[int]) -> list[OwnedRows]:
        """Returns the rows that each candidate uses; see `SharedBlock`."""
        (decision,) = decisions
        used = self._used[:-1]
        return [
            OwnedRows(
                decision=decision,
                variable=self.rows,
                statistics=self.statistics,
                rows=tuple(np.concatenate(used).tolist()),
                candidates=tuple(
                    index
                    for index, rows in enumerate(used)
                    for _ in range(len(rows))
                ),
                shares_rows=True,
            )
        ]
