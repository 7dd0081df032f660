"""How long four .tflite files of one network take, against one conversion.

    python benchmarks/speed/export_variants.py --width=0.35 --size=96

MobileNetV2 with random weights, converted in turns: to fp32 alone, to fp32,
fp16, dynamic and int8 from that one conversion, and to the four by TensorFlow's
converter. The shortest of each counts, in seconds of the processor, which other
processes do not add to.
"""

import functools
import time
from collections.abc import Sequence

import keras
import numpy as np
from absl import app, flags
from timing import shortest_in_turns

from nse_tf.export import PRECISIONS, convert_all

WIDTH = flags.DEFINE_float("width", 0.35, "Width multiplier.")
SIZE = flags.DEFINE_integer("size", 96, "Side of the images.", 32)
IMAGES = flags.DEFINE_integer("images", 200, "To calibrate int8 with.", 1)
REPEATS = flags.DEFINE_integer("repeats", 3, "Timings.", 1)


def main(argv: Sequence[str]) -> None:
    """Prints the times and the ratios."""
    del argv
    shape = (SIZE.value, SIZE.value, 3)
    model = keras.applications.MobileNetV2(
        shape, alpha=WIDTH.value, weights=None, classifier_activation=None
    )
    images = np.random.default_rng(0).integers(
        0, 256, (IMAGES.value, *shape), np.uint8
    )
    convert = functools.partial(convert_all, model, PRECISIONS, images)
    one, ours, theirs = shortest_in_turns(
        [
            functools.partial(convert_all, model, ["fp32"]),
            convert,
            functools.partial(convert, quantizer="tensorflow"),
        ],
        REPEATS.value,
        time.process_time,
    )
    print(f"fp32 alone: {one:.2f} s")
    print(f"four from one conversion: {ours:.2f} s, {ours / one:.2f} times")
    print(f"four by TensorFlow: {theirs:.2f} s, {theirs / one:.2f} times")


if __name__ == "__main__":
    app.run(main)
