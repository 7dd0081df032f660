"""The data set that ships with the package: 1,797 handwritten digits.

E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI
Machine Learning Repository (1998), https://doi.org/10.24432/C50P49, CC BY 4.0.
The file digits.md says what was changed.
"""

import importlib.resources

import numpy as np

from nse_tf.datasets.decoding import fit_array
from nse_tf.datasets.image_data import ImageData, ImageSet
from nse_tf.datasets.read_options import ReadOptions
from nse_tf.datasets.splitting import split_off_validation

NAME = "digits"
# Height and width of the scans, in pixels.
NATIVE_SIDE = 8

# The last rows of the file are the test part, for every seed.
NUM_TEST_ROWS = 360


def load_digits(options: ReadOptions) -> ImageData:
    """Returns the digits 0 to 9, scanned at 8×8 pixels.

    Args:
        options: How to read them. By default images have 8×8 pixels and one
            channel; 3 channels repeat the gray. The validation part is a share
            of the 1,437 training rows. Nothing is cached.
    """
    file = importlib.resources.files("nse_tf.datasets") / "digits.npz"
    with (
        file.open("rb") as opened,
        np.load(opened, allow_pickle=False) as arrays,
    ):
        images, labels = arrays["images"], arrays["labels"].astype(np.int32)
    side = options.image_size or NATIVE_SIDE
    decoding = options.decoding((side, side, options.channels or 1))
    resized = np.stack(
        [fit_array(scan[..., np.newaxis], decoding) for scan in images]
    )
    everything = ImageSet(resized, labels)
    num_rest = len(labels) - NUM_TEST_ROWS
    train, validation = split_off_validation(
        labels[:num_rest], options.validation_fraction, options.seed
    )
    return ImageData(
        name=NAME,
        train=everything.subset(train),
        validation=everything.subset(validation),
        test=everything.subset(np.arange(num_rest, len(labels))),
        class_names=tuple(str(digit) for digit in range(10)),
        augmentation=NAME,
        native_side=NATIVE_SIDE,
    )
