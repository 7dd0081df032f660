"""Cuts the stand-alone network of DARTS cells out, or makes it afresh."""

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import (
    DARTS_GRAPH,
    Cell,
    DartsSkeleton,
    DilConv,
    Edge,
    Genotype,
    Pool,
    SearchSpace,
    SepConv,
    SkipConnect,
    Zero,
    edges_of_kinds,
)
from nse_tf.supernet.cells.darts_backbone import DartsBackbone, Halving
from nse_tf.supernet.cells.darts_supernet import DartsSupernet
from nse_tf.supernet.cells.nb201_child import prefix_of, summed
from nse_tf.supernet.chains.backbone import (
    batch_norm,
    conv,
    depthwise,
    initialize,
)
from nse_tf.supernet.layers.batch_norm import EPSILON, MOMENTUM
from nse_tf.supernet.layers.dilated import DILATION


def build_darts_child(
    space: SearchSpace,
    genotype: Genotype,
    *,
    seed: int = 0,
    fast: bool = True,
    dropout: float = 0.0,
) -> keras.Model:
    """Returns the stand-alone model of DARTS cells, with fresh weights.

    In its cells, unlike in those of the supernet, batch norm has scale and
    offset, and poolings have none. Arguments and errors are those of
    `build_child`.
    """
    child = _built(space, genotype, fast=fast, dropout=dropout)
    initialize(child.layers, np.random.default_rng(seed), "fan_in")
    return child


def cut_out_darts(
    supernet: DartsSupernet, genotype: Genotype, *, fast: bool = True
) -> keras.Model:
    """Returns a child with the weights it has in the supernet.

    It agrees with the supernet called with the genotype's slots, to rounding.
    Its poolings are normalized as there, which no network trained alone is.

    Raises:
        ValueError: If the genotype is not of the supernet's space.
    """
    child = _built(supernet.space, genotype, fast=fast, norms_pools=True)
    layers = {layer.name: layer for layer in child.layers}
    for layer in supernet.backbone_layers:
        if layer.name in layers:
            layers[layer.name].set_weights(layer.get_weights())
    skeleton = supernet.space.require_skeleton(DartsSkeleton)
    edges = edges_of_kinds(supernet.space)
    genes = dict(zip(supernet.space.blocks, genotype.path, strict=True))
    for layer, cell in zip(supernet.cells, skeleton.cells, strict=True):
        for number, edge in enumerate(edges[cell.kind]):
            values = layer.values_of(0, number, genes[edge])
            if values is not None:
                _fill(layers, prefix_of(cell, edge, genes[edge]), *values)
    return child


def _built(
    space: SearchSpace,
    genotype: Genotype,
    *,
    fast: bool,
    dropout: float = 0.0,
    norms_pools: bool = False,
) -> keras.Model:
    """Returns the stand-alone model, its weights as Keras draws them."""
    space.require(genotype)
    skeleton = space.require_skeleton(DartsSkeleton)
    edges = edges_of_kinds(space)
    genes = dict(zip(space.blocks, genotype.path, strict=True))
    images = keras.Input(
        (*skeleton.image_size, skeleton.image_channels), name="images"
    )
    backbone = DartsBackbone(skeleton, fast=fast, dropout=dropout)
    before, last = backbone.run_stem(images)
    for number, cell in enumerate(skeleton.cells):
        nodes = dict(enumerate(backbone.run_inputs(number, before, last)))
        for target in range(
            skeleton.graph.num_inputs, skeleton.graph.num_nodes
        ):
            brought = [
                _run_op(
                    cell,
                    edge,
                    genes[edge],
                    nodes[edge.source],
                    fast=fast,
                    norms_pools=norms_pools,
                )
                for edge in edges[cell.kind]
                if edge.target == target
                and edge.candidates[genes[edge]] != Zero()
            ]
            name = f"{cell.name}_node{target}"
            like = nodes[0]
            if not brought and cell.stride == 2:
                like = subsampled(f"{name}_subsample", like)
            nodes[target] = summed(name, brought, like)
        outputs = [nodes[node] for node in skeleton.graph.outputs]
        join = keras.layers.Concatenate(name=f"{cell.name}_join")
        before, last = last, join(outputs)
    return keras.Model(images, backbone.run_tail(last), name="child")


def subsampled(name: str, inputs: tf.Tensor) -> tf.Tensor:
    """Returns every second pixel of every second row."""
    return keras.layers.MaxPooling2D(1, 2, padding="same", name=name)(inputs)


def _run_op(
    cell: Cell,
    edge: Edge,
    candidate: int,
    inputs: tf.Tensor,
    *,
    fast: bool,
    norms_pools: bool,
) -> tf.Tensor:
    """Returns what a candidate makes of its inputs."""
    prefix, op = prefix_of(cell, edge, candidate), edge.candidates[candidate]
    leaves_input = edge.source < DARTS_GRAPH.num_inputs
    stride = cell.stride if leaves_input else 1
    width = cell.channels
    match op:
        case SkipConnect() if stride == 1:
            return inputs
        case SkipConnect():
            return Halving(prefix, width, fast=fast).run(inputs)
        case Pool(kind):
            pool = {
                "avg": keras.layers.AveragePooling2D,
                "max": keras.layers.MaxPooling2D,
            }[kind](3, stride, padding="same", name=prefix)
            outputs = pool(inputs)
            return _plain_norm(prefix)(outputs) if norms_pools else outputs
        case SepConv(kernel):
            for number in (0, 1):
                middle = depthwise(
                    kernel,
                    1 if number else stride,
                    f"{prefix}_depthwise{number}",
                    fast=fast,
                )
                inputs = _separable(
                    prefix, number, width, middle, inputs, fast=fast
                )
            return inputs
        case DilConv(kernel):
            if stride == 2:
                # The kernel meets no other pixels, and these plainly.
                inputs = subsampled(f"{prefix}_subsample", inputs)
            middle = keras.layers.DepthwiseConv2D(
                kernel,
                padding="same",
                dilation_rate=DILATION if stride == 1 else 1,
                use_bias=False,
                name=f"{prefix}_depthwise0",
            )
            return _separable(prefix, 0, width, middle, inputs, fast=fast)
    raise TypeError(f"{op.name!r} is no op of DARTS.")


def _separable(
    prefix: str,
    number: int,
    width: int,
    middle: keras.layers.Layer,
    inputs: tf.Tensor,
    *,
    fast: bool,
) -> tf.Tensor:
    """Returns ReLU, a depthwise layer, 1×1 convolution and batch norm."""
    for layer in (
        keras.layers.ReLU(name=f"{prefix}_relu{number}"),
        middle,
        conv(width, 1, 1, f"{prefix}_pointwise{number}"),
        batch_norm(f"{prefix}_bn{number}", fast=fast),
    ):
        inputs = layer(inputs)
    return inputs


def _plain_norm(prefix: str) -> keras.layers.Layer:
    """Returns the batch norm after a supernet's pooling."""
    return keras.layers.BatchNormalization(
        center=False,
        scale=False,
        epsilon=EPSILON,
        momentum=MOMENTUM,
        name=f"{prefix}_bn0",
    )


def _fill(
    layers: dict[str, keras.layers.Layer],
    prefix: str,
    kernels: list[np.ndarray],
    statistics: np.ndarray,
) -> None:
    """Gives the layers of one candidate its weights and statistics."""
    separable = ["depthwise0", "pointwise0", "depthwise1", "pointwise1"]
    halves = [f"half{number}" for number in (0, 1)]
    names = halves if f"{prefix}_half0" in layers else separable
    for name, kernel in zip(names, kernels, strict=False):
        layers[f"{prefix}_{name}"].kernel.assign(kernel)
    for number, (mean, variance) in enumerate(statistics):
        norm = layers.get(f"{prefix}_bn{number}")
        if norm is not None:
            norm.moving_mean.assign(mean)
            norm.moving_variance.assign(variance)
