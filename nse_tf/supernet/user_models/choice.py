"""Choice: where a user's own layers compete in a model."""

import re
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="nse_tf")
class Choice(keras.layers.Layer):
    """Layers that compete for one block of a functional Keras model.

    A model with such blocks is a search space; see `model_space`. By itself it
    computes the first layer of every choice, so it can be called, saved and
    looked at like any other.

    Args:
        layers: What competes: layers, `keras.Sequential` or functional models
            of one input and one output. `keras.layers.Identity()` skips the
            block.
        name: The block's name; without one, blocks are numbered.

    Call arguments:
        inputs: Whatever every one of the layers takes.

    Raises:
        ValueError: If there is no layer, one is no layer, stands there twice or
            holds a choice itself; when called, if outputs differ in shape.

    Example:
        ```python
        x = nse_tf.Choice([
            keras.layers.Conv2D(16, 3, padding="same"),
            keras.layers.Conv2D(16, 5, padding="same"),
        ])(x)
        ```
    """

    def __init__(
        self,
        layers: Sequence[keras.layers.Layer],
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        _check(self.name, list(layers))
        self.layers = list(layers)

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each candidate within the block.

        A layer that the user named keeps its name; the others are called by
        their class and position, so that it is the same in every process.
        """
        return tuple(
            f"{snake_case(type(layer).__name__)}_{index}"
            if is_auto_named(layer)
            else layer.name
            for index, layer in enumerate(self.layers)
        )

    def build(self, input_shape: Any) -> None:
        """Builds every layer; they must agree on the output's shape."""
        if not isinstance(input_shape, tuple | list) or any(
            not isinstance(side, int | None) for side in input_shape
        ):
            raise ValueError(
                f"Choice {self.name!r} takes one tensor, not {input_shape}."
            )
        # A symbolic call builds a layer and tells its shape, and computes
        # nothing.
        probe = keras.KerasTensor(tuple(input_shape), dtype=self.compute_dtype)
        shapes = [tuple(layer(probe).shape) for layer in self.layers]
        for label, shape in zip(self.labels, shapes, strict=True):
            if shape != shapes[0]:
                raise ValueError(
                    f"The layers of choice {self.name!r} give different output "
                    f"shapes: {self.labels[0]!r} gives {shapes[0][1:]}, "
                    f"{label!r} gives {shape[1:]} (from {input_shape[1:]}). "
                    "Give them equal filters, strides and padding, or put them "
                    "into a keras.Sequential with a layer that makes them so."
                )
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape that all layers agree on."""
        return self.layers[0].compute_output_shape(input_shape)

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> Any:
        """Returns what the first layer makes of the inputs."""
        return self.layers[0](inputs, training=training)

    def get_config(self) -> dict[str, Any]:
        """Returns the layers, serialized."""
        layers = [keras.saving.serialize_keras_object(x) for x in self.layers]
        return {**super().get_config(), "layers": layers}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Any = None
    ) -> "Choice":
        """Returns the choice that `get_config` describes."""
        layers = [
            keras.saving.deserialize_keras_object(x, custom_objects)
            for x in config["layers"]
        ]
        return cls(**{**config, "layers": layers})


def snake_case(name: str) -> str:
    """Returns a class name as Keras writes it in names that it makes up."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def is_auto_name(name: str, class_name: str) -> bool:
    """Whether Keras made a name up: the class and a count of the process."""
    return re.fullmatch(rf"{snake_case(class_name)}(_\d+)?", name) is not None


def is_auto_named(layer: Any) -> bool:
    """Whether Keras made up a layer's name."""
    return is_auto_name(layer.name, type(layer).__name__)


def _check(name: str, layers: list[Any]) -> None:
    if not layers:
        raise ValueError(f"Choice {name!r} has no layers to choose from.")
    for layer in layers:
        if not isinstance(layer, keras.layers.Layer):
            raise ValueError(
                f"Choice {name!r} takes Keras layers, not {layer!r}: wrap a "
                "function in keras.layers.Lambda, or write a layer."
            )
        if any(isinstance(each, Choice) for each in layer._flatten_layers()):
            raise ValueError(
                f"Layer {layer.name!r} of choice {name!r} holds a choice "
                "itself. Put the inner layers into the outer choice."
            )
    if len({id(layer) for layer in layers}) < len(layers):
        raise ValueError(
            f"A layer stands twice in choice {name!r}; make two of it."
        )
