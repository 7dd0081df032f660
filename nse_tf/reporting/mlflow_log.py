"""A run's settings, curves and files for MLflow, made from its folder."""

import importlib
import itertools
import os
import pathlib
from collections.abc import Iterator
from typing import Any

from nse_tf.reporting.answer import find_answer
from nse_tf.reporting.run_record import RunRecord, read_record
from nse_tf.reporting.scalars import Curves, Scalar

# What MLflow takes of a parameter, in characters.
_MAX_PARAMETER = 500


def require_mlflow() -> Any:
    """Returns MLflow.

    Raises:
        ValueError: If it is not installed.
    """
    try:
        return importlib.import_module("mlflow")
    except ImportError as error:
        raise ValueError(
            "`--mlflow` needs MLflow, which is not installed: "
            "pip install 'nse-tf[mlflow]'."
        ) from error


def log_to_mlflow(run_dir: str | os.PathLike[str], experiment: str) -> str:
    """Logs a run's settings, curves, results and files; returns MLflow's id.

    Where it goes is for MLflow's own variables to say, such as
    `MLFLOW_TRACKING_URI`. Each call makes another run there.

    Args:
        run_dir: The run's folder.
        experiment: Name of MLflow's experiment; made if missing.

    Raises:
        ValueError: If MLflow is not installed, or the folder is not that of a
            run.
    """
    mlflow = require_mlflow()
    folder = pathlib.Path(run_dir)
    record = read_record(folder)
    mlflow.set_experiment(experiment)
    with mlflow.start_run(run_name=record.name) as run:
        mlflow.log_params(
            {
                name: str(value)[:_MAX_PARAMETER]
                for name, value in record.settings.items()
            }
        )
        for tag, step, value in scalars_of(record):
            mlflow.log_metric(tag, value, step=step)
        mlflow.log_metrics(results_of(record))
        for path in (folder / "report.html", folder / "best"):
            if path.is_dir():
                mlflow.log_artifacts(str(path), path.name)
            elif path.exists():
                mlflow.log_artifact(str(path))
        return str(run.info.run_id)


def scalars_of(record: RunRecord) -> Iterator[Scalar]:
    """Yields the points of all curves, as TensorBoard gets them."""
    curves = Curves()
    events = record.events
    for event, following in itertools.zip_longest(events, events[1:]):
        yield from curves.added(event, following)


def results_of(record: RunRecord) -> dict[str, float]:
    """Returns what the winner came to on the test images; empty before."""
    answer = find_answer(record)
    if answer is None or answer.test_accuracy is None:
        return {}
    found = {"test/accuracy": answer.test_accuracy}
    if answer.classified is not None:
        found |= {
            "test/balanced_accuracy": answer.classified.balanced_accuracy,
            "test/macro_f1": answer.classified.macro_f1,
            "test/auc": answer.classified.auc,
        }
    return found
