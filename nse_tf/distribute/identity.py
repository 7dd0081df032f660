"""What makes a run the run it is, so that no other is mistaken for it.

A folder that is gone on with and a worker that joins are asked the same thing:
is everything that decides the outcome the same on both sides?
"""

import dataclasses
import importlib.metadata
import json
from collections.abc import Mapping
from typing import Any

from nse_tf import __version__
from nse_tf.datasets import ImageData
from nse_tf.training import ChildRecipe, SupernetRecipe

# Packages whose other versions may compute other bits.
DECIDING_PACKAGES = ("tensorflow", "keras", "numpy")


def deciding_versions() -> dict[str, str]:
    """Returns the versions that decide what is computed, by package."""
    found = {
        name: importlib.metadata.version(name) for name in DECIDING_PACKAGES
    }
    return {"nse_tf": __version__, **found}


def identity_of(
    space_fingerprint: str,
    data: ImageData,
    supernet_recipe: SupernetRecipe,
    child_recipe: ChildRecipe,
    child_epochs: int | None = None,
    num_replicas: int = 1,
) -> dict[str, Any]:
    """Returns all that decides a run's outcome but the method's settings.

    As it comes back from a file or over a wire.
    """
    versions = {
        f"version of {name}": version
        for name, version in deciding_versions().items()
    }
    recipes = {
        f"{kind}.{name}": value
        for kind, recipe in (
            ("supernet_recipe", supernet_recipe),
            ("child_recipe", child_recipe),
        )
        for name, value in dataclasses.asdict(recipe).items()
    }
    identity: dict[str, Any] = json.loads(
        json.dumps(
            {
                **versions,
                "space": space_fingerprint,
                "fingerprint of the images": data.fingerprint(),
                **recipes,
                "epochs": child_epochs,
                "number of replicas": num_replicas,
            }
        )
    )
    return identity


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """Returns what differs, both sides named; empty if nothing does."""
    return "; ".join(
        f"{name} was {theirs.get(name, 'not given')!r} and is "
        f"{ours.get(name, 'not given')!r}"
        for name in sorted({*theirs, *ours})
        if theirs.get(name) != ours.get(name)
    )
