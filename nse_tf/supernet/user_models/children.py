"""Stand-alone networks of a user's model, one layer for each choice."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras

from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.supernet.layers.seeding import drawn_from
from nse_tf.supernet.user_models.choice import Choice
from nse_tf.supernet.user_models.copying import copied, fast_copy, plain_copy
from nse_tf.supernet.user_models.layer_copies import LayerCopies

StandIn = Callable[[Choice, LayerCopies], keras.layers.Layer]


@dataclasses.dataclass(frozen=True)
class ModelCopy:
    """A copy of a user's model with something in place of its choices.

    Attributes:
        model: The copy.
        shared: The copy of every layer that is no choice, by the name that the
            original has in the user's model, input to output.
        blocks: What stands for each choice, input to output.
    """

    model: keras.Model
    shared: list[tuple[Any, Any]]
    blocks: list[tuple[Choice, keras.layers.Layer]]


def copy_model(
    model: keras.Model,
    stand_in_for: StandIn,
    *,
    fast: bool,
    seed: int = 0,
    body_rate: float | None = None,
) -> ModelCopy:
    """Returns a copy with fresh weights, but for those that `LayerCopies` keep.

    Args:
        model: Functional, with choices.
        stand_in_for: Returns what stands for a choice, given what copies its
            layers.
        fast: Whether layers are those that are fast to train and the outputs
            logits, or what the user wrote.
        seed: Seed of what is drawn.
        body_rate: See `LayerCopies`.
    """
    shared: list[tuple[Any, Any]] = []
    blocks: list[tuple[Choice, keras.layers.Layer]] = []
    copies = LayerCopies(model, fast_copy if fast else plain_copy, body_rate)

    def leaf(layer: Any) -> Any:
        if isinstance(layer, Choice):
            stand_in = stand_in_for(layer, copies)
            blocks.append((layer, stand_in))
            return stand_in
        copy = copies.leaf(layer)
        shared.append((layer, copy))
        return _as_logits(copy) if fast and layer is last else copy

    last = model.outputs[0]._keras_history.operation
    # Layers draw their weights when the copied graph calls them.
    with drawn_from(seed):
        whole = copied(model, leaf)
    copies.settle()
    return ModelCopy(whole, shared, blocks)


def _as_logits(layer: Any) -> Any:
    """Returns the last layer without its softmax, which has no weights."""
    if isinstance(layer, keras.layers.Softmax):
        return keras.layers.Identity(name=layer.name)
    if getattr(layer, "activation", None) is keras.activations.softmax:
        layer.activation = keras.activations.linear
    return layer


def one_of(genes: dict[str, tuple[str, int]]) -> StandIn:
    """Returns what puts one of its layers in place of each choice.

    Args:
        genes: By the name of a choice, that of its block and the index of the
            layer.
    """

    def stand_in_for(choice: Choice, copies: LayerCopies) -> keras.layers.Layer:
        name, index = genes[choice.name]
        copy = copies.whole(choice.layers[index])
        # Not the name that Keras makes up, which differs between processes.
        copy.name = f"{name}_{choice.labels[index]}"
        return copy

    return stand_in_for


def block_genes(
    names: Sequence[str], space: SearchSpace, genotype: Genotype
) -> dict[str, tuple[str, int]]:
    """Returns what `one_of` takes for a genotype.

    Args:
        names: Names of the choices, input to output.
        space: The model's space.
        genotype: Which layers.

    Raises:
        ValueError: If the genotype is not of the space.
    """
    space.require(genotype)
    return {
        name: (block.name, index)
        for name, block, index in zip(
            names, space.blocks, genotype.path, strict=True
        )
    }
