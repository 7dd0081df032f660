"""Changes .tflite files: 8-bit ends, and metadata that travels inside."""

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from nse_tf.export.bad_files import IDENTIFIER, require_format


def unpacked_model(content: bytes) -> Any:
    """Returns a file as a tree of objects that can be changed."""
    require_format("`content`", content)
    model = flatbuffer_utils.read_model_from_bytearray(content)
    for buffer in model.buffers:
        # Weights behind the flatbuffer come as bytes, slow to write one by one.
        if isinstance(buffer.data, bytes):
            buffer.data = np.frombuffer(buffer.data, np.uint8)
    return model


def packed_model(model: Any) -> bytes:
    """Returns the file of a tree of objects."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def has_operators(content: bytes) -> bool:
    """Whether a file computes anything."""
    graph = schema.Model.GetRootAs(content, 0).Subgraphs(0)
    return bool(graph.OperatorsLength())


def with_byte_ends(content: bytes) -> bytes:
    """Returns a file of int8 ends with uint8 ends, of the same real values.

    An op at either end shifts each value by 128, as TensorFlow's converter
    does. A file with other ends is returned unchanged.
    """
    model = unpacked_model(content)
    graph = model.subgraphs[0]
    ends = [int(index) for index in (*graph.inputs, *graph.outputs)]
    if any(graph.tensors[i].type != schema.TensorType.INT8 for i in ends):
        return content
    inputs = {int(index): _byte_tensor(graph, index) for index in graph.inputs}
    outputs = {
        int(index): _byte_tensor(graph, index) for index in graph.outputs
    }
    code = _quantize_code(model)
    graph.operators = [
        *(_shift(code, new, old) for old, new in inputs.items()),
        *graph.operators,
        *(_shift(code, old, new) for old, new in outputs.items()),
    ]
    graph.inputs = list(inputs.values())
    graph.outputs = list(outputs.values())
    for signature in model.signatureDefs or []:
        for named, renamed in (
            (signature.inputs, inputs),
            (signature.outputs, outputs),
        ):
            for end in named:
                end.tensorIndex = renamed[end.tensorIndex]
    return packed_model(model)


def _byte_tensor(graph: Any, index: int) -> int:
    """Adds the uint8 twin of an int8 tensor; returns its index."""
    tensor = graph.tensors[index]
    twin = schema.TensorT()
    twin.name = tensor.name + b"_uint8"
    twin.shape, twin.shapeSignature = tensor.shape, tensor.shapeSignature
    twin.type = schema.TensorType.UINT8
    twin.quantization = schema.QuantizationParametersT()
    twin.quantization.scale = tensor.quantization.scale
    twin.quantization.zeroPoint = [
        int(zero) + 128 for zero in tensor.quantization.zeroPoint
    ]
    graph.tensors.append(twin)
    return len(graph.tensors) - 1


def _quantize_code(model: Any) -> int:
    code = schema.OperatorCodeT()
    code.builtinCode = schema.BuiltinOperator.QUANTIZE
    code.deprecatedBuiltinCode = schema.BuiltinOperator.QUANTIZE
    code.version = 2
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _shift(code: int, source: int, target: int) -> Any:
    operator = schema.OperatorT()
    operator.opcodeIndex = code
    operator.inputs, operator.outputs = [source], [target]
    operator.builtinOptionsType = schema.BuiltinOptions.QuantizeOptions
    operator.builtinOptions = schema.QuantizeOptionsT()
    return operator


def with_any_scales(content: bytes) -> bytes:
    """Returns a file whose sums take 16-bit tensors of any scale.

    Otherwise the runtime takes scales within 0.1 % of powers of two, such as
    1 / 32,767, for these, and then refuses the sum or rounds its scales.
    """
    model = unpacked_model(content)
    for operator in model.subgraphs[0].operators:
        if isinstance(
            operator.builtinOptions, schema.AddOptionsT | schema.SubOptionsT
        ):
            operator.builtinOptions.potScaleInt16 = False
    return packed_model(model)


def with_metadata(
    content: bytes, entries: Mapping[str, bytes], without: Sequence[str] = ()
) -> bytes:
    """Returns a file with named bytes inside; a known name is replaced.

    What follows the model in the file goes, such as an archive.

    Args:
        content: A .tflite file.
        entries: What is added, by name.
        without: Names that are removed.
    """
    model = unpacked_model(content)
    known = {entry.name.decode(): entry for entry in model.metadata or []}
    for name in without:
        if name in known:
            _drop_buffer(model, known.pop(name).buffer)
    for name, data in entries.items():
        if name not in known:
            known[name] = schema.MetadataT()
            known[name].name, known[name].buffer = name, len(model.buffers)
            model.buffers.append(schema.BufferT())
        model.buffers[known[name].buffer].data = np.frombuffer(data, np.uint8)
    model.metadata = list(known.values())
    return packed_model(model)


def _drop_buffer(model: Any, index: int) -> None:
    """Empties a buffer; the last one goes, since no index lies behind it."""
    model.buffers[index].data = None
    if index == len(model.buffers) - 1:
        model.buffers.pop()


def metadata_of(content: bytes) -> dict[str, bytes]:
    """Returns the metadata of a file by name.

    Raises:
        ValueError: If it is not a .tflite file.
    """
    model = unpacked_model(content)
    return {
        entry.name.decode(): bytes(model.buffers[entry.buffer].data)
        for entry in model.metadata or []
    }
