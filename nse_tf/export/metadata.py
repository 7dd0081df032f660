"""What travels inside a .tflite file: labels, input size and normalization.

Once as JSON of our own, which a few lines of any language read, and once as
TensorFlow Lite's standard metadata, see `app_metadata`.
"""

import json
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from nse_tf.export import app_metadata
from nse_tf.export.inference import open_interpreter
from nse_tf.export.model_edit import metadata_of, with_metadata

NAME = "nse_tf.classifier.json"
SCHEMA = "nse_tf.classifier/1"
_KERNELS = schema.BuiltinOperator


def with_classifier(
    tflite: bytes,
    class_names: Sequence[str],
    value_range: tuple[float, float] = (0.0, 255.0),
    *,
    is_for_apps: bool = True,
) -> bytes:
    """Returns a classifier's file with all that an app must know inside.

    One JSON object by the name `nse_tf.classifier.json` in the file's metadata:
    `labels` in the order of the scores, and `input` with height, width,
    channels, number type, and how a stored value follows from a pixel p in
    0..255: `p * scale + offset`, rounded where the type is an integer's.

    Args:
        tflite: The content of a .tflite file.
        class_names: A name for each score.
        value_range: The real values of a black and of a white pixel.
        is_for_apps: Whether the standard metadata and the archive of labels
            are added, too; they take about a kilobyte.
    """
    given = open_interpreter(tflite).get_input_details()[0]
    _, height, width, channels = given["shape"].tolist()
    low, high = value_range
    scale, offset = (high - low) / 255, low
    if np.issubdtype(given["dtype"], np.integer):
        step, zero = given["quantization"]
        scale, offset = scale / step, offset / step + zero
    facts = {
        "schema": SCHEMA,
        "labels": list(class_names),
        "input": {
            "height": height,
            "width": width,
            "channels": channels,
            "type": np.dtype(given["dtype"]).name,
            "scale": scale,
            "offset": offset,
        },
    }
    entries = {NAME: json.dumps(facts).encode()}
    if not is_for_apps:
        return with_metadata(tflite, entries)
    entries[app_metadata.NAME] = app_metadata.app_metadata(
        (height, width, channels),
        value_range,
        are_probabilities=gives_probabilities(tflite),
    )
    return app_metadata.with_labels_file(
        with_metadata(tflite, entries), class_names
    )


def without_app_metadata(tflite: bytes) -> bytes:
    """Returns a file without what only apps read, as for a microcontroller."""
    return with_metadata(tflite, {}, without=[app_metadata.NAME])


def gives_probabilities(tflite: bytes) -> bool:
    """Returns whether a classifier's scores are probabilities, by its last ops.

    That is a softmax, a sigmoid, or a sigmoid beside its complement, as
    `with_two_scores` has them; scores that are quantized count, too.
    """
    model = schema.Model.GetRootAs(tflite, 0)
    graph = model.Subgraphs(0)
    ops = [graph.Operators(i) for i in range(graph.OperatorsLength())]
    maker = {op.Outputs(i): op for op in ops for i in range(op.OutputsLength())}

    def kernel(op: Any) -> int:
        code = model.OperatorCodes(op.OpcodeIndex())
        return int(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()))

    def is_sound(tensor: int) -> bool:
        op = maker.get(tensor)
        if op is None:
            return False
        match kernel(op):
            case _KERNELS.QUANTIZE | _KERNELS.DEQUANTIZE:
                return is_sound(op.Inputs(0))
            case _KERNELS.CONCATENATION if op.InputsLength() == 2:
                return any(is_sound(op.Inputs(i)) for i in range(2))
            case found:
                return found in (_KERNELS.SOFTMAX, _KERNELS.LOGISTIC)

    return is_sound(graph.Outputs(0))


def read_classifier(tflite: bytes | str | os.PathLike[str]) -> dict[str, Any]:
    """Returns what `with_classifier` put into a file.

    Raises:
        ValueError: If the file holds no such entry.
    """
    if not isinstance(tflite, bytes):
        tflite = pathlib.Path(tflite).read_bytes()
    entries = metadata_of(tflite)
    if NAME not in entries:
        raise ValueError(
            f"`tflite` holds no {NAME!r}, only {sorted(entries)}: it was not "
            "exported by this package."
        )
    facts: dict[str, Any] = json.loads(entries[NAME])
    return facts
