"""Strict fairness: every active candidate once a step (FairNAS)."""

import dataclasses
import functools

import numpy as np

from nse_tf.spaces import SearchSpace, Zero
from nse_tf.spaces.open_branches import decisions, max_open

# Two edges of two ops that feed one node, in eight passes: 1 deal in 16 does.
_MAX_DEALS = 1000


@dataclasses.dataclass(frozen=True)
class FairSampler:
    """Draws the passes of a step, which open every candidate equally often.

    There are as many passes as the longest list of active candidates has. Each
    decision deals its own list in random order, and deals it again where it is
    shorter. In cells a node that would receive nothing but `none` in some pass
    is dealt anew; where only one edge can bring it anything, the `none` of that
    edge, which has no weights, is left out.

    Attributes:
        space: Whose active candidates to draw from.

    Raises:
        ValueError: If a block may open several candidates, or a node can
            receive nothing but `none`.

    References:
        Chu et al., FairNAS (2019), strict fairness:
        https://arxiv.org/abs/1907.01845
    """

    space: SearchSpace

    def __post_init__(self) -> None:
        if max_open(self.space) > 1:
            raise ValueError(
                "`weights.rule` 'fair' opens the candidates of a choice block "
                f"one after another, but space {self.space.name!r} opens "
                "several at once."
            )

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """Returns what the passes of a step open.

        Returns:
            Int32 `(num_passes, num_decisions, 1)`, see `spaces.open_branches`.

        Raises:
            ValueError: If no way to feed all nodes is found.
        """
        dealt = np.array([self._dealt(each, rng) for each in self._offers])
        for node in self._nodes:
            for _ in range(_MAX_DEALS):
                if not (dealt[node] == self._nones[node, None]).all(0).any():
                    break
                for row in node:
                    dealt[row] = self._dealt(self._offers[row], rng)
            else:
                raise ValueError(
                    f"In {_MAX_DEALS} deals a node of space "
                    f"{self.space.name!r} hears of nothing but 'none' in some "
                    "pass: keep another op on one of its edges."
                )
        passes: np.ndarray = dealt.T[:, :, np.newaxis].astype(np.int32)
        return passes

    @property
    def num_passes(self) -> int:
        """How many passes a step has."""
        return max(map(len, self.space.active))

    def _dealt(
        self, candidates: tuple[int, ...], rng: np.random.Generator
    ) -> np.ndarray:
        """Returns what one decision opens, pass by pass."""
        num_deals = -(-self.num_passes // len(candidates))
        deals = [rng.permutation(candidates) for _ in range(num_deals)]
        dealt: np.ndarray = np.concatenate(deals)[: self.num_passes]
        return dealt

    @functools.cached_property
    def _blocks(self) -> np.ndarray:
        """The block of each decision."""
        blocks: np.ndarray = decisions(self.space)[:, 1]
        return blocks

    @functools.cached_property
    def _nones(self) -> np.ndarray:
        """The candidate of each decision that is `none`, or -1."""
        nones = [
            block.candidates.index(Zero()) if Zero() in block.candidates else -1
            for block in self.space.blocks
        ]
        by_decision: np.ndarray = np.array(nones)[self._blocks]
        return by_decision

    @functools.cached_property
    def _nodes(self) -> list[np.ndarray]:
        """The decisions about edges into each node of each cell."""
        if not self.space.skeleton.cell_kinds:
            return []
        edges = self.space.as_cells().edges
        targets = [
            (cell, edges[block].target) for cell, block in decisions(self.space)
        ]
        return [
            np.array([row for row, each in enumerate(targets) if each == node])
            for node in sorted(set(targets))
        ]

    @functools.cached_property
    def _offers(self) -> list[tuple[int, ...]]:
        """What each decision deals."""
        offers = [self.space.active[block] for block in self._blocks]
        for node in self._nodes:
            feeding = [
                row for row in node if {*offers[row]} - {self._nones[row]}
            ]
            if len(feeding) == 1:
                (row,) = feeding
                offers[row] = tuple(
                    each for each in offers[row] if each != self._nones[row]
                )
        return offers
