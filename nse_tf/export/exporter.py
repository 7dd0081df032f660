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
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tqdm

from nse_tf.export.binary_heads import with_two_scores
from nse_tf.export.checking import (
    LIMITS,
    ExportCheck,
    Limits,
    check,
    find_faults,
    keras_scores,
)
from nse_tf.export.compression import Compressed
from nse_tf.export.compression_check import (
    CompressionCheck,
    check_compressed,
    compression_json,
)
from nse_tf.export.export_files import write_files
from nse_tf.export.export_report import ExportReport
from nse_tf.export.file_details import describe_file
from nse_tf.export.latency import Latency, measure_together
from nse_tf.export.metadata import with_classifier
from nse_tf.export.precisions import PRECISIONS
from nse_tf.export.preprocessing import preprocessing_fault, unlabeled_fault
from nse_tf.export.soundness import (
    Magnitude,
    in_float32,
    require_classifier,
    require_finite,
)
from nse_tf.export.tflite import convert_each

# More calibration images change nothing (see `convert`) and cost time.
NUM_CALIBRATION_IMAGES = 200
# Of what a quantizer says of a failure; TensorFlow's may be pages of MLIR.
_LONGEST_REASON = 300
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
    value_range: tuple[float, float] | None = None,
    timing: Timing = Timing(),
    progress: bool = False,
) -> ExportReport:
    """Writes a model as .tflite files, with checks and latencies.

    A faulty file is written, too: see `faults` and `failures` of the report.
    Files of an earlier export go.

    Args:
        model: One input `(batch, height, width, channels)` of raw pixel values
            0..255 (it normalizes them itself), one output `(batch, classes)`.
        output_dir: Folder to write to; made if missing.
        calibration_images: `(count, height, width, channels)` that it was
            trained on, for int8; 200, evenly spaced, are used.
        test_images: `(count, height, width, channels)`, pixel values 0..255.
        test_labels: `(count,)`, class indices; None compares scores alone.
        class_names: A name for each score.
        precisions: Precisions to write, of `ALL_PRECISIONS`.
        quantizer: Tool for other precisions than fp32; see `convert`.
        compressed: Result of `compress` for the model, exported in its place.
        value_range: What black and white become in the model; it is checked
            that it was trained so. None checks nothing.
        timing: How files are timed.
        progress: Whether to show a progress bar.

    Raises:
        ValueError: If arguments do not fit, or it is no finite classifier.
    """
    model = network = _classifier(model, class_names)
    if compressed is not None:
        network = _network_of(compressed, model, precisions, test_labels)
    with _new_bar(len(precisions), progress) as bar:
        largest = require_finite(network, test_images)
        files, failures = _converted(
            network, precisions, calibration_images, quantizer
        )
        bar.update()
        contents = _contents(files, compressed, class_names)
        checks = _checked(contents, network, (test_images, test_labels), bar)
        timed = _timed(contents, timing, bar)
    report = _make_report(output_dir, contents, checks, timed, timing)
    report = _with_faults(report, largest, failures)
    _check_pixels(report, model, test_images, test_labels, value_range)
    if compressed is not None and test_labels is not None:
        found = check_compressed(compressed, model, test_images, test_labels)
        report = _with_compression(report, compressed, found, contents)
    write_files(report, contents, class_names, network)
    return report


def _new_bar(num_files: int, is_shown: bool) -> "tqdm.tqdm[Any]":
    """Returns a bar of steps: convert all, time all twice, check each."""
    return tqdm.tqdm(total=3 + num_files, desc="Export", disable=not is_shown)


def _classifier(model: keras.Model, class_names: Sequence[str]) -> keras.Model:
    """Returns a model as it can be exported.

    Raises:
        ValueError: If it is no classifier, or names do not fit its scores.
    """
    require_classifier(model)
    model = with_two_scores(in_float32(model))
    _check_names(class_names, model)
    return model


def _with_faults(
    report: ExportReport, largest: Magnitude, failures: dict[str, str]
) -> ExportReport:
    """Returns the report with what half precision cannot hold, and failures."""
    if "fp16" in report.faults and largest.half_fault:
        report.faults["fp16"].append(largest.half_fault)
    return dataclasses.replace(report, failures=failures)


def _check_pixels(
    report: ExportReport,
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray | None,
    value_range: tuple[float, float] | None,
) -> None:
    """Adds to all files' faults if pixels enter otherwise than in training."""
    if value_range is None:
        return
    if labels is None:
        fault = unlabeled_fault(model, images, value_range)
    else:
        fault = preprocessing_fault(model, images, labels, value_range)
    if fault:
        for faults in report.faults.values():
            faults.append(fault)


def _converted(
    network: keras.Model,
    precisions: Sequence[str],
    calibration_images: np.ndarray | None,
    quantizer: str,
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Returns files by precision, and in a line why there are no others.

    Raises:
        ValueError: If there is no file at all; see also `convert`.
    """
    images = calibration_images
    if images is not None:
        images = _evenly_spaced(images, NUM_CALIBRATION_IMAGES)
    files, errors = convert_each(
        network, precisions, images, quantizer=quantizer
    )
    failures = {
        precision: " ".join(f"{type(error).__name__}: {error}".split())[
            :_LONGEST_REASON
        ]
        for precision, error in errors.items()
    }
    if not files:
        raise ValueError(
            f"No file could be made of `model`: {failures}. Try another "
            "--quantizer."
        )
    return files, failures


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
    wanted = keras_scores(model, test[0])
    for precision, content in contents.items():
        checks[precision] = check(content, model, *test, wanted=wanted)
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
    output_dir: str | os.PathLike[str],
    contents: Mapping[str, bytes],
    checks: dict[str, ExportCheck],
    timed: list[dict[str, Latency]],
    timing: Timing,
) -> ExportReport:
    folder = pathlib.Path(output_dir)
    return ExportReport(
        output_dir=folder,
        files={p: folder / f"model_{p}.tflite" for p in contents},
        sha256={p: hashlib.sha256(c).hexdigest() for p, c in contents.items()},
        checks=checks,
        faults={p: find_faults(check, p) for p, check in checks.items()},
        latencies=timed[0],
        other_latencies=timed[1],
        details={
            precision: describe_file(
                content,
                num_threads=timing.num_threads,
                use_xnnpack=timing.use_xnnpack,
            )
            for precision, content in contents.items()
        },
    )


def _network_of(
    made: Compressed,
    model: keras.Model,
    precisions: Sequence[str],
    labels: np.ndarray | None,
) -> keras.Model:
    """Returns the network that a compression is exported as.

    Raises:
        ValueError: If it does not fit precisions or labels.
    """
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
    return made.model or model


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
