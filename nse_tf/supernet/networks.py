"""The networks of a space: the only module that asks for its kind."""

from collections.abc import Mapping
from typing import get_args

import keras

from nse_tf.spaces import (
    BranchBlock,
    BranchSkeleton,
    ChainSkeleton,
    ChoiceBlock,
    DartsSkeleton,
    Genotype,
    NB201Skeleton,
    SearchSpace,
    SlotSkeleton,
    StageWidthSkeleton,
)
from nse_tf.supernet.cells.darts_in_training import darts_in_training
from nse_tf.supernet.cells.networks import DartsNetworks, NB201Networks
from nse_tf.supernet.chains.branch_layers import BRANCH_PARTS
from nse_tf.supernet.chains.child import build_chain_operator
from nse_tf.supernet.chains.mbconv_layers import MBCONV_PARTS
from nse_tf.supernet.chains.networks import (
    BranchNetworks,
    ChainNetworks,
    SlotNetworks,
    WidthNetworks,
)
from nse_tf.supernet.child_in_training import ChildInTraining
from nse_tf.supernet.protocols import Networks, Sharing
from nse_tf.supernet.user_models.networks import ModelNetworks

SHARINGS: tuple[Sharing, ...] = get_args(Sharing)


def networks_of_space(space: SearchSpace, sharing: str = "rows") -> Networks:
    """Returns what makes the networks of a space.

    Args:
        space: The space.
        sharing: How the candidates of its supernet share weights: `rows` gives
            each a row of its own, `nested` makes one a part of the other.
            Where stages have widths to choose, they nest in any case.

    Raises:
        ValueError: If there are no layers for its skeleton, the sharing is
            unknown, or candidates do not nest where they are to.
    """
    if sharing not in SHARINGS:
        raise ValueError(
            f"`sharing` must be one of {', '.join(map(repr, SHARINGS))}, not "
            f"{sharing!r}."
        )
    match space.skeleton:
        case StageWidthSkeleton():
            return WidthNetworks(space)
        case SlotSkeleton() if sharing == "rows":
            return SlotNetworks(space)
        case ChainSkeleton() if sharing == "nested":
            return ChainNetworks(space, "nested")
        case _ if sharing == "nested":
            raise ValueError(_does_not_nest(space.blocks[0].candidates[0].name))
        case NB201Skeleton():
            return NB201Networks(space)
        case DartsSkeleton():
            return DartsNetworks(space)
        case _:
            return _chain_networks(space)


def _does_not_nest(name: str) -> str:
    return (
        f"Candidate {name!r} does not nest in others, only MBConvs of chains "
        "do: let `sharing` be 'rows'."
    )


def _chain_networks(space: SearchSpace) -> ChainNetworks:
    """Returns what makes the networks of a chain, and its parts alone.

    Raises:
        ValueError: If the space is no chain.
    """
    if isinstance(space.skeleton, BranchSkeleton):
        return BranchNetworks(space)
    return ChainNetworks(space)


def networks_of(
    searched: SearchSpace | keras.Model,
    sharing: str = "rows",
    body_rate: float | None = None,
) -> Networks:
    """Returns what makes the networks of a space, or of a `Choice` model.

    Args:
        searched: The space or the model.
        sharing: See `networks_of_space`; candidates of models have a row each.
        body_rate: Factor on the learning rate of the layers of a model that are
            no candidates and trained already, 0 to freeze them; None draws
            their weights. See `ModelNetworks`.

    Raises:
        TypeError: If it is neither.
        ValueError: If there is a `body_rate` for a space; see also
            `networks_of_space` and `ModelNetworks`.
    """
    if isinstance(searched, keras.Model):
        networks = ModelNetworks(searched, body_rate)
        if sharing != "rows":
            first = networks.space.blocks[0].candidates[0]
            raise ValueError(_does_not_nest(first.name))
        return networks
    if isinstance(searched, SearchSpace):
        if body_rate is not None:
            raise ValueError(
                f"`body_rate` is {body_rate}, but space {searched.name!r} is "
                "no Keras model with `nse_tf.Choice` layers, whose other "
                "layers may be trained: leave it out."
            )
        return networks_of_space(searched, sharing)
    raise TypeError(
        "What to search is a space or a Keras model with `nse_tf.Choice` "
        f"layers, not {searched!r}."
    )


def build_operator(block: ChoiceBlock, candidate: int) -> keras.Model:
    """Returns one candidate alone, with its shortcut, of stock layers.

    Weights are fresh. For measuring what an operator costs on a device.
    """
    is_branched = isinstance(block, BranchBlock)
    parts = BRANCH_PARTS if is_branched else MBCONV_PARTS
    return build_chain_operator(parts, block, candidate)


def build_child(
    space: SearchSpace,
    genotype: Genotype,
    *,
    seed: int = 0,
    fast: bool = True,
    dropout: float = 0.0,
) -> keras.Model:
    """Returns the stand-alone model of a genotype; see `Networks.child`.

    Raises:
        ValueError: If the genotype is not of the space, or there are no layers
            for its skeleton.
    """
    return networks_of_space(space).child(
        genotype, seed=seed, fast=fast, dropout=dropout
    )


def with_stock_layers(
    space: SearchSpace, genotype: Genotype, child: keras.Model
) -> keras.Model:
    """Returns a child made of stock layers only, with the same weights.

    What it saves to `.keras` loads without this package.
    """
    return networks_of_space(space).with_stock_layers(genotype, child)


def in_training(
    space: SearchSpace,
    genotype: Genotype,
    child: keras.Model,
    *,
    seed: int,
    extras: Mapping[str, float],
) -> ChildInTraining:
    """Returns a child with what its training adds to it.

    Args:
        space: The child's space.
        genotype: Which child.
        child: It, of fast layers.
        seed: Seed of the weights that are added.
        extras: `auxiliary_weight` and `drop_path` where they are above 0.

    Raises:
        ValueError: If networks of the space cannot have what is given.
    """
    if not extras:
        return ChildInTraining(child=child, model=child)
    space.skeleton.require_extras(extras)
    return darts_in_training(
        space,
        genotype,
        child,
        seed=seed,
        auxiliary="auxiliary_weight" in extras,
        drops_paths="drop_path" in extras,
    )


def build_stem(space: SearchSpace) -> keras.Model:
    """Returns the part of a chain before the first block, of stock layers."""
    return _chain_networks(space).stem()


def build_tail(space: SearchSpace) -> keras.Model:
    """Returns the part of a chain after the last block, of stock layers."""
    return _chain_networks(space).tail()
