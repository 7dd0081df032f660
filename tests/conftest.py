"""What every test starts from."""

import gc
import os
import pathlib
import signal
from collections.abc import Iterator

# Before TensorFlow is imported, by whichever test comes first.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import hypothesis
import pytest
from absl import flags

from nse_tf.garbage import collect_rarely

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
    """Collects garbage as rarely as binaries do, and not what is imported."""
    gc.freeze()
    collect_rarely()


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Where a run would lie."""
    return tmp_path / "run"


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Lets SIGINT interrupt, also where a shell started the tests without it.

    Shells have what they start in the background ignore it, and processes that
    are started from there inherit that.
    """
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)
