"""How the networks of cells are made."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import keras

from nse_tf.sampling import CellSampler, Sampler
from nse_tf.spaces import (
    CellSkeleton,
    DartsSkeleton,
    Genotype,
    NB201Skeleton,
    SearchSpace,
)
from nse_tf.supernet.cells.darts_child import build_darts_child
from nse_tf.supernet.cells.darts_supernet import DartsSupernet
from nse_tf.supernet.cells.nb201_child import build_nb201_child
from nse_tf.supernet.cells.nb201_supernet import NB201Supernet
from nse_tf.supernet.layers.layouts import InitialKernels
from nse_tf.supernet.protocols import (
    Active,
    Networks,
    Sharing,
    WeightSharing,
)


class CellNetworks:
    """The networks of a space of cells; each skeleton has a subclass.

    Args:
        space: The full space.
        kernels: How the supernet's kernels are drawn; see `Piece.initial`.

    Raises:
        ValueError: If the space has another skeleton.
    """

    _skeleton_type: ClassVar[type[CellSkeleton]]
    _supernet_type: ClassVar[type[NB201Supernet | DartsSupernet]]
    _build_child: ClassVar[Callable[..., keras.Model]]

    def __init__(
        self, space: SearchSpace, kernels: InitialKernels = "fan_in"
    ) -> None:
        space.require_skeleton(self._skeleton_type)
        self.space = space
        self.sharing: Sharing = "rows"
        self.is_trained, self.is_foreign = False, False
        self.training_facts: Mapping[str, Any] = {}
        self._kernels: InitialKernels = kernels

    def supernet(
        self, *, seed: int = 0, active: Active | None = None
    ) -> WeightSharing:
        """Returns a new supernet; see `Networks`."""
        del active  # Every candidate has weights.
        return self._supernet_type(self.space, seed, self._kernels)

    def child(
        self,
        genotype: Genotype,
        *,
        seed: int = 0,
        fast: bool = True,
        dropout: float = 0.0,
    ) -> keras.Model:
        """Returns a child with fresh weights; see `Networks`."""
        build = type(self)._build_child
        return build(
            self.space, genotype, seed=seed, fast=fast, dropout=dropout
        )

    def with_stock_layers(
        self, genotype: Genotype, child: keras.Model
    ) -> keras.Model:
        """Returns a fast child as users get it, with the same weights."""
        stock = self.child(genotype, fast=False)
        stock.set_weights(child.get_weights())
        return stock

    def uniform_sampler(self, space: SearchSpace) -> Sampler:
        """Returns what draws a path for each cell; see `Networks`."""
        return CellSampler(space)

    def with_fewer_cells(self, num_cells: int) -> Networks:
        """Returns what makes these networks with fewer cells.

        Raises:
            ValueError: If the skeleton does not grow, or cannot have as many.
        """
        space = self.space.with_fewer_cells(num_cells)
        return type(self)(space, self._kernels)


class NB201Networks(CellNetworks):
    """The networks of a space with the skeleton of NAS-Bench-201."""

    _skeleton_type = NB201Skeleton
    _supernet_type = NB201Supernet
    _build_child = build_nb201_child


class DartsNetworks(CellNetworks):
    """The networks of a space with DARTS's skeleton."""

    _skeleton_type = DartsSkeleton
    _supernet_type = DartsSupernet
    _build_child = build_darts_child
