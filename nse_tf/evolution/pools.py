"""Pools: which ops of each cell are active, locked, or still unseen."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from nse_tf.spaces import SearchSpace

Cells = tuple[tuple[int, ...], ...]


@dataclasses.dataclass(frozen=True)
class Pools:
    """The state of a search space that evolves, cell by cell.

    Attributes:
        active: Ops that are searched now.
        locked: Active ops that were inherited.
        pending: Ops that were not active yet, in the order in which they will
            be.
    """

    active: Cells
    locked: Cells
    pending: Cells

    @classmethod
    def initial(
        cls,
        pool: SearchSpace,
        num_active: int,
        rng: np.random.Generator,
        locked: Sequence[Sequence[int]] | None = None,
        seen: Sequence[Sequence[int]] | None = None,
    ) -> "Pools":
        """Returns the pools with which a search begins.

        Args:
            pool: A space whose active candidates are the whole pool.
            num_active: How many ops of a cell are active at once.
            rng: Random generator of each cell's order.
            locked: Ops that an earlier search kept; none if None.
            seen: Ops that are never active; none if None.

        Raises:
            ValueError: If more ops are to be active than a cell's pool has, or
                a locked op is not in it.
        """
        num_cells = len(pool.blocks)
        locked = [()] * num_cells if locked is None else locked
        seen = [()] * num_cells if seen is None else seen
        if not 1 <= num_active <= max(map(len, pool.active)):
            raise ValueError(
                f"`num_active` is {num_active}; it must lie between 1 and the "
                f"{max(map(len, pool.active))} ops of the largest pool."
            )
        if len(locked) != num_cells or len(seen) != num_cells:
            raise ValueError(
                f"The pool has {num_cells} cells, but there are locked ops for "
                f"{len(locked)} and seen ones for {len(seen)}."
            )
        pending = []
        for block, indices, kept, past in zip(
            pool.blocks, pool.active, locked, seen, strict=True
        ):
            if not set(kept) <= set(indices):
                raise ValueError(
                    f"Some of the locked ops {tuple(kept)} of cell "
                    f"{block.name!r} are not in its pool, {indices}."
                )
            # The whole pool is shuffled before anything is taken out, so that
            # the order of the others does not depend on what is locked.
            order = rng.permutation(np.array(indices, int)).tolist()
            pending.append(
                tuple(i for i in order if i not in kept and i not in past)
            )
        begun = cls((), tuple(map(tuple, locked)), tuple(pending))
        return begun._filled(num_active)

    def inherit(
        self, kept: Sequence[Sequence[int]], num_active: int
    ) -> "Pools":
        """Returns the next pools: kept ops, filled up with unseen ones.

        Ops that are neither kept nor unseen are dropped for good. A cell that
        keeps none of its active ops, such as an edge of DARTS's cells that all
        networks leave out, keeps all of them.

        Args:
            kept: Ops that each cell keeps.
            num_active: How many ops of a cell should be active; where more are
                kept, no unseen ones follow.
        """
        locked = tuple(
            # Nothing kept: every network skips the cell. Only inactive ops
            # kept: every network leaves the edge out, which says nothing about
            # its active ones.
            tuple(sorted(set(each) & set(active))) or (active if each else ())
            for each, active in zip(kept, self.active, strict=True)
        )
        return dataclasses.replace(self, locked=locked)._filled(num_active)

    def _filled(self, num_active: int) -> "Pools":
        """Returns the pools filled up with unseen ops."""
        entering = [
            pending[: max(0, num_active - len(locked))]
            for locked, pending in zip(self.locked, self.pending, strict=True)
        ]
        return Pools(
            tuple(
                tuple(sorted((*locked, *new)))
                for locked, new in zip(self.locked, entering, strict=True)
            ),
            self.locked,
            tuple(
                pending[len(new) :]
                for pending, new in zip(self.pending, entering, strict=True)
            ),
        )

    @property
    def entered(self) -> Cells:
        """Active ops that were not inherited."""
        return tuple(
            tuple(sorted(set(active) - set(locked)))
            for active, locked in zip(self.active, self.locked, strict=True)
        )


def num_rounds(pool_size: int, num_active: int) -> int:
    """Returns how many rounds make about every op of a pool active once.

    One op of each cell stays after a round, so `num_active - 1` follow.

    References:
        Ci et al., NSE (2021), code of the search:
        https://arxiv.org/abs/2011.10904
    """
    return max(1, (pool_size - 1) // max(1, num_active - 1))
