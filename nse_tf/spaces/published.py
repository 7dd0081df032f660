"""Published networks by name, as genotypes of published spaces."""

import dataclasses
import functools

from nse_tf.spaces.autospace import NETWORK_340M
from nse_tf.spaces.branch_networks import BRANCH_NETWORKS, branch_genes
from nse_tf.spaces.cell_text import genotype_of_pairs
from nse_tf.spaces.genotype import Genotype
from nse_tf.spaces.genotype_text import parse_genotype
from nse_tf.spaces.naming import nearest_names
from nse_tf.spaces.presets import make_preset
from nse_tf.spaces.space import SearchSpace


@dataclasses.dataclass(frozen=True)
class PublishedNetwork:
    """A network that a paper reports.

    Attributes:
        space: The preset that it belongs to.
        genes: Candidate index of each block, -1 is the identity; or indices,
            where a block opens any number of branches.
        source: Where it was published.
        width: Multiplies the widths of the space.
    """

    space: str
    genes: tuple[int | tuple[int, ...], ...]
    source: str
    width: float = 1.0


_ABS = "Hu et al., ABS (2020), https://arxiv.org/abs/2004.13431"
_AUTOSPACE = "Zhou et al., AutoSpace (2021), https://arxiv.org/abs/2103.11833"
_DARTS = "Liu et al., DARTS (2019), https://arxiv.org/abs/1806.09055"
_NSE = "Ci et al., NSE (2021), https://arxiv.org/abs/2011.10904"
_PDARTS = "Chen et al., P-DARTS (2019), https://arxiv.org/abs/1904.12760"

_SHORT_NAMES = {
    "max": "max_pool_3x3",
    "avg": "avg_pool_3x3",
    "skip": "skip_connect",
    "sep3": "sep_conv_3x3",
    "sep5": "sep_conv_5x5",
    "dil3": "dil_conv_3x3",
    "dil5": "dil_conv_5x5",
}


def _pairs(text: str) -> list[tuple[str, int]]:
    """Returns the (op, input) pairs that words such as `sep3~1` encode."""
    words = [word.split("~") for word in text.split()]
    return [(_SHORT_NAMES[op], int(source)) for op, source in words]


def _darts_network(
    normal: str,
    reduce: str,
    source: str,
    width: float = 1.0,
    space: str = "darts",
) -> PublishedNetwork:
    """Returns a network of normal and reduction cells, as papers print them."""
    cells = {"normal": _pairs(normal), "reduce": _pairs(reduce)}
    genotype = genotype_of_pairs(make_preset(space), cells)
    return PublishedNetwork(space, genotype.path, source, width)


_DARTS_ABS = (
    "sep3~1 dil3~0 sep5~1 sep3~2 dil3~2 sep5~1 dil3~4 dil5~2",
    "dil3~0 sep3~1 sep5~0 sep3~2 dil3~0 dil5~3 dil3~0 dil3~2",
)
_PDARTS_ABS = (
    "dil3~0 sep3~1 sep3~1 sep3~2 sep5~0 sep5~3 dil5~2 dil3~4",
    "dil3~0 dil5~1 sep3~1 sep5~2 dil5~1 sep5~3 dil3~2 dil3~4",
)
_DARTS_V2 = (
    "sep3~0 sep3~1 sep3~0 sep3~1 sep3~1 skip~0 skip~0 dil3~2",
    "max~0 max~1 skip~2 max~1 max~0 skip~2 skip~2 max~1",
)
_PDARTS_CELLS = (
    "skip~0 dil3~1 skip~0 sep3~1 sep3~1 sep3~3 sep3~0 dil5~4",
    "avg~0 sep5~1 sep3~0 dil5~2 max~0 dil3~1 dil3~1 dil5~3",
)

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
    "darts_abs": _darts_network(*_DARTS_ABS, _ABS),
    "darts_abs_c45": _darts_network(*_DARTS_ABS, _ABS, 45 / 48),
    "pdarts_abs": _darts_network(*_PDARTS_ABS, _ABS),
    "pdarts_abs_c45": _darts_network(*_PDARTS_ABS, _ABS, 45 / 48),
    "darts_v2": _darts_network(*_DARTS_V2, _DARTS),
    "pdarts": _darts_network(*_PDARTS_CELLS, _PDARTS),
    **{
        f"{name}_cifar": _darts_network(
            *cells, source, space="darts_cifar_deep"
        )
        for name, cells, source in (
            ("darts_v2", _DARTS_V2, _DARTS),
            ("pdarts", _PDARTS_CELLS, _PDARTS),
            ("darts_abs", _DARTS_ABS, _ABS),
            ("pdarts_abs", _PDARTS_ABS, _ABS),
        )
    },
    "autospace_340m": PublishedNetwork(
        "autospace_collapsed",
        parse_genotype(make_preset("autospace_collapsed"), NETWORK_340M).path,
        _AUTOSPACE,
    ),
    **{
        name: PublishedNetwork(space, branch_genes(cells), _NSE, width)
        for name, (space, cells, width) in BRANCH_NETWORKS.items()
    },
}


def published_network(
    name: str,
    *,
    image_size: tuple[int, int] | None = None,
    image_channels: int | None = None,
    num_classes: int | None = None,
    activation: str | None = None,
    squeeze_excite: bool | None = None,
) -> tuple[SearchSpace, Genotype]:
    """Returns a published network and its space.

    With images, channels or classes of one's own it has the published ops in a
    space that is adapted to them.

    Args:
        name: A name in `PUBLISHED`.
        image_size: See `make_preset`; so are the other options.
        image_channels: Channels of the images.
        num_classes: Number of classes.
        activation: `relu` or `swish`, in multi-branch cells.
        squeeze_excite: Whether branches weigh their channels, likewise.

    Raises:
        ValueError: If no network has that name, or it has no such options, or
            the space for such images lacks some of its blocks or ops.
    """
    if name not in PUBLISHED:
        raise ValueError(
            f"No published network is named {name!r}. Did you mean "
            f"{nearest_names(name, PUBLISHED)}?"
        )
    network = PUBLISHED[name]
    make_space = functools.partial(
        make_preset,
        network.space,
        width=None if network.width == 1.0 else network.width,
        activation=activation,
        squeeze_excite=squeeze_excite,
    )
    published = make_space()
    space = make_space(
        image_size=image_size,
        image_channels=image_channels,
        num_classes=num_classes,
    )
    genotype = published.genotype(network.genes)
    return space, _carried_over(name, published, genotype, space)


def _carried_over(
    name: str, published: SearchSpace, genotype: Genotype, space: SearchSpace
) -> Genotype:
    """Returns the genotype of the same ops in an adapted space.

    Raises:
        ValueError: If there are fewer blocks, or an op is not a candidate.
    """
    if len(space.blocks) != len(published.blocks):
        raise ValueError(
            f"Network {name!r} has {len(published.blocks)} blocks, but for "
            f"images of {space.skeleton.image_size} its space has "
            f"{len(space.blocks)}. Make the images larger, or search space "
            f"{published.name!r} for such."
        )
    genes = []
    for old, new, gene in zip(
        published.blocks, space.blocks, genotype.genes, strict=True
    ):
        names = [old.candidates[index].name for index in gene]
        known = [op.name for op in new.candidates]
        for op in names:
            if op not in known:
                raise ValueError(
                    f"Network {name!r} opens {op!r} in {new.name!r}, which "
                    f"sees no more than a smaller op there for images of "
                    f"{space.skeleton.image_size}. Make the images larger."
                )
        genes.append([known.index(op) for op in names])
    return space.genotype(genes)
