"""Layers and weight layouts that all families of networks use."""

from nse_tf.supernet.layers.batch_norm import (
    FusedBatchNormalization as FusedBatchNormalization,
)
from nse_tf.supernet.layers.layouts import InitialKernels as InitialKernels
