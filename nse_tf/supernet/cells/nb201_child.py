"""Cuts the stand-alone network of a cell out, weights inherited or fresh."""

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
    Zero,
)
from nse_tf.supernet.cells.nb201_backbone import NB201Backbone
from nse_tf.supernet.cells.nb201_supernet import CellSupernet
from nse_tf.supernet.chains.backbone import batch_norm, conv, initialize


def build_cell_child(
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
    Arguments and errors are those of `build_child`.
    """
    space.require(genotype)
    skeleton = space.require_skeleton(NB201Skeleton)
    edges = space.as_cells().edges
    images = keras.Input(
        (*skeleton.image_size, skeleton.image_channels), name="images"
    )
    backbone = NB201Backbone(skeleton, fast=fast, dropout=dropout)
    outputs = backbone.run_stem(images)
    for number, cell in enumerate(skeleton.cells):
        stage, first = divmod(number, skeleton.num_cells)
        if stage and not first:
            outputs = backbone.run_reduction(stage, outputs)
        outputs = _run_cell(cell, edges, genotype.path, outputs, fast=fast)
    child = keras.Model(images, backbone.run_tail(outputs), name="child")
    initialize(child.layers, np.random.default_rng(seed))
    return child


def cut_out_cell(
    supernet: CellSupernet, genotype: Genotype, *, fast: bool = True
) -> keras.Model:
    """Returns a child with the weights it has in the supernet.

    It agrees with the supernet called with the genotype's slots, to rounding.

    Raises:
        ValueError: If the genotype is not of the supernet's space.
    """
    child = build_cell_child(supernet.space, genotype, fast=fast)
    layers = {layer.name: layer for layer in child.layers}
    for layer in supernet.backbone_layers:
        layers[layer.name].set_weights(layer.get_weights())
    skeleton = supernet.space.require_skeleton(NB201Skeleton)
    edges = supernet.space.as_cells().edges
    for number, cell in enumerate(skeleton.cells):
        stage, index = divmod(number, skeleton.num_cells)
        for place, (edge, candidate) in enumerate(
            zip(edges, genotype.path, strict=True)
        ):
            prefix = prefix_of(cell, edge, candidate)
            values = supernet.stages[stage].values_of(index, place, candidate)
            if values is not None and f"{prefix}_conv" in layers:
                (kernel,), ((mean, variance),) = values
                layers[f"{prefix}_conv"].kernel.assign(kernel)
                layers[f"{prefix}_bn"].moving_mean.assign(mean)
                layers[f"{prefix}_bn"].moving_variance.assign(variance)
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


def _run_cell(
    cell: Cell,
    edges: tuple[Edge, ...],
    path: tuple[int, ...],
    inputs: tf.Tensor,
    *,
    fast: bool,
) -> tf.Tensor:
    """Returns the output of a cell: each node sums what its edges bring."""
    nodes = {0: inputs}
    for target in range(1, 4):
        brought = []
        for edge, candidate in zip(edges, path, strict=True):
            if edge.target == target and edge.candidates[candidate] != Zero():
                outputs = nodes[edge.source]
                for layer in _op_layers(cell, edge, candidate, fast=fast):
                    outputs = layer(outputs)
                brought.append(outputs)
        nodes[target] = summed(f"{cell.name}_node{target}", brought, inputs)
    return nodes[3]


def summed(name: str, brought: list[tf.Tensor], like: tf.Tensor) -> tf.Tensor:
    """Returns the sum, or zeros where there is nothing to add."""
    if not brought:
        return keras.layers.Rescaling(0.0, name=f"{name}_zeros")(like)
    if len(brought) == 1:
        return brought[0]
    return keras.layers.Add(name=name)(brought)


def _op_layers(
    cell: Cell, edge: Edge, candidate: int, *, fast: bool
) -> list[keras.layers.Layer]:
    """Returns the layers of one candidate, input to output."""
    prefix = prefix_of(cell, edge, candidate)
    match edge.candidates[candidate]:
        case NorConv(kernel):
            return [
                keras.layers.ReLU(name=f"{prefix}_relu"),
                conv(cell.channels, kernel, 1, f"{prefix}_conv"),
                batch_norm(f"{prefix}_bn", fast=fast),
            ]
        case Pool("avg"):
            pool = keras.layers.AveragePooling2D
        case Pool("max"):
            pool = keras.layers.MaxPooling2D
        case _:
            return []
    return [pool(3, 1, padding="same", name=prefix)]


def prefix_of(cell: Cell, edge: Edge, candidate: int) -> str:
    """Returns what the names of a candidate's layers begin with."""
    name = edge.candidates[candidate].name
    return f"{cell.name}_{edge.source}_{edge.target}_{name}"
