"""Stand-alone cells: what children of both kinds have in common."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import Cell, CellGraph, Edge, Genotype, Zero, edges_of_kinds

# Makes and runs the layers of a candidate, given cell, edge, index and inputs.
RunOp = Callable[[Cell, Edge, int, tf.Tensor], tf.Tensor]


def run_cell(
    cell: Cell,
    graph: CellGraph,
    edges: Sequence[Edge],
    genes: Sequence[int],
    inputs: Sequence[tf.Tensor],
    run_op: RunOp,
) -> list[tf.Tensor]:
    """Returns the outputs of a cell; each node sums what its edges bring.

    Args:
        cell: The cell.
        graph: Its graph.
        edges: Its edges.
        genes: The open candidate of each of them.
        inputs: Its inputs, of its width and of one size.
        run_op: Runs a candidate.
    """
    nodes = dict(enumerate(inputs))
    for target in range(graph.num_inputs, graph.num_nodes):
        brought = [
            run_op(cell, edge, candidate, nodes[edge.source])
            for edge, candidate in zip(edges, genes, strict=True)
            if edge.target == target and edge.candidates[candidate] != Zero()
        ]
        name, like = f"{cell.name}_node{target}", nodes[0]
        if not brought and cell.stride == 2:
            like = subsampled(f"{name}_subsample", like)
        nodes[target] = _summed(name, brought, like)
    return [nodes[node] for node in graph.outputs]


def _summed(name: str, brought: list[tf.Tensor], like: tf.Tensor) -> tf.Tensor:
    """Returns the sum, or zeros where there is nothing to add."""
    if not brought:
        return keras.layers.Rescaling(0.0, name=f"{name}_zeros")(like)
    if len(brought) == 1:
        return brought[0]
    return keras.layers.Add(name=name)(brought)


def subsampled(name: str, inputs: tf.Tensor) -> tf.Tensor:
    """Returns every second pixel of every second row."""
    return keras.layers.MaxPooling2D(1, 2, padding="same", name=name)(inputs)


def prefix_of(cell: Cell, edge: Edge, candidate: int) -> str:
    """Returns what the names of a candidate's layers begin with."""
    name = edge.candidates[candidate].name
    return f"{cell.name}_{edge.source}_{edge.target}_{name}"


def inherit(
    child: keras.Model,
    supernet: Any,
    genotype: Genotype,
    kernel_names: Callable[[str, dict[str, Any]], Sequence[str]],
    norm_names: Sequence[str],
) -> None:
    """Gives a child the weights and statistics it has in a supernet.

    What a child leaves out, since no output hears of it, is passed over.

    Args:
        child: The child.
        supernet: A `CellSupernet`.
        genotype: Which child.
        kernel_names: Returns the names of a candidate's layers with kernels,
            given the prefix of their names and all layers by name.
        norm_names: The names of its batch norms.
    """
    layers = {layer.name: layer for layer in child.layers}
    for layer in supernet.backbone_layers:
        if layer.name in layers:
            layers[layer.name].set_weights(layer.get_weights())
    edges = edges_of_kinds(supernet.space)
    genes = dict(zip(supernet.space.blocks, genotype.path, strict=True))
    for packed in supernet.cells:
        for index, cell in enumerate(packed.cells):
            for number, edge in enumerate(edges[cell.kind]):
                values = packed.values_of(index, number, genes[edge])
                if values is None:
                    continue
                prefix = prefix_of(cell, edge, genes[edge])
                kernels, statistics = values
                for name, kernel in zip(
                    kernel_names(prefix, layers), kernels, strict=False
                ):
                    if f"{prefix}_{name}" in layers:
                        layers[f"{prefix}_{name}"].kernel.assign(kernel)
                _fill_norms(layers, prefix, norm_names, statistics)


def _fill_norms(
    layers: dict[str, Any],
    prefix: str,
    names: Sequence[str],
    statistics: np.ndarray,
) -> None:
    for name, (mean, variance) in zip(names, statistics, strict=True):
        norm = layers.get(f"{prefix}_{name}")
        if norm is not None:
            norm.moving_mean.assign(mean)
            norm.moving_variance.assign(variance)
