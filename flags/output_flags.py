"""Flags that say how results are printed, shared by the binaries."""

from absl import flags

FORMAT = flags.DEFINE_enum(
    "format", "text", ["text", "json"], "A table, or one JSON object."
)
