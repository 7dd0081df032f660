"""Explains why a .tflite file does not run, and how to fix it."""

import contextlib
from collections.abc import Iterator

import flatbuffers.util
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

IDENTIFIER = b"TFL3"


def require_format(name: str, content: bytes) -> None:
    """Refuses content that is not a .tflite file.

    Args:
        name: Name of the file or argument, for messages.
        content: All bytes of the file.

    Raises:
        ValueError: If the flatbuffer's identifier is missing.
    """
    if not flatbuffers.util.BufferHasIdentifier(content, 0, IDENTIFIER):
        raise ValueError(
            f"{name} is not a .tflite file: its {len(content):,} bytes begin "
            f"with {content[:8]!r}, and {IDENTIFIER!r} does not follow. "
            "Convert the model first, as with nse_export."
        )


def require_fixed_shapes(name: str, interpreter: Interpreter) -> None:
    """Refuses inputs of unknown shape; an unknown batch is taken as 1.

    Raises:
        ValueError: If any input has an unknown side other than the first.
    """
    for given in interpreter.get_input_details():
        sides = given["shape_signature"].tolist()
        if -1 in sides[1:]:
            shape = "x".join("?" if n < 0 else str(n) for n in sides)
            raise ValueError(
                f"{name} has inputs without a fixed shape: {given['name']!r} "
                f"is {shape}. A latency belongs to one shape: "
                "convert the model for one."
            )


@contextlib.contextmanager
def explaining(name: str, content: bytes) -> Iterator[None]:
    """Turns the runtime's errors into messages that say what to do.

    Args:
        name: Name of the file or argument.
        content: All bytes of the file, with the right identifier.

    Raises:
        ValueError: Instead of any error of the runtime.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise ValueError(_explanation(name, content, str(error))) from error


def _explanation(name: str, content: bytes, reason: str) -> str:
    if "not a valid Flatbuffer" in reason:
        return (
            f"{name} is not a whole .tflite file: its {len(content):,} bytes "
            "are cut off or damaged. Export or copy it again."
        )
    unknown = custom_ops(content)
    if any(op.startswith("Flex") for op in unknown):
        return (
            f"{name} needs TensorFlow itself, for the flex ops "
            f"{', '.join(unknown)}; LiteRT runs without it. Convert the model "
            "with TFLITE_BUILTINS only, and replace these ops."
        )
    if unknown:
        return (
            f"{name} has custom ops that LiteRT does not know: "
            f"{', '.join(unknown)}. Replace them before converting."
        )
    return f"{name} cannot be run: {reason.strip()}"


def custom_ops(content: bytes) -> list[str]:
    """Returns the names of a whole file's ops that are not built in."""
    model = schema.Model.GetRootAs(content, 0)
    codes = map(model.OperatorCodes, range(model.OperatorCodesLength()))
    names = [code.CustomCode() for code in codes]
    return sorted(name.decode() for name in names if name)
