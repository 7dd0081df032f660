import importlib.util
import pathlib
import subprocess
import sys

import pytest

from nse_tf.reporting.mlflow_log import (
    log_to_mlflow,
    require_mlflow,
    results_of,
    scalars_of,
)
from nse_tf.reporting.run_record import read_record

IS_INSTALLED = importlib.util.find_spec("mlflow") is not None


def test_what_is_logged_is_what_tensorboard_gets_and_the_results(
    run_dir: pathlib.Path,
) -> None:
    record = read_record(run_dir)
    tags = {tag for tag, _, _ in scalars_of(record)}
    assert {"space/log10_networks", "inherited/best_so_far"} <= tags
    assert results_of(record) == {"test/accuracy": 356 / 360}


@pytest.mark.skipif(IS_INSTALLED, reason="MLflow is installed")
def test_without_mlflow_the_way_to_it_is_named() -> None:
    with pytest.raises(ValueError, match=r"pip install 'nse-tf\[mlflow\]'"):
        require_mlflow()


def test_reading_runs_needs_no_mlflow() -> None:
    program = "import sys, nse_tf.reporting; assert 'mlflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.skipif(not IS_INSTALLED, reason="MLflow is not installed")
def test_a_run_is_logged_whole(
    run_dir: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.chdir(tmp_path)
    mlflow = require_mlflow()
    mlflow.set_tracking_uri((tmp_path / "tracked").as_uri())
    logged = mlflow.get_run(log_to_mlflow(run_dir, "digits"))
    record = read_record(run_dir)
    assert logged.info.run_name == record.name
    assert logged.data.params.keys() == record.settings.keys()
    assert logged.data.metrics["test/accuracy"] == 356 / 360
    last = {tag: value for tag, _, value in scalars_of(record)}
    for tag, value in last.items():
        assert logged.data.metrics[tag] == pytest.approx(value)
