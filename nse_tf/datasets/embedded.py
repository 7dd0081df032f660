"""The data set that ships with the package: 1,797 handwritten digits.

E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI
Machine Learning Repository (1998), https://doi.org/10.24432/C50P49, CC BY 4.0.
What was changed is said in digits.md.
"""

import importlib.resources

import numpy as np

from nse_tf.datasets.decoding import fit_array
from nse_tf.datasets.image_data import ImageData, ImageSet
from nse_tf.datasets.splitting import split_off_validation

NAME = "digits"

# The last rows of the file are the test part, for ever and for every seed.
NUM_TEST_ROWS = 360


def load_digits(
    *,
    image_size: int | None = None,
    channels: int | None = None,
    validation_fraction: float = 0.2,
    seed: int = 0,
) -> ImageData:
    """Returns the digits 0 to 9, scanned at 8×8 pixels.

    Args:
        image_size: Height and width, resized bilinearly; None: 8.
        channels: 1, or 3 to repeat the gray; None: 1.
        validation_fraction: Share of the 1,437 training rows to validate on.
        seed: Draws them.
    """
    file = importlib.resources.files("nse_tf.datasets") / "digits.npz"
    with (
        file.open("rb") as opened,
        np.load(opened, allow_pickle=False) as arrays,
    ):
        images, labels = arrays["images"], arrays["labels"].astype(np.int32)
    shape = (image_size or 8, image_size or 8, channels or 1)
    resized = np.stack(
        [fit_array(scan[..., np.newaxis], shape) for scan in images]
    )
    everything = ImageSet(resized, labels)
    num_rest = len(labels) - NUM_TEST_ROWS
    train, validation = split_off_validation(
        labels[:num_rest], validation_fraction, seed
    )
    return ImageData(
        name=NAME,
        train=everything.subset(train),
        validation=everything.subset(validation),
        test=everything.subset(np.arange(num_rest, len(labels))),
        class_names=tuple(str(digit) for digit in range(10)),
        augmentation=NAME,
    )
