"""Flags that say which images and classes a space is for."""

from absl import flags

IMAGE_CHANNELS = flags.DEFINE_integer(
    "image_channels", None, "Channels of the images.", lower_bound=1
)
NUM_CLASSES = flags.DEFINE_integer(
    "num_classes", None, "Number of classes.", lower_bound=2
)
