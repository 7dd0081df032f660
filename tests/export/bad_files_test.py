"""Files that do not run, and what is said of them."""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from nse_tf.export import convert_part, measure_latency
from nse_tf.export.model_edit import (
    packed_model,
    unpacked_model,
    with_byte_ends,
)
from nse_tf.quiet import quiet_native_output


@pytest.fixture(scope="module")
def sound() -> bytes:
    given = keras.Input((8, 8, 3))
    return convert_part(
        keras.Model(given, keras.layers.Conv2D(4, 3)(given)), "fp32"
    )


def with_custom_op(content: bytes, name: str) -> bytes:
    model = unpacked_model(content)
    code = model.operatorCodes[0]
    code.customCode = name
    code.builtinCode = schema.BuiltinOperator.CUSTOM
    code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    for operator in model.subgraphs[0].operators:
        operator.builtinOptions, operator.builtinOptionsType = None, 0
    return packed_model(model)


@pytest.mark.parametrize("length", [20, 1000, -1])
def test_a_truncated_file_is_not_whole(
    sound: bytes, tmp_path: pathlib.Path, length: int
) -> None:
    path = tmp_path / "cut.tflite"
    path.write_bytes(sound[:length])
    with pytest.raises(ValueError, match=r"cut\.tflite is not a whole .tflite"):
        measure_latency(path)


@pytest.mark.parametrize("content", [b"", b"TFL3", b"PK\x03\x04 a zip file"])
def test_what_is_no_flatbuffer_is_recognized_by_its_first_bytes(
    content: bytes,
) -> None:
    with pytest.raises(ValueError, match=r"not a \.tflite file: its") as error:
        measure_latency(content)
    assert repr(content[:8]) in str(error.value)


def test_flex_ops_are_named(sound: bytes) -> None:
    with pytest.raises(ValueError, match="for the flex ops FlexErfinv;"):
        measure_latency(with_custom_op(sound, "FlexErfinv"))


def test_custom_ops_are_named(sound: bytes) -> None:
    with pytest.raises(ValueError, match="does not know: MyOp"):
        measure_latency(with_custom_op(sound, "MyOp"))


def test_open_sides_are_refused_and_an_open_batch_is_one() -> None:
    def converted(shape: tuple[int | None, ...]) -> bytes:
        given = keras.Input(shape)
        pooled = keras.layers.GlobalAveragePooling2D()(given)
        converter = tf.lite.TFLiteConverter.from_keras_model(
            keras.Model(given, pooled)
        )
        with quiet_native_output():
            return bytes(converter.convert())

    with pytest.raises(ValueError, match=r"is \?x\?x\?x3"):
        measure_latency(converted((None, None, 3)))
    latency = measure_latency(
        converted((8, 8, 3)), runs=3, rounds=1, min_seconds=0
    )
    assert latency.input == "float32 1x8x8x3"
    assert np.isfinite(latency.median_ms)


def test_files_that_take_indices_or_nothing_are_timed() -> None:
    given = keras.Input((7,), dtype="int32")
    looked_up = keras.layers.Embedding(12, 4)(given)
    indices = tf.lite.TFLiteConverter.from_keras_model(
        keras.Model(given, looked_up)
    )
    counted = tf.function(lambda: tf.range(3) + 1, input_signature=[])
    nothing = tf.lite.TFLiteConverter.from_concrete_functions(
        [counted.get_concrete_function()]
    )
    for converter, named in ((indices, "int32 1x7"), (nothing, "none")):
        with quiet_native_output():
            content = bytes(converter.convert())
        latency = measure_latency(content, runs=3, rounds=1, min_seconds=0)
        assert latency.input == named
        assert latency.median_ms > 0


@pytest.mark.parametrize("scale", [np.nan, 0.0])
def test_a_file_that_would_end_the_process_ends_another(
    tmp_path: pathlib.Path, scale: float
) -> None:
    """Kernels divide by scales without a look at them."""
    given = keras.Input((8, 8, 3))
    made = convert_part(
        keras.Model(given, keras.layers.Conv2D(4, 3)(given)), "int8"
    )
    whole = with_byte_ends(made)
    model = unpacked_model(whole)
    for tensor in model.subgraphs[0].tensors:
        if tensor.quantization is not None:
            tensor.quantization.scale = np.full_like(
                tensor.quantization.scale, scale
            )
    path = tmp_path / "scales.tflite"
    path.write_bytes(packed_model(model))
    with pytest.raises(ValueError, match="ends its process: SIG") as error:
        measure_latency(path)
    assert str(path) in str(error.value)
    path.write_bytes(whole)
    assert measure_latency(path, runs=1, rounds=1).median_ms > 0
