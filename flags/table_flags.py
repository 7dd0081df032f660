"""Flags that say which published table, shared by our binaries."""

from absl import flags

TABLE = flags.DEFINE_string(
    "table",
    None,
    "CSV of published numbers: accuracies of cells (index, arch, and numbers), "
    "or latencies of ops.",
)
