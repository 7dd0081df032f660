"""What the networks of a family of chains are made of."""

import dataclasses
from collections.abc import Callable

import keras
import tensorflow as tf

Layers = list[keras.layers.Layer]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChainParts:
    """Makes the layers of one family of chains.

    Attributes:
        stem_layers: From a skeleton to everything before the first block.
        tail_layers: From a skeleton to everything after the last block.
        op_layers: From an op, its block and a prefix of names to its layers in
            a stand-alone child, input to output; none for the identity.
    """

    stem_layers: Callable[..., Layers]
    tail_layers: Callable[..., Layers]
    op_layers: Callable[..., list[Callable[..., tf.Tensor]]]
