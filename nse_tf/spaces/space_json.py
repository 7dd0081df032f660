"""Search spaces as JSON: schema version, fingerprint, files."""

import json
import pathlib
from collections.abc import Mapping
from typing import Any

from nse_tf.spaces.cell_skeletons import DartsSkeleton
from nse_tf.spaces.chain_skeletons import BranchSkeleton, ChainSkeleton
from nse_tf.spaces.darts_cifar import DartsCifarSkeleton
from nse_tf.spaces.files import read_json, write_json
from nse_tf.spaces.mobilenet_v3_skeleton import MobileNetV3Skeleton
from nse_tf.spaces.model_parts import ModelSkeleton
from nse_tf.spaces.nb201_skeleton import NB201Skeleton
from nse_tf.spaces.skeletons import Skeleton
from nse_tf.spaces.slot_spaces import SlotSkeleton
from nse_tf.spaces.space import SearchSpace
from nse_tf.spaces.stage_widths import StageWidthSkeleton
from nse_tf.spaces.trained_skeleton import TrainedSkeleton

SCHEMA = "nse_tf.space/1"

_SKELETONS: dict[str, type[Skeleton]] = {
    kind.KIND: kind
    for kind in (
        ChainSkeleton,
        BranchSkeleton,
        MobileNetV3Skeleton,
        NB201Skeleton,
        DartsSkeleton,
        DartsCifarSkeleton,
        ModelSkeleton,
        SlotSkeleton,
        TrainedSkeleton,
        StageWidthSkeleton,
    )
}


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
        ValueError: If the value has another schema, lacks something, or has a
            fingerprint that does not match its content.
    """
    schema = value.get("schema") if isinstance(value, dict) else None
    if schema != SCHEMA:
        raise ValueError(
            f"Not a search space of schema {SCHEMA!r}: it says {schema!r}."
        )
    try:
        skeleton = _skeleton_from_json(value["skeleton"])
        blocks = skeleton.blocks_from_json(value["blocks"])
        if len(value["active"]) != len(blocks):
            raise ValueError(
                f"`active` has {len(value['active'])} entries, `blocks` "
                f"{len(blocks)}."
            )
        active = tuple(
            tuple(sorted(block.index_of(name) for name in names))
            for block, names in zip(blocks, value["active"], strict=True)
        )
        space = SearchSpace(
            name=str(value["name"]),
            skeleton=skeleton,
            blocks=blocks,
            active=active,
            convention=str(value["convention"]),
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


def space_to_text(space: SearchSpace) -> str:
    """Returns a space as a text without line breaks, as jobs hold it."""
    return json.dumps(space_to_json(space), separators=(",", ":"))


def space_from_text(text: str) -> SearchSpace:
    """Returns the space that `space_to_text` wrote.

    Raises:
        ValueError: If it is no JSON, or no space; see `space_from_json`.
    """
    return space_from_json(json.loads(text))


def _skeleton_from_json(value: Mapping[str, Any]) -> Skeleton:
    # Skeletons older than the field `kind` differ in their other fields.
    unnamed = "model" if "model_digest" in value else "chain"
    kind = value.get("kind", unnamed)
    if kind not in _SKELETONS:
        raise ValueError(
            f"No skeleton is of the kind {kind!r}; known are "
            f"{', '.join(_SKELETONS)}."
        )
    return _SKELETONS[kind].from_json(value)


def save_space(space: SearchSpace, path: pathlib.Path) -> None:
    """Writes the space to a JSON file, whole or not at all."""
    write_json(path, space_to_json(space))


def load_space(path: pathlib.Path) -> SearchSpace:
    """Returns the space of a JSON file.

    Raises:
        ValueError: If the file is not JSON or not a search space.
    """
    return read_json(path, space_from_json)
