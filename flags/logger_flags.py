"""Flags that say where else a run is logged, shared by the binaries."""

from absl import flags

MLFLOW = flags.DEFINE_string(
    "mlflow",
    None,
    "Name of an experiment in MLflow, to which settings, curves, results and "
    "files go at the end; MLFLOW_TRACKING_URI says where that is. The file of "
    "TensorBoard is written anyway. Default: none.",
)
