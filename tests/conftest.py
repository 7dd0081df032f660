"""What every test starts from."""

import gc
import os
import pathlib

# Before TensorFlow is imported, by whichever test comes first.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import hypothesis
import pytest
from absl import flags

# Flags have their defaults; a test that wants others uses absl's flagsaver.
flags.FLAGS.mark_as_parsed()

# The same examples on every machine, however busy that machine is.
hypothesis.settings.register_profile(
    "everywhere",
    max_examples=50,
    derandomize=True,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("everywhere")


def pytest_collection_finish() -> None:
    """Keeps the collector off what is imported, and lets garbage pile up.

    A trace makes objects by the hundred thousand while all of TensorFlow is
    alive: the collector's full passes took a tenth of the time of the tests.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Where a run would lie."""
    return tmp_path / "run"
