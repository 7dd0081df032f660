"""What files are made of, and the time of operators as a tool prints it."""

import types
from typing import Any

import keras
import numpy as np
import pytest

from nse_tf.export import (
    describe_file,
    parse_op_profile,
    take_census,
)
from nse_tf.export.file_details import _peak
from nse_tf.export.inference import find_delegated
from nse_tf.export.tflite import convert_all
from nse_tf.flags.details_text import NO_TIMES, detail_rows, taken_text

# As benchmark_model prints it, without the start of each operator or with it.
PRINTED = """
Profiling Info for Benchmark Initialization:
============================== Run Order ==============================
\t [node type]\t [first]\t [avg ms]\t [%]\t [cdf%]\t [mem KB]\t[times called]\t[Name]
\t AllocateTensors\t 5.061\t 5.061\t 100.000%\t100.000%\t 10292.000\t 1\tAllocateTensors/0

Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Run Order ==============================
\t [node type]\t [first]\t [avg ms]\t [%]\t [cdf%]\t [mem KB]\t[times called]\t[Name]
\t QUANTIZE\t 0.199\t 0.203\t 1.328%\t 1.328%\t 0.000\t 1\t[tfl.quantize]:0
\t Convolution (NHWC, QC8) DWConv\t 0.428\t 0.051\t 4.317%\t 8.304%\t 0.000\t 13\tDelegate/Convolution (NHWC, QC8) DWConv:1

============================== Top by Computation Time ==============================
\t [node type]\t [first]\t [avg ms]\t [%]\t [cdf%]\t [mem KB]\t[times called]\t[Name]
\t QUANTIZE\t 0.199\t 0.203\t 1.328%\t 1.328%\t 0.000\t 1\t[tfl.quantize]:0
"""  # noqa: E501


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """A convolution and a running sum, which XNNPACK lacks."""
    keras.utils.set_random_seed(0)
    given = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(given)
    x = keras.layers.GlobalAveragePooling2D()(keras.ops.cumsum(x, axis=1))
    images = np.random.default_rng(0).uniform(0, 255, (4, 8, 8, 3))
    return convert_all(keras.Model(given, x), ["fp32", "fp16"], images)


def test_operators_memory_and_types_by_hand(files: dict[str, bytes]) -> None:
    details = describe_file(files["fp32"])
    assert {kind: each.total for kind, each in details.ops.items()} == {
        "CONV_2D": 1,
        "CUMSUM": 1,
        "MEAN": 1,
    }
    assert details.ops["CONV_2D"].delegated == 1
    assert details.ops["CUMSUM"].delegated == 0
    assert [(op.kind, op.index) for op in details.left] == [("CUMSUM", 1)]
    assert taken_text(details) == "2 of 3, not CUMSUM"
    # 8x8x3 floats of the image beside 6x6x4 of the convolution.
    assert details.live_bytes == 4 * (8 * 8 * 3 + 6 * 6 * 4)
    assert details.live_at == "CONV_2D 0"
    assert details.process_bytes is not None
    assert len(files["fp32"]) < details.process_bytes < 10**6
    census = take_census(files["fp32"])
    rows = detail_rows(details, census, None)
    assert rows["ops"] == "CONV_2D 1, CUMSUM 1, MEAN 1"
    assert rows["not taken"] == "CUMSUM (1)"
    assert rows["weights"] == "float32 2 (448 bytes)"
    assert rows["op times"] == NO_TIMES


def test_what_follows_from_constants_is_no_activation(
    files: dict[str, bytes],
) -> None:
    details = describe_file(files["fp16"], use_xnnpack=False)
    assert details.ops["DEQUANTIZE"].total > 0
    assert details.live_bytes == 4 * (8 * 8 * 3 + 6 * 6 * 4)
    assert len(details.left) == sum(op.total for op in details.ops.values())
    rows = detail_rows(details, None, None)
    assert (rows["not taken"], rows["weights"]) == ("all", "unknown")


def test_outputs_that_are_left_out_are_none() -> None:
    """As those of an LSTM are, and its inputs: both are -1."""

    def op(kind: str, inputs: list[int], outputs: list[int]) -> dict[str, Any]:
        ends = {"inputs": np.array(inputs), "outputs": np.array(outputs)}
        return {"op_name": kind, **ends}

    ops = [op("A", [0, -1], [-1, 1]), op("B", [1, -1], [2])]
    tensors = [
        {"index": index, "shape": [10], "dtype": np.float32}
        for index in range(3)
    ]
    fake: Any = types.SimpleNamespace(
        _get_ops_details=lambda: [*ops, op("DELEGATE", [1], [2])],
        get_input_details=lambda: tensors[:1],
        get_output_details=lambda: tensors[2:],
    )
    taken, listed = find_delegated(fake)
    assert taken == {1}
    assert _peak(listed, dict(enumerate(tensors)), fake) == (80, 0)


@pytest.mark.parametrize("start", ["", "\t 0.000"])
def test_times_are_those_of_the_runs_of_all_calls(start: str) -> None:
    printed = PRINTED.replace("QUANTIZE", f"QUANTIZE{start}")
    first, second = parse_op_profile(printed)
    assert (first.kind, first.name, first.ms) == (
        "QUANTIZE",
        "[tfl.quantize]:0",
        0.203,
    )
    assert second.kind == "Convolution (NHWC, QC8) DWConv"
    assert second.ms == pytest.approx(13 * 0.051)


def test_what_has_no_times_is_refused() -> None:
    without = PRINTED[: PRINTED.index("Operator-wise")]
    for printed in ("", "Inference (avg): 3", without):
        with pytest.raises(ValueError, match="--enable_op_profiling=true"):
            parse_op_profile(printed)
