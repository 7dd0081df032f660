"""Search spaces as JSON: schema version, fingerprint, files."""

import operator
import pathlib
from typing import Any

from nse_tf.spaces.cell_ops import CellOp
from nse_tf.spaces.cell_skeletons import (
    DartsSkeleton,
    NB201Skeleton,
)
from nse_tf.spaces.cell_spaces import cell_edges
from nse_tf.spaces.chains import chain_blocks
from nse_tf.spaces.files import read_json, write_json
from nse_tf.spaces.model_parts import (
    ModelSkeleton,
    block_from_json,
    skeleton_from_json,
)
from nse_tf.spaces.ops import ChainOp, Op, parse_op
from nse_tf.spaces.skeletons import BranchSkeleton, Skeleton, Stage
from nse_tf.spaces.space import AnySkeleton, SearchSpace
from nse_tf.spaces.two_inputs import DecisionPoint

SCHEMA = "nse_tf.space/1"

# Fields of skeletons that are no whole numbers.
_NO_NUMBERS = (
    "activation",
    "image_size",
    "kind",
    "shares_cells",
    "squeeze_excite",
    "stages",
)


def space_to_json(space: SearchSpace) -> dict[str, Any]:
    """Returns the space as a JSON value that people can read, too."""
    return {
        "schema": SCHEMA,
        "name": space.name,
        "convention": space.convention,
        "fingerprint": space.fingerprint,
        **space.structure(),
        "active": [
            [block.candidates[i].name for i in indices]
            for block, indices in zip(space.blocks, space.active, strict=True)
        ],
    }


def space_from_json(value: Any) -> SearchSpace:
    """Returns the space that `space_to_json` wrote.

    Raises:
        ValueError: If the value is of another schema, if something is missing
            from it, or if its fingerprint does not match its content.
    """
    schema = value.get("schema") if isinstance(value, dict) else None
    if schema != SCHEMA:
        raise ValueError(
            f"Not a search space of schema {SCHEMA!r}: it says {schema!r}."
        )
    try:
        skeleton = _skeleton_from_json(value["skeleton"])
        blocks = _blocks_from_json(skeleton, value["blocks"])
        if len(value["active"]) != len(blocks):
            raise ValueError(
                f"`active` has {len(value['active'])} places, `blocks` "
                f"{len(blocks)}."
            )
        active = tuple(
            tuple(sorted(block.index_of(name) for name in names))
            for block, names in zip(blocks, value["active"], strict=True)
        )
        space = SearchSpace(
            str(value["name"]),
            skeleton,
            blocks,
            active,
            str(value["convention"]),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f"The search space lacks or misspells a field: {error}."
        ) from error
    if space.fingerprint != value.get("fingerprint", space.fingerprint):
        raise ValueError(
            f"The search space says fingerprint {value['fingerprint']!r} but "
            f"its content has {space.fingerprint!r}: it was edited. Remove the "
            "field to accept the content as a space of its own."
        )
    return space


def _skeleton_from_json(value: Any) -> AnySkeleton:
    if "model_digest" in value:
        return skeleton_from_json(value)
    height, width = value["image_size"]
    image_size = operator.index(height), operator.index(width)
    kind = value.get("kind")
    numbers: dict[str, Any] = {
        name: operator.index(number)
        for name, number in value.items()
        if name not in _NO_NUMBERS
    }
    if kind in (None, "branches"):
        stages = tuple(
            Stage(**{name: operator.index(n) for name, n in stage.items()})
            for stage in value["stages"]
        )
        if kind is None:
            return Skeleton(image_size=image_size, stages=stages, **numbers)
        return BranchSkeleton(
            image_size=image_size,
            stages=stages,
            activation=str(value["activation"]),
            squeeze_excite=bool(operator.index(value["squeeze_excite"])),
            **numbers,
        )
    if kind == "nb201":
        return NB201Skeleton(image_size=image_size, **numbers)
    if kind == "darts":
        shares_cells = bool(operator.index(value["shares_cells"]))
        return DartsSkeleton(
            image_size=image_size, shares_cells=shares_cells, **numbers
        )
    raise ValueError(
        f"No skeleton is of the kind {kind!r}; known are 'nb201', 'darts', "
        "'branches', and none for a chain."
    )


def _blocks_from_json(
    skeleton: AnySkeleton, value: Any
) -> tuple[DecisionPoint, ...]:
    if isinstance(skeleton, ModelSkeleton):
        return tuple(block_from_json(each) for each in value)
    ops = [_ops_from_json(each) for each in value]
    max_open = [operator.index(each["max_open"]) for each in value]
    if isinstance(skeleton, Skeleton):
        return chain_blocks(
            skeleton,
            [[_fitting(op, ChainOp) for op in each] for each in ops],
            max_open,
        )
    if set(max_open) - {1}:
        raise ValueError(
            f"`max_open` of an edge must be 1, not {max(max_open)}."
        )
    return cell_edges(
        skeleton, [[_fitting(op, CellOp) for op in each] for each in ops]
    )


def _ops_from_json(block: Any) -> list[Op]:
    try:
        return [parse_op(name) for name in block["candidates"]]
    except ValueError as error:
        raise ValueError(
            f"Candidates of block {block.get('name')!r}: {error}"
        ) from error


def _fitting(op: Op, kind: Any) -> Any:
    """Returns the op if it may compete in such a space."""
    if not isinstance(op, kind):
        raise ValueError(
            f"Op {op.name!r} belongs to another kind of space than the "
            "skeleton says."
        )
    return op


def save_space(space: SearchSpace, path: pathlib.Path) -> None:
    """Writes the space to a JSON file, whole or not at all."""
    write_json(path, space_to_json(space))


def load_space(path: pathlib.Path) -> SearchSpace:
    """Returns the space of a JSON file.

    Raises:
        ValueError: If the file is not JSON or not a search space.
    """
    return read_json(path, space_from_json)
