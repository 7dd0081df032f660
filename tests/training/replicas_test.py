import json
import os
import pathlib
import subprocess
import sys

import pytest

PROGRAM = pathlib.Path(__file__).with_name("replicas_program.py")


@pytest.fixture(scope="module")
def found() -> dict[str, float | str]:
    """What five steps on two devices and on one differ by."""
    done = subprocess.run(
        [sys.executable, PROGRAM],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(pathlib.Path.cwd())},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    numbers: dict[str, float | str] = json.loads(done.stdout.splitlines()[-1])
    return numbers


def test_replicas_keep_the_same_weights_and_statistics(
    found: dict[str, float | str],
) -> None:
    assert found["between replicas"] == 0.0


def test_two_equal_halves_train_as_one_batch_does(
    found: dict[str, float | str],
) -> None:
    """Only then are the statistics of each half those of the batch."""
    assert float(found["apart from one device"]) < 1e-5


def test_a_batch_that_does_not_divide_is_refused(
    found: dict[str, float | str],
) -> None:
    assert str(found["refusal"]).startswith(
        "A batch of 3 images does not divide among 2 replicas"
    )
