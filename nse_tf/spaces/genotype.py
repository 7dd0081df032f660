"""Genotypes: the open candidates of every block; hashable, JSON both ways."""

import dataclasses
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

# The open candidate of each block, or the open ones.
Path = tuple[int | tuple[int, ...], ...]


@dataclasses.dataclass(frozen=True)
class Genotype:
    """Which candidates are open at each block of a space.

    Attributes:
        genes: For each block the indices of its open candidates, ascending;
            none where the block is skipped.
        fingerprint: Fingerprint of the space that the indices refer to.
    """

    genes: tuple[tuple[int, ...], ...]
    fingerprint: str

    def __post_init__(self) -> None:
        for index, gene in enumerate(self.genes):
            if list(gene) != sorted(set(gene)) or min(gene, default=0) < 0:
                raise ValueError(
                    f"Gene {index} is {gene}; it must hold candidate indices, "
                    "each once, ascending from 0."
                )

    @property
    def is_path(self) -> bool:
        """Whether every block has exactly one open branch."""
        return all(len(gene) == 1 for gene in self.genes)

    @property
    def path(self) -> tuple[int, ...]:
        """The one open candidate of each block.

        Raises:
            ValueError: If a block has no or several open branches.
        """
        if not self.is_path:
            raise ValueError(
                f"Genotype {self.genes} opens no or several branches of a "
                "block; only a single path has one index for each block."
            )
        return tuple(gene[0] for gene in self.genes)

    def open_branches(self, num_candidates: int) -> np.ndarray:
        """Returns the genotype as booleans `(num_blocks, num_candidates)`."""
        open_branches = np.zeros((len(self.genes), num_candidates), bool)
        for block, gene in enumerate(self.genes):
            open_branches[block, list(gene)] = True
        return open_branches

    def to_json(self) -> dict[str, Any]:
        """Returns the genotype as a JSON value."""
        return {
            "schema": "nse_tf.genotype/1",
            "fingerprint": self.fingerprint,
            "genes": [list(gene) for gene in self.genes],
        }

    @classmethod
    def from_json(cls, value: Any) -> "Genotype":
        """Returns the genotype that `to_json` wrote.

        Raises:
            ValueError: If the value has another type or schema, or a
                field is missing or not a list of whole numbers.
        """
        schema = value.get("schema") if isinstance(value, dict) else None
        if schema != "nse_tf.genotype/1":
            raise ValueError(
                f"Not a genotype of schema 'nse_tf.genotype/1': {schema!r}."
            )
        try:
            genes = tuple(
                tuple(operator.index(index) for index in gene)
                for gene in value["genes"]
            )
            return cls(genes, str(value["fingerprint"]))
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"The genotype lacks or misspells a field: {error}."
            ) from error


def as_path(value: Sequence[int | Sequence[int]]) -> Path:
    """Returns a path as it comes back from JSON."""
    return tuple(
        each if isinstance(each, int) else tuple(each) for each in value
    )
