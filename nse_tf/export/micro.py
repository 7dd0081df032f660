"""int8 files under TensorFlow Lite Micro: arena, kernels and scores."""

import dataclasses
import importlib.util
import pathlib
import re
import sys
import tempfile
from collections.abc import Sequence

import keras
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from nse_tf.export.inference import open_interpreter
from nse_tf.export.metadata import with_classifier
from nse_tf.export.model_edit import unpacked_model
from nse_tf.export.tools import run_tool
from nse_tf.export.whole_models import convert_untrained

PROGRAM = pathlib.Path(__file__).with_name("micro_program.py")
PRECISION = "int8"
# A kernel of TensorFlow Lite Micro, and what registers it. What is not here it
# lacks, such as GELU.
REGISTERED_BY = {
    **{
        name: "Add" + "".join(word.capitalize() for word in name.split("_"))
        for name in (
            *("ABS", "ADD", "ADD_N", "ARG_MAX", "ARG_MIN"),
            *("BROADCAST_TO", "CAST", "CEIL", "CONCATENATION", "COS"),
            *("DEPTH_TO_SPACE", "DEQUANTIZE", "DIV", "ELU", "EQUAL", "EXP"),
            *("EXPAND_DIMS", "FILL", "FLOOR", "FLOOR_DIV", "FLOOR_MOD"),
            *("FULLY_CONNECTED", "GATHER", "GATHER_ND", "GREATER"),
            *("GREATER_EQUAL", "HARD_SWISH", "LEAKY_RELU", "LESS"),
            *("LESS_EQUAL", "LOG", "LOG_SOFTMAX", "LOGICAL_AND", "LOGICAL_NOT"),
            *("LOGICAL_OR", "LOGISTIC", "MAXIMUM", "MEAN", "MINIMUM"),
            *("MIRROR_PAD", "MUL", "NEG", "NOT_EQUAL", "PACK", "PAD", "PRELU"),
            *("QUANTIZE", "RELU", "RELU6", "RESHAPE", "RESIZE_BILINEAR"),
            *("RESIZE_NEAREST_NEIGHBOR", "ROUND", "RSQRT", "SHAPE", "SIN"),
            *("SLICE", "SOFTMAX", "SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH"),
            *("SPLIT", "SPLIT_V", "SQRT", "SQUARE", "SQUARED_DIFFERENCE"),
            *("SQUEEZE", "STRIDED_SLICE", "SUB", "SUM", "SVDF", "TANH"),
            *("TRANSPOSE", "TRANSPOSE_CONV", "UNPACK", "BATCH_TO_SPACE_ND"),
        )
    },
    "AVERAGE_POOL_2D": "AddAveragePool2D",
    "BATCH_MATMUL": "AddBatchMatMul",
    "CONV_2D": "AddConv2D",
    "CUMSUM": "AddCumSum",
    "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D",
    "L2_NORMALIZATION": "AddL2Normalization",
    "L2_POOL_2D": "AddL2Pool2D",
    "MAX_POOL_2D": "AddMaxPool2D",
    "REDUCE_MAX": "AddReduceMax",
    "SELECT_V2": "AddSelectV2",
}
_TOTAL = re.compile(r"Arena allocation total (\d+) bytes")
_SECONDS = 600.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class MicroRun:
    """What TensorFlow Lite Micro makes of a file.

    Attributes:
        arena_bytes: Bytes of the tensor arena that it used, on a 64-bit
            machine.
        scores: `(count, classes)` as the file stores them; None without images.
    """

    arena_bytes: int
    scores: np.ndarray | None = None


def require_tflite_micro() -> None:
    """Refuses to go on without TensorFlow Lite Micro's interpreter.

    Raises:
        ValueError: If it is not installed; says how to install it.
    """
    if importlib.util.find_spec("tflite_micro") is None:
        raise ValueError(
            "RAM of a microcontroller is measured by TensorFlow Lite Micro, "
            "which is not installed: pip install 'nse-tf[micro]'."
        )


def kernels_of(content: bytes) -> list[str]:
    """Returns the names of the kernels of a file, each once, sorted."""
    names = {
        number: name
        for name, number in vars(schema.BuiltinOperator).items()
        if not name.startswith("_")
    }
    codes = unpacked_model(content).operatorCodes
    return sorted(
        {
            names[max(code.builtinCode, code.deprecatedBuiltinCode)]
            for code in codes
        }
    )


def require_kernels(content: bytes) -> list[str]:
    """Returns the names of a file's kernels, if there are all of them.

    Raises:
        ValueError: If TensorFlow Lite Micro lacks some; names them.
    """
    kernels = kernels_of(content)
    missing = [name for name in kernels if name not in REGISTERED_BY]
    if missing:
        raise ValueError(
            "TensorFlow Lite Micro has no kernel for "
            f"{', '.join(missing)}: replace what computes it, such as GELU by "
            "ReLU6 or hard swish, and train again."
        )
    return kernels


def run_micro(
    contents: Sequence[bytes], images: np.ndarray | None = None
) -> list[MicroRun]:
    """Runs int8 files under TensorFlow Lite Micro, in a process of its own.

    Args:
        contents: The files.
        images: `(count, height, width, channels)`, of the input's type; None
            measures the arena alone.

    Raises:
        ValueError: If it is not installed, or cannot run one of the files.
    """
    require_tflite_micro()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        words = []
        for number, content in enumerate(contents):
            model = folder / f"{number}.tflite"
            model.write_bytes(content)
            inputs = "-"
            if images is not None:
                inputs = str(folder / f"{number}.npy")
                np.save(inputs, images)
            words += [str(model), inputs]
        printed = run_tool(
            [sys.executable, str(PROGRAM), *words],
            "TensorFlow Lite Micro",
            _SECONDS,
        )
        totals = [int(total) for total in _TOTAL.findall(printed)]
        if len(totals) != len(contents):
            raise ValueError(
                f"TensorFlow Lite Micro told the arena of {len(totals)} of "
                f"{len(contents)} files: its version prints something else."
            )
        return [
            MicroRun(
                arena_bytes=total,
                scores=None
                if images is None
                else np.load(folder / f"{number}.scores.npy"),
            )
            for number, total in enumerate(totals)
        ]


def litert_scores(
    content: bytes, images: np.ndarray, *, is_reference: bool
) -> np.ndarray:
    """Returns LiteRT's scores `(count, classes)`, as the file stores them.

    Args:
        content: The file.
        images: `(count, height, width, channels)`, of the input's type.
        is_reference: See `open_interpreter`.
    """
    interpreter = open_interpreter(content, is_reference=is_reference)
    given = interpreter.get_input_details()[0]["index"]
    wanted = interpreter.get_output_details()[0]["index"]
    scores = []
    for image in images:
        interpreter.set_tensor(given, image[np.newaxis])
        interpreter.invoke()
        scores.append(interpreter.get_tensor(wanted)[0])
    return np.array(scores)


def measure_memory(
    models: Sequence[keras.Model], class_names: Sequence[str]
) -> tuple[list[int], list[int]]:
    """Returns tensor arenas and sizes of the int8 files of models, in bytes.

    The files are those that `export_micro` would write; they are calibrated on
    noise, which changes neither.

    Args:
        models: Trained or not; their weights do not matter, and stay.
        class_names: A name for each score.

    Raises:
        ValueError: See `run_micro`.
    """
    contents = [
        with_classifier(
            convert_untrained(model, PRECISION),
            class_names,
            is_for_apps=False,
        )
        for model in models
    ]
    runs = run_micro(contents)
    return (
        [run.arena_bytes for run in runs],
        [len(content) for content in contents],
    )
