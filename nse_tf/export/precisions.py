"""The files that a network may be exported as, by their number formats."""

PRECISIONS = ("fp32", "fp16", "dynamic", "int8")
# With those that are made only when asked for: 8-bit weights, 16-bit
# activations.
ALL_PRECISIONS = (*PRECISIONS, "int16x8")
# What needs images for the ranges of its activations.
CALIBRATED = ("int8", "int16x8")
