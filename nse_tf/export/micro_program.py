"""Runs .tflite files under TensorFlow Lite Micro's interpreter.

It runs in its own process, since the interpreter prints what it used instead of
returning it, and ends the process where a kernel meets what it does not expect.
Its arguments are files, each followed by a file of inputs `(count, ...)` or by
`-`; scores go to `….scores.npy` beside the inputs. What the interpreter prints
of each comes on stderr, in their order. Imports nothing of this package. See
`micro`, which calls it.
"""

import pathlib
import sys

import numpy as np
from tflite_micro import runtime

# More than any microcontroller has; only what is used is counted.
ARENA_BYTES = 1 << 28


def main(words: list[str]) -> None:
    """Runs each file."""
    for model, inputs in zip(words[::2], words[1::2], strict=True):
        content = pathlib.Path(model).read_bytes()
        interpreter = runtime.Interpreter.from_bytes(
            content, arena_size=max(ARENA_BYTES, 2 * len(content))
        )
        if inputs != "-":
            scores = []
            for image in np.load(inputs):
                interpreter.set_input(image[np.newaxis], 0)
                interpreter.invoke()
                scores.append(interpreter.get_output(0)[0])
            np.save(inputs.removesuffix(".npy") + ".scores.npy", scores)
        interpreter.print_allocations()


if __name__ == "__main__":
    main(sys.argv[1:])
