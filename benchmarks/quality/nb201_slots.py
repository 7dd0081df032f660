"""Slots for whole cells of NAS-Bench-201, to tell what a fitness is worth.

It is a supernet as `--method=autospace` trains one, but the cells are those
whose true accuracies are known, and there is one of them a stage.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import (
    CellGraph,
    ChainSkeleton,
    MBConv,
    NB201Skeleton,
    SearchSpace,
    Stage,
    slot_space,
)
from nse_tf.spaces.chains import chain_space
from nse_tf.supernet.capability import Capability
from nse_tf.supernet.cells.nb201_backbone import NB201Backbone
from nse_tf.supernet.cells.nb201_stage import CellStage
from nse_tf.supernet.layers.batch_norm import FusedBatchNormalization, normalize
from nse_tf.supernet.layers.layouts import row_kernel_sizes
from nse_tf.supernet.layers.stock import initialize

Path = tuple[int, ...]
# Index of the op that is no connection.
NONE = 0


class SlotsOfStage:
    """The slots of one position, each with weights for all ops of its edges.

    Args:
        stages: A layer for each slot, with one cell.
        graph: That of the cells.
        first: The path of the cell that sits in all of them at first.
    """

    def __init__(
        self, stages: Sequence[CellStage], graph: CellGraph, first: Path
    ) -> None:
        self.stages, self._graph = list(stages), graph
        self.name = self.stages[0].name
        self.candidates = tuple(range(len(self.stages)))
        self.open_branches = keras.Variable(
            np.tile(np.array(first, np.int32), (len(self.stages), 1)),
            trainable=False,
            dtype="int32",
        )

    def paths(self) -> list[Path]:
        """Returns the path of the cell in each slot."""
        return [tuple(row) for row in self.open_branches.numpy().tolist()]

    def _rows(self, slot: int, path: Path) -> list[int]:
        """Returns the rows of weights that a cell has in a slot.

        Those on edges that do not lead from the input to the output are none
        of them: no step moves them.
        """
        stage = self.stages[slot]
        index = stage.row_index[0]
        rows = [
            int(index[edge, candidate])
            for edge, candidate in enumerate(path)
            if edge in _alive(path, self._graph.edges)
        ]
        return [row for row in rows if row < len(stage.pieces)]

    @property
    def kernel_lengths(self) -> list[list[int]]:
        """How long each kernel of each slot's cell is; see `SharedBlock`."""
        return [
            [
                int(self.stages[slot].kernel_sizes[row])
                for row in self._rows(slot, path)
            ]
            for slot, path in enumerate(self.paths())
        ]

    def kernels(self) -> np.ndarray:
        """Returns the kernels of each slot's cell; see `SharedBlock`."""
        found = []
        for slot, path in enumerate(self.paths()):
            stage = self.stages[slot]
            values = stage.rows.numpy()
            found.append(
                [
                    values[row, : stage.kernel_sizes[row]]
                    for row in self._rows(slot, path)
                ]
            )
        width = max(sum(map(len, kernels)) for kernels in found)
        table = np.zeros((len(found), max(1, width)), np.float32)
        for row, kernels in zip(table, found, strict=True):
            joined = np.concatenate([*kernels, np.empty(0, np.float32)])
            row[: len(joined)] = joined
        return table

    def side_by_side(self, inputs: tf.Tensor) -> list[tf.Tensor]:
        """Returns what each slot's cell computes, normalized by the batch."""
        channels = inputs.shape[-1]
        gamma, beta = tf.ones([channels]), tf.zeros([channels])
        outputs = []
        for slot, stage in enumerate(self.stages):
            opened = self.open_branches.value[slot][:, tf.newaxis]
            cell = stage(inputs, opened, training=True, rate=0.0)
            outputs.append(normalize(cell, gamma, beta)[0])
        return outputs

    def seat(
        self,
        cells: Sequence[Path],
        parents: Sequence[Path | None],
        known: dict[Path, tuple[np.ndarray, np.ndarray]],
        rng: np.random.Generator,
        momenta: Mapping[int, tf.Variable],
        *,
        draws_all: bool,
    ) -> None:
        """Gives the slots to other cells; see `jobs.Seats`.

        Args:
            cells: The path of each slot's cell.
            parents: Whom it inherits from if it comes in.
            known: Rows and momenta of cells that had a slot; those that give
                way are added.
            rng: Draws what nobody hands on.
            momenta: By the id of a variable of rows.
            draws_all: Whether no cell keeps or takes over weights.
        """
        now = [] if draws_all else self.paths()
        for slot, path in enumerate(now):
            rows = self.stages[slot].rows
            known[path] = rows.numpy(), momenta[id(rows)].numpy()
        for slot, (cell, parent) in enumerate(zip(cells, parents, strict=True)):
            stage = self.stages[slot]
            if now and cell == now[slot]:
                continue
            if cell in known:
                weights, momentum = known[cell]
            else:
                stage.initialize(rng)
                weights = stage.rows.numpy()
                momentum = np.zeros_like(weights)
                if parent is not None and parent in known:
                    kept = self._rows(slot, _common(cell, parent))
                    weights[kept] = known[parent][0][kept]
            stage.rows.assign(weights)
            momenta[id(stage.rows)].assign(momentum)
        self.open_branches.assign(np.array(cells, np.int32))


def _alive(path: Path, edges: Sequence[tuple[int, int]]) -> set[int]:
    """Returns the edges that lead from the first node to the last one."""
    open_edges = [
        number for number in range(len(edges)) if path[number] != NONE
    ]
    reached, heard = {0}, {max(target for _, target in edges)}
    # In the order of targets, then of sources from the last: one pass does.
    for number in sorted(open_edges, key=lambda each: edges[each]):
        if edges[number][0] in reached:
            reached.add(edges[number][1])
    for number in sorted(
        open_edges, key=lambda each: edges[each], reverse=True
    ):
        if edges[number][1] in heard:
            heard.add(edges[number][0])
    return {
        number
        for number in open_edges
        if edges[number][0] in reached and edges[number][1] in heard
    }


def _common(cell: Path, parent: Path) -> Path:
    """Returns the ops that both have; `none` where they differ."""
    return tuple(
        own if own == theirs else NONE
        for own, theirs in zip(cell, parent, strict=True)
    )


class NB201Slots(keras.Model):
    """One position a stage, with slots for whole cells side by side.

    The output of a position is Σ share · cell, each cell normalized by the
    batch as cells in slots are elsewhere. See `SeatingSupernet`; a cell is
    named by its path, such as `3.0.3.1.0.1`.

    Args:
        space: The space of NAS-Bench-201 with one cell a stage.
        num_slots: Slots of each position.
        first: The path of the cell that sits in all of them at first.
        seed: Seed of the initial weights.
    """

    capabilities = frozenset({Capability.MIXES, Capability.SEATS_CELLS})
    limits: Mapping[Capability, str] = {}

    def __init__(
        self, space: SearchSpace, num_slots: int, first: Path, seed: int = 0
    ) -> None:
        super().__init__(name="slots")
        skeleton = space.require_skeleton(NB201Skeleton)
        self.space = _space_of_slots(num_slots)
        self._backbone: Any = NB201Backbone(skeleton, fast=True)
        self._backbone.build()
        self.backbone_layers = self._backbone.layers
        rng = np.random.default_rng(seed)
        self._known: list[dict[Path, tuple[np.ndarray, np.ndarray]]] = []
        self.stages = [
            [
                CellStage(
                    f"stage{stage}_slot{slot}",
                    skeleton.graph,
                    space.as_cells().edges,
                    skeleton.cells[stage : stage + 1],
                    rng,
                )
                for slot in range(num_slots)
            ]
            for stage in range(skeleton.NUM_STAGES)
        ]
        self.blocks = [
            SlotsOfStage(stages, skeleton.graph, first)
            for stages in self.stages
        ]
        self.initialize(seed)
        self.built = True

    def initialize(self, seed: int) -> None:
        """Draws all weights again; no cell is known any more."""
        rng = np.random.default_rng(seed)
        for stages in self.stages:
            for stage in stages:
                stage.initialize(rng)
        initialize(self.backbone_layers, rng)
        self._known = [{} for _ in self.blocks]

    @property
    def angle_weights(self) -> list[keras.Variable]:
        """None: cells are compared, not networks."""
        return []

    def row_kernel_sizes(self) -> dict[int, np.ndarray]:
        """Returns how long the kernels of rows are, by index of variable."""
        everything = [stage for stages in self.stages for stage in stages]
        return row_kernel_sizes(self.trainable_variables, everything)

    def rows_open(self, open_branches: tf.Tensor) -> dict[int, tf.Tensor]:
        """Returns nothing: gradients name the rows."""
        del open_branches
        return {}

    def call(self, images: tf.Tensor, *_: Any, **__: Any) -> tf.Tensor:
        """Refuses: slots are only ever mixed.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("Slots are mixed; see `mix`.")

    def _run(self, images: tf.Tensor, position: Any) -> tf.Tensor:
        """Returns the logits of the backbone around positions."""

        def apply(layer: keras.layers.Layer, inputs: tf.Tensor) -> tf.Tensor:
            if isinstance(layer, FusedBatchNormalization):
                return layer(inputs, training=True, rate=0.0)
            return layer(inputs)

        outputs = self._backbone.run_stem(tf.cast(images, tf.float32), apply)
        for number in range(len(self.blocks)):
            if number:
                outputs = self._backbone.run_reduction(number, outputs, apply)
            outputs = position(number, outputs)
        return self._backbone.run_tail(outputs, apply)

    def mix(self, images: tf.Tensor, shares: tf.Tensor, _: Any) -> tf.Tensor:
        """Returns logits of the mixture; see `MixingSupernet`."""
        return self._run(
            images,
            lambda number, inputs: _mixed(
                self.blocks[number].side_by_side(inputs), shares[number]
            ),
        )

    def slot_distances(
        self, images: tf.Tensor, shares: tf.Tensor, _: Any
    ) -> tf.Tensor:
        """Returns how far slots are from the last; see `SeatingSupernet`."""
        found = []

        def position(number: int, inputs: tf.Tensor) -> tf.Tensor:
            outputs = self.blocks[number].side_by_side(inputs)
            found.append(
                [
                    tf.reduce_mean(tf.square(each - outputs[-1])) / 2
                    for each in outputs
                ]
            )
            return _mixed(outputs, shares[number])

        self._run(images, position)
        return tf.convert_to_tensor(found)

    @property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        """Name of the cell in each slot, position by position."""
        return tuple(
            tuple(map(name_of, block.paths())) for block in self.blocks
        )

    def seat(
        self,
        cells: Sequence[Sequence[str]],
        parents: Sequence[Sequence[str]],
        bench: Sequence[Sequence[str]],
        seeds: Sequence[int],
        momenta: Mapping[int, tf.Variable] | None = None,
        *,
        draws_all: bool = False,
    ) -> None:
        """Gives the slots to other cells; see `SeatingSupernet`."""
        for number, block in enumerate(self.blocks):
            known = {} if draws_all else self._known[number]
            block.seat(
                [path_of(name) for name in cells[number]],
                [path_of(name) if name else None for name in parents[number]],
                known,
                np.random.default_rng([*seeds, number]),
                momenta or {},
                draws_all=draws_all,
            )
            kept = {path_of(name) for name in bench[number]}
            self._known[number] = {
                path: rows for path, rows in known.items() if path in kept
            }


def name_of(path: Sequence[int]) -> str:
    """Returns the name of a cell, such as `3.0.3.1.0.1`."""
    return ".".join(map(str, path))


def path_of(name: str) -> Path:
    """Returns the path that `name_of` named."""
    return tuple(map(int, name.split(".")))


def _mixed(outputs: Sequence[tf.Tensor], shares: tf.Tensor) -> tf.Tensor:
    return tf.add_n([each * shares[slot] for slot, each in enumerate(outputs)])


def _space_of_slots(num_slots: int) -> SearchSpace:
    """Returns a space of as many blocks and slots, of whatever shapes."""
    skeleton = ChainSkeleton(
        image_size=(8, 8),
        image_channels=3,
        num_classes=10,
        stem_channels=8,
        stem_stride=1,
        first_channels=8,
        stages=(Stage(8, 1, 1), Stage(16, 1, 2), Stage(32, 1, 2)),
        tail_channels=16,
    )
    chain = chain_space("cells of NAS-Bench-201", skeleton, (MBConv(3, 3),), ())
    return slot_space(chain, num_slots, bench=0)
