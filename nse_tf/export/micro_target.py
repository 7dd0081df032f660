"""An int8 file for a microcontroller: checked, measured, and as C source."""

import dataclasses
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from nse_tf.export.inference import open_interpreter, quantize
from nse_tf.export.metadata import without_app_metadata
from nse_tf.export.micro import (
    REGISTERED_BY,
    litert_scores,
    require_kernels,
    run_micro,
)
from nse_tf.export.micro_source import (
    MicroFacts,
    array_text,
    header_text,
    ops_text,
)
from nse_tf.spaces.files import write_bytes, write_json

SCHEMA = "nse_tf.micro/1"
# Test images whose scores are compared; the interpreter's plain kernels take
# their time.
NUM_COMPARED = 100
# Steps of 8 bits that scores may differ by.
MOST_STEPS = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class MicroReport:
    """What TensorFlow Lite Micro makes of an int8 file.

    Attributes:
        arena_bytes: Tensor arena that it used, on a 64-bit machine.
        flash_bytes: Size of the file.
        kernels: Names of the kernels, such as `CONV_2D`.
        num_images: Test images compared.
        steps: Most steps of 8 bits between a score and the one of LiteRT's
            plain kernels.
        xnnpack_steps: The same for LiteRT's XNNPACK, which rounds otherwise.
        agreement: Share of images that get the same class from XNNPACK.
        accuracy: Share of images classified as labeled; None without labels.
    """

    arena_bytes: int
    flash_bytes: int
    kernels: tuple[str, ...]
    num_images: int
    steps: int
    xnnpack_steps: int
    agreement: float
    accuracy: float | None

    @property
    def costs(self) -> dict[str, int]:
        """What it needs, by the names of `costs.COSTS`."""
        return {"ram_bytes": self.arena_bytes, "flash_bytes": self.flash_bytes}

    @property
    def faults(self) -> list[str]:
        """What is wrong, one sentence each; empty if nothing."""
        if self.steps <= MOST_STEPS:
            return []
        return [
            f"Scores of TensorFlow Lite Micro are up to {self.steps} steps of "
            f"8 bits from LiteRT's, more than {MOST_STEPS}: it computes "
            "something else."
        ]


def export_micro(
    content: bytes,
    output_dir: str | os.PathLike[str],
    *,
    class_names: Sequence[str],
    test_images: np.ndarray,
    test_labels: np.ndarray | None,
) -> MicroReport:
    """Writes an int8 file as C source, with what it needs and its checks.

    `model_data.h` and `model_data.c` hold the file and its labels,
    `model_ops.h` registers its kernels, `micro.json` holds arena and checks;
    that one comes last.

    Args:
        content: The int8 file; what only apps read of it is left out.
        output_dir: Folder to write to; made if missing.
        class_names: A name for each score.
        test_images: `(count, height, width, channels)`, pixel values 0..255;
            100 of them, evenly spaced, are compared.
        test_labels: `(count,)`, class indices, or None.

    Raises:
        ValueError: If TensorFlow Lite Micro is not installed, lacks a kernel or
            cannot run the file.
    """
    content = without_app_metadata(content)
    kernels = require_kernels(content)
    chosen = np.linspace(
        0,
        len(test_images),
        min(NUM_COMPARED, len(test_images)),
        endpoint=False,
    ).astype(int)
    images = np.asarray(test_images[chosen], np.float32)
    labels = None if test_labels is None else test_labels[chosen]
    report = _compared(content, kernels, images, labels)
    facts = _facts(content, report, class_names)
    folder = pathlib.Path(output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("model_data.h", header_text(content, facts)),
        ("model_data.c", array_text(content, facts)),
        ("model_ops.h", ops_text(facts)),
    ):
        write_bytes(folder / name, text.encode())
    write_json(
        folder / "micro.json",
        {
            "schema": SCHEMA,
            **dataclasses.asdict(report),
            "registered_by": list(facts.kernels),
            "faults": report.faults,
        },
    )
    return report


def _compared(
    content: bytes,
    kernels: Sequence[str],
    images: np.ndarray,
    labels: np.ndarray | None,
) -> MicroReport:
    given = open_interpreter(content).get_input_details()[0]
    stored = quantize(images, given)
    (run,) = run_micro([content], stored)
    scores = np.asarray(run.scores).astype(int)
    plain, fast = (
        litert_scores(content, stored, is_reference=each).astype(int)
        for each in (True, False)
    )
    classes = scores.argmax(axis=-1)
    return MicroReport(
        arena_bytes=run.arena_bytes,
        flash_bytes=len(content),
        kernels=tuple(kernels),
        num_images=len(images),
        steps=int(np.abs(scores - plain).max()),
        xnnpack_steps=int(np.abs(scores - fast).max()),
        agreement=float((classes == fast.argmax(axis=-1)).mean()),
        accuracy=None if labels is None else float((classes == labels).mean()),
    )


def _facts(
    content: bytes, report: MicroReport, class_names: Sequence[str]
) -> MicroFacts:
    interpreter = open_interpreter(content)
    given: dict[str, Any] = interpreter.get_input_details()[0]
    wanted: dict[str, Any] = interpreter.get_output_details()[0]
    return MicroFacts(
        class_names=class_names,
        arena_bytes=report.arena_bytes,
        input_shape=given["shape"][1:].tolist(),
        input_scale=float(given["quantization"][0]),
        input_zero_point=int(given["quantization"][1]),
        output_scale=float(wanted["quantization"][0]),
        output_zero_point=int(wanted["quantization"][1]),
        kernels=[REGISTERED_BY[name] for name in report.kernels],
    )
