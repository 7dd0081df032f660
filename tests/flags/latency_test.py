"""The binary `nse_latency`."""

import hashlib
import json
import pathlib
from typing import Any

import keras
import pytest
from absl.testing import flagsaver

from nse_tf.export import convert_part
from nse_tf.flags import latency


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    given = keras.Input((8, 8, 3))
    model = keras.Model(given, keras.layers.Conv2D(4, 3)(given))
    path = tmp_path_factory.mktemp("files") / "model.tflite"
    path.write_bytes(convert_part(model, "fp32"))
    return path


def print_of(capsys: pytest.CaptureFixture[str], **given: Any) -> str:
    with flagsaver.flagsaver(runs=6, rounds=2, warmup=1, **given):
        latency.main(["nse_latency"])
    return capsys.readouterr().out


def test_json_holds_the_median_and_all_that_it_depends_on(
    capsys: pytest.CaptureFixture[str], model_file: pathlib.Path
) -> None:
    value = json.loads(
        print_of(capsys, model=str(model_file), format="json", num_threads=2)
    )
    content = model_file.read_bytes()
    assert value["sha256"] == hashlib.sha256(content).hexdigest()
    assert value["size_bytes"] == len(content)
    assert value["min_ms"] <= value["p25_ms"] <= value["latency_ms"]
    assert value["latency_ms"] <= value["p75_ms"]
    assert value["num_threads"] == 2
    assert value["delegate"] == "XNNPACK"
    assert value["delegated_ops"] == value["num_ops"] == 1
    assert value["machine"]["runtime"] == "ai-edge-litert"
    assert value["machine"].keys() >= {"device", "cpu", "governor"}


def test_text_says_who_computed(
    capsys: pytest.CaptureFixture[str], model_file: pathlib.Path
) -> None:
    text = print_of(capsys, model=str(model_file), xnnpack=False)
    assert "delegate  none, 0 of 1 ops" in text
    assert "threads   1\n" in text
    assert " ms, the median\n" in text


def test_a_model_is_needed() -> None:
    with pytest.raises(ValueError, match=r"--model=FILE\.tflite"):
        latency.main(["nse_latency"])


def test_a_missing_file_is_missing(tmp_path: pathlib.Path) -> None:
    with (
        flagsaver.flagsaver(model=str(tmp_path / "absent.tflite")),
        pytest.raises(FileNotFoundError),
    ):
        latency.main(["nse_latency"])


def test_a_truncated_file_is_refused_by_name(
    tmp_path: pathlib.Path, model_file: pathlib.Path
) -> None:
    path = tmp_path / "cut.tflite"
    path.write_bytes(model_file.read_bytes()[:-9])
    with (
        flagsaver.flagsaver(model=str(path)),
        pytest.raises(ValueError, match=r"cut\.tflite is not a whole"),
    ):
        latency.main(["nse_latency"])
