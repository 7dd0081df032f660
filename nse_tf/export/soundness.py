"""What must be true of a network before it is converted.

TensorFlow Lite's converter and its quantizers answer a network that they cannot
take by a crash, by pages of MLIR, or by a file full of NaN. Here such a network
is refused in a sentence that names the layer.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

# The largest number of half precision.
LARGEST_HALF = 65_504.0
# Images that activations are looked at for.
NUM_IMAGES = 16
_FLOATS = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Magnitude:
    """The largest number in a network.

    Attributes:
        value: Its absolute value, of weights and activations.
        layer: The layer that it is in or comes out of.
    """

    value: float
    layer: str

    @property
    def half_fault(self) -> str:
        """What is wrong with a half-precision file; empty if nothing is."""
        if self.value <= LARGEST_HALF:
            return ""
        return (
            f"Layer {self.layer!r} has numbers up to {self.value:.3g}, more "
            f"than the {LARGEST_HALF:,.0f} of half precision: not for devices "
            "that compute in it, such as GPUs."
        )


def require_classifier(model: keras.Model) -> None:
    """Refuses what is no classifier of images.

    Raises:
        ValueError: If it has not one input `(batch, height, width, channels)`
            and one output `(batch, classes)`, or wants channels first.
    """
    found = ""
    if len(model.outputs) != 1:
        found = f"{len(model.outputs)} outputs"
    elif len(model.output_shape) != 2:
        found = f"an output of shape {model.output_shape}"
    if found:
        raise ValueError(
            f"`model` {model.name!r} has {found}, and an image classifier one "
            "of shape (batch, classes): export a model with that one, such as "
            "keras.Model(model.inputs, model.outputs[0])."
        )
    for layer in _layers(model):
        if getattr(layer, "data_format", None) == "channels_first":
            raise ValueError(
                f"Layer {layer.name!r} of `model` takes channels first, and "
                "TensorFlow Lite channels last: build the model with "
                "keras.config.set_image_data_format('channels_last')."
            )


def in_float32(model: keras.Model) -> keras.Model:
    """Returns a network that computes in float32, with the same weights.

    A network that does so already is returned as it is.

    Raises:
        ValueError: If a layer's weights are quantized, or the network cannot
            be built anew from its configuration; names the layer.
    """
    others = {
        layer.name: layer.dtype_policy.name
        for layer in _layers(model)
        if layer.dtype_policy.name != "float32"
    }
    if not others:
        return model
    name, policy = next(iter(others.items()))
    if policy not in _FLOATS:
        raise ValueError(
            f"Layer {name!r} of `model` has the dtype policy {policy!r}: "
            "export the model as it was before Keras quantized it."
        )
    before = keras.config.dtype_policy()
    # Models within models take the policy of the moment.
    keras.config.set_dtype_policy("float32")
    try:
        config = _with_float32(model.get_config())
        plain: keras.Model = model.__class__.from_config(config)
        plain.set_weights(
            [weight.astype(np.float32) for weight in model.get_weights()]
        )
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ValueError(
            f"Layer {name!r} of `model` computes by {policy!r}, and the model "
            "cannot be built anew in float32: build it after "
            "keras.config.set_dtype_policy('float32') and load its weights."
        ) from error
    finally:
        keras.config.set_dtype_policy(before)
    return plain


def require_finite(model: keras.Model, images: np.ndarray) -> Magnitude:
    """Returns the largest number of a network; all must be finite.

    Args:
        model: A classifier in float32.
        images: `(count, height, width, channels)`, pixel values 0..255; a few
            of them are run.

    Raises:
        ValueError: If a weight, an activation or a score is NaN or infinite;
            names the first layer with one.
    """
    largest = Magnitude(value=0.0, layer="")
    for layer in _layers(model):
        for weight in layer.weights:
            largest = _larger(
                largest, weight.numpy(), layer.name, f"weight {weight.name!r}"
            )
    stride = max(1, len(images) // NUM_IMAGES)
    some = images[::stride][:NUM_IMAGES].astype(np.float32)
    for name, activations in _activations(model, some):
        largest = _larger(largest, activations, name, "output")
    return largest


def _larger(
    largest: Magnitude, values: np.ndarray, layer: str, what: str
) -> Magnitude:
    """Returns the larger one of two magnitudes.

    Raises:
        ValueError: If a value is not finite.
    """
    if not np.issubdtype(values.dtype, np.floating) or not values.size:
        return largest
    if not np.isfinite(values).all():
        count = int((~np.isfinite(values)).sum())
        raise ValueError(
            f"Layer {layer!r} of `model` has {count} of {values.size} numbers "
            f"that are NaN or infinite in its {what}: train the model again "
            "with a lower learning rate, or mend that layer."
        )
    value = float(np.abs(values).max())
    return (
        Magnitude(value=value, layer=layer)
        if value > largest.value
        else largest
    )


def _layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yields all layers, those of models within as well."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        else:
            yield layer


def _activations(
    model: keras.Model, images: Any
) -> Iterator[tuple[str, np.ndarray]]:
    """Yields what each operation of a functional model puts out, in order.

    Of another model only the scores are known.
    """
    # A model within another has an output of its own: the node's is meant.
    nodes = {
        operation: operation._inbound_nodes[0]
        for operation in _graph_of(model)
        if len(operation._inbound_nodes) == 1
    }
    if not nodes:
        yield model.name, np.asarray(model(images, training=False))
        return
    outputs = [node.output_tensors for node in nodes.values()]
    inputs = {
        operation.name: node.input_tensors[0]
        for operation, node in nodes.items()
        if _graph_of(operation)
    }
    run = keras.Function(model.inputs, [outputs, inputs])
    found, given = run([images])
    for operation, arrays in zip(nodes, found, strict=True):
        if operation.name in given:
            yield from _activations(operation, given[operation.name])
        for array in arrays:
            yield operation.name, np.asarray(array)


def _graph_of(model: Any) -> list[Any]:
    """Returns the operations of a model in order; none of what is no graph."""
    graph = getattr(model, "_functional", None) or model
    return list(getattr(graph, "operations", []))


def _with_float32(value: Any) -> Any:
    """Returns a configuration whose layers compute in float32."""
    if isinstance(value, dict):
        return {
            key: "float32"
            if key == "dtype" and _is_float(each)
            else _with_float32(each)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)(_with_float32(each) for each in value)
    return value


def _is_float(dtype: Any) -> bool:
    """Whether a `dtype` of a configuration is a float policy."""
    if isinstance(dtype, dict):
        return dtype.get("config", {}).get("name") in _FLOATS
    return dtype in _FLOATS
