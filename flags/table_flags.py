"""Flags that say which published table, shared by our binaries."""

from absl import flags

TABLE = flags.DEFINE_string(
    "table",
    None,
    "CSV of published numbers: accuracies of cells (index, arch, and numbers), "
    "or latencies of ops.",
)
LATENCY_TABLE = flags.DEFINE_string(
    "latency_table",
    None,
    "A table that predicts latencies: a .json file of nse_lut. nse_describe "
    "takes a published .csv file, too.",
)
