"""A whole export: files, checksums, checks and latencies."""

import hashlib
import json
import pathlib

import numpy as np
import pytest

from nse_tf.export import PRECISIONS, ExportReport, export_model, predict
from nse_tf.export.exporter import _evenly_spaced
from tests.export.textures import CLASSES, Trained


def export(
    trained: Trained, folder: pathlib.Path, class_names: tuple[str, ...]
) -> ExportReport:
    return export_model(
        trained.model,
        folder,
        calibration_images=trained.images,
        test_images=trained.test_images,
        test_labels=trained.test_labels,
        class_names=class_names,
    )


@pytest.fixture(scope="module")
def report(
    trained: Trained, tmp_path_factory: pytest.TempPathFactory
) -> ExportReport:
    return export(trained, tmp_path_factory.mktemp("run") / "best", CLASSES)


def test_folder_holds_the_promised_files(report: ExportReport) -> None:
    assert sorted(path.name for path in report.output_dir.iterdir()) == [
        "export.json",
        "labels.txt",
        "latency.json",
        "model_dynamic.tflite",
        "model_fp16.tflite",
        "model_fp32.tflite",
        "model_int8.tflite",
    ]
    labels = (report.output_dir / "labels.txt").read_text()
    assert labels.splitlines() == list(CLASSES)


def test_sound_network_is_exported_without_a_fault(
    report: ExportReport,
) -> None:
    assert report.is_faultless
    assert report.faults == {precision: [] for precision in PRECISIONS}


def test_integer_files_are_smaller(report: ExportReport) -> None:
    sizes = {p: report.checks[p].size_bytes for p in PRECISIONS}
    assert sizes["fp32"] > sizes["fp16"] > max(sizes["dynamic"], sizes["int8"])


def test_export_json_holds_checksums_and_shares(report: ExportReport) -> None:
    value = json.loads((report.output_dir / "export.json").read_text())
    assert value["schema"] == "nse_tf.export/1"
    assert value["input"]["shape"] == [1, 8, 8, 1]
    for precision in PRECISIONS:
        entry = value["files"][precision]
        content = (report.output_dir / entry["file"]).read_bytes()
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
        assert entry["check"]["accuracy"] > 0.95
    shares = value["files"]["int8"]["check"]["integer_shares"]
    assert set(shares.values()) == {1.0}
    assert value["files"]["fp32"]["check"]["integer_shares"]["weights"] == 0


def test_latency_json_says_where_each_figure_is_from(
    report: ExportReport,
) -> None:
    value = json.loads((report.output_dir / "latency.json").read_text())
    for precision, entry in value["files_at_other_threads"].items():
        assert entry["num_threads"] == 2
        assert entry["median_ms"] == report.other_latencies[precision].median_ms
    for precision, entry in value["files"].items():
        assert entry["num_threads"] == 1
        assert entry["sha256"] == report.sha256[precision]
        assert entry["median_ms"] == report.latencies[precision].median_ms
        assert entry["delegate"] == "XNNPACK"
        assert entry["machine"]["runtime_version"]


def test_written_files_classify_the_test_images(
    report: ExportReport, trained: Trained
) -> None:
    scores = predict(report.files["int8"], trained.test_images)
    accuracy = (scores.argmax(axis=1) == trained.test_labels).mean()
    assert accuracy == pytest.approx(report.checks["int8"].accuracy)


def test_calibration_images_are_spread_over_the_whole_set() -> None:
    assert _evenly_spaced(np.arange(10), 4).tolist() == [0, 2, 5, 7]
    assert _evenly_spaced(np.arange(5), 4).tolist() == [0, 1, 2, 3]
    assert _evenly_spaced(np.arange(3), 4).tolist() == [0, 1, 2]
    assert _evenly_spaced(np.arange(0), 4).tolist() == []


def test_names_that_do_not_fit_the_scores_are_refused(
    trained: Trained, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(ValueError, match="3 names, the model 4 scores"):
        export(trained, tmp_path / "best", CLASSES[:3])
    with pytest.raises(ValueError, match="'two\\\\nlines', which is not one"):
        export(trained, tmp_path / "best", (*CLASSES[:3], "two\nlines"))
    assert list(tmp_path.iterdir()) == []
