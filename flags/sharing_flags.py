"""Flags of `nse_search`: what candidates share, and how that is trained."""

from typing import Any

from absl import flags

from nse_tf.runs.search_config import PATH_RULES, SHARINGS

SHARING = flags.DEFINE_enum(
    "sharing",
    None,
    SHARINGS,
    "How candidates of a chain share weights: rows gives each its own; nested "
    "makes smaller kernels the middle of larger ones, and smaller expansions "
    "their first channels, which trains them sooner. Default: rows.",
)
PATHS = flags.DEFINE_enum(
    "paths",
    None,
    PATH_RULES,
    "spos: which networks a step of the supernet trains that is explored: a "
    "random one (uniform), or for --sharing=nested and a trained --start the "
    "largest, the smallest and random ones, taught by the largest (sandwich). "
    "Default: uniform.",
)


def settings() -> dict[str, Any]:
    """Returns the settings of a run that are given here, by name."""
    return {flag.name: flag.value for flag in (SHARING, PATHS)}
