import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.distribute.local_workers import _free_port
from nse_tf.distribute.roles import VARIABLES
from nse_tf.distribute.strategies import checked_strategy, num_replicas

PROGRAM = pathlib.Path(__file__).with_name("distributed_program.py")


def start(
    kind: str, folder: pathlib.Path, tf_config: dict[str, Any] | None = None
) -> subprocess.Popen[str]:
    """Starts a process of a search."""
    folder.mkdir()
    return subprocess.Popen(
        [sys.executable, PROGRAM, kind, folder],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(pathlib.Path.cwd()),
            "TF_CONFIG": json.dumps(tf_config or {}),
        },
    )


def end(process: subprocess.Popen[str]) -> None:
    """Waits for a process, which must end well."""
    _, stderr = process.communicate(timeout=180)
    assert process.returncode == 0, stderr


@pytest.mark.slow
def test_two_processes_search_as_two_devices_do(tmp_path: pathlib.Path) -> None:
    end(start("mirrored", tmp_path / "devices"))
    addresses = [f"127.0.0.1:{_free_port()}" for _ in range(2)]
    processes = [
        start(
            "multi_worker",
            tmp_path / str(index),
            {
                "cluster": {"worker": addresses},
                "task": {"type": "worker", "index": index},
            },
        )
        for index in range(2)
    ]
    for process in processes:
        end(process)
    devices, leader = (
        json.loads((tmp_path / name / "outcome.json").read_text())
        for name in ("devices", "0")
    )
    assert leader["path"] == devices["path"]
    for ours, theirs in zip(leader["weights"], devices["weights"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    assert not (tmp_path / "1" / "outcome.json").exists()
    kept = [path.name for path in (tmp_path / "1").rglob("*.npz")]
    assert kept == []  # Who follows keeps no weights.


def test_strategies_are_counted_and_others_refused() -> None:
    one = tf.distribute.OneDeviceStrategy("CPU:0")
    assert checked_strategy(one) is one
    assert num_replicas(one) == num_replicas(None) == 1
    with pytest.raises(ValueError, match=r"must be a tf\.distribute"):
        checked_strategy("mirrored")


def test_a_cluster_beside_a_chief_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "worker")
    cluster = {"worker": ["127.0.0.1:1"]}
    monkeypatch.setattr(
        "nse_tf.distribute.strategies.is_multi_worker",
        lambda strategy: bool(cluster),
    )
    with pytest.raises(ValueError, match="Leave out one of them"):
        checked_strategy(tf.distribute.OneDeviceStrategy("CPU:0"))
