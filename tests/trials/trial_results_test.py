"""What trials return, and what is said of their errors."""

import traceback
from typing import Any

import keras
import keras_tuner
import pytest

from nse_tf.trials.trial_results import error_line, require_objective


def history(**values: list[float]) -> keras.callbacks.History:
    """Returns what `fit` returns after these values an epoch."""
    made = keras.callbacks.History()
    made.history = values
    return made


def objective_of(given: Any) -> Any:
    """Returns an objective as an oracle has it."""
    return keras_tuner.Oracle(objective=given).objective


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("val_accuracy", r"names 'val_accuracy', but .*\['accuracy', 'val_lo"),
        (["val_loss", "val_mse"], r"names 'val_mse', but .*'val_loss'\]"),
        ("accuracy", "'accuracy' was reported in 1 of 2 epochs"),
    ],
)
def test_a_history_without_the_objective_is_refused(
    given: Any, message: str
) -> None:
    reported = history(accuracy=[0.5], val_loss=[0.1, 0.2])
    with pytest.raises(keras_tuner.errors.FatalValueError, match=message):
        require_objective([reported], objective_of(given))


def test_other_results_are_left_to_keras_tuner() -> None:
    require_objective([history(val_loss=[1.0])], objective_of("val_loss"))
    require_objective(history(), objective_of(None))
    for result in (1.0, {"a": 1.0}, None):
        require_objective(result, objective_of("val_loss"))


def test_an_error_is_its_type_and_first_line() -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError:
            raise MemoryError("no memory\n  x=1\ntraining=True") from None
    except MemoryError:
        assert error_line(traceback.format_exc()) == "MemoryError: no memory"
    try:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ValueError("then") from error
    except ValueError:
        assert error_line(traceback.format_exc()) == "ValueError: then"
    assert error_line("5 workers ended\nof it") == "5 workers ended"
    assert error_line(None) == "the worker gave no reason"
