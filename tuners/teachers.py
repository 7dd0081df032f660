"""Who teaches in a search: a file, or the largest network of its supernet."""

import dataclasses
import os
import pathlib
from collections.abc import Mapping
from typing import Any, TypeVar

import tensorflow as tf

from nse_tf.methods.final_training_config import LARGEST, FinalTrainingConfig
from nse_tf.spaces import SearchSpace
from nse_tf.supernet import Networks
from nse_tf.training import ChildRecipe
from nse_tf.training.mixed_precision import require_computing
from nse_tf.training.peers import is_multi_worker
from nse_tf.training.teaching import TeacherFile

Config = TypeVar("Config")


def teacher_named(teacher: str | os.PathLike[str] | None) -> str | None:
    """Returns what a method's numbers have as `teacher`.

    Args:
        teacher: `largest`, the file of a classifier, or None.

    Raises:
        ValueError: If the file cannot be read.
    """
    if teacher in (None, LARGEST):
        return None if teacher is None else LARGEST
    return TeacherFile.read(pathlib.Path(os.fspath(teacher))).sha256


def with_teacher(
    config: Config, teacher: str | os.PathLike[str] | None
) -> Config:
    """Returns a method's numbers with who teaches; see `teacher_named`.

    Raises:
        ValueError: If its answer is no network that is trained alone, or the
            file cannot be read.
    """
    if teacher is None:
        return config
    if not isinstance(config, FinalTrainingConfig):
        raise ValueError(
            f"`teacher` is {os.fspath(teacher)!r}, but the search trains no "
            "network alone: leave it out."
        )
    return dataclasses.replace(config, teacher=teacher_named(teacher))


def require_teacher(
    teacher: str | os.PathLike[str] | None,
    space: SearchSpace,
    pixels: str | None,
) -> None:
    """Refuses a file that cannot teach, before any other work.

    Args:
        teacher: See `teacher_named`.
        space: Has the images and classes.
        pixels: See `ChildRecipe.teacher_pixels`.

    Raises:
        ValueError: If it cannot.
    """
    if teacher not in (None, LARGEST):
        file = TeacherFile.read(pathlib.Path(os.fspath(teacher)))
        file.teaching(space, ChildRecipe(teacher_pixels=pixels))


def teacher_for(
    settings: Mapping[str, Any],
    teacher: str | os.PathLike[str] | None,
    space: SearchSpace,
    recipe: ChildRecipe,
) -> TeacherFile | None:
    """Returns the file of who teaches, after a look at what is in it.

    Args:
        settings: Those of the method.
        teacher: The file.
        space: Has the images and classes.
        recipe: How it teaches.

    Raises:
        ValueError: If it is not the one that the settings name, or cannot
            teach children of the space.
    """
    wanted = settings.get("teacher")
    if wanted in (None, LARGEST):
        if teacher in (None, wanted):
            return None
        raise ValueError(
            f"`teacher` is {str(teacher)!r}, but the oracle's `config` has "
            f"{wanted}: let that be the SHA-256 of the file."
        )
    if teacher is None:
        raise ValueError(
            f"The oracle's `config` has a teacher of SHA-256 {wanted}: "
            "give its file as `teacher`."
        )
    file = TeacherFile.read(pathlib.Path(os.fspath(teacher)))
    if file.sha256 != wanted:
        raise ValueError(
            f"`teacher` {file.name} has SHA-256 {file.sha256}, but the "
            f"oracle's `config` has {wanted}: give that file."
        )
    file.teaching(space, recipe)
    return file


def require_fitting(
    settings: Mapping[str, Any],
    networks: Networks,
    strategy: tf.distribute.Strategy | None,
    recipe: ChildRecipe,
) -> None:
    """Refuses numbers of a method that do not fit what is searched, or how.

    Args:
        settings: Those of the method.
        networks: What is searched.
        strategy: How batches are shared.
        recipe: How a child is trained alone.

    Raises:
        ValueError: If only the largest network of a nested supernet could do
            what is asked for and there is none, if it is to teach several
            processes, if the winner is trained on all images, and to stop by
            some of them, or if layers do not compute as the recipe says.
    """
    require_computing(networks, recipe)
    if recipe.patience and settings.get("retrain_on_all"):
        raise ValueError(
            f"`patience` is {recipe.patience}, but the training of the winner "
            "takes in the validation part, which is to end it: let "
            "`retrain_on_all` of the `config` be False."
        )
    for name, value in (("teacher", LARGEST), ("paths", "sandwich")):
        if settings.get(name) == value and networks.sharing != "nested":
            raise ValueError(
                f"`{name}` is {value!r}, but no network here has the weights "
                "of all others: let `sharing` be 'nested', or start from a "
                "trained network."
            )
    if settings.get("teacher") == LARGEST and is_multi_worker(strategy):
        raise ValueError(
            "`teacher` is 'largest', which one process holds: leave out the "
            "strategy of several, or give a file."
        )
