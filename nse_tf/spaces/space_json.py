"""Search spaces as JSON: schema version, fingerprint, files."""

import operator
import pathlib
from typing import Any

from nse_tf.spaces.blocks import ChoiceBlock
from nse_tf.spaces.chains import chain_blocks
from nse_tf.spaces.files import read_json, write_json
from nse_tf.spaces.model_parts import (
    ModelSkeleton,
    block_from_json,
    skeleton_from_json,
)
from nse_tf.spaces.ops import parse_op
from nse_tf.spaces.skeletons import Skeleton, Stage
from nse_tf.spaces.space import SearchSpace

SCHEMA = "nse_tf.space/1"


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
        skeleton, blocks = _parts_from_json(value)
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


def _parts_from_json(
    value: Any,
) -> tuple[Skeleton | ModelSkeleton, tuple[ChoiceBlock, ...]]:
    if "model_digest" in value["skeleton"]:
        blocks = tuple(block_from_json(each) for each in value["blocks"])
        return skeleton_from_json(value["skeleton"]), blocks
    skeleton = _skeleton_from_json(value["skeleton"])
    return skeleton, chain_blocks(
        skeleton,
        [[parse_op(n) for n in each["candidates"]] for each in value["blocks"]],
        [operator.index(each["max_open"]) for each in value["blocks"]],
    )


def _skeleton_from_json(value: Any) -> Skeleton:
    height, width = value["image_size"]
    numbers = {
        name: operator.index(number)
        for name, number in value.items()
        if name not in ("image_size", "stages")
    }
    return Skeleton(
        image_size=(operator.index(height), operator.index(width)),
        stages=tuple(
            Stage(**{name: operator.index(n) for name, n in stage.items()})
            for stage in value["stages"]
        ),
        **numbers,
    )


def save_space(space: SearchSpace, path: pathlib.Path) -> None:
    """Writes the space to a JSON file, whole or not at all."""
    write_json(path, space_to_json(space))


def load_space(path: pathlib.Path) -> SearchSpace:
    """Returns the space of a JSON file.

    Raises:
        ValueError: If the file is not JSON or not a search space.
    """
    return read_json(path, space_from_json)
