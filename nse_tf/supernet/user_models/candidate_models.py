"""The candidates of a user's model alone, as models of their own to measure."""

import hashlib
from collections.abc import Callable
from typing import Any

import keras

from nse_tf.supernet.layers.seeding import drawn_from
from nse_tf.supernet.user_models.copying import copied, plain_copy
from nse_tf.supernet.user_models.model_digest import digest_of
from nse_tf.supernet.user_models.model_space import choices_of


def candidate_names(model: keras.Model) -> tuple[tuple[str, ...], ...]:
    """Returns what tells each candidate from others, `(num_blocks, …)`.

    Equal layers with inputs of one shape have one name, in whatever block and
    model, and the same in every process.

    Args:
        model: A functional model with choices.
    """
    return tuple(
        tuple(_name(layer, choice.input.shape) for layer in choice.layers)
        for choice in choices_of(model)
    )


def candidate_models(
    model: keras.Model,
) -> dict[str, Callable[[], keras.Model]]:
    """Returns what builds each distinct candidate alone, by its name."""
    builders: dict[str, Callable[[], keras.Model]] = {}
    for choice, names in zip(
        choices_of(model), candidate_names(model), strict=True
    ):
        shape = tuple(choice.input.shape)
        for layer, name in zip(choice.layers, names, strict=True):
            builders.setdefault(name, _Alone(layer, shape))
    return builders


class _Alone:
    """Builds one layer, or model, as a model from its inputs."""

    def __init__(self, layer: Any, shape: tuple[int | None, ...]) -> None:
        self._layer, self._shape = layer, shape

    def __call__(self) -> keras.Model:
        inputs = keras.Input(self._shape[1:])
        with drawn_from(0):
            return keras.Model(inputs, copied(self._layer, plain_copy)(inputs))


def _name(layer: Any, shape: tuple[int | None, ...]) -> str:
    text = f"{digest_of(layer)} {tuple(shape)[1:]}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
