"""Where the weights of candidates lie that are parts of one another.

MBConvs of one block nest: a kernel of 3 is the middle of one of 7, and an
expansion of 3 the first channels of one of 6. So the block keeps the weights of
its largest MBConv only, cut into the rows of one matrix such that what any
candidate uses is a list of whole rows. A row is a run of inner channels, as
long as divides the width of every candidate; what a candidate reads, row after
row, is its own weights in the order of its own layout.

Where stages have widths to choose, a block has several shapes, and the weights
of its widest: narrower inputs and outputs are the first channels, too.

References:
    Cai et al., Once-for-All (2020), section 3: https://arxiv.org/abs/1908.09791.
    There smaller kernels are the middle after a learned transformation, and
    channels are sorted by importance; here there is neither.
"""

import functools
import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from nse_tf.spaces import ChoiceBlock, Identity, MBConv
from nse_tf.supernet.layers.layouts import Layout, layout_of


class Nesting:
    """How the MBConvs of a block lie in the rows of one matrix.

    Kernels come first, then scales and offsets, then one row of zeros, which
    candidates without weights are given to read.

    Args:
        block: The block.
        shapes: The shapes that it may have, the widest last; None for its own.
            Candidates are then counted in each of them: the index of one is
            `shape * num_candidates + candidate`.

    Attributes:
        row_length: How many inner channels a row is; where shapes are given,
            it divides their outputs, too.
        largest: The layout of the largest kernel with the largest expansion,
            which need not be a candidate itself.

    Raises:
        ValueError: If the block's candidates do not nest; names them.
    """

    def __init__(
        self, block: ChoiceBlock, shapes: Sequence[ChoiceBlock] | None = None
    ) -> None:
        require_nesting(block)
        self._block = block
        self._shapes = (block,) if shapes is None else tuple(shapes)
        ops = _mbconvs(block)
        self._widths = [
            op.inner_channels(shape.in_channels)
            for shape in self._shapes
            for op in ops
        ]
        outputs = {shape.out_channels for shape in self._shapes}
        whole = [*self._widths, *(() if shapes is None else outputs)]
        self.row_length = math.gcd(*whole) or 1
        self._side = max((op.kernel for op in ops), default=0)
        self._expands = any(op.expands for op in ops)
        expansion = max((op.expansion for op in ops), default=0)
        self.largest = (
            layout_of(MBConv(self._side, expansion), block) if ops else Layout()
        )

    @functools.cached_property
    def _grids(self) -> list[np.ndarray]:
        """The numbers of each kind of weight, counted from 0, in its shape."""
        inner, block = max(self._widths, default=0), self._block
        outputs = block.out_channels * bool(inner)
        shapes = [
            (block.in_channels * self._expands, inner),
            (self._side, self._side, inner),
            (inner, outputs),
            (2 * self._expands, inner),
            (2, inner),
            (2, outputs),
        ]
        return [np.arange(math.prod(shape)).reshape(shape) for shape in shapes]

    @functools.cached_property
    def _sizes(self) -> list[int]:
        """How many rows there are of each kind of weight, in order."""
        return [-(-grid.size // self.row_length) for grid in self._grids]

    @property
    def num_rows(self) -> int:
        """How many rows hold weights."""
        return sum(self._sizes)

    @property
    def kernel_sizes(self) -> np.ndarray:
        """How many numbers at the start of each row are kernels, int32."""
        sizes = np.zeros(self.num_rows + 1, np.int32)
        sizes[: sum(self._sizes[:3])] = self.row_length
        return sizes

    def rows_of(self, candidate: int) -> np.ndarray:
        """Returns the rows that a candidate uses, in its layout's order.

        Args:
            candidate: Its index; after the last one, in the last shape, stands
                padding.

        Returns:
            Int32 `(num_used,)`; empty for what has no weights.
        """
        candidates = self._block.candidates
        which, index = divmod(candidate, len(candidates))
        if which == len(self._shapes):
            return np.zeros(0, np.int32)
        op, shape = candidates[index], self._shapes[which]
        if not isinstance(op, MBConv):
            return np.zeros(0, np.int32)
        return self._rows(
            op.kernel, shape, op.inner_channels(shape.in_channels)
        )

    def _rows(self, kernel: int, shape: ChoiceBlock, inner: int) -> np.ndarray:
        """Returns the rows of an MBConv of this kernel, shape and width."""
        expand, depthwise, project, inputs, middles, outputs = self._grids
        margin = (self._side - kernel) // 2
        middle = slice(margin, margin + kernel)
        parts = [
            expand[: shape.in_channels, :inner],
            depthwise[middle, middle, :inner],
            project[:inner, : shape.out_channels],
            inputs[:, :inner],
            middles[:, :inner],
            outputs[:, : shape.out_channels],
        ]
        starts = np.cumsum([0, *self._sizes])
        found = [
            # Each part is made of whole rows, so the first of each tells it.
            start + part.ravel()[:: self.row_length] // self.row_length
            for start, part in zip(starts[:-1], parts, strict=True)
        ]
        return np.concatenate(found).astype(np.int32)

    @functools.cached_property
    def cuts(self) -> np.ndarray:
        """What each candidate in each given shape cuts out of the weights.

        Returns:
            Its kernel, its input channels, and the rows of a run of its inner
            and of its output channels, int32 `(num_shapes * num_candidates,
            4)`; zeros for what has no weights.
        """
        return np.array(
            [
                (
                    op.kernel,
                    shape.in_channels,
                    op.inner_channels(shape.in_channels) // self.row_length,
                    shape.out_channels // self.row_length,
                )
                if isinstance(op, MBConv)
                else (0, 0, 0, 0)
                for shape in self._shapes
                for op in self._block.candidates
            ],
            np.int32,
        )

    def rows_in_graph(self, cut: tf.Tensor) -> tf.Tensor:
        """Returns the rows of one of `cuts`, as `rows_of` does.

        A list of them for every shape would take much memory.

        Args:
            cut: It, int32 `(4,)`.
        """
        kernel, inputs, inner, outputs = tf.unstack(cut)
        all_inner, all_outputs = (
            self._grids[2].shape[0] // self.row_length,
            self._grids[2].shape[1] // self.row_length,
        )
        side = tf.range(kernel) + (self._side - kernel) // 2
        taps = tf.reshape(side[:, tf.newaxis] * self._side + side, [-1])
        # Norms have a scale and an offset; what computes nothing, none.
        pair = tf.range(2 * tf.minimum(inner, 1))
        grids = [
            (tf.range(inputs), all_inner, inner),
            (taps, all_inner, inner),
            (tf.range(inner * self.row_length), all_outputs, outputs),
            (pair, all_inner, inner),
            (pair, all_inner, inner),
            (pair, all_outputs, outputs),
        ]
        starts = np.cumsum([0, *self._sizes]).tolist()
        parts = [
            start + first[:, tf.newaxis] * length + tf.range(count)
            for start, size, (first, length, count) in zip(
                starts[:-1], self._sizes, grids, strict=True
            )
            if size > 0
        ]
        nothing = tf.zeros([0], tf.int32)
        flat = [tf.reshape(part, [-1]) for part in parts]
        return tf.concat([nothing, *flat], 0)

    def matrix_of(self, largest: np.ndarray) -> np.ndarray:
        """Returns the rows that hold the weights of the largest MBConv.

        Args:
            largest: Them, laid out as `largest`, float32.

        Returns:
            `(num_rows + 1, row_length)`, padded with zeros.
        """
        values = np.zeros((self.num_rows + 1) * self.row_length, np.float32)
        values[: len(largest)] = largest
        return values.reshape(-1, self.row_length)


def require_nesting(block: ChoiceBlock) -> None:
    """Refuses a block whose candidates are no parts of one another.

    Raises:
        ValueError: If there are such, or several may be open at once; names
            the block and two candidates.
    """
    way_out = "let `sharing` be 'rows'"
    others = [op.name for op in block.candidates if not _nests(op)]
    if others:
        raise ValueError(
            f"Candidate {others[0]!r} of block {block.name!r} does not nest in "
            "the others, only MBConvs of whole expansions, with ReLU6 and "
            f"without squeeze-and-excite, beside the identity do: {way_out}."
        )
    if block.max_open > 1:
        raise ValueError(
            f"Block {block.name!r} opens up to {block.max_open} candidates at "
            "once, which `sharing` 'nested' cannot, since they would be the "
            f"same weights: {way_out}, or `max_open` 1."
        )
    ops = _mbconvs(block)
    plain = [op.name for op in ops if not op.expands]
    if plain and len(plain) < len(ops):
        wide = next(op.name for op in ops if op.expands)
        raise ValueError(
            f"Candidates {plain[0]!r} and {wide!r} of block {block.name!r} do "
            "not nest, since an expansion of 1 has no expanding convolution: "
            f"{way_out}, or leave out one of them."
        )


def _nests(op: object) -> bool:
    return op == Identity() or (isinstance(op, MBConv) and op.is_plain)


def _mbconvs(block: ChoiceBlock) -> list[MBConv]:
    return [op for op in block.candidates if isinstance(op, MBConv)]
