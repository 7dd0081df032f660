"""Cuts a child model out, weights inherited or fresh."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import (
    ChainOp,
    ChoiceBlock,
    DartsSkeleton,
    Genotype,
    Identity,
    LayerOp,
    MBConv,
    NB201Skeleton,
    SearchSpace,
)
from nse_tf.supernet.cells.darts_child import build_darts_child, cut_out_darts
from nse_tf.supernet.cells.darts_supernet import DartsSupernet
from nse_tf.supernet.cells.nb201_child import build_cell_child, cut_out_cell
from nse_tf.supernet.cells.nb201_supernet import CellSupernet
from nse_tf.supernet.chains.backbone import (
    batch_norm,
    conv,
    depthwise,
    initialize,
    relu6,
    stem_layers,
    tail_layers,
)
from nse_tf.supernet.chains.branch_layers import branch_layers
from nse_tf.supernet.chains.supernet import Supernet
from nse_tf.supernet.layers.layouts import layout_of, packed, unpacked

Values = dict[tuple[str, str], np.ndarray]


def build_child(
    space: SearchSpace,
    genotype: Genotype,
    *,
    seed: int = 0,
    fast: bool = True,
    dropout: float = 0.0,
) -> keras.Model:
    """Returns the stand-alone model of a genotype, with fresh weights.

    A Keras functional model from pixels in 0..255, `(batch, height, width,
    channels)`, to logits `(batch, num_classes)`.

    Args:
        space: The space of the genotype.
        genotype: Which candidates are open.
        seed: Of the weights; the distribution is the supernet's. Of dropout
            too.
        fast: Whether layers are those of this package that are fast to train,
            or stock ones, which load without it.
        dropout: Share of features dropped before the classifier in training.

    Raises:
        ValueError: If the genotype is not of the space, or there are no layers
            for its skeleton.
    """
    space.require(genotype)
    of_cells = {
        NB201Skeleton: build_cell_child,
        DartsSkeleton: build_darts_child,
    }.get(type(space.skeleton))
    if of_cells is not None:
        return of_cells(space, genotype, seed=seed, fast=fast, dropout=dropout)
    rng = np.random.default_rng(seed)
    skeleton, blocks = space.as_chain()
    images = keras.Input(
        (*skeleton.image_size, skeleton.image_channels), name="images"
    )
    stem = stem_layers(skeleton, fast=fast)
    tail = tail_layers(skeleton, fast=fast, dropout=dropout, seed=seed)
    outputs = _chained(stem, images)
    for block, gene in zip(blocks, genotype.genes, strict=True):
        outputs = _place(block, gene, outputs, fast=fast)
    child = keras.Model(images, _chained(tail, outputs), name="child")
    initialize([*stem, *tail], rng)
    for block, gene in zip(blocks, genotype.genes, strict=True):
        for index in gene:
            _set_operator(child, block, index, _fresh(block, index, rng))
    return child


def cut_out(
    supernet: Supernet | CellSupernet | DartsSupernet,
    genotype: Genotype,
    *,
    fast: bool = True,
) -> keras.Model:
    """Returns a child with the weights it has in the supernet.

    It agrees with the supernet called with the genotype's branches open, to
    rounding.

    Raises:
        ValueError: If the genotype is not of the supernet's space.
    """
    if isinstance(supernet, CellSupernet):
        return cut_out_cell(supernet, genotype, fast=fast)
    if isinstance(supernet, DartsSupernet):
        return cut_out_darts(supernet, genotype, fast=fast)
    child = build_child(supernet.space, genotype, fast=fast)
    for layer in supernet.backbone_layers:
        child.get_layer(layer.name).set_weights(layer.get_weights())
    for place, gene in zip(supernet.blocks, genotype.genes, strict=True):
        for index in gene:
            _set_operator(child, place.block, index, place.values_of(index))
    return child


def with_stock_layers(
    space: SearchSpace, genotype: Genotype, child: keras.Model
) -> keras.Model:
    """Returns a child made of stock layers only, with the same weights.

    What it saves to `.keras` loads without this package.
    """
    stock = build_child(space, genotype, fast=False)
    for layer in stock.layers:
        layer.set_weights(child.get_layer(layer.name).get_weights())
    return stock


def build_operator(block: ChoiceBlock, candidate: int) -> keras.Model:
    """Returns one candidate alone, with its shortcut, of stock layers.

    Weights are fresh. For measuring what an operator costs on a device.
    """
    inputs = keras.Input((*block.in_size, block.in_channels))
    model = keras.Model(inputs, _place(block, (candidate,), inputs, fast=False))
    values = _fresh(block, candidate, np.random.default_rng(0))
    _set_operator(model, block, candidate, values)
    return model


def build_stem(space: SearchSpace) -> keras.Model:
    """Returns the part before the first place alone, of stock layers."""
    skeleton = space.as_chain().skeleton
    inputs = keras.Input((*skeleton.image_size, skeleton.image_channels))
    return keras.Model(
        inputs, _chained(stem_layers(skeleton, fast=False), inputs)
    )


def build_tail(space: SearchSpace) -> keras.Model:
    """Returns the part after the last place alone, of stock layers."""
    skeleton = space.as_chain().skeleton
    inputs = keras.Input((*skeleton.tail_size, skeleton.stages[-1].channels))
    return keras.Model(
        inputs, _chained(tail_layers(skeleton, fast=False), inputs)
    )


def _chained(
    layers: list[Callable[..., tf.Tensor]], outputs: tf.Tensor
) -> tf.Tensor:
    for layer in layers:
        outputs = layer(outputs)
    return outputs


def _place(
    block: ChoiceBlock, gene: tuple[int, ...], inputs: tf.Tensor, *, fast: bool
) -> tf.Tensor:
    """Returns the shortcut plus the mean of the branches that compute.

    Of a multi-branch cell, the mean of the shortcut and the branches.
    """
    branches = [
        _chained(_operator_layers(block, index, fast=fast), inputs)
        for index in gene
        if not isinstance(block.candidates[index], Identity)
    ]
    if not branches:
        return inputs
    if block.AVERAGES_SHORTCUT and block.has_shortcut:
        branches = [inputs, *branches]
    outputs = branches[0]
    if len(branches) > 1:
        outputs = keras.layers.Average(name=f"{block.name}_mean")(branches)
    if block.has_shortcut and not block.AVERAGES_SHORTCUT:
        return keras.layers.Add(name=f"{block.name}_add")([inputs, outputs])
    return outputs


def _operator_layers(
    block: ChoiceBlock, index: int, *, fast: bool
) -> list[Callable[..., tf.Tensor]]:
    """Returns the layers of one candidate, input to output."""
    op: ChainOp = block.candidates[index]
    prefix = _prefix(block, index)
    match op:
        case Identity():
            return []
        case LayerOp():
            raise TypeError(f"{op.name!r} is a layer of a user's own model.")
        case MBConv(kernel, expansion):
            expand = [
                conv(block.in_channels * expansion, 1, 1, f"{prefix}_expand"),
                batch_norm(f"{prefix}_expand_bn", fast=fast),
                relu6(f"{prefix}_expand_relu"),
            ]
            return [
                *(expand if expansion > 1 else []),
                depthwise(
                    kernel, block.stride, f"{prefix}_depthwise", fast=fast
                ),
                batch_norm(f"{prefix}_depthwise_bn", fast=fast),
                relu6(f"{prefix}_depthwise_relu"),
                conv(block.out_channels, 1, 1, f"{prefix}_project"),
                batch_norm(f"{prefix}_project_bn", fast=fast),
            ]
        case _:
            return branch_layers(op, block, prefix, fast=fast)


def _prefix(block: ChoiceBlock, index: int) -> str:
    return f"{block.name}_{block.candidates[index].name}"


def _fresh(block: ChoiceBlock, index: int, rng: np.random.Generator) -> Values:
    layout = layout_of(block.candidates[index], block)
    pieces = (*layout.weights, *layout.statistics)
    return unpacked(pieces, packed(pieces, rng))


def _set_operator(
    child: keras.Model, block: ChoiceBlock, index: int, values: Values
) -> None:
    """Gives a child's layers the weights of one candidate."""
    for (suffix, name), value in values.items():
        layer = child.get_layer(f"{_prefix(block, index)}_{suffix}")
        getattr(layer, name).assign(value)
