"""Flags that say which published table, shared by the binaries."""

from absl import flags

from nse_tf.flags.paths import define_path

TABLE = define_path(
    "table",
    None,
    "CSV of published numbers: accuracies of cells (index, arch, and numbers), "
    "or latencies of ops.",
)
TRUTH = flags.DEFINE_string(
    "truth",
    "cifar10_test",
    "Column of --table that has the true accuracies of cells.",
)
LATENCY_TABLE = define_path(
    "latency_table",
    None,
    "A table that predicts latencies: a .json file of nse_lut. nse_describe "
    "takes a published .csv file, too, or several files (a.json,b.json).",
)
