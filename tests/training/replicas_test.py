import json
import os
import pathlib
import subprocess
import sys

import pytest

from nse_tf.training.loss_scale import FIRST_SCALE

PROGRAM = pathlib.Path(__file__).with_name("replicas_program.py")


def numbers_of(program: pathlib.Path) -> dict[str, float | str]:
    """Returns what a program of two devices prints at its end."""
    done = subprocess.run(
        [sys.executable, program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(pathlib.Path.cwd())},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    numbers: dict[str, float | str] = json.loads(done.stdout.splitlines()[-1])
    return numbers


@pytest.fixture(scope="module")
def found() -> dict[str, float | str]:
    """What five steps on two devices and on one differ by."""
    return numbers_of(PROGRAM)


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


@pytest.mark.slow
def test_in_float16_replicas_leave_out_the_same_steps() -> None:
    numbers = numbers_of(PROGRAM.with_name("float16_replicas_program.py"))
    assert numbers["between replicas"] == 0.0
    assert 1.0 <= float(numbers["scale of the loss"]) < FIRST_SCALE
