"""The binary `nse_export`, and `nse_latency` on what it writes."""

import importlib.util
import json
import pathlib
from typing import Any

import keras
import numpy as np
import pytest
from absl.testing import flagsaver

from nse_tf.datasets import load
from nse_tf.export import read_classifier
from nse_tf.export.metadata import gives_probabilities
from nse_tf.flags import export, latency
from nse_tf.spaces import make_preset
from nse_tf.spaces.files import write_json


def digits_network() -> keras.Model:
    """Returns a network whose last layer was fitted to the digits."""
    keras.utils.set_random_seed(0)
    given = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(8, 3, activation="relu")(given)
    x = keras.layers.Flatten()(x)
    scores = keras.layers.Dense(10)
    model = keras.Model(given, scores(x))
    train = load("digits").train
    features = keras.Model(given, x).predict(train.images, verbose=0)
    wanted = np.eye(10)[train.labels]
    kernel, *_ = np.linalg.lstsq(features, wanted, rcond=1e-3)
    scores.set_weights([kernel, np.zeros(10)])
    return model


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("models") / "digits.keras"
    digits_network().save(path)
    return path


def run(folder: pathlib.Path, **given: Any) -> None:
    with flagsaver.flagsaver(output_dir=str(folder), **given):
        export.main(["nse_export"])


def test_labeled_images_give_all_precisions_and_accuracies(
    model_file: pathlib.Path,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(tmp_path / "out", model=str(model_file), dataset="digits", details=True)
    report = capsys.readouterr()
    table, *listed = report.out.split("\n\n")
    assert [each.split()[0] for each in listed] == [
        f"model_{precision}.tflite"
        for precision in ("fp32", "fp16", "dynamic", "int8")
    ]
    assert all("\n  RAM " in each for each in listed)
    rows = table.splitlines()
    # How busy the machine is decides whether there is such a note.
    rows = [row for row in rows if not row.startswith("Latencies with ?")]
    assert [row.split()[0] for row in rows] == [
        "file",
        "model_fp32.tflite",
        "model_fp16.tflite",
        "model_dynamic.tflite",
        "model_int8.tflite",
    ]
    assert report.err == ""
    facts = json.loads((tmp_path / "out" / "export.json").read_text())
    for file in facts["files"].values():
        assert file["check"]["num_images"] == 360
        assert 0.85 < file["check"]["accuracy"] <= 1
        assert file["details"]["ops"]["CONV_2D"]["total"] == 1
        assert file["details"]["live_bytes"] > 0
    labels = read_classifier(tmp_path / "out" / "model_int8.tflite")["labels"]
    assert labels == [str(digit) for digit in range(10)]


def test_pixels_that_enter_otherwise_than_in_training_are_a_fault(
    model_file: pathlib.Path,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(
            tmp_path / "out",
            model=str(model_file),
            dataset="digits",
            value_range=["-300", "300"],
            precisions=["fp32"],
        )
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("model_fp32.tflite: Of 360 test images ")
    assert "with --value_range=0,255 " in said
    facts = json.loads((tmp_path / "out" / "export.json").read_text())
    (fault,) = facts["files"]["fp32"]["faults"]
    assert fault in said


def test_json_holds_both_files(
    model_file: pathlib.Path,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = tmp_path / "names.txt"
    names.write_text("".join(f"digit {digit}\n" for digit in range(10)))
    run(
        tmp_path / "out",
        model=str(model_file),
        precisions=["fp32"],
        labels=str(names),
        softmax=True,
        format="json",
    )
    value = json.loads(capsys.readouterr().out)
    assert value["export.json"]["files"]["fp32"]["check"]["accuracy"] is None
    assert value["latency.json"]["files"]["fp32"]["delegate"] == "XNNPACK"
    written = read_classifier(tmp_path / "out" / "model_fp32.tflite")
    assert written["labels"][3] == "digit 3"
    content = (tmp_path / "out" / "model_fp32.tflite").read_bytes()
    assert gives_probabilities(content)


def test_a_genotype_is_built_and_exported_for_its_latency(
    tmp_path: pathlib.Path,
) -> None:
    space = make_preset("spos_tiny", image_size=(8, 8))
    path = tmp_path / "genotype.json"
    genotype = space.sample(np.random.default_rng(0))
    write_json(path, genotype.to_json())
    run(
        tmp_path / "out",
        model=str(path),
        space="spos_tiny",
        image_size="8",
        precisions=["fp32"],
    )
    assert (tmp_path / "out" / "model_fp32.tflite").exists()
    with pytest.raises(ValueError, match="name its space by"):
        run(tmp_path / "out", model=str(path))


def test_int8_without_images_is_refused_and_writes_nothing(
    model_file: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(ValueError, match="`calibration_images` is empty"):
        run(tmp_path / "out", model=str(model_file), precisions=["int8"])
    assert not (tmp_path / "out").exists()


def test_flags_that_do_not_fit_are_refused(
    model_file: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    out, model = tmp_path / "out", str(model_file)
    with pytest.raises(ValueError, match=r"--model=FILE --output_dir=DIR"):
        run(out)
    with pytest.raises(FileNotFoundError):
        run(out, model="absent.keras")
    with pytest.raises(ValueError, match="is a whole model: leave out"):
        run(out, model=model, space="spos")
    with pytest.raises(ValueError, match="`--value_range` is '1,0'"):
        run(out, model=model, value_range=["1", "0"])
    broken = tmp_path / "broken.keras"
    broken.write_bytes(model_file.read_bytes()[:500])
    with pytest.raises(ValueError, match=r"broken\.keras is no whole"):
        run(out, model=str(broken))
    assert not out.exists()


def test_a_range_of_values_is_put_into_the_file(
    model_file: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    for name, values in (("raw", ["0", "255"]), ("unit", ["0", "1"])):
        run(
            tmp_path / name,
            model=str(model_file),
            value_range=values,
            precisions=["fp32"],
        )
    spans = {
        name: json.loads((tmp_path / name / "export.json").read_text())[
            "files"
        ]["fp32"]["check"]["score_span"]
        for name in ("raw", "unit")
    }
    assert spans["raw"] == pytest.approx(255 * spans["unit"], rel=0.01)


@pytest.mark.slow
def test_a_stock_mobilenet_goes_through_both(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV2(
        (32, 32, 3), alpha=0.35, weights=None, classifier_activation=None
    )
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.gamma.assign(2 * layer.gamma)  # Or scores would fade.
    model.save(tmp_path / "mobilenet.keras")
    run(
        tmp_path / "out",
        model=str(tmp_path / "mobilenet.keras"),
        value_range=["-1", "1"],
    )
    assert "prove nothing" not in capsys.readouterr().out
    facts = json.loads((tmp_path / "out" / "export.json").read_text())
    assert list(facts["files"]) == ["fp32", "fp16", "dynamic"]
    assert facts["files"]["fp32"]["check"]["score_span"] > 1e-4
    assert all(not file["faults"] for file in facts["files"].values())
    with flagsaver.flagsaver(
        model=str(tmp_path / "out" / "model_fp32.tflite"), format="json"
    ):
        latency.main(["nse_latency"])
    measured = json.loads(capsys.readouterr().out)
    assert measured["delegated_ops"] == measured["num_ops"] > 50
    assert measured["latency_ms"] > 0


def test_what_cannot_be_compressed_is_refused_before_anything_is_read(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="`--compress` prune trains"):
        run(out, model="absent.keras", compress="prune")
    given = {"model": "absent.keras", "dataset": "digits"}
    with pytest.raises(ValueError, match="put int8 into --precisions"):
        run(out, compress="quantize", precisions=["fp32"], **given)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install nse-tf\[compress\]"):
        run(out, compress="prune", **given)
    assert not out.exists()


def test_what_no_microcontroller_runs_is_refused_before_anything_is_read(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, given = tmp_path / "out", {"model": "absent.keras", "target": "micro"}
    with pytest.raises(ValueError, match="`--precisions` is fp32,int8, but"):
        run(out, precisions=["fp32", "int8"], **given)
    with pytest.raises(ValueError, match="micro needs images that int8"):
        run(out, **given)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'nse-tf\[micro\]'"):
        run(out, dataset="digits", **given)
    assert not out.exists()


@pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_model_optimization") is None,
    reason="tensorflow-model-optimization is not installed",
)
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["quantize", "prune", "cluster"])
def test_a_network_is_compressed_and_exported(
    kind: str,
    model_file: pathlib.Path,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    run(
        out,
        model=str(model_file),
        dataset="digits",
        precisions=["fp32", "int8"],
        compress=kind,
        compress_epochs=2,
        compress_learning_rate=1e-3,
    )
    report = json.loads((out / "export.json").read_text())
    done = report["compression"]
    assert (done["kind"], done["epochs"]) == (kind, 2)
    assert done["learning_rate"] == 1e-3
    assert done["losses"][1] < done["losses"][0]
    for file in report["files"].values():
        assert file["faults"] == []
    text = capsys.readouterr().out
    assert f"{kind}, epochs: 2; accuracy" in text
    assert "bytes once zipped: fp32" in text
    shares = report["files"]["int8"]["check"]["integer_shares"]
    assert shares["weights"] == 1.0
    assert (out / "model.keras").exists()
