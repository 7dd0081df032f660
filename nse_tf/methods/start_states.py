"""What a search whose space evolves continues from: an earlier search's ops."""

import dataclasses
import pathlib
from typing import Any

from nse_tf.methods.inheritance import union_of
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.spaces.branch_networks import FRONT, branch_genes
from nse_tf.spaces.branch_ops import NSE_27_OPS
from nse_tf.spaces.files import read_json, write_json

SCHEMA = "nse_tf.start/1"

Cells = tuple[tuple[int, ...], ...]


@dataclasses.dataclass(frozen=True)
class StartState:
    """What an earlier search of a smaller pool left.

    Attributes:
        locked: The ops that it kept, a cell each.
        seen: All ops that it looked at, a cell each; the rest of the pool is
            new, and enters.
        front: Its best networks. They are evaluated again with the new weights.
    """

    locked: Cells
    seen: Cells
    front: tuple[Cells, ...] = ()


def published_start(space: SearchSpace) -> StartState:
    """Returns what NSE's search of its second space started from.

    That is the front of the first space: its ops are locked, all of the first
    space's are seen.

    Args:
        space: The second space, `nse_72`, at any size.

    Raises:
        ValueError: If it has other cells.

    References:
        Ci et al., NSE (2021), code of the second search:
        https://arxiv.org/abs/2011.10904. There the front was not evaluated
        again; leave it out for that.
    """
    front = tuple(branch_genes(cells) for cells in FRONT)
    if len(space.blocks) != len(front[0]):
        raise ValueError(
            f"The published start has {len(front[0])} cells, space "
            f"{space.name!r} {len(space.blocks)}: use 'nse_72'."
        )
    names = [op.name for op in NSE_27_OPS]
    return StartState(
        union_of(front, len(space.blocks)),
        tuple(
            tuple(
                index
                for index, op in enumerate(block.candidates)
                if op.name in names
            )
            for block in space.blocks
        ),
        front,
    )


def state_to_json(space: SearchSpace, state: StartState) -> dict[str, Any]:
    """Returns a state as a JSON value; ops go by name."""
    return {
        "schema": SCHEMA,
        "locked": _named(space, state.locked),
        "seen": _named(space, state.seen),
        "front": [_named(space, genes) for genes in state.front],
    }


def state_from_json(space: SearchSpace, value: Any) -> StartState:
    """Returns the state of a JSON value.

    Raises:
        ValueError: If it is of another schema, or names cells or ops that the
            space does not have.
    """
    schema = value.get("schema") if isinstance(value, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"Not a start of schema {SCHEMA!r}: {schema!r}.")
    try:
        front = tuple(
            _indices(space, genes) for genes in value.get("front", [])
        )
        state = StartState(
            _indices(space, value["locked"]),
            _indices(space, value["seen"]),
            front,
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f"The start lacks or misspells a field: {error}."
        ) from error
    for genes in state.front:
        space.require(Genotype(genes, space.fingerprint))
    return state


def save_start(
    space: SearchSpace, state: StartState, path: pathlib.Path
) -> None:
    """Writes a state to a JSON file, whole or not at all."""
    write_json(path, state_to_json(space, state))


def load_start(space: SearchSpace, path: pathlib.Path) -> StartState:
    """Returns the state of a JSON file.

    Raises:
        ValueError: If the file is not JSON, or no start of the space.
    """
    return read_json(path, lambda value: state_from_json(space, value))


def _named(space: SearchSpace, cells: Cells) -> list[list[str]]:
    return [
        [block.candidates[index].name for index in indices]
        for block, indices in zip(space.blocks, cells, strict=True)
    ]


def _indices(space: SearchSpace, cells: list[list[str]]) -> Cells:
    if len(cells) != len(space.blocks):
        raise ValueError(
            f"The start has {len(cells)} cells, space {space.name!r} "
            f"{len(space.blocks)}."
        )
    return tuple(
        tuple(sorted(block.index_of(name) for name in names))
        for block, names in zip(space.blocks, cells, strict=True)
    )
