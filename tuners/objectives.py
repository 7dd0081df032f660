"""Objectives that jobs report."""

import dataclasses
from typing import Any, TypeVar

import keras_tuner

from nse_tf.jobs.built import CHOICES

Config = TypeVar("Config", bound=Any)
# What is sought unless something else is asked for.
ACCURACY = "val_accuracy"
# The metrics that a search on shared weights can report, by its objective.
REPORTED = {f"val_{name}": name for name in CHOICES["objective"]}


def settled(config: Config, seed: int | None, objective: Any) -> Config:
    """Returns the numbers of a search, with what its oracle was given.

    Args:
        config: The numbers; see `FinalTrainingConfig`.
        seed: Seed of everything drawn; None keeps that of the numbers.
        objective: As `SearchOracle` takes it. Here it counts if it names a
            metric in `REPORTED`; all else is for the oracle to refuse.
    """
    name = getattr(objective, "name", objective)
    changes: dict[str, Any] = {}
    if seed is not None:
        changes["seed"] = seed
    if isinstance(name, str) and name in REPORTED:
        changes["objective"] = REPORTED[name]
    changed: Config = dataclasses.replace(config, **changes)
    return changed


def reported_objective(objective: Any, reported: str) -> Any:
    """Returns the objective of a search on shared weights.

    Args:
        objective: See `read_objective`; None for what is reported.
        reported: The one number that jobs report, the larger the better.

    Raises:
        ValueError: If it is another number, which no job reports, or is to be
            made small.
    """
    ours = keras_tuner.Objective(reported, "max")
    if objective is None:
        return ours
    try:
        asked = read_objective(objective)
    except ValueError:  # keras-tuner does not know the direction.
        asked = keras_tuner.Objective(str(objective), "max")
    if hasattr(asked, "objectives") or asked != ours:
        raise ValueError(
            f"No job reports {asked}: the jobs of this search report {ours}, "
            f"and can report one of {', '.join(REPORTED)}, the larger the "
            "better. Limits on costs are the `budget`'s; for several "
            "objectives see `pareto_children` and the Evolution tuner."
        )
    return asked


def read_objective(objective: Any) -> Any:
    """Returns an objective as keras-tuner reads it.

    Raises:
        TypeError: If it is none.
        ValueError: If its direction is unknown.
    """
    return keras_tuner.Oracle(objective=objective).objective
