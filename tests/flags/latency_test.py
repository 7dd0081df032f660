"""The binary `nse_latency`."""

import hashlib
import json
import pathlib
from typing import Any

import keras
import pytest
import tensorflow as tf
from absl.testing import flagsaver

from nse_tf.export import convert_part
from nse_tf.flags import latency
from nse_tf.quiet import quiet_native_output


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
    assert value["details"]["ops"] == {"CONV_2D": {"total": 1, "delegated": 1}}
    assert value["census"]["weights"]["float32"]["tensors"] == 2


def test_text_says_who_computed(
    capsys: pytest.CaptureFixture[str],
    model_file: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    printed = tmp_path / "printed.txt"
    printed.write_text(
        "Operator-wise Profiling Info for Regular Benchmark Runs:\n"
        "=== Run Order ===\n"
        " CONV_2D 0.5 0.25 100.0% 100.0% 0.000 1 [conv]:0\n"
    )
    text = print_of(
        capsys, model=str(model_file), xnnpack=False, op_profile=str(printed)
    )
    assert "delegate  none, 0 of 1 ops" in text
    assert "op times  CONV_2D 0.25 ms; 0.25 ms in 1 ops\n" in text
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


@pytest.mark.parametrize(
    ("text", "batch"),
    [
        ("uint8 1x96x96x3", 1),
        ("float32 4x96x96x3", 4),
        ("int32 7x12", 1),
        ("float32", 1),
        ("none", 1),
    ],
)
def test_only_images_have_a_batch(text: str, batch: int) -> None:
    assert latency.batch_of(text) == batch


def test_of_a_batch_the_time_for_one_image_is_stated(
    capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    given = keras.Input(batch_shape=(4, 8, 8, 1))
    model = keras.Model(given, keras.layers.GlobalAveragePooling2D()(given))
    path = tmp_path / "four.tflite"
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    with quiet_native_output():
        path.write_bytes(converter.convert())
    capsys.readouterr()  # What Keras says of it.
    value = json.loads(print_of(capsys, model=str(path), format="json"))
    assert value["batch"] == 4
    assert value["image_ms"] == value["latency_ms"] / 4
    text = print_of(capsys, model=str(path))
    assert "ms, of 4 at once\n" in text
