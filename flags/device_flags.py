"""Flags that say how .tflite files are timed, shared by the binaries."""

from absl import flags

NUM_THREADS = flags.DEFINE_integer(
    "num_threads", 1, "Threads that latency is measured with.", lower_bound=1
)
XNNPACK = flags.DEFINE_bool(
    "xnnpack",
    True,
    "Whether the XNNPACK delegate may take the ops that it knows.",
)
