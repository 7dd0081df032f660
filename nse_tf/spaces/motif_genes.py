"""Genes of motifs: their values, codes, indices and mutations.

A motif is nine small numbers. Many motifs are an integer array `(count, 9)`, a
gene a column, so that whole populations are read, changed and counted at once.
"""

import itertools
import re
from collections.abc import Sequence

import numpy as np

EXPANSIONS = (1, 3, 6)
# What may stand on an edge: 1 is no edge and 2 the identity; beyond these, the
# side of a depthwise kernel plus 2.
NO_EDGE, IDENTITY = 1, 2

_OPS = (2, 3, 5)
# The genes in the order of their code, and the values that the published space
# explores.
EXPLORED: dict[str, tuple[int, ...]] = {
    "index of the expansion": (0, 1, 2),
    "op on edge 0→1": _OPS,
    "mixing mode of node 2": (0, 1),
    "mixing mode of node 3": (0, 1),
    "op on edge 0→2": (NO_EDGE, *_OPS),
    "op on edge 1→2": _OPS,
    "op on edge 0→3": (NO_EDGE,),
    "op on edge 1→3": (NO_EDGE, *_OPS),
    "op on edge 2→3": _OPS,
}
GENES = tuple(EXPLORED)
# What a code may say beyond that: merged kernels stand on the first edge.
ALLOWED = {**EXPLORED, "op on edge 0→1": (*_OPS, 7, 9)}
NUM_MOTIFS = int(np.prod([len(values) for values in EXPLORED.values()]))

# Genes are digits; points divide them as the published matrix does.
CODE = r"\d\.\d\.\d\d\.\d\d\.\d{3}"
_LENGTHS = (1, 1, 2, 2, 3)

_COUNTS = np.array([len(values) for values in EXPLORED.values()])
# What one step of a gene counts in an index; the last gene varies fastest.
_STRIDES = np.append(np.cumprod(_COUNTS[::-1])[-2::-1], 1)
_VALUES = np.zeros((len(GENES), _COUNTS.max()), np.int64)
for _row, _values in zip(_VALUES, EXPLORED.values(), strict=True):
    _row[: len(_values)] = _values
# The position of each value among those of its gene; -1 for no such value.
_POSITIONS = np.full((len(GENES), 10), -1, np.int64)
for _row, _values in zip(_POSITIONS, EXPLORED.values(), strict=True):
    _row[list(_values)] = range(len(_values))


def kernel_of(value: int) -> int:
    """Returns the side of the kernel on an edge; 0 where there is none."""
    return max(value - IDENTITY, 0)


def code_of(genes: Sequence[int]) -> str:
    """Returns genes as one word, such as `2.5.00.15.115`."""
    digits = "".join(map(str, genes))
    ends = list(itertools.accumulate(_LENGTHS, initial=0))
    return ".".join(digits[i:j] for i, j in itertools.pairwise(ends))


def genes_of_code(code: str) -> tuple[int, ...]:
    """Returns the nine genes of a code, whatever their values are.

    Raises:
        ValueError: If it is no code.
    """
    if not re.fullmatch(CODE, code):
        raise ValueError(
            f"{code!r} is not the code of a motif: that is nine digits such as "
            "'2.5.00.15.115'."
        )
    return tuple(int(digit) for digit in code.replace(".", ""))


def genes_of_indices(indices: np.ndarray) -> np.ndarray:
    """Returns the genes of explored motifs, int64 `(count, 9)`.

    Args:
        indices: Numbers of motifs, 0 to `NUM_MOTIFS` - 1, `(count,)`.

    Raises:
        ValueError: If a number is none of them.
    """
    indices = np.asarray(indices, np.int64)
    wrong = indices[(indices < 0) | (indices >= NUM_MOTIFS)]
    if len(wrong):
        raise ValueError(
            f"No motif has the index {wrong[0]}: there are {NUM_MOTIFS}, "
            "counted from 0."
        )
    positions = indices[:, None] // _STRIDES % _COUNTS
    found: np.ndarray = _VALUES[np.arange(len(GENES)), positions]
    return found


def indices_of_genes(genes: np.ndarray) -> np.ndarray:
    """Returns the numbers of explored motifs, int64 `(count,)`.

    Args:
        genes: `(count, 9)`.

    Raises:
        ValueError: If a gene has a value that is not explored; names the motif,
            the gene and its values.
    """
    positions = _positions(genes)
    found: np.ndarray = positions @ _STRIDES
    return found


def mutated(genes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns explored motifs with one gene of each changed, `(count, 9)`.

    The gene is drawn evenly from those that have another value, and the value
    from the others of its gene.

    Args:
        genes: `(count, 9)`.
        rng: Draws what changes.

    Raises:
        ValueError: As of `indices_of_genes`.
    """
    positions = _positions(genes)
    motifs = np.arange(len(positions))
    changed = rng.choice(np.flatnonzero(_COUNTS > 1), len(positions))
    counts = _COUNTS[changed]
    # A step that is no full turn leads to another value.
    positions[motifs, changed] += rng.integers(1, counts)
    positions[motifs, changed] %= counts
    found: np.ndarray = _VALUES[np.arange(len(GENES)), positions]
    return found


def _positions(genes: np.ndarray) -> np.ndarray:
    """Returns where the value of each gene stands among those explored."""
    genes = np.asarray(genes, np.int64)
    if genes.ndim != 2 or genes.shape[1] != len(GENES):
        raise ValueError(
            f"Motifs are an array of {len(GENES)} columns, a gene each, not of "
            f"the shape {genes.shape}."
        )
    columns = np.arange(len(GENES))
    positions: np.ndarray = _POSITIONS[columns, np.clip(genes, 0, 9)]
    positions[(genes < 0) | (genes > 9)] = -1
    if (positions < 0).any():
        motif, gene = np.argwhere(positions < 0)[0]
        name = GENES[gene]
        raise ValueError(
            f"Motif {genes[motif].tolist()} has {genes[motif, gene]} as its "
            f"{name}, of which {', '.join(map(str, EXPLORED[name]))} are "
            "explored."
        )
    return positions
