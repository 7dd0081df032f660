"""How the networks of a space are made, whatever kind of space it is."""

import functools
from typing import Any, Protocol

import keras

from nse_tf.spaces import (
    BranchSkeleton,
    ChoiceBlock,
    DartsSkeleton,
    Genotype,
    SearchSpace,
)
from nse_tf.supernet.cells.darts_supernet import DartsSupernet
from nse_tf.supernet.cells.nb201_supernet import CellSupernet
from nse_tf.supernet.chains.branch_supernet import BranchSupernet
from nse_tf.supernet.chains.child import build_child, cut_out, with_stock_layers
from nse_tf.supernet.chains.supernet import Supernet
from nse_tf.supernet.layers.layouts import InitialKernels
from nse_tf.supernet.user_models.children import ModelCopy, copy_model, one_of
from nse_tf.supernet.user_models.model_space import choices_of, space_of
from nse_tf.supernet.user_models.model_supernet import ModelSupernet


class Networks(Protocol):
    """Makes the networks of one space."""

    @property
    def space(self) -> SearchSpace:
        """The full space."""

    def supernet(self) -> Any:
        """Returns a new supernet, a `WeightSharing`."""

    def child(
        self,
        genotype: Genotype,
        *,
        seed: int = 0,
        fast: bool = True,
        dropout: float = 0.0,
    ) -> keras.Model:
        """Returns a child with fresh weights; see `build_child`."""

    def cut_out(
        self, supernet: Any, genotype: Genotype, *, fast: bool = True
    ) -> keras.Model:
        """Returns a child with the weights it has in a supernet of these."""

    def with_stock_layers(
        self, genotype: Genotype, child: keras.Model
    ) -> keras.Model:
        """Returns a fast child as users get it, with the same weights."""


class ChainNetworks:
    """The networks of a chain of this package's own blocks.

    Args:
        space: The full space.
    """

    def __init__(self, space: SearchSpace) -> None:
        skeleton = space.as_chain().skeleton
        is_branched = isinstance(skeleton, BranchSkeleton)
        kind = BranchSupernet if is_branched else Supernet
        self.space = space
        self.supernet = functools.partial(kind, space)
        self.child = functools.partial(build_child, space)
        self.cut_out = cut_out
        self.with_stock_layers = functools.partial(with_stock_layers, space)


class CellNetworks:
    """The networks of a space of cells, of NAS-Bench-201's skeleton or DARTS's.

    Args:
        space: The full space.
        kernels: How the supernet's kernels are drawn; see `Piece.initial`.

    Raises:
        ValueError: If the space is a chain.
    """

    def __init__(
        self, space: SearchSpace, kernels: InitialKernels = "fan_in"
    ) -> None:
        skeleton = space.as_cells().skeleton
        of_darts = isinstance(skeleton, DartsSkeleton)
        supernet = DartsSupernet if of_darts else CellSupernet
        self.space = space
        self._kernels: InitialKernels = kernels
        self.supernet = functools.partial(supernet, space, kernels=kernels)
        self.child = functools.partial(build_child, space)
        self.cut_out = cut_out

    def with_fewer_cells(self, num_cells: int) -> "CellNetworks":
        """Returns what makes these networks on their way to all their cells.

        Raises:
            ValueError: See `SearchSpace.with_fewer_cells`.
        """
        space = self.space.with_fewer_cells(num_cells)
        return CellNetworks(space, self._kernels)

    def with_stock_layers(
        self, genotype: Genotype, child: keras.Model
    ) -> keras.Model:
        """Returns a fast child as users get it, with the same weights."""
        stock = self.child(genotype, fast=False)
        stock.set_weights(child.get_weights())
        return stock


class ModelNetworks:
    """The networks of a user's functional model with `Choice` layers.

    Args:
        model: The model; stays as it is.

    Raises:
        ValueError: As of `space_of`.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self.space = space_of(model)
        self._names = [choice.name for choice in choices_of(model)]

    def supernet(self) -> ModelSupernet:
        """Returns a new supernet."""
        return ModelSupernet(self._model, self.space)

    def child(
        self,
        genotype: Genotype,
        *,
        seed: int = 0,
        fast: bool = True,
        dropout: float = 0.0,
    ) -> keras.Model:
        """Returns a child with fresh weights.

        A fast one gives logits, another one what the user's model gives.

        Raises:
            ValueError: If the genotype is foreign, or dropout is asked for.
        """
        if dropout:
            raise ValueError(
                f"`dropout` {dropout} has no place in a model of your own: put "
                "a keras.layers.Dropout into it."
            )
        return self._copy(genotype, fast=fast, seed=seed).model

    def cut_out(
        self, supernet: ModelSupernet, genotype: Genotype, *, fast: bool = True
    ) -> keras.Model:
        """Returns a child with the weights it has in the supernet.

        Raises:
            ValueError: If the genotype is not of the space.
        """
        child = self._copy(genotype, fast=fast)
        trained = {id(layer): copy for layer, copy in supernet.shared}
        for layer, copy in child.shared:
            if isinstance(copy, keras.layers.Layer) and copy.weights:
                copy.set_weights(trained[id(layer)].get_weights())
        for place, index, (_, copy) in zip(
            supernet.blocks, genotype.path, child.blocks, strict=True
        ):
            place.fill(index, copy)
        return child.model

    def with_stock_layers(
        self, genotype: Genotype, child: keras.Model
    ) -> keras.Model:
        """Returns a fast child as the user wrote it, with the same weights."""
        stock = self._copy(genotype, fast=False).model
        stock.set_weights(child.get_weights())
        return stock

    def _copy(
        self, genotype: Genotype, *, fast: bool, seed: int = 0
    ) -> ModelCopy:
        self.space.require(genotype)
        genes = {
            name: (block.name, index)
            for name, block, index in zip(
                self._names, self.space.blocks, genotype.path, strict=True
            )
        }
        return copy_model(self._model, one_of(genes), fast=fast, seed=seed)


def networks_of_space(space: SearchSpace) -> ChainNetworks | CellNetworks:
    """Returns what makes the networks of a space.

    Raises:
        ValueError: If there are no layers for its skeleton.
    """
    if isinstance(space.blocks[0], ChoiceBlock):
        return ChainNetworks(space)
    return CellNetworks(space)


def networks_of(searched: SearchSpace | keras.Model) -> Networks:
    """Returns what makes the networks of a space, or of a `Choice` model.

    Raises:
        TypeError: If it is neither.
        ValueError: If it is a space whose skeleton has no layers here, or as of
            `space_of`.
    """
    if isinstance(searched, keras.Model):
        return ModelNetworks(searched)
    if isinstance(searched, SearchSpace):
        return networks_of_space(searched)
    raise TypeError(
        "What to search is a space or a Keras model with `nse_tf.Choice` "
        f"layers, not {searched!r}."
    )
