"""Writes the folder of an export; export.json comes last."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from nse_tf.export.checking import ExportCheck
from nse_tf.export.export_report import ExportReport
from nse_tf.export.latency import Latency
from nse_tf.export.machine import describe_machine, now
from nse_tf.export.precisions import ALL_PRECISIONS
from nse_tf.spaces.files import write_bytes, write_json
from nse_tf.training.weight_files import save_model

# What `export_micro` writes; that of another model goes.
MICRO_FILES = ("micro.json", "model_data.h", "model_data.c", "model_ops.h")


def write_files(
    report: ExportReport,
    contents: Mapping[str, bytes],
    class_names: Sequence[str],
    model: keras.Model,
) -> None:
    """Writes all files; export.json comes last, and holds the checksums."""
    for name in MICRO_FILES:
        (report.output_dir / name).unlink(missing_ok=True)
    # Of another model, whose labels and checks go now.
    for precision in set(ALL_PRECISIONS) - set(contents):
        (report.output_dir / f"model_{precision}.tflite").unlink(
            missing_ok=True
        )
    for precision, content in contents.items():
        write_bytes(report.files[precision], content)
    labels = "".join(f"{name}\n" for name in class_names)
    write_bytes(report.output_dir / "labels.txt", labels.encode())
    if report.compression is not None:
        save_model(model, report.output_dir / "model.keras")
    write_json(report.output_dir / "latency.json", _latency_json(report))
    write_json(report.output_dir / "export.json", _export_json(report, model))


def _export_json(report: ExportReport, model: keras.Model) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "schema": "nse_tf.export/1",
        "date": now(),
        "versions": {
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "runtime": dataclasses.asdict(describe_machine()),
        },
        "input": {
            "name": "image",
            "shape": [1, *model.input_shape[1:]],
            "values": "pixel values 0..255; the network normalizes them",
        },
        "output": {"name": "scores", "shape": [1, *model.output_shape[1:]]},
        "files": {
            precision: {
                "file": path.name,
                "sha256": report.sha256[precision],
                "faults": report.faults[precision],
                "check": _check_json(report.checks[precision]),
                "details": dataclasses.asdict(report.details[precision]),
            }
            for precision, path in report.files.items()
        },
    }
    if report.failures:
        facts["failures"] = report.failures
    if report.compression is not None:
        facts["compression"] = report.compression
    return facts


def _check_json(check: ExportCheck) -> dict[str, Any]:
    """Returns a check with shares of integers instead of tensor names."""
    value = dataclasses.asdict(check)
    census = check.census
    value["census"].pop("float_names")
    value["integer_shares"] = {
        "weights": census.integer_weights,
        "weight_bytes": census.integer_weight_bytes,
        "activations": census.integer_activations,
        "activation_bytes": census.integer_activation_bytes,
    }
    return value


def _latency_json(report: ExportReport) -> dict[str, Any]:
    def listed(latencies: Mapping[str, Latency]) -> dict[str, Any]:
        return {
            precision: {
                "file": report.files[precision].name,
                "sha256": report.sha256[precision],
                **dataclasses.asdict(latency),
            }
            for precision, latency in latencies.items()
        }

    return {
        "schema": "nse_tf.latency/1",
        "files": listed(report.latencies),
        "files_at_other_threads": listed(report.other_latencies),
    }
