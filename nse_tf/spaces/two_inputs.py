"""DARTS's rule: an inner node takes two inputs, all other edges are left out.

Training shared weights, or counting a space, knows no such rule: there an edge
without connection is one more candidate. What is handed over keeps it, and so
must all that looks for it. An edge may be left out whatever still competes for
it, since a genotype of DARTS names only edges that carry something.
"""

import dataclasses
import functools
import itertools
from collections.abc import Sequence

import numpy as np

from nse_tf.spaces.blocks import ChoiceBlock
from nse_tf.spaces.cell_ops import Zero
from nse_tf.spaces.cells import Edge

NUM_INPUTS = 2

DecisionPoint = ChoiceBlock | Edge


@dataclasses.dataclass(frozen=True, eq=False)
class JointDecision:
    """Places that are chosen together, and all that may be chosen there.

    Attributes:
        blocks: Their indices, ascending.
        rows: Candidate indices `(count, len(places))`, each row once.
    """

    blocks: tuple[int, ...]
    rows: np.ndarray


@dataclasses.dataclass(frozen=True)
class Node:
    """The edges that lead to one inner node of a kind of cell.

    Attributes:
        blocks: Their indices, ascending.
        edges: The edges.
        active: The active candidates of each.
    """

    blocks: tuple[int, ...]
    edges: tuple[Edge, ...]
    active: tuple[tuple[int, ...], ...]

    @property
    def name(self) -> str:
        """Unique within a space, such as `normal_2`."""
        return f"{self.edges[0].kind}_{self.edges[0].target}"

    @functools.cached_property
    def closed(self) -> tuple[int | None, ...]:
        """The candidate that leaves each edge out; None where none does."""
        return tuple(
            edge.candidates.index(Zero()) if Zero() in edge.candidates else None
            for edge in self.edges
        )

    @functools.cached_property
    def opened(self) -> tuple[tuple[int, ...], ...]:
        """The active candidates of each edge that carry something."""
        return tuple(
            tuple(index for index in indices if index != closed)
            for indices, closed in zip(self.active, self.closed, strict=True)
        )

    @property
    def num_inputs(self) -> int:
        """Two, or as near to it as the edges can come."""
        least = sum(each is None for each in self.closed)
        most = sum(bool(each) for each in self.opened)
        return min(max(NUM_INPUTS, least), most)

    def is_open(self, rows: np.ndarray) -> np.ndarray:
        """Returns which edges carry something, by rows of candidates.

        Both are `(count, len(places))`.
        """
        closed = [-1 if each is None else each for each in self.closed]
        is_open: np.ndarray = rows != np.array(closed)
        return is_open

    def joint_decision(self) -> JointDecision:
        """Returns all that these edges may be together."""
        columns = range(len(self.blocks))
        must = {i for i in columns if self.closed[i] is None}
        rows = [
            row
            for inputs in itertools.combinations(
                [i for i in columns if self.opened[i]], self.num_inputs
            )
            if must <= set(inputs)
            for row in itertools.product(
                *(
                    self.opened[i] if i in inputs else (self.closed[i],)
                    for i in columns
                )
            )
        ]
        return JointDecision(self.blocks, np.array(rows, np.int64))

    def repair(
        self, rng: np.random.Generator, paths: np.ndarray, kept: np.ndarray
    ) -> None:
        """Opens and closes random edges of paths, in place; see `repaired`."""
        is_open = self.is_open(paths[:, self.blocks])
        # What is open goes before what is not, and what must be before both.
        must_open = np.array([each is None for each in self.closed])
        may_open = np.array([bool(each) for each in self.opened])
        order = is_open + 2.0 * must_open - 2.0 * ~may_open
        order += np.where(is_open, 1.0, -1.0) * kept[:, self.blocks]
        order += rng.random(is_open.shape)
        rank = np.argsort(np.argsort(-order, axis=1), axis=1)
        is_wanted = rank < NUM_INPUTS
        for column, place in enumerate(self.blocks):
            too_many = is_open[:, column] & ~is_wanted[:, column]
            too_few = ~is_open[:, column] & is_wanted[:, column]
            if self.closed[column] is not None:
                paths[too_many, place] = self.closed[column]
            if self.opened[column]:
                paths[too_few, place] = rng.choice(
                    self.opened[column], size=too_few.sum()
                )


def nodes_of(
    blocks: Sequence[DecisionPoint], active: Sequence[tuple[int, ...]]
) -> tuple[Node, ...]:
    """Returns the inner nodes of DARTS cells, in the order of their places."""
    edges = [
        (number, edge, indices)
        for number, (edge, indices) in enumerate(
            zip(blocks, active, strict=True)
        )
        if isinstance(edge, Edge)
    ]
    return tuple(
        Node(*zip(*of_node, strict=True))
        for _, of_node in itertools.groupby(
            edges, key=lambda each: (each[1].kind, each[1].target)
        )
    )


def single_choices(
    active: Sequence[tuple[int, ...]],
) -> tuple[JointDecision, ...]:
    """Returns the choices where every place is chosen by itself."""
    return tuple(
        JointDecision((place,), np.array(indices, np.int64)[:, None])
        for place, indices in enumerate(active)
    )
