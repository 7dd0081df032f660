"""SearchSpace: size, membership, enumeration, restriction."""

import dataclasses
import functools
import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from nse_tf.spaces.blocks import ChoiceBlock
from nse_tf.spaces.cell_skeletons import CellSkeleton, DartsSkeleton
from nse_tf.spaces.genotype import Genotype
from nse_tf.spaces.model_parts import ModelSkeleton
from nse_tf.spaces.skeletons import Skeleton
from nse_tf.spaces.two_inputs import (
    DecisionPoint,
    JointDecision,
    Node,
    nodes_of,
    single_choices,
)

AnySkeleton = Skeleton | CellSkeleton | ModelSkeleton


@dataclasses.dataclass(frozen=True)
class SearchSpace:
    """All networks that a skeleton and the choices at its places can spell.

    The places are the blocks of a chain or the edges of cells; where only one
    of them will do, `require_chain` and `require_cells` tell.

    A space keeps every candidate it was born with; restricting it only closes
    some. So candidate indices, weight rows and genotypes stay valid while the
    space shrinks, and the fingerprint, which names the full space, stays too.

    Attributes:
        name: What people call it.
        skeleton: What all its networks share.
        blocks: The places, input to output.
        active: For each place the indices of the candidates still in it.
        convention: How its authors count MACs; see `costs.conventions`.

    Raises:
        ValueError: If a place has an unknown active candidate, or fewer than
            must be open there.
    """

    name: str
    skeleton: AnySkeleton
    blocks: tuple[DecisionPoint, ...]
    active: tuple[tuple[int, ...], ...]
    convention: str = "plain"

    def __post_init__(self) -> None:
        if len(self.active) != len(self.blocks):
            raise ValueError(
                f"`active` has {len(self.active)} places, the space "
                f"{len(self.blocks)}."
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
            "skeleton": dataclasses.asdict(self.skeleton),
            "blocks": [
                {
                    "name": block.name,
                    "candidates": [op.name for op in block.candidates],
                    "max_open": block.max_open,
                    **(
                        block.details()
                        if isinstance(block, ChoiceBlock)
                        else {}
                    ),
                }
                for block in self.blocks
            ],
        }

    @property
    def whole(self) -> "SearchSpace":
        """The space with all candidates that it was born with."""
        everyone = tuple(
            tuple(range(len(block.candidates))) for block in self.blocks
        )
        return dataclasses.replace(self, active=everyone)

    @property
    def max_candidates(self) -> int:
        """The largest number of candidates at a place, active or not."""
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
        """The inner nodes that take two inputs; none but in DARTS's cells."""
        if isinstance(self.skeleton, DartsSkeleton):
            return nodes_of(self.blocks, self.active)
        return ()

    @functools.cached_property
    def encodable(self) -> tuple[tuple[int, ...], ...]:
        """For each place the candidates that a genotype may name.

        These are the active ones, and what leaves out an edge of DARTS.
        """
        named = [set(indices) for indices in self.active]
        for node in self.nodes:
            for place, closed in zip(node.blocks, node.closed, strict=True):
                named[place] |= set() if closed is None else {closed}
        return tuple(tuple(sorted(indices)) for indices in named)

    @functools.cached_property
    def joint_decisions(self) -> tuple[JointDecision, ...]:
        """What makes all lawful single paths: one row of each of these.

        A path is lawful if each inner node of DARTS's cells takes two inputs;
        in other spaces every path is.
        """
        if self.nodes:
            return tuple(node.joint_decision() for node in self.nodes)
        return single_choices(self.active)

    @functools.cached_property
    def valid_genes(self) -> tuple[tuple[int, ...], ...]:
        """For each place the candidates of it in lawful paths."""
        return tuple(
            tuple(np.unique(genes).tolist())
            for choice in self.joint_decisions
            for genes in choice.rows.T
        )

    @property
    def num_valid(self) -> int:
        """How many lawful single paths there are; exact."""
        return math.prod(len(choice.rows) for choice in self.joint_decisions)

    def of_rows(self, rows: np.ndarray) -> np.ndarray:
        """Returns the paths that take these rows of the joint choices.

        Args:
            rows: `(count, len(joint_choices))`.
        """
        paths = np.empty((len(rows), len(self.blocks)), np.int64)
        for choice, numbers in zip(self.joint_decisions, rows.T, strict=True):
            paths[:, choice.blocks] = choice.rows[numbers]
        return paths

    def is_valid(self, paths: np.ndarray) -> np.ndarray:
        """Returns of each path `(count, num_blocks)` whether it is lawful."""
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
        """Returns lawful paths near these; lawful ones as they are.

        Of a node with more than two open edges, random ones are left out; of a
        node with fewer, random others get a random active op. An edge that
        cannot be left out, or has no op, stays as it is, so that a node may
        have more than two, or fewer.

        Args:
            rng: Draws.
            paths: Candidate indices `(count, num_blocks)`.
            kept: Booleans of that shape: edges that stay open, or left out,
                if any arrangement lets them.

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
        """Every active (place, candidate) pair."""
        return tuple(
            (place, candidate)
            for place, indices in enumerate(self.active)
            for candidate in indices
        )

    def __contains__(self, genotype: Genotype) -> bool:
        """Whether the genotype can be spelt with active candidates."""
        return self.why_not_in_space(genotype) is None

    def why_not_in_space(self, genotype: Genotype) -> str | None:
        """Returns why a genotype is not of this space, or None if it is."""
        if genotype.fingerprint != self.fingerprint:
            return (
                f"it belongs to the space of fingerprint "
                f"{genotype.fingerprint!r}, and {self.name!r} has "
                f"{self.fingerprint!r}"
            )
        if len(genotype.genes) != len(self.blocks):
            return (
                f"it has {len(genotype.genes)} genes for {len(self.blocks)} "
                "places"
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
        """Returns the genotype if it is of this space.

        Raises:
            ValueError: If it is not, with the reason.
        """
        reason = self.why_not_in_space(genotype)
        if reason is not None:
            raise ValueError(
                f"The genotype is not of space {self.name!r}: {reason}."
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
            genes: For each place one index or several; a negative index counts
                from the last candidate, as in Python.

        Raises:
            ValueError: If the space does not hold it.
        """
        read = tuple(
            (gene,) if isinstance(gene, int) else tuple(gene) for gene in genes
        )
        if len(read) != len(self.blocks):
            raise ValueError(
                f"A genotype of space {self.name!r} has {len(self.blocks)} "
                f"genes, one for each place, not {len(read)}."
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
        """Returns uniformly drawn lawful paths `(count, num_blocks)`.

        Where every path is lawful, these are those of `sample_paths`.
        """
        rows = [
            rng.integers(len(choice.rows), size=count)
            for choice in self.joint_decisions
        ]
        return self.of_rows(np.stack(rows, axis=1))

    def sample(self, rng: np.random.Generator) -> Genotype:
        """Returns one uniformly drawn single path."""
        return self.genotype(self.sample_paths(rng, 1)[0].tolist())

    def restrict(self, active: Sequence[Sequence[int]]) -> "SearchSpace":
        """Returns the subspace with only these candidates.

        Raises:
            ValueError: If a place would gain a candidate or lose its last.
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
        """Returns the subspace without these (place, candidate) pairs."""
        dropped = set(operators)
        return self.restrict(
            [
                [i for i in indices if (place, i) not in dropped]
                for place, indices in enumerate(self.active)
            ]
        )
