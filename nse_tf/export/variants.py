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
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from ai_edge_quantizer import quantizer, recipe

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


def derive(fp32: bytes, precision: str, samples: np.ndarray) -> bytes:
    """Returns a variant of a converted file.

    Args:
        fp32: The content of a .tflite file with one float32 input.
        precision: `fp16`, `dynamic` (8-bit weights, activations quantized as
            they come), or `int8` (8-bit throughout, int8 ends).
        samples: `(count, ...)` inputs, whose extremes are the ranges of `int8`;
            the others ignore them.

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
    raise ValueError(
        f"`precision` must be fp16, dynamic or int8; got {precision!r}."
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
            "`samples` is empty: int8 needs some 100 training images to learn "
            "the range of every activation."
        )
    interpreter = Interpreter(
        model_content=fp32,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=(
            OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        ),
    )
    interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]["index"]
    floats = [
        tensor
        for tensor in interpreter.get_tensor_details()
        if tensor["dtype"] is np.float32
    ]
    lows = np.full(len(floats), np.inf)
    highs = np.full(len(floats), -np.inf)
    for sample in samples:
        interpreter.set_tensor(given, sample[None].astype(np.float32))
        interpreter.invoke()
        values = [interpreter.get_tensor(each["index"]) for each in floats]
        lows = np.minimum(lows, [each.min() for each in values])
        highs = np.maximum(highs, [each.max() for each in values])
    return {
        tensor["name"]: _range(tensor, low, high)
        for tensor, low, high in zip(floats, lows, highs, strict=True)
    }


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
