"""Flags that say which images and where results go, shared by the binaries."""

from absl import flags

from nse_tf.flags.paths import define_path

DATASET = flags.DEFINE_string(
    "dataset",
    None,
    "digits, which ships with the package, or a name of TensorFlow Datasets, "
    "prepared in --data_dir. Default: digits, or the folder --data_dir.",
)
DATA_DIR = define_path(
    "data_dir",
    None,
    "A folder with a folder of images for each class; with --dataset, the "
    "folder where TensorFlow Datasets prepared it.",
)
RUN_DIR = define_path(
    "run_dir", None, "The run's folder. Default: runs/ and the data set's name."
)
