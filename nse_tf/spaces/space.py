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

from nse_tf.spaces.genotype import Genotype
from nse_tf.spaces.path_space import PathSpace
from nse_tf.spaces.skeletons import Skeleton


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchSpace(PathSpace):
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
        convention: How the authors count MACs; see `costs.conventions`.
    """

    convention: str = "plain"

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
        """Returns the space with networks of fewer cells.

        Its edges and their candidates are those of the whole space.

        Args:
            num_cells: How many cells there are; one of the skeleton's
                `shallower_depths`.

        Raises:
            ValueError: If it is none of them.
        """
        return self.with_skeleton(self.skeleton.with_fewer_cells(num_cells))

    def resized(
        self, num_cells: int | None, channels: int | None
    ) -> "SearchSpace":
        """Returns a space of the same cells with more or wider ones.

        See `Skeleton.resized` for arguments and errors.
        """
        resized = self.with_skeleton(self.skeleton.resized(num_cells, channels))
        sizes = {"cells": num_cells, "channels": channels}
        named = [f"{size} {name}" for name, size in sizes.items() if size]
        name = f"{self.name} with {' of '.join(named)}"
        return dataclasses.replace(resized, name=name)

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
