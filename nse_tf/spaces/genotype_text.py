"""Genotypes as people type them, and as files."""

import pathlib
import re

from nse_tf.spaces.blocks import DecisionPoint
from nse_tf.spaces.cell_text import format_cells, parse_cells
from nse_tf.spaces.files import read_json
from nse_tf.spaces.genotype import Genotype
from nse_tf.spaces.naming import nearest_names
from nse_tf.spaces.space import SearchSpace

SKIPPED = "-"


def format_genotype(space: SearchSpace, genotype: Genotype) -> str:
    """Returns the genotype as op names, such as `mbconv_k3_e6 identity`.

    Several open branches of a block are joined by `+`; a skipped block is a
    `-`. In a space of cells it is the arch string; see `format_cells`.

    Raises:
        ValueError: If the genotype is not of the space.
    """
    space.require(genotype)
    if space.skeleton.cell_kinds:
        return format_cells(space, genotype)
    return " ".join(
        "+".join(block.candidates[index].name for index in gene) or SKIPPED
        for block, gene in zip(space.blocks, genotype.genes, strict=True)
    )


def parse_genotype(space: SearchSpace, text: str) -> Genotype:
    """Returns the genotype that a text encodes, checked against the space.

    Args:
        space: The space.
        text: One word for each block, divided by spaces or commas: an op's
            name, its index as papers print it (-1 is the identity), several of
            these joined by `+`, or `-` for none. Or an arch string of cells,
            which has a `|`; see `parse_cells`.

    Raises:
        ValueError: If the words are too few or too many, or one is not a
            candidate of its block.
    """
    if "|" in text and space.skeleton.cell_kinds:
        return parse_cells(space, text)
    words = [word for word in re.split(r"[\s,]+", text) if word]
    if len(words) != len(space.blocks):
        raise ValueError(
            f"A genotype of space {space.name!r} has {len(space.blocks)} "
            f"words, one for each block, not {len(words)}: {text!r}."
        )
    return space.genotype(
        [
            [
                _candidate_index(block, word)
                for word in gene.split("+")
                if word != SKIPPED
            ]
            for block, gene in zip(space.blocks, words, strict=True)
        ]
    )


def _candidate_index(block: DecisionPoint, word: str) -> int:
    names = [op.name for op in block.candidates]
    if word == "-1":
        word = "identity"
    if word in names:
        return names.index(word)
    if re.fullmatch(r"\d+", word) and int(word) < len(names):
        return int(word)
    raise ValueError(
        f"{word!r} is not a candidate of block {block.name!r}, which has "
        f"indices 0 to {len(names) - 1}. Did you mean "
        f"{nearest_names(word, names)}?"
    )


def load_genotype(space: SearchSpace, path: pathlib.Path) -> Genotype:
    """Returns the genotype of a JSON file, checked against the space.

    Raises:
        ValueError: If the file is not JSON or not a genotype, or the genotype
            is not in the space.
    """
    return read_json(
        path, lambda value: space.require(Genotype.from_json(value))
    )
