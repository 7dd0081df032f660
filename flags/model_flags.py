"""Flags that say which model file, shared by the binaries."""

from absl import flags

MODEL = flags.DEFINE_string("model", None, "File of the model.")
