"""Flags that say which model file, shared by our binaries."""

from absl import flags

MODEL = flags.DEFINE_string("model", None, "The model's file.")
