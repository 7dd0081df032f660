r"""Exports a Keras model as .tflite files that are checked and timed.

  nse_export --model=model.keras --data_dir=photos --output_dir=out
  nse_export --model=genotype.json --space=space.json --output_dir=out
  nse_export --model=mobilenet.keras --value_range=-1,1 --output_dir=out
  nse_export --model=model.keras --dataset=digits --target=micro \
      --output_dir=out
  nse_export --model=model.keras --data_dir=photos --compress=quantize \
      --compress_epochs=3 --output_dir=out

The model may be any Keras model with an image as input and a vector of scores
as output. The files take pixels in 0..255, whatever range of values the model
takes. Labeled images, of --dataset or --data_dir, calibrate int8 and measure
accuracy; without them int8 is left out, and scores are compared on noise. A
genotype is exported with fresh weights, to measure its latency.

--compress first trains a network of stock layers further, by TensorFlow's
toolkit (pip install nse-tf[compress]): for 8 bits, which gives the int8 file,
or until half of its weights are zero (prune) or each kernel has 16 values
(cluster). The compressed network is exported and written as model.keras.

--target=micro writes the int8 file for TensorFlow Lite Micro, as C source with
its kernels and the arena as measured: model_data.h, model_data.c, model_ops.h
and micro.json.

Exit code 1 means that a file has a fault or could not be made; export.json,
latency.json and the terminal name it.
"""

import json
import pathlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from absl import flags

from nse_tf.flags import (
    binaries,
    data_flags,
    device_flags,
    file_flags,
    model_flags,
    output_flags,
    space_flags,
)
from nse_tf.flags.paths import define_path
from nse_tf.quiet import quiet_native_output
from nse_tf.spaces import load_genotype
from nse_tf.terminal import say

if TYPE_CHECKING:
    import keras

    from nse_tf.export import ExportReport, MicroReport
    from nse_tf.export.compression import Compressed
    from nse_tf.runs.export_inputs import Images

for _module in (
    *(model_flags, space_flags, device_flags, file_flags, output_flags),
):
    flags.adopt_module_key_flags(_module)
for _flag in (data_flags.DATASET, data_flags.DATA_DIR):
    flags.declare_key_flag(_flag.name)
OUTPUT_DIR = define_path("output_dir", None, "Where files are written.")
QUANTIZER = flags.DEFINE_enum(
    "quantizer",
    "ai_edge",
    ["ai_edge", "tensorflow"],
    "Quantize by ai-edge-quantizer, from one conversion, or by TensorFlow's "
    "converter, which converts for each precision.",
)
VALUE_RANGE = flags.DEFINE_list(
    "value_range",
    ["0", "255"],
    "The values of a black and of a white pixel that the model takes: 0,255 "
    "or 0,1 or -1,1.",
)
SOFTMAX = flags.DEFINE_bool(
    "softmax",
    False,
    "Let the files give out probabilities: a softmax follows scores that are "
    "none yet. Apps that compare scores with a threshold need it.",
)
LABELS = define_path(
    "labels",
    None,
    "A file with a class name a line. Default: the data set's, or numbers.",
)

DETAILS = flags.DEFINE_bool(
    "details",
    False,
    "Print what each file is made of, as export.json has it: operators by "
    "kind, those that the delegate leaves, number types and memory.",
)
TARGET = flags.DEFINE_enum(
    "target",
    "phone",
    ["phone", "micro"],
    "What runs the files: a phone, or a microcontroller by TensorFlow Lite "
    "Micro, for which the int8 file is written, as C source too (pip install "
    "'nse-tf[micro]').",
)
COMPRESS = flags.DEFINE_enum(
    "compress",
    None,
    ["quantize", "prune", "cluster"],
    "Train further before the export: for 8 bits, many zeros, or few values.",
)
COMPRESS_EPOCHS = flags.DEFINE_integer(
    "compress_epochs",
    1,
    "Epochs of --compress, over the training images.",
    lower_bound=1,
)
COMPRESS_LEARNING_RATE = flags.DEFINE_float(
    "compress_learning_rate",
    1e-4,
    "Learning rate of Adam in --compress.",
    lower_bound=0,
)


def load_model(path: pathlib.Path) -> "keras.Model":
    """Returns the model of a file, taking pixels in 0..255.

    Raises:
        ValueError: If it cannot be read, or flags do not fit it.
        FileNotFoundError: If there is no such file.
    """
    if not path.exists():
        raise FileNotFoundError(2, "No such file", str(path))
    adapted = space_flags.adaptation()
    space_name = space_flags.SPACE.value
    if path.suffix == ".json":
        if space_name is None:
            raise ValueError(
                f"`--model` {path} is a genotype: name its space by "
                "--space=NAME or --space=FILE.json."
            )
        space = space_flags.read_space(space_name, adapted)
        genotype = load_genotype(space, path)
    elif space_name is not None or adapted:
        raise ValueError(
            f"`--model` {path} is a whole model: leave out --space and the "
            "flags that adapt it."
        )
    with quiet_native_output():
        from nse_tf.model_files import read_model_file
        from nse_tf.runs.export_inputs import with_pixels
        from nse_tf.supernet import networks_of_space

    if path.suffix == ".json":
        model = networks_of_space(space).child(genotype, fast=False)
        return with_pixels(model, (0.0, 255.0), softmax=SOFTMAX.value)
    return with_pixels(
        read_model_file(path), _value_range(), softmax=SOFTMAX.value
    )


def _value_range() -> tuple[float, float]:
    try:
        low, high = (float(value) for value in VALUE_RANGE.value)
    except ValueError:
        low = high = 0.0
    if not low < high:
        raise ValueError(
            f"`--value_range` is {','.join(VALUE_RANGE.value)!r}; give two "
            "numbers, the lower one first, such as -1,1."
        )
    return low, high


def _class_names() -> list[str] | None:
    if LABELS.value is None:
        return None
    return pathlib.Path(LABELS.value).read_text().splitlines()


def _images(model: "keras.Model") -> "Images":
    from nse_tf.runs.export_inputs import data_images, noise_images

    if data_flags.DATASET.value is None and data_flags.DATA_DIR.value is None:
        return noise_images(model)
    return data_images(
        model, data_flags.DATASET.value, data_flags.DATA_DIR.value
    )


def _check_compress() -> None:
    """Refuses an impossible --compress before anything is loaded."""
    if COMPRESS.value is None:
        return
    if SOFTMAX.value:
        raise ValueError(
            f"`--compress` {COMPRESS.value} trains a network by its logits: "
            "leave out --softmax."
        )
    from nse_tf.export.compression import require_toolkit

    if data_flags.DATASET.value is None and data_flags.DATA_DIR.value is None:
        raise ValueError(
            f"`--compress` {COMPRESS.value} trains the network: give labeled "
            "images, with --dataset or --data_dir."
        )
    if COMPRESS.value == "quantize" and "int8" not in (
        file_flags.PRECISIONS.value or ["int8"]
    ):
        raise ValueError(
            "`--compress` quantize makes the int8 file: put int8 into "
            "--precisions, or leave them out."
        )
    require_toolkit()


def _precisions() -> list[str] | None:
    """Returns the precisions to write; None leaves them to the images.

    Raises:
        ValueError: If a microcontroller is to run others than int8, or there is
            nothing to calibrate or to measure that with.
    """
    precisions: list[str] | None = file_flags.PRECISIONS.value
    if TARGET.value != "micro":
        return precisions
    if precisions is not None and precisions != ["int8"]:
        raise ValueError(
            f"`--precisions` is {','.join(precisions)}, but TensorFlow Lite "
            "Micro runs int8 files: leave it out with --target=micro."
        )
    if data_flags.DATASET.value is None and data_flags.DATA_DIR.value is None:
        raise ValueError(
            "`--target` micro needs images that int8 is calibrated with: give "
            "--dataset or --data_dir."
        )
    from nse_tf.export import require_tflite_micro

    require_tflite_micro()
    return ["int8"]


def _require_kernels(model: "keras.Model") -> None:
    """Refuses what TensorFlow Lite Micro lacks before anything is trained.

    Raises:
        ValueError: If it lacks a kernel; names it.
    """
    from nse_tf.export import convert, require_kernels

    require_kernels(convert(model, "fp32"))


def _export_micro(
    report: "ExportReport", images: "Images", class_names: Sequence[str]
) -> "MicroReport | None":
    """Writes the int8 file as C source, if it is for a microcontroller.

    Its faults become those of the file.
    """
    if TARGET.value != "micro" or "int8" not in report.files:
        return None
    from nse_tf.export import export_micro

    micro = export_micro(
        report.files["int8"].read_bytes(),
        report.output_dir,
        class_names=class_names,
        test_images=images.test,
        test_labels=images.test_labels,
    )
    report.faults["int8"].extend(micro.faults)
    return micro


def _compressed(model: "keras.Model", images: "Images") -> "Compressed | None":
    if COMPRESS.value is None or images.train is None:
        return None
    from nse_tf.export.compression import compress

    return compress(
        model,
        COMPRESS.value,
        np.asarray(images.train.images),
        images.train.labels,
        epochs=COMPRESS_EPOCHS.value,
        learning_rate=COMPRESS_LEARNING_RATE.value,
    )


def _tell_faults(report: "ExportReport") -> None:
    """Prints what is wrong with files, and why others are missing."""
    for precision, faults in report.faults.items():
        for fault in faults:
            say(f"model_{precision}.tflite: {fault}", file=sys.stderr)
    for precision, reason in report.failures.items():
        say(
            f"There is no model_{precision}.tflite: the quantizer failed "
            f"({reason}). Try another --quantizer.",
            file=sys.stderr,
        )


def main(argv: Sequence[str]) -> None:
    """Exports as the flags ask, and prints the measurements."""
    del argv
    model_file, output_dir = model_flags.MODEL.value, OUTPUT_DIR.value
    if model_file is None or output_dir is None:
        raise ValueError(
            "Say what to export, and where to: --model=FILE --output_dir=DIR; "
            "see --help."
        )
    _value_range()
    binaries.quiet_libraries()
    with quiet_native_output():  # They may import TensorFlow.
        _check_compress()
        precisions = _precisions()
    model = load_model(pathlib.Path(model_file))
    from nse_tf.export import Timing, export_model
    from nse_tf.flags.export_text import export_lines, micro_lines

    if TARGET.value == "micro":
        _require_kernels(model)
    images = _images(model)
    class_names = _class_names() or images.class_names
    report = export_model(
        model,
        output_dir,
        calibration_images=images.calibration,
        test_images=images.test,
        test_labels=images.test_labels,
        class_names=class_names,
        precisions=precisions or images.precisions,
        quantizer=QUANTIZER.value,
        compressed=_compressed(model, images),
        # A genotype has fresh weights, which are right by luck alone.
        value_range=(None if model_file.endswith(".json") else _value_range()),
        timing=Timing(
            num_threads=device_flags.NUM_THREADS.value,
            use_xnnpack=device_flags.XNNPACK.value,
        ),
        progress=sys.stderr.isatty(),
    )
    micro = _export_micro(report, images, class_names)
    names = ["export.json", "latency.json"]
    if micro is not None:
        names.append("micro.json")
    if output_flags.FORMAT.value == "json":
        say(
            json.dumps(
                {
                    name: json.loads((report.output_dir / name).read_text())
                    for name in names
                },
                indent=1,
            )
        )
    else:
        lines = export_lines(report, with_details=DETAILS.value)
        say("\n".join([*lines, *micro_lines(micro)]))
    _tell_faults(report)
    if not report.is_faultless:
        sys.exit(1)


def run() -> NoReturn:
    """Runs the binary `nse_export`; see `binaries.run`."""
    binaries.run(main)


if __name__ == "__main__":
    run()
