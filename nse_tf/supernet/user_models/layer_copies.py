"""Copies of a user's layers, and what they keep of the originals.

Weights of a copy are drawn, but where the user froze a layer, or where it has
nothing to train, such as an adapted normalization. With a trained body those of
every other layer that is no candidate are kept, too, but the classifier's.
"""

from collections.abc import Callable, Iterator
from typing import Any

import keras

from nse_tf.supernet.layers.rate_factors import set_rate_factor
from nse_tf.supernet.user_models.choice import Choice
from nse_tf.supernet.user_models.copying import copied


class LayerCopies:
    """Copies the layers of one model.

    Args:
        model: Functional, with choices; built.
        copy_leaf: Copies a layer that is no model, without weights.
        body_rate: Factor on the learning rate of the body, which keeps its
            weights; 0 freezes it. None draws its weights.
    """

    def __init__(
        self,
        model: keras.Model,
        copy_leaf: Callable[[Any], Any],
        body_rate: float | None,
    ) -> None:
        self._copy_leaf, self._body_rate = copy_leaf, body_rate
        self._frozen = set(_frozen(model))
        body = [] if body_rate is None else body_of(model)
        self._body = {id(layer) for layer in body}
        self._unsettled: list[tuple[Any, Any]] = []

    def whole(self, layer: Any) -> Any:
        """Returns a copy of a layer, which may be a model."""
        return copied(layer, self.leaf)

    def leaf(self, layer: Any) -> Any:
        """Returns a copy of a layer or operation that is no model."""
        copy = self._copy_leaf(layer)
        is_body = id(layer) in self._body
        # Before it is built, so that Keras counts its weights as frozen.
        if id(layer) in self._frozen or (is_body and self._body_rate == 0):
            copy.trainable = False
        # Operations such as `x + y` stand in the graph, too, without weights.
        if isinstance(layer, keras.layers.Layer):
            self._unsettled.append((layer, copy))
        return copy

    def settle(self) -> None:
        """Gives the copies that are built by now what they keep."""
        built = [pair for pair in self._unsettled if pair[1].built]
        self._unsettled = [
            pair for pair in self._unsettled if not pair[1].built
        ]
        for layer, copy in built:
            if id(layer) in self._body:
                copy.set_weights(layer.get_weights())
                set_rate_factor(copy, self._body_rate or 0.0)
            self._keep_frozen(layer, copy)

    def _keep_frozen(self, layer: Any, copy: Any) -> None:
        """Keeps what is not trained of a layer, or of layers inside of it."""
        for old, new in zip(
            layer._flatten_layers(), copy._flatten_layers(), strict=True
        ):
            if id(old) in self._frozen:
                new.trainable = False
            if old.weights and not new.trainable_weights:
                new.set_weights(old.get_weights())


def body_of(model: keras.Model) -> list[keras.layers.Layer]:
    """Returns the layers with weights that are no candidates.

    Without the classifier, the last layer that has weights.

    Args:
        model: Functional, with choices; built.
    """
    with_weights = [layer for layer in _leaves(model) if layer.weights]
    return [
        layer for layer in with_weights[:-1] if not isinstance(layer, Choice)
    ]


def _leaves(layer: Any) -> Iterator[keras.layers.Layer]:
    """Yields the layers in models, and in models inside, input to output."""
    if not isinstance(layer, keras.Model):
        yield layer
        return
    for inner in layer.layers:
        yield from _leaves(inner)


def _frozen(layer: Any, is_inside: bool = False) -> Iterator[int]:
    """Yields the ids of layers that are frozen, or stand inside of such."""
    is_frozen = is_inside or not layer.trainable
    if is_frozen:
        yield id(layer)
    for inner in layer._layers:
        yield from _frozen(inner, is_frozen)
