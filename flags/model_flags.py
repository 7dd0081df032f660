"""Flags that say which model file, shared by the binaries."""

from nse_tf.flags.paths import define_path

MODEL = define_path("model", None, "File of the model.")
