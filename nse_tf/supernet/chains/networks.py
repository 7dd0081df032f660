"""How the networks of chains are made."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from nse_tf.sampling import Sampler, UniformSampler
from nse_tf.spaces import (
    BranchSkeleton,
    ChoiceBlock,
    Genotype,
    SearchSpace,
    realized,
    shaped_blocks,
)
from nse_tf.supernet.chains.branch_layers import BRANCH_PARTS
from nse_tf.supernet.chains.branch_supernet import BranchSupernet
from nse_tf.supernet.chains.child import (
    build_chain_child,
    build_chain_stem,
    build_chain_tail,
    with_stock_chain,
)
from nse_tf.supernet.chains.mbconv_layers import MBCONV_PARTS
from nse_tf.supernet.chains.nested_supernet import NestedSupernet
from nse_tf.supernet.chains.parts import ChainParts
from nse_tf.supernet.chains.slot_supernet import SlotSupernet
from nse_tf.supernet.chains.supernet import Supernet
from nse_tf.supernet.chains.width_supernet import WidthSupernet
from nse_tf.supernet.layers.nesting import require_nesting
from nse_tf.supernet.protocols import (
    Active,
    Networks,
    Sharing,
    WeightSharing,
)


class ChainNetworks:
    """The networks of a chain of this package's own blocks.

    Args:
        space: The full space.
        sharing: How the candidates of its supernet share weights.

    Raises:
        ValueError: If the space is no chain, or its candidates do not nest
            where they are to; see `require_nesting`.
    """

    _parts: ChainParts = MBCONV_PARTS

    def __init__(self, space: SearchSpace, sharing: Sharing = "rows") -> None:
        blocks = self._largest_blocks(space)
        if sharing == "nested":
            for block in blocks:
                require_nesting(block)
        self.space, self.sharing = space, sharing
        self.is_trained, self.is_foreign = False, False
        self.training_facts: Mapping[str, Any] = {}

    def _largest_blocks(self, space: SearchSpace) -> Sequence[ChoiceBlock]:
        """Returns the choice blocks, as the largest network has them."""
        return space.as_chain().blocks

    def supernet(
        self, *, seed: int = 0, active: Active | None = None
    ) -> WeightSharing:
        """Returns a new supernet; see `Networks`."""
        del active  # Every candidate has weights.
        if self.sharing == "nested":
            return NestedSupernet(self.space, seed)
        return Supernet(self.space, seed)

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
            self._parts,
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
            self._parts, *realized(self.space, genotype), child
        )

    def uniform_sampler(self, space: SearchSpace) -> Sampler:
        """Returns what draws single paths; see `Networks`."""
        return UniformSampler(space)

    def with_fewer_cells(self, num_cells: int) -> Networks:
        """Refuses, since chains do not grow; see `Networks`."""
        return type(self)(self.space.with_fewer_cells(num_cells))

    def stem(self) -> keras.Model:
        """Returns the part before the first block alone, of stock layers."""
        return build_chain_stem(self._parts, self.space)

    def tail(self) -> keras.Model:
        """Returns the part after the last block alone, of stock layers."""
        return build_chain_tail(self._parts, self.space)


class BranchNetworks(ChainNetworks):
    """The networks of a chain of multi-branch cells.

    Args:
        space: The full space.

    Raises:
        ValueError: If the space is none of multi-branch cells.
    """

    _parts = BRANCH_PARTS

    def __init__(self, space: SearchSpace) -> None:
        space.require_skeleton(BranchSkeleton)
        super().__init__(space)

    def supernet(
        self, *, seed: int = 0, active: Active | None = None
    ) -> WeightSharing:
        """Returns a new supernet; see `Networks`."""
        space = self.space if active is None else self.space.restrict(active)
        return BranchSupernet(space, seed)


class WidthNetworks(ChainNetworks):
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
        super().__init__(space, "nested")

    def _largest_blocks(self, space: SearchSpace) -> Sequence[ChoiceBlock]:
        """Returns the blocks of the widest network."""
        return [block.widest for block in shaped_blocks(space)]

    def supernet(
        self, *, seed: int = 0, active: Active | None = None
    ) -> WeightSharing:
        """Returns a new supernet; see `Networks`."""
        del active  # Every candidate has weights.
        return WidthSupernet(self.space, seed)


class SlotNetworks(ChainNetworks):
    """The networks of a chain of slots: a supernet, but no children.

    Args:
        space: The space of slots.
    """

    def supernet(
        self, *, seed: int = 0, active: Active | None = None
    ) -> WeightSharing:
        """Returns a new supernet; see `Networks`."""
        del active  # Every slot has weights.
        return SlotSupernet(self.space, seed)
