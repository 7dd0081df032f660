"""The stand-alone network of DARTS cells."""

import functools
from collections.abc import Sequence
from typing import Any

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
    edges_of_kinds,
)
from nse_tf.supernet.cells.backbone import Halving
from nse_tf.supernet.cells.cell_child import (
    inherit,
    prefix_of,
    run_cell,
    subsampled,
)
from nse_tf.supernet.cells.darts_backbone import DartsBackbone
from nse_tf.supernet.layers.batch_norm import EPSILON, MOMENTUM
from nse_tf.supernet.layers.dilated import DILATION
from nse_tf.supernet.layers.stock import (
    batch_norm,
    conv,
    depthwise,
    initialize,
)


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
    `Networks.child`.
    """
    child = _built(space, genotype, fast=fast, dropout=dropout)
    initialize(child.layers, np.random.default_rng(seed), "fan_in")
    return child


def cut_out_darts(
    supernet: Any, genotype: Genotype, *, fast: bool = True
) -> keras.Model:
    """Returns a child with the weights it has in the supernet.

    Its poolings are normalized as there, which no network trained alone is.

    Args:
        supernet: A `DartsSupernet`.
        genotype: Which child.
        fast: See `Networks.child`.

    Raises:
        ValueError: If the genotype is not of the supernet's space.
    """
    child = _built(supernet.space, genotype, fast=fast, norms_pools=True)
    inherit(child, supernet, genotype, _kernel_names, ["bn0", "bn1"])
    return child


def _kernel_names(prefix: str, layers: dict[str, Any]) -> Sequence[str]:
    """Returns the names of an op's kernels, in the order of its row."""
    if f"{prefix}_half0" in layers:
        return ["half0", "half1"]
    return ["depthwise0", "pointwise0", "depthwise1", "pointwise1"]


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
    run_op = functools.partial(_run_op, fast=fast, norms_pools=norms_pools)
    before, last = backbone.run_stem(images)
    for number, cell in enumerate(skeleton.cells):
        own = edges[cell.kind]
        outputs = run_cell(
            cell,
            skeleton.graph,
            own,
            [genes[edge] for edge in own],
            backbone.run_inputs(number, before, last),
            run_op,
        )
        join = keras.layers.Concatenate(name=f"{cell.name}_join")
        before, last = last, join(outputs)
    return keras.Model(images, backbone.run_tail(last), name="child")


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


def last_layers(space: SearchSpace, genotype: Genotype) -> list[str]:
    """Returns the last layer of each op of a child's cells, by name.

    Ops that have no layer are left out: identities, and edges that carry
    nothing.
    """
    genes = dict(zip(space.blocks, genotype.path, strict=True))
    names = []
    for cell in space.require_skeleton(DartsSkeleton).cells:
        for edge in edges_of_kinds(space)[cell.kind]:
            prefix = prefix_of(cell, edge, genes[edge])
            leaves_input = edge.source < DARTS_GRAPH.num_inputs
            match edge.candidates[genes[edge]]:
                case SepConv():
                    names.append(f"{prefix}_bn1")
                case DilConv():
                    names.append(f"{prefix}_bn0")
                case SkipConnect() if cell.stride == 2 and leaves_input:
                    names.append(f"{prefix}_bn0")
                case Pool():
                    names.append(prefix)
    return names


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
