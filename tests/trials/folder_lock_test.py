import os
import pathlib
import signal
import subprocess
import sys

import pytest

from nse_tf.trials.folder_lock import sole_decider

HOLDER = """
import pathlib, sys, time
from nse_tf.trials.folder_lock import sole_decider
with sole_decider(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_refused_and_both_are_named(
    tmp_path: pathlib.Path,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with (
            pytest.raises(ValueError, match="is in use by") as error,
            sole_decider(tmp_path),
        ):
            pass
        assert f"process {other.pid} on" in str(error.value)
        assert f"process {os.getpid()} on" in str(error.value)
        other.send_signal(signal.SIGKILL)
    with sole_decider(tmp_path):  # A kill opens it.
        pass


def test_it_is_open_again_after_an_error(tmp_path: pathlib.Path) -> None:
    with pytest.raises(KeyError), sole_decider(tmp_path):
        raise KeyError
    with sole_decider(tmp_path):
        pass


def test_a_lock_that_is_a_link_is_refused(tmp_path: pathlib.Path) -> None:
    target = tmp_path / "theirs"
    target.write_text("kept")
    (tmp_path / ".lock").symlink_to(target)
    with (
        pytest.raises(ValueError, match=r"\.lock is a symbolic link"),
        sole_decider(tmp_path),
    ):
        pass
    assert target.read_text() == "kept"
