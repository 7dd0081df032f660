"""The stand-alone network of a NAS-Bench-201 cell."""

import functools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import (
    Cell,
    Edge,
    Genotype,
    NB201Skeleton,
    NorConv,
    Pool,
    SearchSpace,
)
from nse_tf.supernet.cells.cell_child import inherit, prefix_of, run_cell
from nse_tf.supernet.cells.nb201_backbone import NB201Backbone
from nse_tf.supernet.layers.stock import batch_norm, conv, initialize


def build_nb201_child(
    space: SearchSpace,
    genotype: Genotype,
    *,
    seed: int = 0,
    fast: bool = True,
    dropout: float = 0.0,
) -> keras.Model:
    """Returns the stand-alone model of a NAS-Bench-201 cell, fresh weights.

    In its cells, unlike in those of the supernet, batch norm has scale and
    offset, as in the benchmark. What no output hears from is left out.
    Arguments and errors are those of `Networks.child`.
    """
    space.require(genotype)
    skeleton = space.require_skeleton(NB201Skeleton)
    edges = space.as_cells().edges
    images = keras.Input(
        (*skeleton.image_size, skeleton.image_channels), name="images"
    )
    backbone = NB201Backbone(skeleton, fast=fast, dropout=dropout)
    run_op = functools.partial(_run_op, fast=fast)
    outputs = backbone.run_stem(images)
    for number, cell in enumerate(skeleton.cells):
        stage, first = divmod(number, skeleton.num_cells)
        if stage and not first:
            outputs = backbone.run_reduction(stage, outputs)
        (outputs,) = run_cell(
            cell, skeleton.graph, edges, genotype.path, [outputs], run_op
        )
    child = keras.Model(images, backbone.run_tail(outputs), name="child")
    initialize(child.layers, np.random.default_rng(seed))
    return child


def cut_out_nb201(
    supernet: Any, genotype: Genotype, *, fast: bool = True
) -> keras.Model:
    """Returns a child with the weights it has in the supernet.

    Args:
        supernet: An `NB201Supernet`.
        genotype: Which child.
        fast: See `Networks.child`.

    Raises:
        ValueError: If the genotype is not of the supernet's space.
    """
    child = build_nb201_child(supernet.space, genotype, fast=fast)
    inherit(child, supernet, genotype, lambda prefix, layers: ["conv"], ["bn"])
    return child


def stage_ends(child: keras.Model) -> list[keras.KerasTensor]:
    """Returns what the stem and each stage of a child put out, in order."""
    return [
        child.get_layer("stem_bn").output,
        *(
            layer.input
            for layer in child.layers
            if layer.name.startswith("reduction")
            and isinstance(layer, keras.layers.AveragePooling2D)
        ),
        child.get_layer("tail_bn").input,
    ]


def _run_op(
    cell: Cell, edge: Edge, candidate: int, inputs: tf.Tensor, *, fast: bool
) -> tf.Tensor:
    """Returns what a candidate makes of its inputs."""
    prefix = prefix_of(cell, edge, candidate)
    layers: list[keras.layers.Layer] = []
    match edge.candidates[candidate]:
        case NorConv(kernel):
            layers = [
                keras.layers.ReLU(name=f"{prefix}_relu"),
                conv(cell.channels, kernel, 1, f"{prefix}_conv"),
                batch_norm(f"{prefix}_bn", fast=fast),
            ]
        case Pool("avg"):
            layers = [
                keras.layers.AveragePooling2D(3, 1, padding="same", name=prefix)
            ]
        case Pool("max"):
            layers = [
                keras.layers.MaxPooling2D(3, 1, padding="same", name=prefix)
            ]
    for layer in layers:
        inputs = layer(inputs)
    return inputs
