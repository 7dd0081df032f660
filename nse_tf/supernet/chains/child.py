"""Stand-alone children of chains, weights inherited or fresh."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import ChoiceBlock, Genotype, SearchSpace
from nse_tf.supernet.chains.parts import ChainParts
from nse_tf.supernet.layers.layouts import layout_of, packed, unpacked
from nse_tf.supernet.layers.stock import initialize

Values = dict[tuple[str, str], np.ndarray]


def build_chain_child(
    parts: ChainParts,
    space: SearchSpace,
    genotype: Genotype,
    *,
    seed: int = 0,
    fast: bool = True,
    dropout: float = 0.0,
) -> keras.Model:
    """Returns the stand-alone model of a genotype, with fresh weights.

    Args:
        parts: Makes the layers.
        space: The space of the genotype.
        genotype: Which candidates are open.
        seed: Seed of the weights and of dropout.
        fast: See `Networks.child`.
        dropout: See `Networks.child`.

    Raises:
        ValueError: If the genotype is not of the space.
    """
    space.require(genotype)
    rng = np.random.default_rng(seed)
    skeleton, blocks = space.as_chain()
    images = keras.Input(
        (*skeleton.image_size, skeleton.image_channels), name="images"
    )
    stem = parts.stem_layers(skeleton, fast=fast)
    tail = parts.tail_layers(skeleton, fast=fast, dropout=dropout, seed=seed)
    outputs = _chained(stem, images)
    for block, gene in zip(blocks, genotype.genes, strict=True):
        outputs = _block(parts, block, gene, outputs, fast=fast)
    child = keras.Model(images, _chained(tail, outputs), name="child")
    initialize([*stem, *tail], rng)
    for block, gene in zip(blocks, genotype.genes, strict=True):
        for index in gene:
            values = _fresh(block, index, rng)
            set_operator(child, block, index, values)
    return child


def cut_out_chain(
    parts: ChainParts,
    supernet: Any,
    genotype: Genotype,
    *,
    fast: bool = True,
) -> keras.Model:
    """Returns a child with the weights it has in a supernet.

    Args:
        parts: Makes the layers.
        supernet: A `ChainSupernet`.
        genotype: Which child.
        fast: See `Networks.child`.

    Raises:
        ValueError: If the genotype is not of the supernet's space.
    """
    child = build_chain_child(parts, supernet.space, genotype, fast=fast)
    for layer in supernet.backbone_layers:
        child.get_layer(layer.name).set_weights(layer.get_weights())
    for layer, gene in zip(supernet.blocks, genotype.genes, strict=True):
        for index in gene:
            set_operator(child, layer.block, index, layer.values_of(index))
    return child


def with_stock_chain(
    parts: ChainParts,
    space: SearchSpace,
    genotype: Genotype,
    child: keras.Model,
) -> keras.Model:
    """Returns a child made of stock layers only, with the same weights.

    What it saves to `.keras` loads without this package.
    """
    stock = build_chain_child(parts, space, genotype, fast=False)
    for layer in stock.layers:
        layer.set_weights(child.get_layer(layer.name).get_weights())
    return stock


def build_chain_operator(
    parts: ChainParts, block: ChoiceBlock, candidate: int
) -> keras.Model:
    """Returns one candidate alone; see `build_operator`."""
    inputs = keras.Input((*block.in_size, block.in_channels))
    outputs = _block(parts, block, (candidate,), inputs, fast=False)
    model = keras.Model(inputs, outputs)
    values = _fresh(block, candidate, np.random.default_rng(0))
    set_operator(model, block, candidate, values)
    return model


def build_chain_stem(parts: ChainParts, space: SearchSpace) -> keras.Model:
    """Returns the part before the first block alone, of stock layers."""
    skeleton = space.as_chain().skeleton
    inputs = keras.Input((*skeleton.image_size, skeleton.image_channels))
    layers = parts.stem_layers(skeleton, fast=False)
    return keras.Model(inputs, _chained(layers, inputs))


def build_chain_tail(parts: ChainParts, space: SearchSpace) -> keras.Model:
    """Returns the part after the last block alone, of stock layers."""
    skeleton = space.as_chain().skeleton
    inputs = keras.Input((*skeleton.tail_size, skeleton.stages[-1].channels))
    layers = parts.tail_layers(skeleton, fast=False)
    return keras.Model(inputs, _chained(layers, inputs))


def _chained(
    layers: Sequence[Callable[..., tf.Tensor]], outputs: tf.Tensor
) -> tf.Tensor:
    for layer in layers:
        outputs = layer(outputs)
    return outputs


def _block(
    parts: ChainParts,
    block: ChoiceBlock,
    gene: tuple[int, ...],
    inputs: tf.Tensor,
    *,
    fast: bool,
) -> tf.Tensor:
    """Returns the shortcut plus the mean of the branches that compute.

    In a multi-branch cell, the mean of the shortcut and the branches.
    """
    branches = []
    for index in gene:
        layers = parts.op_layers(
            block.candidates[index], block, _prefix(block, index), fast=fast
        )
        if layers:
            branches.append(_chained(layers, inputs))
    if not branches:
        return inputs
    if block.has_shortcut and block.AVERAGES_SHORTCUT:
        branches.insert(0, inputs)
    outputs = branches[0]
    if len(branches) > 1:
        outputs = keras.layers.Average(name=f"{block.name}_mean")(branches)
    if block.has_shortcut and not block.AVERAGES_SHORTCUT:
        return keras.layers.Add(name=f"{block.name}_add")([inputs, outputs])
    return outputs


def _prefix(block: ChoiceBlock, index: int) -> str:
    return f"{block.name}_{block.candidates[index].name}"


def _fresh(block: ChoiceBlock, index: int, rng: np.random.Generator) -> Values:
    layout = layout_of(block.candidates[index], block)
    pieces = (*layout.weights, *layout.statistics)
    return unpacked(pieces, packed(pieces, rng))


def set_operator(
    child: keras.Model, block: ChoiceBlock, index: int, values: Values
) -> None:
    """Gives a child's layers the weights of one candidate."""
    for (suffix, name), value in values.items():
        layer = child.get_layer(f"{_prefix(block, index)}_{suffix}")
        getattr(layer, name).assign(value)
