"""Published networks by name, as genotypes of published spaces."""

import dataclasses

from nse_tf.spaces.genotype import Genotype
from nse_tf.spaces.naming import nearest_names
from nse_tf.spaces.presets import make_preset
from nse_tf.spaces.space import SearchSpace


@dataclasses.dataclass(frozen=True)
class PublishedNetwork:
    """A network that a paper reports.

    Attributes:
        space: The preset it lies in.
        path: Candidate index at each place; -1 is the identity.
        source: Where it was published.
    """

    space: str
    path: tuple[int, ...]
    source: str


_ABS = "Hu et al., ABS (2020), https://arxiv.org/abs/2004.13431"

PUBLISHED = {
    "spos_abs": PublishedNetwork(
        "spos",
        (2, 2, -1, 0, 0, -1, -1, 0, 5, -1, 4, 4, 0, 0, 4, 2, 3, 4, 4, 4, 3),
        _ABS,
    ),
    "proxyless_abs": PublishedNetwork(
        "proxyless",
        (2, 2, -1, -1, 0, 2, 2, -1, 5, -1, 4, 4, 0, 0, 4, 2, 3, 4, 4, 4, 3),
        _ABS,
    ),
    "fairnas_abs": PublishedNetwork(
        "fairnas",
        (4, 2, 4, 2, 2, 2, 5, 2, 4, 4, 2, 2, 2, 4, 5, 4, 2, 2, 5),
        _ABS,
    ),
}


def published_network(name: str) -> tuple[SearchSpace, Genotype]:
    """Returns a published network and the space it lies in.

    Raises:
        ValueError: If no network has that name.
    """
    if name not in PUBLISHED:
        raise ValueError(
            f"No published network is named {name!r}. Did you mean "
            f"{nearest_names(name, PUBLISHED)}?"
        )
    network = PUBLISHED[name]
    space = make_preset(network.space)
    return space, space.genotype(network.path)
