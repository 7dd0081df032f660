"""Quantizes, prunes or clusters a network by TensorFlow's toolkit.

It runs in its own process, since the toolkit needs the older Keras, whose
import changes `tf.keras` for the whole process. Reads
`network.json`, `weights.npz` and `images.npz` of a folder, and writes
`result.json` and, as the kind is, `model.tflite` or `compressed.npz`. Imports
nothing of this package. See `compression`, which calls it.
"""

import json
import pathlib
import sys
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras

# Arguments that a layer is made from; the others are about training.
ARGUMENTS = (
    *("filters", "kernel_size", "strides", "padding", "dilation_rate"),
    *("groups", "depth_multiplier", "use_bias", "activation", "units"),
    *("axis", "momentum", "epsilon", "center", "scale", "max_value"),
    *("negative_slope", "threshold", "rate", "pool_size", "keepdims"),
)
# Layers that the toolkit cannot quantize; only their output is quantized.
OUTPUT_ONLY = ("Multiply", "Scaled")
NUM_CLUSTERS = 16
SPARSITY = 0.5


class OutputQuantizeConfig(tfmot.quantization.keras.QuantizeConfig):
    """Quantizes a layer's output and nothing else."""

    def get_weights_and_quantizers(self, layer: Any) -> list[Any]:
        """Returns none."""
        return []

    def get_activations_and_quantizers(self, layer: Any) -> list[Any]:
        """Returns none."""
        return []

    def set_quantize_weights(self, layer: Any, quantize_weights: Any) -> None:
        """Has none to set."""

    def set_quantize_activations(
        self, layer: Any, quantize_activations: Any
    ) -> None:
        """Has none to set."""

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        """Returns the one of the output, 8 bits by moving averages."""
        return [
            tfmot.quantization.keras.quantizers.MovingAverageQuantizer(
                num_bits=8, per_axis=False, symmetric=False, narrow_range=False
            )
        ]

    def get_config(self) -> dict[str, Any]:
        """Returns nothing: there is nothing to set."""
        return {}


class Scaled(tf_keras.layers.Layer):
    """Multiplies by a constant.

    Args:
        factor: The constant.
        **kwargs: See `keras.layers.Layer`.
    """

    def __init__(self, factor: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs: Any) -> Any:
        """Returns the product."""
        return inputs * self.factor

    def get_config(self) -> dict[str, Any]:
        """Returns what the layer is made from."""
        return {**super().get_config(), "factor": self.factor}


OWN = {"OutputQuantizeConfig": OutputQuantizeConfig, "Scaled": Scaled}


def build(layers: list[dict[str, Any]], *, in_steps: bool) -> Any:
    """Returns the older Keras's model of a list of layers, in order.

    Args:
        layers: The result of `compression.describe_layers`.
        in_steps: Whether sums and averages become layers that add two tensors
            each, so that what is between them is quantized, too.
    """
    tensors: dict[str, Any] = {}
    for layer in layers:
        name, given = layer["name"], layer["inputs"]
        if layer["kind"] == "InputLayer":
            tensors[name] = tf_keras.Input(tuple(layer["shape"]), name=name)
            continue
        values = [tensors[each] for each in given]
        if in_steps and layer["kind"] in ("Add", "Average"):
            tensors[name] = _summed(layer, values)
            continue
        tensors[name] = _made(layer)(values if len(values) > 1 else values[0])
    first, last = layers[0]["name"], layers[-1]["name"]
    return tf_keras.Model(tensors[first], tensors[last])


def _summed(layer: dict[str, Any], values: list[Any]) -> Any:
    """Returns a sum or an average; the layer of its name is the last."""
    name, is_mean = layer["name"], layer["kind"] == "Average"
    total = values[0]
    for number, value in enumerate(values[1:], 1):
        is_last = number == len(values) - 1 and not is_mean
        step = name if is_last else f"{name}_sum_{number}"
        total = tf_keras.layers.Add(name=step)([total, value])
    return Scaled(1 / len(values), name=name)(total) if is_mean else total


def _made(layer: dict[str, Any]) -> Any:
    if layer["kind"] == "Rescaling":
        # The same as a convolution, which the toolkit can quantize.
        return tf_keras.layers.DepthwiseConv2D(1, name=layer["name"])
    kind = getattr(tf_keras.layers, layer["kind"])
    given = {
        name: layer["config"][name]
        for name in ARGUMENTS
        if name in layer["config"]
    }
    if layer["kind"] != "DepthwiseConv2D":
        given.pop("depth_multiplier", None)
    else:
        given.pop("groups", None)
        given.pop("filters", None)
    return kind(name=layer["name"], **given)


def fill(model: Any, layers: list[dict[str, Any]], weights: Any) -> None:
    """Gives a model's layers the weights of `weights.npz`."""
    for layer in layers:
        target = model.get_layer(layer["name"])
        if layer["kind"] == "Rescaling":
            channels = target.depthwise_kernel.shape[2]
            scale, offset = layer["config"]["scale"], layer["config"]["offset"]
            target.set_weights(
                [
                    np.full((1, 1, channels, 1), scale, np.float32),
                    np.full((channels,), offset, np.float32),
                ]
            )
        elif target.weights:
            target.set_weights(
                [
                    weights[f"{layer['name']}/{index}"]
                    for index in range(len(target.weights))
                ]
            )


def train(
    model: Any, images: Any, settings: dict[str, Any], *hooks: Any
) -> Any:
    """Fine-tunes a model on labeled images; returns the losses."""
    model.compile(
        optimizer=tf_keras.optimizers.Adam(settings["learning_rate"]),
        loss=tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    tf_keras.utils.set_random_seed(settings["seed"])
    history = model.fit(
        images["images"].astype(np.float32),
        images["labels"],
        batch_size=settings["batch_size"],
        epochs=settings["epochs"],
        verbose=0,
        callbacks=list(hooks),
    )
    return [float(loss) for loss in history.history["loss"]]


def quantized(model: Any, images: Any) -> Any:
    """Returns a model that computes as its 8-bit file will.

    Its ranges start at those of the network, since their moving averages would
    take thousands of steps to come there.
    """
    keras_tools = tfmot.quantization.keras

    def annotated(layer: Any) -> Any:
        if isinstance(layer, tf_keras.layers.InputLayer):
            return layer
        if type(layer).__name__ in OUTPUT_ONLY:
            return keras_tools.quantize_annotate_layer(
                layer, quantize_config=OutputQuantizeConfig()
            )
        return keras_tools.quantize_annotate_layer(layer)

    with tf_keras.utils.custom_object_scope(OWN):
        result = keras_tools.quantize_apply(
            tf_keras.models.clone_model(model, clone_function=annotated)
        )
    some = images["calibration"].astype(np.float32)
    for layer in result.layers:
        if layer.name.startswith("quantize_layer"):
            low, high = 0.0, 255.0
        elif layer.name.startswith("quant_"):
            name = layer.name.removeprefix("quant_")
            inner = tf_keras.Model(model.input, model.get_layer(name).output)
            found = inner.predict(some, verbose=0)
            low, high = float(found.min()), float(found.max())
        else:
            continue
        for variable in layer.weights:
            end = variable.name.split("/")[-1].split(":")[0]
            if variable.shape == () and end.endswith("_min"):
                variable.assign(min(low, 0.0))
            if variable.shape == () and end.endswith("_max"):
                variable.assign(max(high, 1e-3))
    return result


def as_file(model: Any) -> bytes:
    """Returns a quantized model as a `.tflite` file with uint8 ends."""
    shape = (1, *model.input_shape[1:])
    traced = tf.function(
        lambda image: {"scores": model(image, training=False)},
        input_signature=[tf.TensorSpec(shape, tf.float32, name="image")],
    ).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced], model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    return bytes(converter.convert())


def pruned(model: Any, images: Any, settings: dict[str, Any]) -> Any:
    """Returns a model half of whose kernels' weights are zero, and losses."""
    tools = tfmot.sparsity.keras
    steps = -(-len(images["images"]) // settings["batch_size"])
    steps *= settings["epochs"]
    schedule = tools.PolynomialDecay(
        0.0, SPARSITY, 0, max(1, steps // 2), frequency=max(1, steps // 20)
    )
    wrapped = tools.prune_low_magnitude(model, pruning_schedule=schedule)
    losses = train(wrapped, images, settings, tools.UpdatePruningStep())
    return tools.strip_pruning(wrapped), losses


def clustered(model: Any, images: Any, settings: dict[str, Any]) -> Any:
    """Returns a model whose kernels have 16 values each, and losses."""
    tools = tfmot.clustering.keras
    start = tools.CentroidInitialization.KMEANS_PLUS_PLUS

    def wrap(layer: Any) -> Any:
        if isinstance(layer, tf_keras.layers.Conv2D | tf_keras.layers.Dense):
            return tools.cluster_weights(layer, NUM_CLUSTERS, start)
        return layer

    wrapped = tf_keras.models.clone_model(model, clone_function=wrap)
    losses = train(wrapped, images, settings)
    return tools.strip_clustering(wrapped), losses


def main(folder: pathlib.Path) -> None:
    """Does what `network.json` asks for."""
    asked = json.loads((folder / "network.json").read_text())
    layers, settings = asked["layers"], asked["settings"]
    weights = np.load(folder / "weights.npz")
    images = np.load(folder / "images.npz")
    model = build(layers, in_steps=settings["kind"] == "quantize")
    fill(model, layers, weights)
    scores = model.predict(images["calibration"].astype(np.float32), verbose=0)
    difference = float(np.abs(scores - images["scores"]).max())
    result: dict[str, Any] = {
        "carried_over_difference": difference,
        "score_span": float(np.ptp(images["scores"])),
    }
    if settings["kind"] == "quantize":
        model = quantized(model, images)
        result["losses"] = train(model, images, settings)
        (folder / "model.tflite").write_bytes(as_file(model))
    else:
        compress = pruned if settings["kind"] == "prune" else clustered
        model, result["losses"] = compress(model, images, settings)
        np.savez(
            folder / "compressed.npz",
            **{
                f"{layer['name']}/{index}": value
                for layer in layers
                if layer["kind"] != "Rescaling"
                for index, value in enumerate(
                    model.get_layer(layer["name"]).get_weights()
                )
            },
        )
    (folder / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
