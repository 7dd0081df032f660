"""SearchSpace: size, membership, enumeration, restriction."""

import dataclasses
import functools
import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from nse_tf.spaces.blocks import ChoiceBlock, DecisionPoint
from nse_tf.spaces.cell_skeletons import CellSkeleton
from nse_tf.spaces.cells import Edge
from nse_tf.spaces.chain_skeletons import ChainSkeleton
from nse_tf.spaces.genotype import Genotype
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
class SearchSpace:
    """All networks that a skeleton and the candidates of its blocks encode.

    The blocks are the choice blocks of a chain, or the edges of cells. Code
    that works for every family asks the contracts, `Skeleton` and
    `DecisionPoint`. Code for one family takes `as_chain` or `as_cells`, which
    refuse all others.

    A space keeps every candidate that it started with; restricting it only
    makes some of them inactive. So candidate indices, rows of weights and
    genotypes stay valid while the space shrinks, and so does the fingerprint,
    which names the full space.

    Attributes:
        name: Name for people.
        skeleton: What all its networks share.
        blocks: The choice blocks or edges, input to output.
        active: For each block the indices of its active candidates.
        convention: How the authors count MACs; see `costs.conventions`.

    Raises:
        ValueError: If an active candidate of a block is unknown, or fewer are
            active than must be open.
    """

    name: str
    skeleton: Skeleton
    blocks: tuple[DecisionPoint, ...]
    active: tuple[tuple[int, ...], ...]
    convention: str = "plain"

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

    @functools.cached_property
    def fingerprint(self) -> str:
        """Names the full space: equal for a space and all its subspaces."""
        structure = json.dumps(self.structure(), sort_keys=True)
        return hashlib.sha256(structure.encode()).hexdigest()[:16]

    def structure(self) -> dict[str, Any]:
        """Returns what gives genotypes their meaning, as a JSON value."""
        return {
            "skeleton": self.skeleton.to_json(),
            "blocks": [
                {
                    "name": block.name,
                    "candidates": [op.name for op in block.candidates],
                    "max_open": block.max_open,
                    **block.details(),
                }
                for block in self.blocks
            ],
        }

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
            ValueError: If the space is one of cells or of a user's own model.
        """
        skeleton = self.require_skeleton(ChainSkeleton)
        return Chain(skeleton, cast("tuple[ChoiceBlock, ...]", self.blocks))

    def as_cells(self) -> Cells:
        """Returns skeleton and edges of a space of cells.

        Raises:
            ValueError: If the space has no cells.
        """
        # Only asked for, never made.
        skeleton = self.require_skeleton(CellSkeleton)  # type: ignore[type-abstract]
        return Cells(skeleton, cast("tuple[Edge, ...]", self.blocks))

    def with_skeleton(self, skeleton: Skeleton) -> "SearchSpace":
        """Returns a space of the same candidates on another skeleton.

        Raises:
            ValueError: If the skeleton has other blocks.
        """
        blocks = skeleton.blocks(
            [block.candidates for block in self.blocks],
            [block.max_open for block in self.blocks],
        )
        return dataclasses.replace(self, skeleton=skeleton, blocks=blocks)

    def with_fewer_cells(self, num_cells: int) -> "SearchSpace":
        """Returns the space on its way to all its cells.

        Its edges and their candidates are those of the whole space.

        Args:
            num_cells: How many cells there are so far; one of the skeleton's
                `partial_depths`.

        Raises:
            ValueError: If it is none of them.
        """
        return self.with_skeleton(self.skeleton.with_fewer_cells(num_cells))

    @property
    def opens_subsets(self) -> bool:
        """Whether a genotype opens any subset of a block's candidates."""
        return self.skeleton.opens_subsets

    @property
    def whole(self) -> "SearchSpace":
        """The space with all candidates that it started with."""
        everyone = tuple(
            tuple(range(len(block.candidates))) for block in self.blocks
        )
        return dataclasses.replace(self, active=everyone)

    @property
    def max_candidates(self) -> int:
        """The largest number of candidates of a block, active or not."""
        return max(len(block.candidates) for block in self.blocks)

    @property
    def size(self) -> int:
        """How many genotypes the space holds; exact, of any magnitude."""
        return math.prod(
            sum(
                math.comb(len(indices), k)
                for k in range(block.min_open, block.max_open + 1)
            )
            for block, indices in zip(self.blocks, self.active, strict=True)
        )

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
            tuple(np.unique(genes).tolist())
            for decision in self.joint_decisions
            for genes in decision.rows.T
        )

    @property
    def num_valid(self) -> int:
        """How many valid single paths there are; exact."""
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

    @property
    def operators(self) -> tuple[tuple[int, int], ...]:
        """Every active (block, candidate) pair, as indices."""
        return tuple(
            (block, candidate)
            for block, indices in enumerate(self.active)
            for candidate in indices
        )

    def __contains__(self, genotype: Genotype) -> bool:
        """Whether active candidates can encode the genotype."""
        return self.why_not_in_space(genotype) is None

    def why_not_in_space(self, genotype: Genotype) -> str | None:
        """Returns why a genotype is not in the space; None if it is."""
        if genotype.fingerprint != self.fingerprint:
            return (
                f"it belongs to the space of fingerprint "
                f"{genotype.fingerprint!r}, and {self.name!r} has "
                f"{self.fingerprint!r}"
            )
        if len(genotype.genes) != len(self.blocks):
            return (
                f"it has {len(genotype.genes)} genes for {len(self.blocks)} "
                "blocks"
            )
        for block, indices, gene in zip(
            self.blocks, self.encodable, genotype.genes, strict=True
        ):
            if not set(gene) <= set(indices):
                return f"block {block.name!r} offers {indices}, not {gene}"
            if not block.min_open <= len(gene) <= block.max_open:
                least, most = block.min_open, block.max_open
                allowed = f"{least} to {most}" if least < most else most
                return (
                    f"block {block.name!r} must open {allowed} branches, not "
                    f"{gene}"
                )
        return None

    def require(self, genotype: Genotype) -> Genotype:
        """Returns the genotype if it is in the space.

        Raises:
            ValueError: If it is not, with the reason.
        """
        reason = self.why_not_in_space(genotype)
        if reason is not None:
            raise ValueError(
                f"The genotype is not in space {self.name!r}: {reason}."
            )
        return genotype

    def enumerate(self) -> Iterator[Genotype]:
        """Yields every genotype of the space once, in a fixed order."""
        subsets = [
            [
                subset
                for k in range(block.min_open, block.max_open + 1)
                for subset in itertools.combinations(indices, k)
            ]
            for block, indices in zip(self.blocks, self.active, strict=True)
        ]
        for genes in itertools.product(*subsets):
            yield Genotype(genes, self.fingerprint)

    def genotype(self, genes: Iterable[int | Sequence[int]]) -> Genotype:
        """Returns the genotype of these candidate indices, checked.

        Args:
            genes: For each block one index or several; a negative index counts
                from the last candidate, as in Python.

        Raises:
            ValueError: If it is not in the space.
        """
        read = tuple(
            (gene,) if isinstance(gene, int) else tuple(gene) for gene in genes
        )
        if len(read) != len(self.blocks):
            raise ValueError(
                f"A genotype of space {self.name!r} has {len(self.blocks)} "
                f"genes, one for each block, not {len(read)}."
            )
        counted = tuple(
            tuple(sorted({i + n if i < 0 else i for i in gene}))
            for gene, n in zip(
                read,
                [len(block.candidates) for block in self.blocks],
                strict=True,
            )
        )
        return self.require(Genotype(counted, self.fingerprint))

    def sample_paths(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Returns uniformly drawn single paths `(count, num_blocks)`."""
        return np.stack(
            [
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

    def sample(self, rng: np.random.Generator) -> Genotype:
        """Returns one uniformly drawn single path."""
        return self.genotype(self.sample_paths(rng, 1)[0].tolist())

    def restrict(self, active: Sequence[Sequence[int]]) -> "SearchSpace":
        """Returns the subspace with only these candidates.

        Raises:
            ValueError: If a block would gain a candidate or lose its last one.
        """
        kept = tuple(tuple(sorted(indices)) for indices in active)
        subspace = dataclasses.replace(self, active=kept)
        for block, now, before in zip(
            self.blocks, kept, self.active, strict=True
        ):
            if not set(now) <= set(before):
                raise ValueError(
                    f"A subspace only loses candidates: block {block.name!r} "
                    f"has {before}, asked for {now}."
                )
        return subspace

    def without(self, operators: Iterable[tuple[int, int]]) -> "SearchSpace":
        """Returns the subspace without these (block, candidate) pairs."""
        dropped = set(operators)
        return self.restrict(
            [
                [i for i in indices if (block, i) not in dropped]
                for block, indices in enumerate(self.active)
            ]
        )
