"""What makes a run the run it is, so that no other is mistaken for it.

The same question is asked of a folder that is resumed and of a worker that
joins: is everything that decides the outcome the same on both sides?
"""

import importlib.metadata
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from nse_tf.datasets import ImageData
from nse_tf.supernet import Networks
from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.training.recipes import numbers_of
from nse_tf.version import __version__

# Packages whose other versions may compute other bits.
DECIDING_PACKAGES = ("tensorflow", "keras", "numpy")


# What is assumed of a folder that names no version: only 0.1 left it out.
_UNNAMED = "0.1"


def require_own_format(
    folder: pathlib.Path | str, begun_by: str | None
) -> None:
    """Refuses a folder in the format of another series of this package.

    It is asked before anything else in the folder is read.

    Args:
        folder: A run's or project's folder, as messages call it.
        begun_by: The version of nse_tf that began it; None if it names none.

    Raises:
        ValueError: If that version is of another series, such as 0.1.
    """
    begun_by = begun_by or _UNNAMED
    if begun_by.split(".")[:2] != __version__.split(".")[:2]:
        raise ValueError(
            f"{folder} was begun by nse_tf {begun_by}, and nse_tf "
            f"{__version__} cannot resume it: install nse_tf {begun_by} to "
            "finish it, or start over in another folder."
        )


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
    networks: Networks | None = None,
) -> dict[str, Any]:
    """Returns all that decides a run's outcome except the method's settings.

    Values are as JSON returns them, to compare with those of a file or a
    worker.

    Args:
        space_fingerprint: Fingerprint of the full space.
        data: The images.
        supernet_recipe: How shared weights are trained.
        child_recipe: How a child is trained alone.
        child_epochs: Epochs given to `search`, if any.
        num_replicas: Devices that share a batch.
        networks: Makes the networks; None for those that a space has anyway.
    """
    of_networks: dict[str, Any] = {}
    if networks is not None:
        of_networks.update(networks.training_facts)
        if networks.sharing != "rows":  # Not there in folders that are older.
            of_networks["sharing"] = networks.sharing
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
        for name, value in numbers_of(recipe).items()
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
                **of_networks,
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
