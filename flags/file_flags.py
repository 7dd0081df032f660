"""Flags that say which .tflite files are written, shared by the binaries."""

from absl import flags

PRECISIONS = flags.DEFINE_list(
    "precisions",
    None,
    "Which files to write, of fp32, fp16, dynamic, int8, and int16x8 (8-bit "
    "weights, 16-bit activations). Default: the first four, but int8 only with "
    "images to calibrate with.",
)
