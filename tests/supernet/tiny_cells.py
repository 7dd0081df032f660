"""A supernet of cells that is built and traced in a few seconds."""

import numpy as np

from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.supernet import NB201Supernet

# Paths that between them have every op, dead ends, and a cell that is cut off.
PATHS = (
    (3, 3, 2, 1, 4, 2),
    (4, 2, 3, 3, 0, 1),
    (3, 0, 0, 2, 0, 0),
    (0, 0, 2, 0, 0, 3),
)


def tiny_cells(num_cells: int = 1) -> SearchSpace:
    """Returns a space of three stages, 4 to 16 channels wide."""
    return make_preset(
        "nb201",
        image_size=(9, 8),
        num_classes=4,
        width=0.25,
        depth=num_cells / 5,
    )


def lively_cells(space: SearchSpace, seed: int = 0) -> NB201Supernet:
    """Returns a supernet whose statistics are no identities."""
    supernet = NB201Supernet(space, seed)
    rng = np.random.default_rng(seed)
    for stage in supernet.cells:
        values = stage.statistics.numpy()
        values[:-1] = rng.uniform(0.4, 1.6, values[:-1].shape)
        stage.statistics.assign(values)
    return supernet


def images_of(space: SearchSpace, count: int = 4) -> np.ndarray:
    """Returns noise in 0..255."""
    skeleton = space.skeleton
    shape = (count, *skeleton.image_size, skeleton.image_channels)
    return np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
