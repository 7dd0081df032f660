"""Evolution through keras-tuner's chief and a worker."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys

import pytest

PROGRAM = """
import json, os, signal, sys
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
tuner.lease_seconds = 2.0
if sys.argv[2] == "mortal":
    tuner.run_trial = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
tuner.search()
front = tuner.pareto_trials()
print(json.dumps([each.hyperparameters.values["number"] for each in front]))
"""

FAILING = """
import sys
from nse_tf.tuners import Evolution

def build(hp):
    hp.Int("number", 1, 100)

class Failing(Evolution):
    def run_trial(self, trial, *args, **kwargs):
        raise MemoryError("3 GB of 2")

Failing(
    build, seed=0, directory=sys.argv[1], project_name="it"
).search(verbose=0)
"""


def start(
    folder: pathlib.Path, role: str, port: int, program: str = PROGRAM
) -> "subprocess.Popen[str]":
    """Starts the chief or a worker."""
    return subprocess.Popen(
        [sys.executable, "-c", program, str(folder), role],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(pathlib.Path.cwd()),
            "KERASTUNER_TUNER_ID": role,
            "KERASTUNER_ORACLE_IP": "127.0.0.1",
            "KERASTUNER_ORACLE_PORT": str(port),
        },
    )


def free_port() -> int:
    """Returns a port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@pytest.mark.slow
def test_the_front_is_reported_through_a_chief(tmp_path: pathlib.Path) -> None:
    """A worker's front is that of all that ended, by float32 metrics."""
    port = free_port()
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


@pytest.mark.slow
def test_the_trial_of_a_killed_worker_is_done_by_another(
    tmp_path: pathlib.Path,
) -> None:
    """keras-tuner's chief waits for the dead for ever."""
    port = free_port()
    chief = start(tmp_path, "chief", port)
    mortal = start(tmp_path, "mortal", port)
    try:
        mortal.communicate(timeout=60)
        worker = start(tmp_path, "worker", port)
        worker.communicate(timeout=60)
        chief.communicate(timeout=60)
    finally:
        for process in (chief, mortal, worker):
            process.kill()
    assert mortal.returncode == -signal.SIGKILL
    assert worker.returncode == chief.returncode == 0
    state = json.loads((tmp_path / "it" / "oracle.json").read_text())
    assert len(state["end_order"]) == len(set(state["end_order"])) == 12


@pytest.mark.slow
def test_too_many_failures_end_the_chief_with_the_error(
    tmp_path: pathlib.Path,
) -> None:
    """keras-tuner's hangs, and does not learn why a worker's trial failed."""
    port = free_port()
    chief = start(tmp_path, "chief", port, FAILING)
    worker = start(tmp_path, "worker", port, FAILING)
    try:
        worker.communicate(timeout=60)
        _, said = chief.communicate(timeout=60)
    finally:
        for process in (chief, worker):
            process.kill()
    assert worker.returncode == 0
    assert chief.returncode == 1
    assert "exceeded the limit of 3" in said
    assert "MemoryError: 3 GB of 2" in said
    assert len(list(tmp_path.glob("it/trial_*/error.txt"))) == 3
