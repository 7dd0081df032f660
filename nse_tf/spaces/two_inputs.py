"""DARTS's rule: an inner node takes two inputs, all other edges are left out.

Training shared weights, or counting a space, knows no such rule: there an edge
without connection is one more candidate. But every network that a search hands
over keeps the rule, and so must everything that looks for such networks. An
edge may be left out whichever candidates are still active there, since a
genotype of DARTS names only edges that carry something.
"""

import dataclasses
import functools
import itertools
from collections.abc import Sequence

import numpy as np

from nse_tf.spaces.cell_ops import Zero
from nse_tf.spaces.cells import Edge


@dataclasses.dataclass(frozen=True, eq=False)
class JointDecision:
    """Blocks that are decided together, and all valid outcomes.

    Attributes:
        blocks: Their indices, ascending.
        rows: Candidate indices `(count, len(blocks))`, each row once.
    """

    blocks: tuple[int, ...]
    rows: np.ndarray


@dataclasses.dataclass(frozen=True)
class Node:
    """The edges that lead to one inner node of a kind of cell.

    Attributes:
        blocks: Their indices in the space, ascending.
        edges: The edges.
        active: The active candidates of each.
        wanted: How many of the edges are to carry something.
    """

    blocks: tuple[int, ...]
    edges: tuple[Edge, ...]
    active: tuple[tuple[int, ...], ...]
    wanted: int

    @property
    def name(self) -> str:
        """Unique within a space, such as `normal_2`."""
        return f"{self.edges[0].kind}_{self.edges[0].target}"

    @functools.cached_property
    def none(self) -> tuple[int | None, ...]:
        """The candidate that leaves each edge out; None if it has none."""
        return tuple(
            edge.candidates.index(Zero()) if Zero() in edge.candidates else None
            for edge in self.edges
        )

    @functools.cached_property
    def carrying(self) -> tuple[tuple[int, ...], ...]:
        """The active candidates of each edge that carry something."""
        return tuple(
            tuple(index for index in indices if index != none)
            for indices, none in zip(self.active, self.none, strict=True)
        )

    @property
    def num_inputs(self) -> int:
        """How many edges carry something in a valid path.

        That is `wanted`, or as near to it as the edges can come.
        """
        # An edge without `none` always carries something, and one with no other
        # active op never does.
        least = sum(each is None for each in self.none)
        most = sum(bool(each) for each in self.carrying)
        return min(max(self.wanted, least), most)

    def is_open(self, rows: np.ndarray) -> np.ndarray:
        """Returns which edges carry something.

        Args:
            rows: Candidate indices `(count, len(blocks))`.

        Returns:
            Booleans of the same shape.
        """
        # No candidate has the index -1, so an edge without `none` is open.
        none = [-1 if each is None else each for each in self.none]
        is_open: np.ndarray = rows != np.array(none)
        return is_open

    def joint_decision(self) -> JointDecision:
        """Returns all valid combinations of these edges' candidates."""
        columns = range(len(self.blocks))
        must = {i for i in columns if self.none[i] is None}
        # `SearchSpace.sample_valid` draws row numbers: their order is part of
        # what a seed means.
        rows = [
            row
            for inputs in itertools.combinations(
                [i for i in columns if self.carrying[i]], self.num_inputs
            )
            if must <= set(inputs)
            for row in itertools.product(
                # `inputs` has all of `must`, so whatever else is left out has a
                # `none`, active or not.
                *(
                    self.carrying[i] if i in inputs else (self.none[i],)
                    for i in columns
                )
            )
        ]
        return JointDecision(self.blocks, np.array(rows, np.int64))

    def repair(
        self, rng: np.random.Generator, paths: np.ndarray, kept: np.ndarray
    ) -> None:
        """Opens and leaves out random edges of paths, in place.

        `SearchSpace.repaired` says which.
        """
        is_open = self.is_open(paths[:, self.blocks])
        must_open = np.array([each is None for each in self.none])
        may_open = np.array([bool(each) for each in self.carrying])
        # The `wanted` edges of the highest order carry something afterwards.
        # An open edge is worth 1 more than one that is left out, and a random
        # number below 1 decides among equals, so that no edge is changed
        # without need. What must be kept moves an edge by 1 towards its state,
        # and what cannot be otherwise by 2, beyond all else.
        order = is_open + 2.0 * must_open - 2.0 * ~may_open
        order += np.where(is_open, 1.0, -1.0) * kept[:, self.blocks]
        order += rng.random(is_open.shape)
        # The argsort of an argsort is each edge's rank at its node.
        rank = np.argsort(np.argsort(-order, axis=1), axis=1)
        is_wanted = rank < self.wanted
        for column, index in enumerate(self.blocks):
            too_many = is_open[:, column] & ~is_wanted[:, column]
            too_few = ~is_open[:, column] & is_wanted[:, column]
            # Where more edges must stay open than are wanted, they stay; see
            # `num_inputs`.
            if self.none[column] is not None:
                paths[too_many, index] = self.none[column]
            if self.carrying[column]:
                paths[too_few, index] = rng.choice(
                    self.carrying[column], size=too_few.sum()
                )


def nodes_of(
    edges: Sequence[Edge], active: Sequence[tuple[int, ...]], wanted: int
) -> tuple[Node, ...]:
    """Returns the inner nodes of cells, in the order of their edges.

    Args:
        edges: The edges of a space.
        active: The active candidates of each.
        wanted: How many inputs a node is to have.
    """
    numbered = zip(range(len(edges)), edges, active, strict=True)
    nodes = []
    # `groupby` joins neighbors only; edges come by kind and target.
    for _, group in itertools.groupby(
        numbered, key=lambda each: (each[1].kind, each[1].target)
    ):
        blocks, of_node, indices = zip(*group, strict=True)
        nodes.append(Node(blocks, of_node, indices, wanted))
    return tuple(nodes)


def single_decisions(
    active: Sequence[tuple[int, ...]],
) -> tuple[JointDecision, ...]:
    """Returns the decisions where every block is decided by itself."""
    return tuple(
        JointDecision((block,), np.array(indices, np.int64)[:, None])
        for block, indices in enumerate(active)
    )
