"""Single paths of a space: which are valid, random ones, repaired ones."""

import dataclasses
import functools
import math
from typing import NamedTuple, TypeVar, cast

import numpy as np

from nse_tf.spaces.blocks import ChoiceBlock, DecisionPoint
from nse_tf.spaces.cell_skeletons import CellSkeleton
from nse_tf.spaces.cells import Edge
from nse_tf.spaces.chain_skeletons import ChainSkeleton
from nse_tf.spaces.skeletons import Skeleton
from nse_tf.spaces.two_inputs import (
    JointDecision,
    Node,
    nodes_of,
    single_decisions,
)

SomeSkeleton = TypeVar("SomeSkeleton", bound=Skeleton)


class Chain(NamedTuple):
    """Skeleton and blocks of a chain, with their own types."""

    skeleton: ChainSkeleton
    blocks: tuple[ChoiceBlock, ...]


class Cells(NamedTuple):
    """Skeleton and edges of a space of cells, with their own types."""

    skeleton: CellSkeleton
    edges: tuple[Edge, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class PathSpace:
    """The single paths of a search space; see `SearchSpace`.

    A path is one candidate of each block. It is valid if each inner node of
    DARTS's cells has two inputs; in other spaces every path is valid.

    Attributes:
        name: Name for people.
        skeleton: What all its networks share.
        blocks: The choice blocks or edges, input to output.
        active: For each block the indices of its active candidates.

    Raises:
        ValueError: If an active candidate of a block is unknown, or fewer are
            active than must be open.
    """

    name: str
    skeleton: Skeleton
    blocks: tuple[DecisionPoint, ...]
    active: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if len(self.active) != len(self.blocks):
            raise ValueError(
                f"`active` has {len(self.active)} entries for "
                f"{len(self.blocks)} blocks."
            )
        for block, indices in zip(self.blocks, self.active, strict=True):
            allowed = range(len(block.candidates))
            is_sorted = list(indices) == sorted(set(indices))
            is_enough = len(indices) >= block.min_open
            if (
                not is_enough
                or not is_sorted
                or not set(indices) <= set(allowed)
            ):
                raise ValueError(
                    f"`active` of block {block.name!r} is {indices}; it must "
                    f"hold {block.min_open} or more candidate indices, each "
                    f"once, ascending, below {len(block.candidates)}."
                )

    def require_skeleton(self, kind: type[SomeSkeleton]) -> SomeSkeleton:
        """Returns the skeleton, if it is of a kind.

        Raises:
            ValueError: If it is of another kind.
        """
        if not isinstance(self.skeleton, kind):
            raise ValueError(
                f"Space {self.name!r} has the skeleton "
                f"{self.skeleton.kind!r}; this needs {kind.NOUN}."
                f"{self.skeleton.HINT}"
            )
        return self.skeleton

    def as_chain(self) -> Chain:
        """Returns skeleton and blocks of a chain, also of multi-branch cells.

        Raises:
            ValueError: If the space is one of cells or of a user's own model,
                or has widths to choose, so that no shape is known.
        """
        skeleton = self.require_skeleton(ChainSkeleton)
        if skeleton.decides_widths:
            raise ValueError(
                f"Stages of space {self.name!r} have widths to choose; this "
                "needs a chain whose widths are known."
            )
        return Chain(skeleton, cast("tuple[ChoiceBlock, ...]", self.blocks))

    def as_cells(self) -> Cells:
        """Returns skeleton and edges of a space of cells.

        Raises:
            ValueError: If the space has no cells.
        """
        # Only asked for, never made.
        skeleton = self.require_skeleton(CellSkeleton)  # type: ignore[type-abstract]
        return Cells(skeleton, cast("tuple[Edge, ...]", self.blocks))

    @functools.cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The inner nodes with a fixed number of inputs: those of DARTS."""
        num_inputs = self.skeleton.inputs_per_node
        if num_inputs is None:
            return ()
        return nodes_of(self.as_cells().edges, self.active, num_inputs)

    @functools.cached_property
    def encodable(self) -> tuple[tuple[int, ...], ...]:
        """For each block the candidates that a genotype may name.

        These are the active ones, and `none` on an edge of DARTS, which may be
        left out even where `none` is not active.
        """
        named = [set(indices) for indices in self.active]
        for node in self.nodes:
            for index, none in zip(node.blocks, node.none, strict=True):
                named[index] |= set() if none is None else {none}
        return tuple(tuple(sorted(indices)) for indices in named)

    @functools.cached_property
    def joint_decisions(self) -> tuple[JointDecision, ...]:
        """The decisions whose rows, one of each, make a valid single path.

        A path is valid if each inner node of DARTS's cells has two inputs. In
        other spaces every path is valid.
        """
        if self.nodes:
            return tuple(node.joint_decision() for node in self.nodes)
        return single_decisions(self.active)

    @functools.cached_property
    def valid_genes(self) -> tuple[tuple[int, ...], ...]:
        """For each block its candidates in valid paths."""
        return tuple(
            # The blocks of decisions ascend, so columns come in their order.
            tuple(np.unique(genes).tolist())
            for decision in self.joint_decisions
            for genes in decision.rows.T
        )

    @property
    def num_valid(self) -> int:
        """How many valid single paths there are; exact."""
        # Python's integers, since NumPy's would overflow without a word.
        return math.prod(len(each.rows) for each in self.joint_decisions)

    def of_rows(self, rows: np.ndarray) -> np.ndarray:
        """Returns the paths that take these rows of the joint decisions.

        Args:
            rows: `(count, len(joint_decisions))`.
        """
        paths = np.empty((len(rows), len(self.blocks)), np.int64)
        for decision, numbers in zip(self.joint_decisions, rows.T, strict=True):
            paths[:, decision.blocks] = decision.rows[numbers]
        return paths

    def is_valid(self, paths: np.ndarray) -> np.ndarray:
        """Returns for each path `(count, num_blocks)` whether it is valid."""
        valid = np.ones(len(paths), bool)
        for node in self.nodes:
            is_open = node.is_open(paths[:, node.blocks])
            valid &= is_open.sum(axis=1) == node.num_inputs
        return valid

    def repaired(
        self,
        rng: np.random.Generator,
        paths: np.ndarray,
        kept: np.ndarray | None = None,
    ) -> np.ndarray:
        """Returns valid paths near these; valid ones stay as they are.

        At a node with more than two open edges random ones are left out; at a
        node with fewer, random others get a random active op. An edge that
        cannot be left out, or has no active op, stays as it is, so that a node
        may have more than two inputs, or fewer.

        Args:
            rng: Random generator.
            paths: Candidate indices `(count, num_blocks)`.
            kept: Booleans of that shape: edges that stay as they are, open or
                left out, if any valid path allows it.

        References:
            Hu et al., ABS (2020), code of the DARTS space:
            https://arxiv.org/abs/2004.13431
        """
        repaired: np.ndarray = paths.copy()
        for node in self.nodes:
            node.repair(
                rng, repaired, np.zeros_like(paths) if kept is None else kept
            )
        return repaired

    def sample_paths(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Returns uniformly drawn single paths `(count, num_blocks)`."""
        return np.stack(
            [
                # `choice` draws by `integers`, as `sample_valid` does: so the
                # two agree bit for bit where every path is valid.
                rng.choice(np.array(indices), size=count)
                for indices in self.active
            ],
            axis=1,
        )

    def sample_valid(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Returns uniformly drawn valid paths `(count, num_blocks)`.

        Where every path is valid, these equal those of `sample_paths`.
        """
        rows = [
            rng.integers(len(decision.rows), size=count)
            for decision in self.joint_decisions
        ]
        return self.of_rows(np.stack(rows, axis=1))
