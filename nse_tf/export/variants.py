"""Makes smaller variants of a converted file, without converting again.

ai-edge-quantizer rewrites an fp32 .tflite file in tens of milliseconds where
TensorFlow's converter starts over from the model. Its own calibration averages
the ranges of images and so clips the rare large activation; the ranges here are
the extremes over all images, as TensorFlow's are.
"""

import contextlib
import io
import warnings
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import quantizer, recipe

from nse_tf.export.model_edit import (
    packed_model,
    unpacked_model,
    with_any_scales,
)
from nse_tf.quiet import quiet_native_output

_FP16_RECIPE = [
    {
        "regex": ".*",
        "operation": "*",
        "algorithm_key": "float_casting",
        "op_config": {
            "weight_tensor_config": {
                "num_bits": 16,
                "symmetric": True,
                "granularity": "TENSORWISE",
                "dtype": "FLOAT",
            },
            "compute_precision": "FLOAT",
            "explicit_dequantize": True,
        },
    }
]
# Apps hand over bytes or floats, and no 16-bit integers.
_FLOAT_ENDS: list[dict[str, Any]] = [
    {
        "regex": ".*",
        "operation": end,
        "algorithm_key": "no_quantize",
        "op_config": {},
    }
    for end in ("INPUT", "OUTPUT")
]


def derive(fp32: bytes, precision: str, samples: np.ndarray) -> bytes:
    """Returns a variant of a converted file.

    Args:
        fp32: The content of a .tflite file with one float32 input.
        precision: `fp16`, `dynamic` (8-bit weights, activations quantized as
            they come), `int8` (8-bit throughout, int8 ends), or `int16x8`
            (8-bit weights, 16-bit activations, float ends).
        samples: `(count, ...)` inputs, whose extremes are the ranges of the
            last two; the others ignore them.

    Raises:
        ValueError: If the precision is none of these, or samples are missing.
    """
    match precision:
        case "fp16":
            return _rewritten(fp32, _FP16_RECIPE, None)
        case "dynamic":
            return _rewritten(fp32, recipe.dynamic_wi8_afp32(), None)
        case "int8":
            ranges = find_ranges(fp32, samples)
            return _rewritten(fp32, recipe.static_wi8_ai8(), ranges)
        case "int16x8":
            ranges = find_ranges(fp32, samples)
            wanted = [*recipe.static_wi8_ai16(), *_FLOAT_ENDS]
            return with_any_scales(_rewritten(fp32, wanted, ranges))
    raise ValueError(
        "`precision` must be fp16, dynamic, int8 or int16x8; got "
        f"{precision!r}."
    )


def find_ranges(
    fp32: bytes, samples: np.ndarray
) -> dict[str, dict[str, np.ndarray]]:
    """Returns the extremes of every float tensor over all samples, by name.

    Raises:
        ValueError: If there are no samples.
    """
    if len(samples) == 0:
        raise ValueError(
            "`samples` is empty: int8 and int16x8 need some 100 training "
            "images to learn the range of every activation."
        )
    with quiet_native_output():
        interpreter = Interpreter(model_content=_with_all_outputs(fp32))
        interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]["index"]
    made = interpreter.get_output_details()
    views = [interpreter.tensor(tensor["index"]) for tensor in made]
    lows, highs = np.full(len(views), np.inf), np.full(len(views), -np.inf)
    for sample in samples:
        interpreter.set_tensor(given, sample[None].astype(np.float32))
        interpreter.invoke()
        ends = np.array([_ends(view()) for view in views])
        lows = np.minimum(lows, ends[:, 0])
        highs = np.maximum(highs, ends[:, 1])
    ranges = {
        tensor["name"]: _range(tensor, low, high)
        for tensor, low, high in zip(made, lows, highs, strict=True)
    }
    for tensor in interpreter.get_tensor_details():
        is_float = tensor["dtype"] is np.float32
        if tensor["index"] == given:
            ranges[tensor["name"]] = _range(tensor, *_ends(samples))
        elif is_float and tensor["name"] not in ranges:  # Weights.
            value = interpreter.get_tensor(tensor["index"])
            ranges[tensor["name"]] = _range(tensor, *_ends(value))
    return ranges


def _with_all_outputs(fp32: bytes) -> bytes:
    """Returns a file that gives out every float that it computes.

    So XNNPACK may compute it, where keeping all tensors would ask for kernels
    that take three times as long.
    """
    model = unpacked_model(fp32)
    graph = model.subgraphs[0]
    graph.outputs = [
        int(index)
        for operator in graph.operators
        for index in operator.outputs
        if graph.tensors[index].type == schema.TensorType.FLOAT32
    ]
    model.signatureDefs = []
    return packed_model(model)


def _ends(value: np.ndarray) -> tuple[float, float]:
    flat = value.reshape(-1)
    return np.minimum.reduce(flat), np.maximum.reduce(flat)


def _range(
    tensor: dict[str, Any], low: float, high: float
) -> dict[str, np.ndarray]:
    shape = (1,) * len(tensor["shape"])
    return {
        "min": np.full(shape, low, np.float32),
        "max": np.full(shape, high, np.float32),
    }


def _rewritten(
    fp32: bytes, wanted: Any, ranges: dict[str, Any] | None
) -> bytes:
    printed = io.StringIO()  # Sizes, times and progress.
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        # It warns that keeping all tensors, which it does, takes memory.
        warnings.simplefilter("ignore", UserWarning)
        work = quantizer.Quantizer(fp32)
        work.load_quantization_recipe(wanted)
        return bytes(work.quantize(ranges).quantized_model)
