"""SlotLayer: cells side by side, of which any may give way to another."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import ChoiceBlock, Motif, SlotBlock
from nse_tf.spaces.autospace import REFERENCES
from nse_tf.spaces.motif_genes import GENES
from nse_tf.supernet.chains.choice_layer import Branch, ChoiceLayer
from nse_tf.supernet.chains.motif import MotifPrimitive, numbers_of
from nse_tf.supernet.chains.slot_cells import (
    LARGEST,
    CellRows,
    seated,
    slot_layout,
)
from nse_tf.supernet.layers.layouts import Layout, matrix_of, packed


class SlotPrimitive(MotifPrimitive):
    """Runs the cell of any slot of a block.

    Args:
        block: The block.
        numbers: What the motif function is told of each slot's cell; a variable
            `(num_slots + 1, 14)`.

    Call arguments and output are those of `MotifPrimitive`.
    """

    def __init__(
        self, block: ChoiceBlock, numbers: tf.Variable, **kwargs: object
    ) -> None:
        super().__init__(block, (), **kwargs)
        self._numbers = numbers
        self._has_plain_end = True


class SlotLayer(ChoiceLayer):
    """One choice block of a supernet whose candidates are slots for cells.

    It is a `ChoiceLayer`, but for this: which motif a slot computes is a
    variable, as are its row of weights and how much of it is kernels. So
    another cell in a slot is an assignment, without a new trace; rows are as
    long as the largest cell needs. At first each slot has the last of the
    reference cells.

    Cells without a slot may keep their weights on the bench. Momentum is lost
    there.

    Args:
        block: The block.
        rng: Draws the initial weights.

    Attributes:
        seats: Genes of the cell in each slot, `(num_slots, 9)`.
        bench: Genes of the cells on the bench, zeros where nobody sits; and
            their rows of weights and statistics.
    """

    block: SlotBlock

    def _sizes_of_kernels(self) -> Any:
        """Returns how much of each row is kernels, as a variable.

        Before anything is drawn, cells take their seats.
        """
        num_slots = len(self.block.candidates)
        first = np.array([REFERENCES[-1].genes] * num_slots, np.int32)
        self.seats = self._kept("seats", first)
        self.numbers = self._kept("numbers", self._numbers_of_seats())
        return self._kept("kernel_sizes", self._kernel_sizes_of_seats())

    def _kept(self, name: str, value: np.ndarray) -> keras.Variable:
        """Returns a new variable that training does not move."""
        return self.add_weight(
            name=name,
            shape=value.shape,
            dtype=value.dtype.name,
            initializer=lambda shape, dtype: tf.constant(value, dtype),
            trainable=False,
        )

    @property
    def cells(self) -> list[Motif]:
        """The cell of each slot."""
        return [Motif(tuple(genes)) for genes in self.seats.numpy().tolist()]

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """How the weights of each slot's cell lie in its row."""
        return tuple(slot_layout(cell, self.block) for cell in self.cells)

    def _numbers_of_seats(self) -> np.ndarray:
        return numbers_of([*self.cells, None], self.block)

    def _kernel_sizes_of_seats(self) -> np.ndarray:
        sizes = [layout.kernel_size for layout in self.layouts]
        return np.array([*sizes, 0], np.int32)

    def _fresh(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Returns fresh matrices of weights and statistics."""
        layouts = self.layouts
        largest = slot_layout(LARGEST, self.block)
        longest = [
            np.zeros(sum(piece.size for piece in pieces), np.float32)
            for pieces in (largest.weights, largest.statistics)
        ]
        if not hasattr(self, "bench"):
            self.bench = self._new_bench(*longest)
        weights = [packed(layout.weights, rng) for layout in layouts]
        statistics = [packed(layout.statistics, rng) for layout in layouts]
        # The longest row is there for its length, and becomes the padding.
        found = (
            matrix_of([*weights, longest[0]]),
            matrix_of([*statistics, longest[1]]),
        )
        return found[0][:-1], found[1][:-1]

    def _new_bench(
        self, weights: np.ndarray, statistics: np.ndarray
    ) -> tuple[keras.Variable, keras.Variable, keras.Variable]:
        size = self.block.bench
        genes = np.zeros((size, len(GENES)), np.int32)
        return (
            self._kept("bench_genes", genes),
            self._kept("bench_rows", np.tile(weights, (size, 1))),
            self._kept("bench_statistics", np.tile(statistics, (size, 1))),
        )

    def initialize(self, rng: np.random.Generator) -> None:
        """Draws the weights of all slots again, and empties the bench."""
        super().initialize(rng)
        for variable in self.bench:
            variable.assign(tf.zeros_like(variable))

    def _make_branches(self) -> tuple[list[Branch], np.ndarray]:
        """Returns the one branch, which runs all cells."""
        kinds = np.zeros(len(self.block.candidates) + 1, np.int32)
        return [SlotPrimitive(self.block, self.numbers.value)], kinds

    def _read(self, indices: tf.Tensor | Sequence[int]) -> Sequence[tf.Tensor]:
        """Returns the weights of slots, each in a row; see `ChoiceLayer`."""
        # The gradient of this is one stack, that of slices a sum of many.
        rows: list[tf.Tensor] = tf.unstack(tf.gather(self.rows.value, indices))
        return rows

    def distances(self, inputs: tf.Tensor, active: Sequence[int]) -> tf.Tensor:
        """Returns how far the outputs of slots are from those of the last one.

        Cells in slots end in a norm without scale and offset, so that half of
        the mean squared difference is 1 less the correlation of outputs, in the
        mean of channels: 0 for the same outputs, 1 for unrelated ones.

        Args:
            inputs: `(batch, height, width, channels)`.
            active: The slots that are compared.

        Returns:
            float32 `(num_slots,)`, 0 where not active.
        """
        branches = self.side_by_side(inputs, active)
        found = [
            tf.reduce_mean(tf.square(branch - branches[-1])) / 2
            for branch in branches
        ]
        slots = [[slot] for slot in active]
        return tf.scatter_nd(slots, found, [len(self.block.candidates)])

    def values_of(self, candidate: int) -> dict[tuple[str, str], np.ndarray]:
        """Returns the weights of a slot's cell as it would have them alone."""
        values = super().values_of(candidate)
        ones = np.ones(self.block.out_channels, np.float32)
        affine = {"gamma": ones, "beta": np.zeros_like(ones)}
        return values | {
            ("project_bn", name): value for name, value in affine.items()
        }

    def known(
        self, momentum: np.ndarray | None = None
    ) -> dict[Motif, CellRows]:
        """Returns the numbers of all cells that have weights here.

        Args:
            momentum: Of each row of the slots; None where all are at rest.
        """
        genes, rows, statistics = (each.numpy() for each in self.bench)
        found = {}
        for number in np.flatnonzero(genes.any(axis=1)):
            cell = Motif(tuple(genes[number].tolist()))
            found[cell] = CellRows.cut(
                slot_layout(cell, self.block), rows[number], statistics[number]
            )
        rows, statistics = self.rows.numpy(), self.statistics.numpy()
        for slot, cell in enumerate(self.cells):
            found[cell] = CellRows.cut(
                slot_layout(cell, self.block),
                rows[slot],
                statistics[slot],
                None if momentum is None else momentum[slot],
            )
        return found

    def seat(
        self,
        cells: Sequence[Motif],
        parents: Sequence[Motif | None],
        bench: Sequence[Motif],
        rng: np.random.Generator,
        momentum: tf.Variable | None = None,
        *,
        draws_all: bool = False,
    ) -> None:
        """Gives the slots to other cells; see `jobs.Seats`.

        Args:
            cells: The cell of each slot.
            parents: The cell that it inherits from if it comes in, if any.
            bench: Further cells that keep their weights, if they have any.
            rng: Draws what nobody hands on.
            momentum: Of `rows`; moves along with them, and is zero for cells
                that come in. None where there is none.
            draws_all: Whether no cell keeps or takes over weights.

        Raises:
            ValueError: If the bench is too short, or there are more or fewer
                cells than slots.
        """
        if len(cells) != len(self.block.candidates):
            raise ValueError(
                f"Block {self.name!r} has {len(self.block.candidates)} slots, "
                f"but {len(cells)} cells are to sit there."
            )
        there = self.cells
        known = self.known(None if momentum is None else momentum.numpy())
        if draws_all:
            there, known = [], {}
        news = seated(cells, parents, (there, known), self.block, rng)
        kept = [cell for cell in dict.fromkeys(bench) if cell not in set(cells)]
        self._fill_bench([cell for cell in kept if cell in known], known)
        rows, statistics = self.rows.numpy(), self.statistics.numpy()
        moved = None if momentum is None else momentum.numpy()
        for slot, new in enumerate(news):
            if new is not None:
                _write(rows[slot], new.weights)
                _write(statistics[slot], new.statistics)
                if moved is not None:
                    _write(moved[slot], new.momentum)
        self.seats.assign(np.array([cell.genes for cell in cells], np.int32))
        self.numbers.assign(self._numbers_of_seats())
        self.kernel_sizes.assign(self._kernel_sizes_of_seats())
        self.rows.assign(rows)
        self.statistics.assign(statistics)
        if momentum is not None:
            momentum.assign(moved)

    def _fill_bench(
        self, cells: Sequence[Motif], known: dict[Motif, CellRows]
    ) -> None:
        if len(cells) > self.block.bench:
            raise ValueError(
                f"{len(cells)} cells of block {self.name!r} are to keep their "
                f"weights, but its bench has {self.block.bench} places."
            )
        genes, rows, statistics = (
            np.zeros(each.shape, each.dtype) for each in self.bench
        )
        for number, cell in enumerate(cells):
            genes[number] = cell.genes
            _write(rows[number], known[cell].weights)
            _write(statistics[number], known[cell].statistics)
        for variable, value in zip(
            self.bench, (genes, rows, statistics), strict=True
        ):
            variable.assign(value)


def _write(row: np.ndarray, values: np.ndarray) -> None:
    """Writes values to the start of a row, and zeros behind them."""
    row[:] = 0.0
    row[: len(values)] = values
