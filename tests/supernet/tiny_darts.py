"""A supernet of DARTS cells that is built and traced in seconds."""

import numpy as np

from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.supernet import DartsSupernet

# Paths of 14 edges that between them have every op, at strides 1 and 2, nodes
# that hear of nothing, and one that hears of all.
NORMAL = (
    (4, 5, 0, 0, 6, 7, 3, 1, 2, 0, 0, 5, 0, 3),
    (0, 0, 7, 4, 3, 0, 2, 0, 6, 1, 0, 0, 0, 0),
)
REDUCE = (
    (3, 6, 0, 7, 1, 4, 2, 0, 0, 5, 3, 0, 6, 0),
    (0, 0, 0, 0, 0, 2, 5, 3, 4, 7, 1, 0, 0, 2),
)


# What comes to 5 rows, an odd number, after the stem's stride of 8, and after
# one reduction where the stem has none.
IMAGE_SIZES = {"darts_cifar": (10, 9)}


def tiny_darts(name: str = "darts", num_cells: int = 3) -> SearchSpace:
    """Returns a space of some cells, 5 channels wide at first: odd halves."""
    skeleton = make_preset(name).as_cells().skeleton
    return make_preset(
        name,
        image_size=IMAGE_SIZES.get(name, (40, 34)),
        num_classes=4,
        width=5 / skeleton.channels,
        depth=num_cells / skeleton.num_cells,
    )


def paths_of(space: SearchSpace) -> list[tuple[int, ...]]:
    """Returns single paths of a DARTS space."""
    if len(space.blocks) == 14:
        return [*NORMAL, *REDUCE]
    return [
        normal + reduce for normal, reduce in zip(NORMAL, REDUCE, strict=True)
    ]


def lively_darts(space: SearchSpace, seed: int = 0) -> DartsSupernet:
    """Returns a supernet whose statistics are no identities."""
    supernet = DartsSupernet(space, seed)
    rng = np.random.default_rng(seed)
    for cell in supernet.cells:
        values = cell.statistics.numpy()
        values[:-1] = rng.uniform(0.4, 1.6, values[:-1].shape)
        cell.statistics.assign(values)
    return supernet
