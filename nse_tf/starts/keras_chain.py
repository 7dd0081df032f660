"""Reads a Keras model that is a chain of inverted residuals."""

import math
from typing import Any

import keras
import numpy as np

from nse_tf.supernet import TrainedChain, TrainedResidual

_WEIGHTS = ("gamma", "beta", "moving_mean", "moving_variance")


def read_chain(
    model: keras.Model,
    name: str,
    pixel_scaling: tuple[float, float] | None = None,
) -> TrainedChain:
    """Returns the trained chain that a model is.

    It has a 3×3 convolution, then inverted residuals, the first of them without
    expansion, then a 1×1 convolution, and perhaps a pool and a classifier,
    which are not read. Every convolution is followed by batch norm, and by
    ReLU6 but for those that project. So are MobileNetV2 of `keras.applications`
    and the networks that searches in chains here end in.

    Args:
        model: A functional model, of Keras's own layers.
        name: What to call the chain.
        pixel_scaling: What the model wants pixels in 0..255 multiplied by and
            added then, where it does not begin with `Rescaling`.

    Raises:
        ValueError: If it is no such chain; names the first layer that does not
            fit.
    """
    reader = _ChainReader(model, name)
    scaling = reader.rescaling() or pixel_scaling
    if scaling is None:
        raise ValueError(
            f"Model {name!r} does not begin with a `Rescaling` layer, so that "
            "nobody knows which pixels it wants: save it behind one, such as "
            "keras.layers.Rescaling(1 / 127.5, offset=-1)."
        )
    stem, stem_bn = reader.conv(3), reader.norm()
    reader.relu6()
    backbone = {"stem": stem.get_weights(), "stem_bn": stem_bn.get_weights()}
    first = reader.residual()
    if first is None or first.op.name != "mbconv_k3_e1" or first.stride > 1:
        raise reader.misfit("a 3x3 residual without expansion, of stride 1")
    for layer in ("depthwise", "project"):
        backbone[f"first_{layer}"] = [first.values[layer, "kernel"]]
        backbone[f"first_{layer}_bn"] = [
            first.values[f"{layer}_bn", weight] for weight in _WEIGHTS
        ]
    blocks = []
    while (block := reader.residual()) is not None:
        blocks.append(block)
    if not blocks:
        raise reader.misfit("an inverted residual")
    backbone |= reader.tail
    reader.end()
    return TrainedChain(
        name=name,
        stem_stride=stem.strides[0],
        norm_epsilon=reader.epsilon,
        pixel_scaling=scaling,
        backbone=backbone,
        blocks=blocks,
    )


class _ChainReader:
    """Walks along the layers of a model, and says which one does not fit.

    Args:
        model: The model.
        name: What messages call it.

    Attributes:
        epsilon: What the batch norms so far add to variances.
        tail: Weights of the last convolution and its norm, once they were met.
    """

    def __init__(self, model: keras.Model, name: str) -> None:
        self._name = name
        # Only a functional model knows its operations.
        if not hasattr(model, "operations") or len(model.inputs) != 1:
            raise ValueError(
                f"Model {name!r} is no functional model of one input."
            )
        self._tensor: Any = model.inputs[0]
        self._layers = [
            layer
            for layer in model.layers
            if not isinstance(layer, keras.layers.InputLayer)
        ]
        self._next = 0
        self.epsilon = 0.0
        self.tail: dict[str, list[np.ndarray]] = {}

    def misfit(self, wanted: str) -> ValueError:
        """Returns the error that the next layer is not what is wanted."""
        found = "nothing more"
        if self._next < len(self._layers):
            layer = self._layers[self._next]
            found = f"layer {layer.name!r} ({type(layer).__name__})"
        return ValueError(
            f"Model {self._name!r} cannot be read as a chain of inverted "
            f"residuals: there is {found} where {wanted} should be. Replace "
            "the layers that are to be searched by nse_tf.Choice instead, "
            "which any functional model may have."
        )

    def _is_next(self, kind: type[keras.layers.Layer]) -> bool:
        is_left = self._next < len(self._layers)
        return is_left and isinstance(self._layers[self._next], kind)

    def _take(self, kind: type[keras.layers.Layer], wanted: str) -> Any:
        """Returns the next layer, which reads what the last one put out."""
        if not self._is_next(kind):
            raise self.misfit(wanted)
        layer = self._layers[self._next]
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        if not any(each is self._tensor for each in inputs):
            raise self.misfit("a layer that reads the one before it")
        self._tensor = layer.output
        self._next += 1
        return layer

    def rescaling(self) -> tuple[float, float] | None:
        """Takes `Rescaling`; returns what it multiplies by and adds, if any."""
        if not self._is_next(keras.layers.Rescaling):
            return None
        layer = self._take(keras.layers.Rescaling, "Rescaling")
        if np.ndim(layer.scale) or np.ndim(layer.offset):
            raise ValueError(
                f"Model {self._name!r} scales each color by itself in "
                f"{layer.name!r}: only one factor for all can be read."
            )
        return float(layer.scale), float(layer.offset)

    def conv(self, side: int) -> Any:
        """Takes a plain convolution of a side."""
        wanted = f"a {side}x{side} convolution without bias"
        start = self._next
        layer = self._take(keras.layers.Conv2D, wanted)
        is_plain = layer.groups == 1 and layer.padding == "same"
        if layer.kernel_size == (1, 1):
            is_plain = layer.groups == 1 and layer.strides == (1, 1)
        if not is_plain or layer.kernel_size != (side, side) or _extra(layer):
            self._next = start
            raise self.misfit(wanted)
        return layer

    def norm(self) -> Any:
        """Takes a batch norm."""
        start = self._next
        wanted = "a batch norm with scale and offset"
        layer = self._take(keras.layers.BatchNormalization, wanted)
        if len(layer.weights) != len(_WEIGHTS):
            self._next = start
            raise self.misfit(wanted)
        if self.epsilon not in (0.0, layer.epsilon):
            self._next = start
            raise self.misfit(f"a batch norm of epsilon {self.epsilon:g}")
        self.epsilon = layer.epsilon
        return layer

    def relu6(self) -> None:
        """Takes a ReLU6."""
        start = self._next
        if self._is_next(keras.layers.Activation):
            layer = self._take(keras.layers.Activation, "ReLU6")
            is_relu6 = layer.activation is keras.activations.relu6
        else:
            layer = self._take(keras.layers.ReLU, "ReLU6")
            rest = layer.negative_slope, layer.threshold
            is_relu6 = layer.max_value == 6 and not any(rest)
        if not is_relu6:
            self._next = start
            raise self.misfit("ReLU6")

    def residual(self) -> TrainedResidual | None:
        """Takes an inverted residual; at the tail takes it, returns None."""
        before = self._tensor
        values: dict[tuple[str, str], np.ndarray] = {}
        if self._is_next(keras.layers.Conv2D):
            self._conv_norm("expand", self.conv(1), values)
            self.relu6()
            if not self._is_next(
                keras.layers.ZeroPadding2D
            ) and not self._is_next(keras.layers.DepthwiseConv2D):
                self.tail = {
                    "tail": [values["expand", "kernel"]],
                    "tail_bn": [values["expand_bn", each] for each in _WEIGHTS],
                }
                return None
        layer = self._depthwise()
        self._conv_norm("depthwise", layer, values)
        self.relu6()
        self._conv_norm("project", self.conv(1), values)
        residual = TrainedResidual(stride=layer.strides[0], values=values)
        inner = values["depthwise", "kernel"].shape[2]
        if inner % residual.in_channels:
            raise self.misfit(
                f"before it a width of a multiple of {residual.in_channels} "
                f"channels, not {inner},"
            )
        if (
            residual.stride == 1
            and residual.in_channels == residual.out_channels
        ):
            self._shortcut(before)
        return residual

    def _shortcut(self, before: Any) -> None:
        """Takes the sum of a residual and what it reads."""
        wanted = "the sum of a residual and its input"
        layer = (
            self._layers[self._next]
            if self._is_next(keras.layers.Add)
            else None
        )
        if layer is None or not any(each is before for each in layer.input):
            raise self.misfit(wanted)
        self._take(keras.layers.Add, wanted)

    def _conv_norm(
        self, name: str, conv: Any, values: dict[tuple[str, str], np.ndarray]
    ) -> None:
        """Takes the norm behind a convolution; keeps the weights of both."""
        (values[name, "kernel"],) = conv.get_weights()
        values |= {
            (f"{name}_bn", weight): value
            for weight, value in zip(
                _WEIGHTS, self.norm().get_weights(), strict=True
            )
        }

    def _depthwise(self) -> Any:
        """Takes a depthwise convolution that pads as "same" does."""
        wanted = 'a depthwise convolution of padding "same"'
        start, before = self._next, self._tensor
        padding = None
        if self._is_next(keras.layers.ZeroPadding2D):
            padding = self._take(keras.layers.ZeroPadding2D, wanted).padding
        layer = self._take(keras.layers.DepthwiseConv2D, wanted)
        side, stride = layer.kernel_size[0], layer.strides[0]
        as_same = tuple(
            _same_padding(size, side, stride) for size in before.shape[1:3]
        )
        is_same = layer.padding == "same" and padding is None
        is_padded = layer.padding == "valid" and padding == as_same
        if (
            not (is_same or is_padded)
            or layer.kernel_size != (side, side)
            or side % 2 == 0
            or layer.strides not in ((1, 1), (2, 2))
            or layer.depth_multiplier != 1
            or _extra(layer)
        ):
            self._next = start
            raise self.misfit(wanted)
        return layer

    def end(self) -> None:
        """Takes pool and classifier, if they are there, and nothing else."""
        for kind in (
            keras.layers.GlobalAveragePooling2D,
            keras.layers.Dropout,
            keras.layers.Dense,
        ):
            if self._is_next(kind):
                self._take(kind, "a pool and a classifier")
        if self._next < len(self._layers):
            raise self.misfit("the end, behind a pool and a classifier,")


def _extra(layer: Any) -> bool:
    """Whether a convolution has more than its kernel."""
    is_linear = layer.activation is keras.activations.linear
    return layer.use_bias or not is_linear or layer.dilation_rate != (1, 1)


def _same_padding(
    size: int | None, side: int, stride: int
) -> tuple[int, int] | None:
    """Returns how many zeros "same" adds before and behind."""
    if size is None:
        return None
    total = max((math.ceil(size / stride) - 1) * stride + side - size, 0)
    return total // 2, total - total // 2
