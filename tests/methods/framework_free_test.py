import subprocess
import sys

import pytest

SUBPACKAGES = ("spaces", "costs", "jobs", "shrinking", "evolution", "methods")
FRAMEWORKS = ("absl", "keras", "keras_tuner", "tensorflow", "tf_keras")

# Time is that of the process, so that a busy machine does not fail the test.
PROGRAM = f"""
import importlib, sys, time
importlib.import_module(sys.argv[1])
loaded = [name for name in {FRAMEWORKS} if name in sys.modules]
print(*loaded, time.process_time())
"""


@pytest.mark.parametrize("subpackage", SUBPACKAGES)
def test_a_framework_free_subpackage_imports_no_framework_and_fast(
    subpackage: str,
) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, f"nse_tf.{subpackage}"],
        capture_output=True,
        text=True,
        check=True,
    )
    *loaded, seconds = run.stdout.split()
    assert loaded == []
    assert float(seconds) < 1
