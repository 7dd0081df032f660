"""Cells in slots and on the bench: their weights, and who inherits them."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from nse_tf.spaces import ChoiceBlock, Motif
from nse_tf.supernet.layers.layouts import (
    Layout,
    layout_of,
    packed,
    unpacked,
)

# What a slot must be able to hold: all edges convolve, at the full width.
LARGEST = Motif.of_code("2.5.00.55.155")


def slot_layout(cell: Motif, block: ChoiceBlock) -> Layout:
    """Returns how the weights of a cell lie in the row of its slot.

    As alone, but without scale and offset of the last norm.
    """
    layout = layout_of(cell, block)
    return dataclasses.replace(layout, affine=layout.affine[:-2])


@dataclasses.dataclass(frozen=True, kw_only=True)
class CellRows:
    """The numbers of one cell, without padding.

    Attributes:
        layout: How they lie.
        weights: Kernels, scales and offsets.
        statistics: Moving means and variances.
        momentum: One number for each of the weights.
    """

    layout: Layout
    weights: np.ndarray
    statistics: np.ndarray
    momentum: np.ndarray

    @classmethod
    def fresh(cls, layout: Layout, rng: np.random.Generator) -> "CellRows":
        """Returns drawn weights, at rest."""
        weights = packed(layout.weights, rng)
        return cls(
            layout=layout,
            weights=weights,
            statistics=packed(layout.statistics, rng),
            momentum=np.zeros_like(weights),
        )

    @classmethod
    def cut(
        cls,
        layout: Layout,
        weights: np.ndarray,
        statistics: np.ndarray,
        momentum: np.ndarray | None = None,
    ) -> "CellRows":
        """Returns the numbers of a cell from rows with padding.

        Args:
            layout: That of the cell.
            weights: Its row.
            statistics: Its row of statistics.
            momentum: That of its row; None where it is at rest.
        """
        length = sum(piece.size for piece in layout.weights)
        moving = sum(piece.size for piece in layout.statistics)
        if momentum is None:
            momentum = np.zeros_like(weights)
        return cls(
            layout=layout,
            weights=weights[:length].copy(),
            statistics=statistics[:moving].copy(),
            momentum=momentum[:length].copy(),
        )

    def inheriting(self, parent: "CellRows") -> "CellRows":
        """Returns the cell with all that its parent has in the same shape.

        A kernel is taken over, with the norm after it, where the layer of that
        name has a kernel of that shape in both. Momentum is not.
        """
        theirs, ours = parent._by_layer(), self._by_layer()
        found = {
            layer: theirs[layer]
            if layer in theirs and _agree(theirs[layer], pieces)
            else pieces
            for layer, pieces in ours.items()
        }
        values = {
            (layer + suffix, name): value
            for layer, pieces in found.items()
            for (suffix, name), value in pieces.items()
        }
        layout = self.layout
        weights, statistics = (
            np.concatenate(
                [values[piece.layer, piece.weight].ravel() for piece in pieces]
            )
            for pieces in (layout.weights, layout.statistics)
        )
        return dataclasses.replace(self, weights=weights, statistics=statistics)

    def _by_layer(self) -> dict[str, dict[tuple[str, str], np.ndarray]]:
        """Returns kernel and norm of each convolution, by (suffix, weight)."""
        values = {
            **unpacked(self.layout.weights, self.weights),
            **unpacked(self.layout.statistics, self.statistics),
        }
        found: dict[str, dict[tuple[str, str], np.ndarray]] = {}
        for (name, weight), value in values.items():
            layer = name.removesuffix("_bn")
            suffix = name[len(layer) :]
            found.setdefault(layer, {})[suffix, weight] = value
        return found


def _agree(
    theirs: Mapping[tuple[str, str], np.ndarray],
    ours: Mapping[tuple[str, str], np.ndarray],
) -> bool:
    kernel = "", "kernel"
    return theirs[kernel].shape == ours[kernel].shape


def seated(
    cells: Sequence[Motif],
    parents: Sequence[Motif | None],
    before: tuple[Sequence[Motif], Mapping[Motif, CellRows]],
    block: ChoiceBlock,
    rng: np.random.Generator,
) -> list[CellRows | None]:
    """Returns what the slots of a block hold once other cells sit there.

    Args:
        cells: The cell of each slot.
        parents: The cell that it inherits from if it comes in, if any.
        before: The cells of the slots so far; and all that had weights.
        block: The block.
        rng: Draws what nobody hands on.

    Returns:
        None for a slot whose cell stays.
    """
    there, known = before
    found: list[CellRows | None] = []
    for slot, (cell, parent) in enumerate(zip(cells, parents, strict=True)):
        if slot < len(there) and there[slot] == cell:
            found.append(None)
        elif cell in known:
            found.append(known[cell])
        else:
            rows = CellRows.fresh(slot_layout(cell, block), rng)
            if parent is not None and parent in known:
                rows = rows.inheriting(known[parent])
            found.append(rows)
    return found
