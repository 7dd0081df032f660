"""What travels inside a .tflite file: labels, input size and normalization."""

import json
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from nse_tf.export.inference import open_interpreter
from nse_tf.export.model_edit import metadata_of, with_metadata

NAME = "nse_tf.classifier.json"
SCHEMA = "nse_tf.classifier/1"


def with_classifier(
    tflite: bytes,
    class_names: Sequence[str],
    value_range: tuple[float, float] = (0.0, 255.0),
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
    return with_metadata(tflite, {NAME: json.dumps(facts).encode()})


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
