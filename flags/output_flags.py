"""Flags that say how an answer is printed, shared by our binaries."""

from absl import flags

FORMAT = flags.DEFINE_enum(
    "format", "text", ["text", "json"], "A table, or one JSON object."
)
