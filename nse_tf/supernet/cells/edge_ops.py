"""What an edge of a cell may have to do, and what a step reads for it."""

import dataclasses
import functools
from collections.abc import Callable, Collection, Sequence

import numpy as np
import tensorflow as tf

from nse_tf.spaces import (
    CellOp,
    DilConv,
    NorConv,
    Pool,
    SepConv,
    SkipConnect,
    Zero,
)

# Kinds of work; the side of a convolution is a number in the graph.
NOTHING, SKIP, AVERAGE, MAXIMUM, CONVOLVE, SEPARABLE, DILATED = range(7)

POOLS = {AVERAGE: tf.nn.avg_pool2d, MAXIMUM: tf.nn.max_pool2d}


@dataclasses.dataclass(frozen=True)
class OpenEdge:
    """What a step has read for one edge of one cell.

    Attributes:
        kind: Kind of work; int32 scalar.
        side: Side of the kernel, if there is one; int32 scalar.
        row: The candidate's weights.
        statistics: Its moving statistics.
    """

    kind: tf.Tensor
    side: tf.Tensor
    row: tf.Tensor
    statistics: tf.Tensor


def kind_of(op: CellOp) -> int:
    """Returns the kind of work that an op is."""
    match op:
        case Zero():
            return NOTHING
        case SkipConnect():
            return SKIP
        case Pool(kind):
            return AVERAGE if kind == "avg" else MAXIMUM
        case NorConv():
            return CONVOLVE
        case SepConv():
            return SEPARABLE
        case DilConv():
            return DILATED


def side_of(op: CellOp) -> int:
    """Returns the side of an op's kernels; 1 where it has none."""
    return op.kernel if isinstance(op, NorConv | SepConv | DilConv) else 1


def require_work(
    ops: Sequence[CellOp], known: Collection[int], skeleton: str
) -> None:
    """Refuses candidates that the cells of a skeleton have no layers for.

    Raises:
        ValueError: Naming the op.
    """
    for op in ops:
        if kind_of(op) not in known:
            raise ValueError(
                f"There are no layers for {op.name!r} in cells of {skeleton}; "
                "leave it out of the candidates."
            )


def looked_up(table: np.ndarray, candidates: tf.Tensor) -> tf.Tensor:
    """Returns the entries of open candidates, `(num_cells, num_edges)`.

    Args:
        table: `(num_edges, max_candidates)`.
        candidates: Their indices, `(num_cells, num_edges)`.
    """
    by_edge = tf.transpose(candidates)
    return tf.transpose(tf.gather(table, by_edge, batch_dims=1))


def constant(value: np.ndarray, shape: object, dtype: str) -> tf.Tensor:
    """Returns a value as an initializer of weights does."""
    del shape
    return tf.constant(value, dtype)


def shared_once(value: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns a tensor for one reader, and the same for all others.

    So gradients are summed two at a time. TensorFlow sums three and more in
    one op, which begins with whichever buffer happens to be free, so that the
    last bit would follow the load of the machine; and it joins sums of sums to
    such an op unless they are taken in functions of their own.

    Args:
        value: `(batch, …)`; all else of the shape is known.
    """
    shared: tuple[tf.Tensor, tf.Tensor] = _shared(
        tuple(value.shape[1:]), tf.as_dtype(value.dtype)
    )(value)
    return shared


@functools.cache
def _shared(
    shape: tuple[int, ...], dtype: tf.DType
) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    @tf.function(
        autograph=False,
        input_signature=[tf.TensorSpec([None, *shape], dtype)],
        experimental_attributes={"_noinline": True},
    )
    def shared(value: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.identity(value), tf.identity(value)

    found: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]] = shared
    return found
