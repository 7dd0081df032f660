"""Pools: which ops of each cell are searched, locked, or still unseen."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from nse_tf.spaces import SearchSpace

Cells = tuple[tuple[int, ...], ...]


@dataclasses.dataclass(frozen=True)
class Pools:
    """The state of a search space that evolves, cell by cell.

    Attributes:
        active: What is searched now.
        locked: Those of them that were inherited.
        pending: What was not seen yet, in the order that it will enter.
    """

    active: Cells
    locked: Cells
    pending: Cells

    @classmethod
    def opened(
        cls,
        pool: SearchSpace,
        num_active: int,
        rng: np.random.Generator,
        locked: Sequence[Sequence[int]] | None = None,
        seen: Sequence[Sequence[int]] | None = None,
    ) -> "Pools":
        """Returns the pools that a search begins with.

        Args:
            pool: Its active candidates are the whole pool of each cell.
            num_active: How many ops of a cell are searched at once.
            rng: Draws the order of each cell.
            locked: Ops that an earlier search kept; none if None.
            seen: Ops that never enter; none if None.

        Raises:
            ValueError: If more ops are to be active than a cell's pool holds,
                or what is locked is not in it.
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
                f"The pool has {num_cells} cells, but there are locked ops of "
                f"{len(locked)} and seen ones of {len(seen)}."
            )
        pending = []
        for block, indices, kept, past in zip(
            pool.blocks, pool.active, locked, seen, strict=True
        ):
            if not set(kept) <= set(indices):
                raise ValueError(
                    f"Of the locked ops {tuple(kept)} of cell {block.name!r} "
                    f"some are not in its pool, {indices}."
                )
            order = rng.permutation(np.array(indices, int)).tolist()
            pending.append(
                tuple(i for i in order if i not in kept and i not in past)
            )
        begun = cls((), tuple(map(tuple, locked)), tuple(pending))
        return begun._filled(num_active)

    def inherit(
        self, kept: Sequence[Sequence[int]], num_active: int
    ) -> "Pools":
        """Returns the next pools: what is kept, and unseen ops beside it.

        What is neither kept nor unseen is gone for good. Where nothing is kept
        that was searched, as of an edge of DARTS's cells that all networks
        leave out, what was searched stays.

        Args:
            kept: Of each cell, in the order that they will be listed.
            num_active: How many ops of a cell there should be; where more are
                kept, nothing enters.
        """
        locked = tuple(
            tuple(sorted(set(each) & set(active))) or (active if each else ())
            for each, active in zip(kept, self.active, strict=True)
        )
        return dataclasses.replace(self, locked=locked)._filled(num_active)

    def _filled(self, num_active: int) -> "Pools":
        """Returns the pools with unseen ops let in."""
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
        """What is active and was not inherited."""
        return tuple(
            tuple(sorted(set(active) - set(locked)))
            for active, locked in zip(self.active, self.locked, strict=True)
        )


def num_rounds(pool_size: int, num_active: int) -> int:
    """Returns how many rounds show about every op of a pool once.

    The last of a round's ops stays in each cell, so `num_active - 1` enter.

    References:
        Ci et al., NSE (2021), code of the search:
        https://arxiv.org/abs/2011.10904
    """
    return max(1, (pool_size - 1) // max(1, num_active - 1))
