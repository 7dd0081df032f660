"""Exports a Keras model: .tflite files that are checked and timed.

A folder gets `model_fp32.tflite` and so on for each precision, `labels.txt` (a
class per line, in the order of the scores), `export.json` (checksums, checks,
faults) and `latency.json` (latencies with provenance), each whole or not at
all. Each file also contains labels and the input's description, see `metadata`.
Of a compressed network the pruned or clustered one is exported, as
`model.keras` too, and the file of one fine-tuned for 8 bits replaces the
converted int8 file.
"""

import dataclasses
import hashlib
import math
import os
import pathlib
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tqdm

from nse_tf.export.checking import (
    LIMITS,
    ExportCheck,
    Limits,
    check,
    find_faults,
)
from nse_tf.export.compression import Compressed
from nse_tf.export.compression_check import (
    CompressionCheck,
    check_compressed,
    compression_json,
)
from nse_tf.export.latency import Latency, measure_together
from nse_tf.export.machine import describe_machine, now
from nse_tf.export.metadata import with_classifier
from nse_tf.export.tflite import PRECISIONS, convert_all
from nse_tf.spaces.files import write_bytes, write_json

# More calibration images change nothing (see `convert`) and cost time.
NUM_CALIBRATION_IMAGES = 200
# Of a file fine-tuned for 8 bits: its weights, and so its scores, are others.
FINE_TUNED_LIMITS = Limits(
    largest=math.inf,
    mean=math.inf,
    accuracy_drop=LIMITS["int8"].accuracy_drop,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Timing:
    """How exported files are timed.

    Attributes:
        num_threads: Threads that one inference may use.
        use_xnnpack: Whether XNNPACK may take operators.
        seed: Seed of the random inputs.
    """

    num_threads: int = 1
    use_xnnpack: bool = True
    seed: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportReport:
    """What was exported; every mapping is by precision.

    Attributes:
        output_dir: The folder written to.
        files: The .tflite files.
        sha256: Checksums of the files.
        checks: How they compare to Keras on the test images.
        faults: What is wrong with each, in sentences; empty if nothing.
        latencies: How long one inference takes here.
        other_latencies: The same at another number of threads: 2 instead of 1,
            1 instead of more.
        compression: What `export.json` says of a compression; None without.
    """

    output_dir: pathlib.Path
    files: dict[str, pathlib.Path]
    sha256: dict[str, str]
    checks: dict[str, ExportCheck]
    faults: dict[str, list[str]]
    latencies: dict[str, Latency]
    other_latencies: dict[str, Latency]
    compression: dict[str, Any] | None = None

    @property
    def is_faultless(self) -> bool:
        """Whether every file passed every check."""
        return not any(self.faults.values())


def export_model(
    model: keras.Model,
    output_dir: str | os.PathLike[str],
    *,
    calibration_images: np.ndarray | None,
    test_images: np.ndarray,
    test_labels: np.ndarray | None,
    class_names: Sequence[str],
    precisions: Sequence[str] = PRECISIONS,
    quantizer: str = "ai_edge",
    compressed: Compressed | None = None,
    timing: Timing = Timing(),
    progress: bool = False,
) -> ExportReport:
    """Writes a model as .tflite files, with checks and latencies.

    A faulty file is written, too: read `report.faults`.

    Args:
        model: One input `(batch, height, width, channels)` of raw pixel values
            0..255 (it normalizes them itself), one output `(batch, classes)`.
        output_dir: Folder to write to; made if missing.
        calibration_images: `(count, height, width, channels)` from the training
            set, for int8; 200 of them, evenly spaced, are used.
        test_images: `(count, height, width, channels)`, pixel values 0..255.
        test_labels: `(count,)`, class indices; None compares scores alone.
        class_names: A name for each score.
        precisions: Precisions to write, of `PRECISIONS`.
        quantizer: Tool for other precisions than fp32; see `convert`.
        compressed: Result of `compress` for the model, exported in its place.
        timing: How files are timed.
        progress: Whether to show a progress bar.

    Raises:
        ValueError: If names do not fit the scores, or a compression does not
            fit precisions or labels; or see `convert`, `check`.
    """
    _check_names(class_names, model)
    steps = len(precisions) + 3  # Convert all, check each, time all twice.
    with tqdm.tqdm(total=steps, desc="Export", disable=not progress) as bar:
        network = model
        if compressed is not None:
            _check_compressed(compressed, precisions, test_labels)
            network = compressed.model or model
        images = calibration_images
        if images is not None:
            images = _evenly_spaced(images, NUM_CALIBRATION_IMAGES)
        files = convert_all(network, precisions, images, quantizer=quantizer)
        contents = _contents(files, compressed, class_names)
        bar.update()
        checks = _checked(contents, network, (test_images, test_labels), bar)
        timed = _timed(contents, timing, bar)
    report = _make_report(pathlib.Path(output_dir), contents, checks, timed)
    if compressed is not None and test_labels is not None:
        found = check_compressed(compressed, model, test_images, test_labels)
        report = _with_compression(report, compressed, found, contents)
    _write(report, contents, class_names, network)
    return report


def _contents(
    converted: Mapping[str, bytes],
    compressed: Compressed | None,
    class_names: Sequence[str],
) -> dict[str, bytes]:
    """Returns the contents of the files, with labels inside."""
    files = dict(converted)
    if compressed is not None and compressed.tflite is not None:
        files["int8"] = compressed.tflite
    return {
        precision: with_classifier(content, class_names)
        for precision, content in files.items()
    }


def _evenly_spaced(images: np.ndarray, count: int) -> np.ndarray:
    """Returns at most `count` images: sorted by class, all classes are in."""
    chosen = np.linspace(
        0, len(images), min(count, len(images)), endpoint=False
    )
    spaced: np.ndarray = images[chosen.astype(int)]
    return spaced


def _checked(
    contents: Mapping[str, bytes],
    model: keras.Model,
    test: tuple[np.ndarray, np.ndarray | None],
    bar: "tqdm.tqdm[Any]",
) -> dict[str, ExportCheck]:
    """Returns how each file compares with Keras on test images."""
    checks = {}
    for precision, content in contents.items():
        checks[precision] = check(content, model, *test)
        bar.update()
    return checks


def _timed(
    contents: Mapping[str, bytes], timing: Timing, bar: "tqdm.tqdm[Any]"
) -> list[dict[str, Latency]]:
    """Returns the latencies at the threads asked for, and at another number."""
    timed = []
    for threads in (timing.num_threads, 2 if timing.num_threads == 1 else 1):
        measured = measure_together(
            contents,
            num_threads=threads,
            use_xnnpack=timing.use_xnnpack,
            seed=timing.seed,
        )
        timed.append(measured)
        bar.update()
    return timed


def _make_report(
    output_dir: pathlib.Path,
    contents: Mapping[str, bytes],
    checks: dict[str, ExportCheck],
    timed: list[dict[str, Latency]],
) -> ExportReport:
    return ExportReport(
        output_dir=output_dir,
        files={p: output_dir / f"model_{p}.tflite" for p in contents},
        sha256={p: hashlib.sha256(c).hexdigest() for p, c in contents.items()},
        checks=checks,
        faults={p: find_faults(check, p) for p, check in checks.items()},
        latencies=timed[0],
        other_latencies=timed[1],
    )


def _check_compressed(
    made: Compressed, precisions: Sequence[str], labels: np.ndarray | None
) -> None:
    if labels is None:
        raise ValueError(
            "`test_labels` is None: the effect of compression on accuracy "
            "cannot be measured without labels."
        )
    if made.tflite is not None and "int8" not in precisions:
        raise ValueError(
            f"`precisions` {', '.join(precisions)} lack int8, which is the "
            "file of a network fine-tuned for 8 bits."
        )


def _with_compression(
    report: ExportReport,
    made: Compressed,
    found: CompressionCheck,
    contents: Mapping[str, bytes],
) -> ExportReport:
    """Returns the report with what compressing did, and its faults."""
    faults = {
        precision: [*listed, *found.faults]
        for precision, listed in report.faults.items()
    }
    if made.tflite is not None:
        faults["int8"] = find_faults(
            report.checks["int8"], "int8", FINE_TUNED_LIMITS
        )
    return dataclasses.replace(
        report,
        faults=faults,
        compression=compression_json(made, found, contents),
    )


def _write(
    report: ExportReport,
    contents: Mapping[str, bytes],
    class_names: Sequence[str],
    model: keras.Model,
) -> None:
    """Writes all files; export.json comes last, and holds the checksums."""
    for precision, content in contents.items():
        write_bytes(report.files[precision], content)
    labels = "".join(f"{name}\n" for name in class_names)
    write_bytes(report.output_dir / "labels.txt", labels.encode())
    if report.compression is not None:
        _write_model(report.output_dir / "model.keras", model)
    write_json(report.output_dir / "latency.json", _latency_json(report))
    write_json(report.output_dir / "export.json", _export_json(report, model))


def _write_model(path: pathlib.Path, model: keras.Model) -> None:
    """Writes a Keras model, whole or not at all."""
    with tempfile.TemporaryDirectory() as folder:
        whole = pathlib.Path(folder) / path.name
        model.save(whole)
        write_bytes(path, whole.read_bytes())


def _check_names(class_names: Sequence[str], model: keras.Model) -> None:
    num_scores = model.output_shape[-1]
    if len(class_names) != num_scores:
        raise ValueError(
            f"`class_names` has {len(class_names)} names, the model "
            f"{num_scores} scores."
        )
    for name in class_names:
        if len(name.splitlines()) != 1:
            raise ValueError(
                f"`class_names` has {name!r}, which is not one line; "
                "labels.txt holds one class per line."
            )


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
            }
            for precision, path in report.files.items()
        },
    }
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
