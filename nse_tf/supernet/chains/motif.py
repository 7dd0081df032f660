"""Any motif of a block, run with the weights of a row.

As in `mbconv.py`, an argument selects the motif, and everything about it is a
number in the graph: which edges are there, their kernels, the width, and how
nodes mix. So one graph runs all motifs, and another one needs no new trace.
"""

import itertools
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import ChoiceBlock, MBConv, Motif, MotifEdge
from nse_tf.spaces.motif import EDGES
from nse_tf.supernet.chains.motif_functions import (
    ADD_CONVOLVED,
    ADD_INPUT,
    ANY_SIZE,
    MAX_CONVOLVED,
    MAX_INPUT,
    NOTHING,
    SMALL_SIDES,
    Alike,
    motif_function,
)
from nse_tf.supernet.layers.depthwise import FAST_COLUMNS


class MotifPrimitive(keras.layers.Layer):
    """Runs any of a block's motifs and plain MBConvs, without the shortcut.

    An MBConv is run as the motif whose only convolution is on its first edge:
    beside motifs that saves a branch of the graph.

    Args:
        block: The block.
        ops: By candidate index, the op, or None for what computes nothing.

    Call arguments and output are those of `MBConvPrimitive`.
    """

    def __init__(
        self,
        block: ChoiceBlock,
        ops: Sequence[Motif | MBConv | None],
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.block = block
        self._numbers: np.ndarray | tf.Variable = numbers_of(ops, block)
        first_sides = {
            edge.kernel
            for op in ops
            for edge in _edges_of(op).values()
            if edge.kernel
        }
        self._sides = tuple(sorted(first_sides.union(SMALL_SIDES)))
        self._has_plain_end = False

    def call(
        self,
        inputs: tf.Tensor,
        index: tf.Tensor,
        row: tf.Tensor,
        statistics: tf.Tensor,
        training: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the branch and the batch's statistics."""
        # Larger kernels have a gradient that must know its size.
        is_small = max(self._sides) <= FAST_COLUMNS
        run = motif_function(
            Alike(
                in_size=ANY_SIZE if is_small else self.block.in_size,
                out_size=ANY_SIZE if is_small else self.block.out_size,
                stride=self.block.stride,
                sides=self._sides,
                training=training,
                plain_end=self._has_plain_end,
            )
        )
        # Not from a constant, to which TensorFlow would fit a copy of the
        # function for each call.
        numbers = tf.gather(self._numbers, index)
        if training:
            outputs, seen = run(inputs, numbers, row)
            # Rows of statistics are as long as those of the widest candidate.
            missing = tf.size(statistics) - tf.size(seen)
            statistics = tf.ensure_shape(
                tf.pad(seen, [[0, missing]]), statistics.shape
            )
        else:
            (outputs,) = run(inputs, numbers, row, statistics)
        outputs.set_shape([None, *self.block.out_map])
        return outputs, statistics


def numbers_of(
    ops: Sequence[Motif | MBConv | None], block: ChoiceBlock
) -> np.ndarray:
    """Returns what a motif function is told of each op, int32 `(count, 14)`."""
    return np.array(
        [[*block.out_map, *_numbers_of(op)] for op in ops], np.int32
    )


def _numbers_of(op: Motif | MBConv | None) -> list[int]:
    """Returns the expansion of an op, and two numbers of each edge.

    These are what it does and the side of its kernel; all are 0 for None.
    """
    expansion = 0 if op is None else int(op.expansion)
    maximum = op.takes_maximum if isinstance(op, Motif) else {}
    edges = _edges_of(op)
    of_edges = [
        _edge_numbers(edges.get(ends), maximum.get(ends[1], False))
        for ends in EDGES
    ]
    return [expansion, *itertools.chain.from_iterable(of_edges)]


def _edges_of(
    op: Motif | MBConv | None,
) -> dict[tuple[int, int], MotifEdge]:
    """Returns the edges of an op by their ends."""
    edges: tuple[MotifEdge, ...] = ()
    if isinstance(op, Motif):
        edges = op.edges
    elif op is not None:
        edges = tuple(
            MotifEdge(source=node, target=node + 1, kernel=kernel)
            for node, kernel in enumerate((op.kernel, 0, 0))
        )
    return {(edge.source, edge.target): edge for edge in edges}


def _edge_numbers(
    edge: MotifEdge | None, takes_maximum: bool
) -> tuple[int, int]:
    """Returns what an edge does, and the side of its kernel."""
    if edge is None:
        return NOTHING, 0
    if edge.kernel:
        return MAX_CONVOLVED if takes_maximum else ADD_CONVOLVED, edge.kernel
    return MAX_INPUT if takes_maximum else ADD_INPUT, 0
