"""Several objectives through keras-tuner's chief and a worker."""

import json
import os
import pathlib
import socket
import subprocess
import sys

import pytest

PROGRAM = """
import json, sys
import keras_tuner
from nse_tf.tuners import Evolution

def build(hp):
    hp.Int("number", 1, 100)

class Judge(Evolution):
    def run_trial(self, trial, *args, **kwargs):
        number = trial.hyperparameters.get("number")
        return {"val_accuracy": number / 100, "macs": number % 10 + 1.0}

tuner = Judge(
    build,
    objective=["val_accuracy", "macs"],
    constraints={"macs": 8},
    max_trials=12,
    population=4,
    seed=0,
    directory=sys.argv[1],
    project_name="it",
)
if sys.argv[2] == "worker":
    trial = tuner.oracle.create_trial("spy")  # Holds the chief until we ask.
tuner.search()
if sys.argv[2] == "worker":
    tuner._run_and_update_trial(trial)
    trial.status = "COMPLETED"
    tuner.oracle.end_trial(trial)
front = tuner.pareto_trials()
print(json.dumps([each.hyperparameters.values["number"] for each in front]))
if sys.argv[2] == "worker":
    tuner.oracle.create_trial("spy")  # Is told that there are no more.
"""


def start(
    folder: pathlib.Path, role: str, port: int
) -> "subprocess.Popen[str]":
    """Starts the chief or a worker."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), role],
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(pathlib.Path.cwd()),
            "KERASTUNER_TUNER_ID": role,
            "KERASTUNER_ORACLE_IP": "127.0.0.1",
            "KERASTUNER_ORACLE_PORT": str(port),
        },
    )


@pytest.mark.slow
def test_the_front_is_told_through_a_chief(tmp_path: pathlib.Path) -> None:
    """A worker's front is that of all that ended, by float32 metrics."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chief = start(tmp_path, "chief", port)
    worker = start(tmp_path, "worker", port)
    try:
        seen_by_worker = json.loads(
            worker.communicate(timeout=120)[0].splitlines()[-1]
        )
        seen_by_chief = json.loads(
            chief.communicate(timeout=120)[0].splitlines()[-1]
        )
    finally:
        for process in (chief, worker):
            process.kill()
    assert worker.returncode == chief.returncode == 0
    assert len(seen_by_worker) > 1
    costs = [number % 10 + 1 for number in seen_by_chief]
    assert max(costs) <= 8
    assert costs == sorted(costs, reverse=True)
    assert seen_by_worker == seen_by_chief
