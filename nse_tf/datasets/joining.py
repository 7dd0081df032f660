"""Two parts of a data set as one."""

import numpy as np

from nse_tf.datasets.image_data import ImageSet
from nse_tf.datasets.mapped_rows import MappedRows


def joined(first: ImageSet, second: ImageSet) -> ImageSet:
    """Returns the images of both, the first's before the second's.

    Parts of one mapped file stay mapped; others are copied into memory.
    """
    labels = np.concatenate([first.labels, second.labels])
    one, other = first.images, second.images
    if (
        isinstance(one, MappedRows)
        and isinstance(other, MappedRows)
        and one.source is other.source
    ):
        rows = np.concatenate([one.rows, other.rows])
        return ImageSet(MappedRows(one.source, rows), labels)
    images = np.concatenate([np.asarray(one), np.asarray(other)])
    return ImageSet(images, labels)
