"""The cells of one width of NAS-Bench-201, with all their candidates."""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from nse_tf.spaces import Cell, CellGraph, CellOp, Edge, NorConv
from nse_tf.supernet.cells.edge_ops import (
    CONVOLVE,
    NOTHING,
    POOLS,
    SKIP,
    OpenEdge,
    looked_up,
    require_work,
)
from nse_tf.supernet.cells.packed_cells import PackedCells
from nse_tf.supernet.extra_skips import ExtraSkip
from nse_tf.supernet.layers.batch_norm import (
    MOMENTUM,
    moved,
    normalize,
    normalize_by,
)
from nse_tf.supernet.layers.layouts import InitialKernels, Piece
from nse_tf.supernet.skip_dropout import SkipDropout

_WORK = {NOTHING, SKIP, CONVOLVE, *POOLS}


class CellStage(PackedCells):
    """The cells of one width, one after another, with all their candidates.

    Only the open candidate of an edge computes, and only if the output hears of
    it; only its row of weights gets a gradient, and only its row of statistics
    moves.

    Args:
        name: Name of the layer.
        graph: The graph of each cell; one input, one output node.
        edges: Its edges, with their candidates.
        cells: The cells.
        rng: Draws the initial weights.
        kernels: How kernels are drawn; see `Piece.initial`.

    Call arguments:
        inputs: `(batch, height, width, channels)`.
        open_branches: The open candidate of each edge of each cell, int32
            `(num_cells * num_edges, 1)`.
        training: Whether to normalize by the batch and move statistics.
        rate: Share of the batch in moved statistics.

    Output shape:
        That of the inputs.
    """

    def __init__(
        self,
        name: str,
        graph: CellGraph,
        edges: Sequence[Edge],
        cells: Sequence[Cell],
        rng: np.random.Generator,
        kernels: InitialKernels = "fan_out",
    ) -> None:
        for edge in edges:
            require_work(edge.candidates, _WORK, "NAS-Bench-201")
        ops = [edge.candidates for edge in edges]
        channels = cells[0].channels
        pieces = [[_kernels_of(op, channels) for op in each] for each in ops]
        super().__init__(name, ops, pieces, cells, 1, rng, kernels)
        self._graph, self._channels = graph, channels

    def call(
        self,
        inputs: tf.Tensor,
        open_branches: tf.Tensor,
        training: bool = False,
        rate: tf.Tensor | float = 1.0 - MOMENTUM,
    ) -> tf.Tensor:
        """Returns what the last cell puts out."""
        num_edges = len(self._graph.edges)
        candidates = self.by_cell(open_branches)
        kinds = self._kinds_heard(candidates)
        # What computes no convolution reads the row after the last.
        rows = tf.where(
            kinds == CONVOLVE,
            tf.gather(self.row_index, candidates, batch_dims=2),
            len(self.pieces),
        )
        rows = tf.reshape(rows, [-1])
        statistics = tf.gather(self.statistics.value, rows)
        open_edges = self.open_edges(candidates, kinds, rows, statistics)
        outputs, seen = inputs, []
        for first in range(0, len(open_edges), num_edges):
            outputs, seen_here = self._run_cell(
                outputs, open_edges[first : first + num_edges], training
            )
            seen += seen_here
        if training:
            # Edges that do not convolve all write the row after the last. It
            # holds zeros that stay zeros, so it does not matter which one wins.
            self.statistics.value.scatter_update(
                tf.IndexedSlices(moved(statistics, tf.stack(seen), rate), rows)
            )
        return outputs

    def _kinds_heard(self, candidates: tf.Tensor) -> tf.Tensor:
        """Returns what each edge has to do, `(num_cells, num_edges)`.

        That is nothing, too, where the output does not hear of its target.
        """
        kinds = tf.unstack(looked_up(self._kinds, candidates), axis=1)
        nobody = tf.zeros_like(kinds[0], tf.bool)
        is_heard = [nobody] * self._graph.num_nodes
        is_heard[self._graph.last_node] = ~nobody
        # From the last source back: all edges that leave a node are known
        # before those that lead to it.
        edges = list(zip(self._graph.edges, kinds, strict=True))
        for (source, target), kind in sorted(
            edges, key=lambda each: each[0], reverse=True
        ):
            is_heard[source] |= (kind != NOTHING) & is_heard[target]
        return tf.stack(
            [
                tf.where(is_heard[target], kind, NOTHING)
                for (_, target), kind in edges
            ],
            axis=1,
        )

    def _run_cell(
        self, inputs: tf.Tensor, open_edges: list[OpenEdge], training: bool
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Returns a cell's output, and the statistics seen at each edge."""
        nodes: dict[int, tf.Tensor] = {0: inputs}
        seen = []
        for (source, target), edge in zip(
            self._graph.edges, open_edges, strict=True
        ):
            nodes[target], seen_here = self._run_edge(
                nodes[source], nodes.get(target), edge, training
            )
            seen.append(seen_here)
        return nodes[self._graph.last_node], seen

    def _run_edge(
        self,
        inputs: tf.Tensor,
        so_far: tf.Tensor | None,
        edge: OpenEdge,
        training: bool,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the target's value so far with what the edge brings.

        Adding is part of the branches, so that an edge without connection
        costs nothing.
        """

        def added(outputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            if so_far is not None:
                outputs = so_far + outputs
            return outputs, edge.statistics

        def nothing() -> tuple[tf.Tensor, tf.Tensor]:
            if so_far is None:
                return tf.zeros_like(inputs), edge.statistics
            return so_far, edge.statistics

        def convolved() -> tuple[tf.Tensor, tf.Tensor]:
            outputs, seen = self._convolve(inputs, edge, training)
            return added(outputs)[0], seen

        branches: dict[int, Callable[[], tuple[tf.Tensor, tf.Tensor]]] = {
            NOTHING: nothing,
            SKIP: lambda: added(inputs),
            CONVOLVE: convolved,
        }
        for kind, pool in POOLS.items():
            branches[kind] = functools.partial(_run_pool, pool, inputs, added)
        # `switch_case` counts its branches from 0 without gaps, and every
        # branch is traced: so only kinds that occur here have one. Others are
        # never asked for, as without `none` every node is heard.
        present = sorted(set(self._kinds.ravel().tolist()))
        position = np.searchsorted(present, range(len(branches)))
        outputs, seen = tf.switch_case(
            tf.gather(position.astype(np.int32), edge.kind),
            [branches[kind] for kind in present],
        )
        outputs.set_shape(inputs.shape)
        return outputs, seen

    def _convolve(
        self, inputs: tf.Tensor, edge: OpenEdge, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns ReLU, convolution, batch norm, and the batch's statistics."""
        width = self._channels
        size = edge.side * edge.side * width * width
        # Rows are as long as the largest kernel; the rest is padding.
        kernel = tf.reshape(
            edge.row[:size], [edge.side, edge.side, width, width]
        )
        outputs = tf.nn.conv2d(tf.nn.relu(inputs), kernel, 1, "SAME")
        outputs.set_shape(inputs.shape)
        # Search cells have no scale and offset (ABS); the fused op takes some.
        gamma, beta = tf.ones([width]), tf.zeros([width])
        if not training:
            mean, variance = tf.split(edge.statistics, 2)
            return (
                normalize_by(outputs, gamma, beta, mean, variance),
                edge.statistics,
            )
        outputs, mean, variance = normalize(outputs, gamma, beta)
        return outputs, tf.concat([mean, variance], 0)

    def mix(
        self,
        inputs: tf.Tensor,
        mixing_weights: tf.Tensor,
        active: Sequence[Sequence[int]],
        skip_dropout: SkipDropout | None = None,
        extra_skip: ExtraSkip | None = None,
    ) -> tf.Tensor:
        """Returns what the last cell puts out if candidates are mixed.

        Args:
            inputs: `(batch, height, width, channels)`.
            mixing_weights: Factor of each candidate, `(num_edges,
                max_candidates)`.
            active: The candidates that run, edge by edge.
            skip_dropout: What drops out after skips; None nothing.
            extra_skip: What is added to each edge; None nothing.
        """
        open_edges = self.open_edges_together(active)
        for cell in range(len(self.cells)):
            nodes: dict[int, tf.Tensor] = {0: inputs}
            dropout = skip_dropout and skip_dropout.at(cell)
            for edge, (source, target) in enumerate(self._graph.edges):
                for candidate in active[edge]:
                    kind = int(self._kinds[edge, candidate])
                    brought = self._mixed(
                        nodes[source], kind, open_edges[cell, edge, candidate]
                    )
                    if kind == SKIP and dropout is not None:
                        brought = dropout.at(edge).applied(brought)
                    brought *= mixing_weights[edge, candidate]
                    so_far = nodes.get(target)
                    nodes[target] = (
                        brought if so_far is None else so_far + brought
                    )
                if extra_skip is not None:
                    nodes[target] += extra_skip.share * nodes[source]
            inputs = nodes[self._graph.last_node]
        return inputs

    def _mixed(
        self, inputs: tf.Tensor, kind: int, open_edge: OpenEdge
    ) -> tf.Tensor:
        """Returns what one candidate makes of the inputs, in training mode."""
        if kind == NOTHING:
            return tf.zeros_like(inputs)
        if kind == SKIP:
            return inputs
        if kind in POOLS:
            return POOLS[kind](inputs, 3, 1, "SAME")
        return self._convolve(inputs, open_edge, training=True)[0]


def _kernels_of(op: CellOp, channels: int) -> tuple[Piece, ...] | None:
    """Returns an op's kernel, if it has one."""
    if not isinstance(op, NorConv):
        return None
    shape = (op.kernel, op.kernel, channels, channels)
    return (Piece("conv", "kernel", shape),)


def _run_pool(
    pool: Callable[..., tf.Tensor],
    inputs: tf.Tensor,
    added: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
) -> tuple[tf.Tensor, tf.Tensor]:
    return added(pool(inputs, 3, 1, "SAME"))
