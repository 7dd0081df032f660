"""Flags of `nse_search`: how the networks that may win are trained."""

from typing import Any

from absl import flags

from nse_tf.flags.paths import define_path
from nse_tf.runs.search_config import (
    CHILD_STARTS,
    COMPUTE_POLICIES,
    PIXEL_RANGES,
)

CHILD_START = flags.DEFINE_enum(
    "child_start",
    None,
    CHILD_STARTS,
    "What the networks that may win are trained from: fresh weights, or those "
    "inherited from the supernet. Default: fresh.",
)
TEACHER = define_path(
    "teacher",
    None,
    "Who teaches the networks that may win, beside the labels: the .keras file "
    "of a classifier of the same classes, or largest, the largest network of "
    "the supernet of --sharing=nested or a trained --start.",
)
TEACHER_PIXELS = flags.DEFINE_enum(
    "teacher_pixels",
    None,
    PIXEL_RANGES,
    "The pixels that --teacher takes. Default: 0..255, if it begins by scaling "
    "them.",
)
COMPUTE = flags.DEFINE_enum(
    "compute",
    None,
    COMPUTE_POLICIES,
    "What the networks that may win are trained in: a dtype policy of Keras. "
    "Weights, and what is handed over, are float32 by each. Default: float32.",
)


def settings() -> dict[str, Any]:
    """Returns the settings of a run that are given here, by name."""
    return {
        flag.name: flag.value
        for flag in (CHILD_START, TEACHER, TEACHER_PIXELS, COMPUTE)
    }
