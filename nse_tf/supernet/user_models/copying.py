"""Copies of functional models, layer by layer.

`keras.models.clone_model` with what it lacks here: Sequential models inside
are opened, too, and every call is seen with its shapes.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras

from nse_tf.supernet.layers.batch_norm import FusedBatchNormalization

Shape = tuple[int | None, ...]
Leaf = Callable[[Any], Any]


class Call(NamedTuple):
    """One call of a layer while a model was copied; shapes with the batch."""

    layer: Any
    in_shape: Shape
    out_shape: Shape


def copied(
    layer: Any, leaf: Leaf, calls: list[Call] | None = None, name: str = ""
) -> Any:
    """Returns a copy of a layer, which may be a model.

    Args:
        layer: A layer; a model must be built.
        leaf: Copies a layer or operation that is no model.
        calls: Gets every call of such a one appended; those inside a model as
            often as the model itself is called.
        name: Name of the copy; empty for the old one.
    """
    if not isinstance(layer, keras.Model):
        copy = leaf(layer)
        if name:
            copy.name = name
        return copy
    is_graph = isinstance(layer, keras.Function)
    if not is_graph and not isinstance(layer, keras.Sequential):
        raise ValueError(
            f"Model {layer.name!r} is a subclass of keras.Model, which cannot "
            "be taken apart. Write it as a functional model, or make it a "
            "keras.layers.Layer."
        )
    # `clone_model` takes a `call_function` only for functional models.
    graph = layer if is_graph else keras.Model(layer.inputs, layer.outputs)
    inner: dict[int, list[Call]] = {}

    def copy_one(operation: Any) -> Any:
        seen: list[Call] = []
        copy = copied(operation, leaf, seen)
        inner[id(copy)] = seen
        return copy

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = operation(*args, **kwargs)
        if calls is not None and isinstance(operation, keras.Model):
            # Its inner calls were seen once, when it was copied.
            calls.extend(inner[id(operation)])
        elif calls is not None:
            calls.append(Call(operation, _shape(args), _shape(outputs)))
        return outputs

    copy = keras.models.clone_model(
        graph, clone_function=copy_one, call_function=call
    )
    copy.name = name or layer.name
    return copy


def plain_copy(layer: Any) -> Any:
    """Returns a layer of the same configuration, without weights.

    Raises:
        ValueError: If the layer cannot be made from its configuration.
    """
    try:
        return type(layer).from_config(layer.get_config())
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ValueError(
            f"Layer {layer.name!r} cannot be copied: {error} Networks are made "
            "of copies, so `get_config` of its class must return what "
            "`__init__` takes. In place of a Lambda write a layer."
        ) from error


def fast_copy(layer: Any) -> Any:
    """As `plain_copy`, with batch norm by TensorFlow's kernel if it can."""
    if _is_fusible(layer):
        config = layer.get_config()
        for name in _UNFUSED:
            config.pop(name, None)
        return FusedBatchNormalization.from_config(config)
    return plain_copy(layer)


_UNFUSED = ("renorm", "renorm_clipping", "renorm_momentum", "synchronized")


def _is_fusible(layer: Any) -> bool:
    # Of exactly this class: a subclass may compute something else.
    if type(layer) is not keras.layers.BatchNormalization or not layer.built:
        return False
    is_plain = layer.center and layer.scale and layer.axis in (-1, 3)
    is_special = getattr(layer, "renorm", False) or layer.synchronized
    return bool(is_plain and not is_special and layer.input_spec.ndim == 4)


def _shape(tensors: Any) -> Shape:
    (first, *_) = keras.tree.flatten(tensors) or [None]
    return tuple(getattr(first, "shape", ()))
