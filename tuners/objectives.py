"""Objectives that jobs report."""

from typing import Any

import keras_tuner


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
            f"No job reports {asked}: the jobs of this search report {ours}. "
            "Limits on costs are the `budget`'s; for several objectives see "
            "`pareto_children` and the Evolution tuner."
        )
    return asked


def read_objective(objective: Any) -> Any:
    """Returns an objective as keras-tuner reads it.

    Raises:
        TypeError: If it is none.
        ValueError: If its direction is unknown.
    """
    return keras_tuner.Oracle(objective=objective).objective
