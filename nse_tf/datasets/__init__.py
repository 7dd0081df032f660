"""Labeled images by name, by folder or from the user's own arrays."""

from nse_tf.datasets.augmentation import POLICIES as POLICIES
from nse_tf.datasets.augmentation import (
    AugmentationPolicy as AugmentationPolicy,
)
from nse_tf.datasets.augmentation import augment as augment
from nse_tf.datasets.augmentation import policy_with as policy_with
from nse_tf.datasets.batching import epoch_batches as epoch_batches
from nse_tf.datasets.batching import num_batches as num_batches
from nse_tf.datasets.decoding import PADDINGS as PADDINGS
from nse_tf.datasets.describing import data_lines as data_lines
from nse_tf.datasets.describing import data_warnings as data_warnings
from nse_tf.datasets.image_data import ImageData as ImageData
from nse_tf.datasets.image_data import ImageSet as ImageSet
from nse_tf.datasets.joining import joined as joined
from nse_tf.datasets.registry import load as load
from nse_tf.datasets.splitting import (
    split_off_validation as split_off_validation,
)
from nse_tf.datasets.user_data import as_image_set as as_image_set
