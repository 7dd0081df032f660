"""How the networks of chains with widths by stage are made."""

from collections.abc import Mapping
from typing import Any

import keras

from nse_tf.sampling import Sampler, UniformSampler
from nse_tf.spaces import Genotype, SearchSpace, realized, shaped_blocks
from nse_tf.supernet.chains.child import build_chain_child, with_stock_chain
from nse_tf.supernet.chains.mbconv_layers import MBCONV_PARTS
from nse_tf.supernet.chains.width_supernet import WidthSupernet
from nse_tf.supernet.layers.nesting import require_nesting
from nse_tf.supernet.protocols import (
    Active,
    Networks,
    Sharing,
    WeightSharing,
)


class WidthNetworks:
    """The networks of a chain whose stages have widths to choose.

    Candidates and widths of its supernet nest, whatever is asked for: there is
    no other way to share weights among widths.

    Args:
        space: The full space.

    Raises:
        ValueError: If the space has no widths to choose, or its candidates do
            not nest; see `require_nesting`.
    """

    def __init__(self, space: SearchSpace) -> None:
        for block in shaped_blocks(space):
            require_nesting(block.widest)
        self.space = space
        self.sharing: Sharing = "nested"
        self.is_trained, self.is_foreign = False, False
        self.training_facts: Mapping[str, Any] = {}

    def supernet(
        self, *, seed: int = 0, active: Active | None = None
    ) -> WeightSharing:
        """Returns a new supernet; see `Networks`."""
        del active  # Every candidate has weights.
        return WidthSupernet(self.space, seed)

    def child(
        self,
        genotype: Genotype,
        *,
        seed: int = 0,
        fast: bool = True,
        dropout: float = 0.0,
    ) -> keras.Model:
        """Returns a child with fresh weights; see `Networks`."""
        return build_chain_child(
            MBCONV_PARTS,
            *realized(self.space, genotype),
            seed=seed,
            fast=fast,
            dropout=dropout,
        )

    def with_stock_layers(
        self, genotype: Genotype, child: keras.Model
    ) -> keras.Model:
        """Returns a fast child as users get it, with the same weights."""
        return with_stock_chain(
            MBCONV_PARTS, *realized(self.space, genotype), child
        )

    def uniform_sampler(self, space: SearchSpace) -> Sampler:
        """Returns what draws single paths; see `Networks`."""
        return UniformSampler(space)

    def with_fewer_cells(self, num_cells: int) -> Networks:
        """Refuses, since chains do not grow; see `Networks`."""
        return type(self)(self.space.with_fewer_cells(num_cells))
