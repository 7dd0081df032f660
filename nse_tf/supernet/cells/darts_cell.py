"""One cell of a DARTS supernet, with all its candidates."""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from nse_tf.spaces import Cell, CellGraph, Edge, SkipConnect
from nse_tf.supernet.cells.darts_edge import MOST_NORMS, EdgeWork
from nse_tf.supernet.cells.edge_ops import (
    NOTHING,
    SKIP,
    OpenEdge,
    looked_up,
    shared_once,
)
from nse_tf.supernet.cells.packed_cells import PackedCells
from nse_tf.supernet.extra_skips import ExtraSkip
from nse_tf.supernet.layers.batch_norm import MOMENTUM, moved
from nse_tf.supernet.layers.layouts import InitialKernels, Piece
from nse_tf.supernet.skip_dropout import SkipDropout


class DartsCell(PackedCells):
    """A cell of two inputs that puts out its inner nodes, concatenated.

    Only the open candidate of an edge computes, only its row of weights gets a
    gradient, and only its row of statistics moves. Batch norm has neither scale
    nor offset; a pooling is followed by one, unlike in a network of its own.

    Args:
        cell: The cell.
        graph: Its graph.
        edges: The edges of its kind, with their candidates.
        rng: Draws the initial weights.
        kernels: How kernels are drawn; see `Piece.initial`.

    Call arguments:
        first: One input, brought to the cell's width and size.
        second: The other one.
        open_branches: The open candidate of each edge, int32 `(num_edges, 1)`.
        training: Whether to normalize by the batch and move statistics.
        rate: Share of the batch in moved statistics.

    Output shape:
        `(batch, out_height, out_width, num_outputs * channels)`.

    References:
        Liu et al., DARTS (2019): https://arxiv.org/abs/1806.09055
    """

    def __init__(
        self,
        cell: Cell,
        graph: CellGraph,
        edges: Sequence[Edge],
        rng: np.random.Generator,
        kernels: InitialKernels = "fan_in",
    ) -> None:
        works = [
            EdgeWork(
                edge.candidates,
                cell.channels,
                # In a reduction only the edges from the cell's inputs halve;
                # inner nodes are small already.
                cell.stride if edge.source < graph.num_inputs else 1,
            )
            for edge in edges
        ]
        super().__init__(
            cell.name,
            [work.ops for work in works],
            [
                [
                    work.kernels_of(op) if work.has_norms(op) else None
                    for op in work.ops
                ]
                for work in works
            ],
            [cell],
            MOST_NORMS,
            rng,
            kernels,
        )
        self._graph, self._works = graph, works

    def call(
        self,
        first: tf.Tensor,
        second: tf.Tensor,
        open_branches: tf.Tensor,
        training: bool = False,
        rate: tf.Tensor | float = 1.0 - MOMENTUM,
    ) -> tf.Tensor:
        """Returns the cell's output."""
        candidates = self.by_cell(open_branches)
        rows = tf.gather(self.row_index, candidates, batch_dims=2)[0]
        statistics = tf.gather(self.statistics.value, rows)
        kinds = looked_up(self._kinds, candidates)
        open_edges = self.open_edges(candidates, kinds, rows, statistics)
        seen: list[tf.Tensor] = []

        def brought(
            inputs: tf.Tensor, so_far: tf.Tensor, edge: int
        ) -> tf.Tensor:
            outputs, seen_here = self._run_edge(
                inputs, so_far, edge, open_edges[edge], training
            )
            seen.append(seen_here)
            return outputs

        outputs = self._run(first, second, brought)
        if training:
            # Edges without norms all write the row after the last, whose zeros
            # stay zeros.
            self.statistics.value.scatter_update(
                tf.IndexedSlices(moved(statistics, tf.stack(seen), rate), rows)
            )
        return outputs

    def mix(
        self,
        first: tf.Tensor,
        second: tf.Tensor,
        mixing_weights: tf.Tensor,
        active: Sequence[Sequence[int]],
        skip_dropout: SkipDropout | None = None,
        extra_skip: ExtraSkip | None = None,
    ) -> tf.Tensor:
        """Returns the cell's output if candidates are mixed.

        Args:
            first: One input.
            second: The other one.
            mixing_weights: Factor of each candidate, `(num_edges,
                max_candidates)`.
            active: The candidates that run, edge by edge.
            skip_dropout: What drops out after skips of stride 1; None nothing.
            extra_skip: What is added to each edge; None nothing.
        """
        open_edges = self.open_edges_together(active)
        extra_rows = [None] * len(self._works)
        if extra_skip is not None and extra_skip.kernels is not None:
            rows = iter(tf.unstack(extra_skip.kernels))
            extra_rows = [
                next(rows) if work.stride == 2 else None for work in self._works
            ]

        def brought(
            inputs: tf.Tensor, so_far: tf.Tensor, edge: int
        ) -> tf.Tensor:
            work = self._works[edge]
            for candidate in active[edge]:
                kind = int(self._kinds[edge, candidate])
                outputs, _ = work.run(
                    kind, inputs, open_edges[0, edge, candidate], training=True
                )
                is_plain_skip = kind == SKIP and work.stride == 1
                if is_plain_skip and skip_dropout is not None:
                    outputs = skip_dropout.at(edge).applied(outputs)
                outputs *= mixing_weights[edge, candidate]
                so_far = outputs if so_far is None else so_far + outputs
            if extra_skip is not None:
                skipped = work.skipped(inputs, extra_rows[edge])
                so_far += extra_skip.share * skipped
            return so_far

        return self._run(first, second, brought)

    @property
    def extra_pieces(self) -> list[tuple[Piece, ...]]:
        """The kernels of extra skips that halve; see `PackedCells`."""
        return [
            work.kernels_of(SkipConnect())
            for work in self._works
            if work.stride == 2
        ]

    def _run(
        self,
        first: tf.Tensor,
        second: tf.Tensor,
        brought: Callable[[tf.Tensor, tf.Tensor, int], tf.Tensor],
    ) -> tf.Tensor:
        """Returns the inner nodes, given what adds an edge to its target."""
        nodes: dict[int, tf.Tensor] = {0: first, 1: second}
        for edge, (source, target) in enumerate(self._graph.edges):
            # One reader each, so that gradients are added in one fixed order.
            taken, nodes[source] = shared_once(nodes[source])
            nodes[target] = brought(taken, nodes.get(target), edge)
        return tf.concat([nodes[node] for node in self._graph.outputs], -1)

    def _run_edge(
        self,
        inputs: tf.Tensor,
        so_far: tf.Tensor | None,
        edge: int,
        open_edge: OpenEdge,
        training: bool,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the target's value so far with what the edge brings."""
        given = [inputs] if so_far is None else [inputs, so_far]
        run = _edge_function(
            self._works[edge],
            tuple(tuple(each.shape[1:]) for each in given),
            open_edge.row.shape[0],
            training,
        )
        outputs, seen = run(
            given,
            open_edge.kind,
            open_edge.side,
            open_edge.row,
            open_edge.statistics,
        )
        (cell,) = self.cells
        outputs.set_shape([None, *cell.out_size, cell.channels])
        return outputs, seen


@functools.cache
def _edge_function(
    work: EdgeWork,
    shapes: tuple[tuple[int, int, int], ...],
    row_length: int,
    training: bool,
) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
    """Returns what adds an edge to its target, traced once for all like it.

    Args:
        work: What the edge's candidates compute.
        shapes: Shapes, without the batch, of the edge's input and, unless it
            is the first edge of its target, of the target's value so far.
        row_length: Length of a candidate's weights.
        training: Whether to normalize by the batch.
    """

    def run(
        kind: int, given: list[tf.Tensor], open_edge: OpenEdge
    ) -> tuple[tf.Tensor, tf.Tensor]:
        inputs, *so_far = given
        if kind == NOTHING and so_far:
            return so_far[0], open_edge.statistics
        outputs, seen = work.run(kind, inputs, open_edge, training)
        return tf.add_n([*so_far, outputs]), seen

    present = work.kinds
    # By kind, the number of its branch, as `switch_case` knows no gaps.
    position = np.searchsorted(present, range(max(present) + 1))

    @tf.function(
        autograph=False,
        input_signature=[
            [tf.TensorSpec([None, *shape]) for shape in shapes],
            tf.TensorSpec([], tf.int32),
            tf.TensorSpec([], tf.int32),
            tf.TensorSpec([row_length]),
            tf.TensorSpec([2 * MOST_NORMS * work.channels]),
        ],
        # Inlined, every edge would have a graph and a gradient of its own.
        experimental_attributes={"_noinline": True},
    )
    def edge_function(
        given: list[tf.Tensor],
        kind: tf.Tensor,
        side: tf.Tensor,
        row: tf.Tensor,
        statistics: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        open_edge = OpenEdge(kind, side, row, statistics)
        found: tuple[tf.Tensor, tf.Tensor] = tf.switch_case(
            tf.gather(position.astype(np.int32), kind),
            [
                functools.partial(run, each, given, open_edge)
                for each in present
            ],
        )
        return found

    found: Callable[..., tuple[tf.Tensor, tf.Tensor]] = edge_function
    return found
