"""The flag that says which file is written, of binaries that write one."""

from nse_tf.flags.paths import define_path

OUTPUT = define_path(
    "output",
    None,
    "File to write: the table's .json file (nse_lut); the comparison of "
    "several runs, comparison.html unless given (nse_report).",
)
