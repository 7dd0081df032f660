"""Constructor arguments of keras-tuner that have no meaning here.

A search on shared weights refuses them with what to give instead, rather than
ignoring them.
"""

from typing import Any

import keras

_LOSSES = ("sparse_categorical_crossentropy", "categorical_crossentropy")
_REASONS = {
    "max_model_size": "Give the oracle a `budget`: Budget(params={value}).",
    "optimizer": (
        "Shared weights are trained by an SGD that leaves inactive "
        "candidates untouched, which Keras optimizers do not; set its "
        "numbers in "
        "`supernet_recipe` and `child_recipe`."
    ),
    "loss": (
        "Networks are trained as classifiers, by cross entropy with the "
        "`label_smoothing` of the recipes; leave it out."
    ),
    "metrics": "Jobs report the validation accuracy; leave it out.",
    "executions_per_trial": (
        "Ask the oracle for several networks: OneShotConfig(num_finalists="
        "{value}) trains the best and takes the winner."
    ),
}


def refuse_unmeant(**given: Any) -> None:
    """Refuses constructor arguments of keras-tuner without a meaning here.

    Args:
        **given: Arguments of `keras_tuner.Tuner` by name, None where unset.

    Raises:
        ValueError: For the first of them, with what to give instead.
    """
    for name, value in given.items():
        if value is not None and not _is_what_is_done(name, value):
            reason = _REASONS[name].format(value=value)
            raise ValueError(f"`{name}` {value!r} has no use here. {reason}")


def _is_what_is_done(name: str, value: Any) -> bool:
    """Whether an argument asks for what is done anyway."""
    if name == "loss":
        if isinstance(value, keras.losses.Loss):
            value = value.name
        return value in _LOSSES
    if name == "metrics":
        return set(value) <= {"accuracy", "acc"}
    return name == "executions_per_trial" and value == 1
