"""Where the weights of candidates lie that are parts of one another.

MBConvs of one block nest: a kernel of 3 is the middle of one of 7, and an
expansion of 3 the first channels of one of 6. So the block keeps the weights of
its largest MBConv only, cut into the rows of one matrix such that what any
candidate uses is a list of whole rows. A row is a run of inner channels, as
long as divides the width of every candidate; what a candidate reads, row after
row, is its own weights in the order of its own layout.

References:
    Cai et al., Once-for-All (2020), section 3: https://arxiv.org/abs/1908.09791.
    There smaller kernels are the middle after a learned transformation, and
    channels are sorted by importance; here there is neither.
"""

import functools
import math

import numpy as np

from nse_tf.spaces import ChoiceBlock, Identity, MBConv
from nse_tf.supernet.layers.layouts import Layout, layout_of


class Nesting:
    """How the MBConvs of a block lie in the rows of one matrix.

    Kernels come first, then scales and offsets, then one row of zeros, which
    candidates without weights are given to read.

    Args:
        block: The block.

    Attributes:
        row_length: How many inner channels a row is.
        largest: The layout of the largest kernel with the largest expansion,
            which need not be a candidate itself.

    Raises:
        ValueError: If the block's candidates do not nest; names them.
    """

    def __init__(self, block: ChoiceBlock) -> None:
        require_nesting(block)
        self._block = block
        ops = _mbconvs(block)
        self._widths = [op.inner_channels(block.in_channels) for op in ops]
        self.row_length = math.gcd(*self._widths) or 1
        self._side = max((op.kernel for op in ops), default=0)
        self._expands = any(op.expands for op in ops)
        expansion = max((op.expansion for op in ops), default=0)
        self.largest = (
            layout_of(MBConv(self._side, expansion), block) if ops else Layout()
        )

    @functools.cached_property
    def _sizes(self) -> list[int]:
        """How many rows there are of each kind of weight, in order."""
        runs = max(self._widths, default=0) // self.row_length
        block = self._block
        outputs = -(-2 * block.out_channels // self.row_length) if runs else 0
        return [
            block.in_channels * runs * self._expands,
            self._side**2 * runs,
            block.out_channels * runs,
            2 * runs * self._expands,
            2 * runs,
            outputs,
        ]

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
            candidate: Its index; after the last one stands padding.

        Returns:
            Int32 `(num_used,)`; empty for what has no weights.
        """
        candidates = self._block.candidates
        op = candidates[candidate] if candidate < len(candidates) else None
        if not isinstance(op, MBConv):
            return np.zeros(0, np.int32)
        width = op.inner_channels(self._block.in_channels)
        return self._rows(op.kernel, width)

    def _rows(self, kernel: int, width: int) -> np.ndarray:
        """Returns the rows of an MBConv of this kernel and inner width."""
        used = width // self.row_length
        runs = max(self._widths) // self.row_length
        starts = np.cumsum([0, *self._sizes])
        margin = (self._side - kernel) // 2
        middle = slice(margin, margin + kernel)
        grids = [
            np.arange(size).reshape(shape)
            for size, shape in zip(
                self._sizes,
                (
                    (-1, runs),
                    (self._side, self._side, runs),
                    (runs, -1),
                    (-1, runs),
                    (-1, runs),
                    (-1,),
                ),
                strict=True,
            )
        ]
        parts = [
            grids[0][:, :used],
            grids[1][middle, middle, :used],
            # A run of channels has its projections to all outputs together.
            grids[2][:used],
            grids[3][:, :used],
            grids[4][:, :used],
            grids[5],
        ]
        found = [
            start + part.ravel()
            for start, part in zip(starts[:-1], parts, strict=True)
        ]
        return np.concatenate(found).astype(np.int32)

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
