"""What runs in a process of its own, and what is said if that ends."""

import os
import pathlib
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest

from nse_tf.export import convert_part, export_model, own_process, variants
from nse_tf.export.byte_messages import Message, receive, send


@pytest.fixture(scope="module")
def fp32() -> bytes:
    given = keras.Input((4, 4, 3))
    made = keras.Model(given, keras.layers.Conv2D(4, 3)(given))
    return convert_part(made, "fp32")


SAMPLES = np.random.default_rng(0).normal(size=(2, 4, 4, 3))


def test_a_variant_is_the_one_that_this_process_would_make(
    fp32: bytes,
) -> None:
    for precision in ("fp16", "dynamic", "int8"):
        there = own_process.derive(fp32, precision, SAMPLES)
        assert there == variants.derive(fp32, precision, SAMPLES)


def test_an_error_there_is_an_error_here(fp32: bytes) -> None:
    with pytest.raises(ValueError, match="must be fp16, dynamic, int8 or"):
        own_process.derive(fp32, "int4", SAMPLES)


def test_after_one_process_ended_another_is_asked(fp32: bytes) -> None:
    own_process.derive(fp32, "fp16", SAMPLES)
    process = own_process._CHILD._process
    assert process is not None
    os.kill(process.running.pid, signal.SIGKILL)
    process.running.wait()
    assert own_process.derive(fp32, "fp16", SAMPLES)
    assert own_process._CHILD._process is not process


def test_a_request_that_takes_too_long_is_ended(
    fp32: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_process, "SECONDS", 0.01)
    # A new process imports its libraries first, which takes longer.
    monkeypatch.setattr(own_process, "_CHILD", own_process._Child())
    with pytest.raises(ValueError, match=r"it took more than 0\.01 s"):
        own_process.derive(fp32, "fp16", SAMPLES)


def test_it_ends_with_whoever_asks(fp32: bytes, tmp_path: pathlib.Path) -> None:
    (tmp_path / "fp32.tflite").write_bytes(fp32)
    program = """
import os, pathlib, numpy as np
from nse_tf.export import own_process
fp32 = pathlib.Path("fp32.tflite").read_bytes()
own_process.derive(fp32, "fp16", np.zeros(0))
print(own_process._CHILD._process.running.pid, flush=True)
os._exit(0)  # As if it were killed: nothing is cleaned up.
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
    )
    # `run` waits for the end of standard error only, which is not shared.
    pid = int(done.stdout)
    for _ in range(100):
        if not _is_running(pid):
            return
        signal.sigtimedwait([], 0.1)
    raise AssertionError(f"{pid} still runs")


def _is_running(pid: int) -> bool:
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.slow
def test_a_quantizer_that_ends_its_process_leaves_the_other_files(
    tmp_path: pathlib.Path,
) -> None:
    """TensorFlow's quantizer does on an LSTM."""
    images = keras.Input((8, 8, 1))
    x = keras.layers.Rescaling(1 / 255)(images)
    x = keras.layers.LSTM(4)(keras.layers.Reshape((8, 8))(x))
    pixels = np.random.default_rng(0).uniform(0, 255, (20, 8, 8, 1))
    report = export_model(
        keras.Model(images, keras.layers.Dense(2)(x)),
        tmp_path,
        calibration_images=pixels,
        test_images=pixels,
        test_labels=None,
        class_names=["a", "b"],
        precisions=["fp32", "dynamic", "int8"],
        quantizer="tensorflow",
    )
    assert set(report.files) == {"fp32", "dynamic"}
    assert "quantizer ends its process: SIGSEGV" in report.failures["int8"]


def test_messages_come_whole_or_not_at_all(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "pipe"
    message = Message(
        {"task": "run", "given": {"a": [1]}}, (b"", b"\n\n", b"x")
    )
    with path.open("wb") as file:
        send(file, message)
        send(file, message)
    content = path.read_bytes()
    with path.open("rb") as file:
        assert [receive(file) for _ in range(3)] == [message, message, None]
    for length in range(len(content) // 2):
        path.write_bytes(content[:length])
        with path.open("rb") as file:
            assert receive(file) is None
