"""Says why a .tflite file does not run, and what to do about it."""

import contextlib
from collections.abc import Iterator

import flatbuffers.util
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

IDENTIFIER = b"TFL3"


def require_format(name: str, content: bytes) -> None:
    """Refuses what is no .tflite file at all.

    Args:
        name: The file or argument, for the message.
        content: All of its bytes.

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
    """Refuses inputs with open sides; an open batch is taken as 1.

    Raises:
        ValueError: If another side than the first of any input is open.
    """
    for given in interpreter.get_input_details():
        sides = given["shape_signature"].tolist()
        if -1 in sides[1:]:
            raise ValueError(
                f"{name} takes inputs of no fixed shape: {given['name']!r} is "
                f"{'x'.join('?' if side < 0 else str(side) for side in sides)}."
                " A latency belongs to one shape: convert the model for one."
            )


@contextlib.contextmanager
def explaining(name: str, content: bytes) -> Iterator[None]:
    """Turns the runtime's errors into words that say what to do.

    Args:
        name: The file or argument.
        content: All of its bytes, of the right identifier.

    Raises:
        ValueError: In place of whatever the runtime raises meanwhile.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise ValueError(_explanation(name, content, str(error))) from error


def _explanation(name: str, content: bytes, said: str) -> str:
    if "not a valid Flatbuffer" in said:
        return (
            f"{name} is not a whole .tflite file: its {len(content):,} bytes "
            "are cut off or damaged. Export or copy it again."
        )
    foreign = custom_ops(content)
    if any(op.startswith("Flex") for op in foreign):
        return (
            f"{name} needs TensorFlow itself, for the flex ops "
            f"{', '.join(foreign)}; LiteRT runs without it. Convert the model "
            "with TFLITE_BUILTINS only, and replace these ops."
        )
    if foreign:
        return (
            f"{name} has custom ops that LiteRT does not know: "
            f"{', '.join(foreign)}. Replace them before converting."
        )
    return f"{name} cannot be run: {said.strip()}"


def custom_ops(content: bytes) -> list[str]:
    """Returns the names of a whole file's ops that are not built in."""
    model = schema.Model.GetRootAs(content, 0)
    codes = map(model.OperatorCodes, range(model.OperatorCodesLength()))
    names = [code.CustomCode() for code in codes]
    return sorted(name.decode() for name in names if name)
