"""What trials return, read beside keras-tuner: objectives, errors, numbers."""

from typing import Any

import keras
import keras_tuner
import numpy as np

# What keras-tuner calls the objective where none is given.
UNSPECIFIED = "default_objective"

_TRACEBACK = "Traceback (most recent call last):"


def require_objective(results: Any, objective: Any) -> None:
    """Refuses results of a trial that lack the objective.

    keras-tuner looks it up in every epoch of a history, and fails with a
    `KeyError`. Results of other types are left to its own checks.

    Args:
        results: What `run_trial` returned, or a list of such.
        objective: The oracle's, one or several.

    Raises:
        FatalValueError: If a history lacks the objective, or has it for some
            epochs only; with what it has.
    """
    if isinstance(results, list):
        for each in results:
            require_objective(each, objective)
        return
    if not isinstance(results, keras.callbacks.History):
        return
    if objective.name == UNSPECIFIED:
        return  # It asks for a number, which keras-tuner says.
    reported = results.history
    num_epochs = max(map(len, reported.values()), default=0)
    for name in getattr(objective, "name_to_direction", [objective.name]):
        if name not in reported:
            raise keras_tuner.errors.FatalValueError(
                f"Objective value missing: `objective` names {name!r}, but the "
                f"training reported {sorted(reported)}. Name one of these, or "
                "return the objective from `HyperModel.fit`."
            )
        if len(reported[name]) < num_epochs:
            raise keras_tuner.errors.FatalValueError(
                f"Objective value missing: {name!r} was reported in "
                f"{len(reported[name])} of {num_epochs} epochs, and the best "
                "is chosen among all. Leave out `validation_freq`."
            )


def error_line(message: str | None) -> str:
    """Returns the type and the first line of an error, from its traceback.

    The last line would be a detail in errors of Keras and TensorFlow, whose
    messages go on for many.

    Args:
        message: The traceback as text, or another message; None for none.
    """
    lines = (message or "").strip().splitlines()
    starts = [i for i, line in enumerate(lines) if line == _TRACEBACK]
    if starts:
        after = lines[starts[-1] + 1 :]
        lines = [line for line in after if line and not line[0].isspace()]
    return lines[0] if lines else "the worker gave no reason"


def plain_values(result: Any) -> Any:
    """Returns the metrics of an execution, for each epoch, as numbers."""
    history = getattr(result, "history", result)
    if isinstance(history, dict):
        return {
            name: np.asarray(values, float).tolist()
            for name, values in history.items()
        }
    return float(history)
