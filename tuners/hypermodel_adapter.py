"""What a user gives to be searched: a space, a model, a hypermodel."""

from typing import Any

from nse_tf.spaces import SearchSpace
from nse_tf.supernet import Networks, networks_of
from nse_tf.tuners.space_hypermodel import SpaceHyperModel


def read_networks(hypermodel: Any) -> Networks:
    """Returns what makes the networks of whatever is to be searched.

    Args:
        hypermodel: A space, a Keras model with `nse_tf.Choice` layers, a
            `SpaceHyperModel` of either, or a `Networks` itself.

    Raises:
        TypeError: If it is none of these.
        ValueError: If it is a model that is not a space; gives the reason.
    """
    if isinstance(hypermodel, SpaceHyperModel):
        return hypermodel.networks
    if isinstance(getattr(hypermodel, "space", None), SearchSpace):
        networks: Networks = hypermodel
        return networks
    return networks_of(hypermodel)


def networks_for(
    hypermodel: Any, sharing: str | None, body_rate: float | None
) -> Networks:
    """Returns what makes the networks, as the arguments of a tuner say.

    Args:
        hypermodel: See `read_networks`.
        sharing: See `networks_of_space`; None for that of the hypermodel.
        body_rate: See `networks_of`; None for that of the hypermodel.

    Raises:
        TypeError: See `read_networks`.
        ValueError: If candidates cannot share weights so, there is a
            `body_rate` for what is no Keras model, or the hypermodel was made
            for another sharing; see also `read_networks`.
    """
    if body_rate is not None:
        hypermodel = _with_body(hypermodel, body_rate)
    if sharing is not None and isinstance(hypermodel, SearchSpace):
        return networks_of(hypermodel, sharing)
    networks = read_networks(hypermodel)
    if sharing not in (None, networks.sharing):
        raise ValueError(
            f"`sharing` is {sharing!r}, but the hypermodel's supernet shares "
            f"by {networks.sharing!r}: leave it out, or give the space."
        )
    return networks


def _with_body(hypermodel: Any, body_rate: float) -> Networks:
    """Returns the networks of a model whose body is trained.

    Raises:
        TypeError: See `read_networks`.
        ValueError: If the hypermodel has networks already, or is a space.
    """
    if getattr(hypermodel, "space", None) is None:
        return networks_of(hypermodel, body_rate=body_rate)
    raise ValueError(
        f"`body_rate` is {body_rate}, but the hypermodel makes the networks of "
        f"{hypermodel.space.name!r} already: give the Keras model itself, or "
        "leave it out."
    )


def agreed_networks(oracle: Any, hypermodel: Any) -> Networks:
    """Returns the networks that a tuner of this oracle makes.

    Args:
        oracle: Has `space`, and `networks` if it was given more than that.
        hypermodel: See `read_networks`; None for that of the oracle.

    Raises:
        TypeError: If the oracle's space needs its model and there is none.
        ValueError: If the two are not of the same space; names both.
    """
    ours = getattr(oracle, "networks", None)
    if hypermodel is None:
        return ours or networks_of(oracle.space)
    theirs = read_networks(hypermodel)
    if theirs.space.fingerprint != oracle.space.fingerprint:
        raise ValueError(
            f"The `hypermodel` is of space {theirs.space.name!r} with "
            f"fingerprint {theirs.space.fingerprint!r}, the oracle of "
            f"{oracle.space.name!r} with {oracle.space.fingerprint!r}. Leave "
            "out the one or make the other of it."
        )
    return theirs
