"""Reads the tensors of a file of PyTorch's, and can execute nothing.

Such a file is made of pickles, which are programs. Here `pickletools` only
takes them apart; the few instructions that a table of tensors needs are done
below, on plain data, and everything else is refused by name. No module is
imported and no object of any class is made.

References:
    The layout of files before version 1.6, `torch.serialization._legacy_save`:
    four pickles (a magic number, a version, facts of the machine, the table of
    tensors), one with the keys of the storages, then each storage as a count of
    numbers (int64) and the numbers themselves.
"""

import dataclasses
import io
import math
import pickletools
from typing import Any, BinaryIO

import numpy as np

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C

_DTYPES: dict[str, np.dtype[Any]] = {
    "torch FloatStorage": np.dtype("<f4"),
    "torch LongStorage": np.dtype("<i8"),
}
_DICT, _TENSOR = "collections OrderedDict", "torch._utils _rebuild_tensor_v2"
_GLOBALS = {_DICT, _TENSOR, *_DTYPES}
_VALUES = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()


@dataclasses.dataclass(frozen=True)
class _Global:
    """The name of something that a pickle would import."""

    name: str


@dataclasses.dataclass(frozen=True)
class _Tensor:
    """Where the numbers of a tensor lie.

    Attributes:
        dtype: Type of its storage.
        key: Names the storage.
        start: Its first number there.
        shape: Its shape.
        order: Its axes as the numbers lie, the slowest first.
    """

    dtype: np.dtype[Any]
    key: str
    start: int
    shape: tuple[int, ...]
    order: tuple[int, ...]


def read_tensors(content: bytes) -> dict[str, np.ndarray]:
    """Returns the tensors of a state dictionary by name.

    Args:
        content: The file.

    Raises:
        ValueError: If it is no such file, holds anything but tensors of floats
            and whole numbers, or is cut off.
    """
    try:
        return _read(io.BytesIO(content))
    except (
        AttributeError,
        IndexError,
        KeyError,
        OverflowError,
        TypeError,
    ) as error:
        raise ValueError(f"It is no table of tensors: {error!r}.") from error


def _read(file: BinaryIO) -> dict[str, np.ndarray]:
    """Returns the tensors of a file; see `read_tensors`."""
    magic, _, _, table, keys = (_Pickle(file).value() for _ in range(5))
    if magic != MAGIC_NUMBER:
        raise ValueError("It is no file of tensors as PyTorch 1.5 wrote them.")
    for name, tensor in table.items():
        if not isinstance(tensor, _Tensor):
            raise ValueError(f"{name!r} is no tensor.")
    dtypes = {each.key: each.dtype for each in table.values()}
    storages = {key: _storage(file, dtypes[key]) for key in keys}
    return {
        name: _numbers(name, tensor, storages[tensor.key])
        for name, tensor in table.items()
    }


def _storage(file: BinaryIO, dtype: np.dtype[Any]) -> np.ndarray:
    """Returns the numbers of the next storage."""
    count = int.from_bytes(file.read(8), "little")
    content = file.read(count * dtype.itemsize)
    if len(content) != count * dtype.itemsize:
        raise ValueError(
            f"It is cut off: a storage of {count} numbers has {len(content)} "
            "bytes."
        )
    return np.frombuffer(content, dtype)


def _numbers(name: str, tensor: _Tensor, storage: np.ndarray) -> np.ndarray:
    """Returns the numbers of a tensor."""
    stop = tensor.start + math.prod(tensor.shape)
    if min(tensor.start, *tensor.shape, 0) < 0 or stop > len(storage):
        raise ValueError(f"{name!r} lies outside of its storage.")
    stored = [tensor.shape[axis] for axis in tensor.order]
    numbers = storage[tensor.start : stop].reshape(stored)
    return numbers.transpose(np.argsort(tensor.order).astype(int))


class _Pickle:
    """Does the instructions of one pickle on plain data.

    Args:
        file: Stands at its beginning; behind it once `value` has returned.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def value(self) -> Any:
        """Returns what it describes.

        Raises:
            ValueError: If it has an instruction that is not done here.
        """
        for opcode, argument, _ in pickletools.genops(self._file):
            if opcode.name == "STOP":
                break
            self._do(opcode.name, argument)
        return self._stack.pop()

    def _do(self, name: str, argument: Any) -> None:
        stack = self._stack
        match name:
            case "PROTO" | "BUILD":
                if name == "BUILD":  # Attributes of the table: versions.
                    stack.pop()
            case "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self._memo[argument])
            case "BINUNICODE" | "BININT" | "BININT1" | "BININT2" | "LONG1":
                stack.append(argument)
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append(_VALUES[name])
            case "MARK":
                stack.append(_MARK)
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_TUPLE" | "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = len(stack) - _TUPLES[name]
                self._stack[count:] = [tuple(stack[count:])]
            case "TUPLE":
                stack.append(tuple(self._since_mark()))
            case "APPENDS":
                items = self._since_mark()
                stack[-1].extend(items)
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                stack[-1][key] = value
            case "SETITEMS":
                items = self._since_mark()
                stack[-1].update(zip(items[::2], items[1::2], strict=True))
            case "GLOBAL":
                stack.append(_named(argument))
            case "BINPERSID":
                stack.append(_persistent(stack.pop()))
            case "REDUCE":
                arguments, function = stack.pop(), stack.pop()
                stack.append(_made(function, arguments))
            case _:
                raise ValueError(
                    f"It holds the instruction {name}, which a table of "
                    "tensors has no need of: it was not read."
                )

    def _since_mark(self) -> list[Any]:
        """Takes what lies above the last mark."""
        values: list[Any] = []
        while (value := self._stack.pop()) is not _MARK:
            values.insert(0, value)
        return values


def _named(name: str) -> _Global:
    if name not in _GLOBALS:
        raise ValueError(
            f"It asks for {name.replace(' ', '.')}, which a table of tensors "
            "has no need of: it was not read."
        )
    return _Global(name)


def _persistent(value: Any) -> tuple[np.dtype[Any], str]:
    """Returns the type and the key of a storage."""
    _, kind, key, *_ = value
    return _DTYPES[kind.name], str(key)


def _made(function: Any, arguments: tuple[Any, ...]) -> Any:
    """Returns what a call would make: an empty table, or a tensor."""
    if function == _Global(_DICT) and not arguments:
        return {}
    if function != _Global(_TENSOR):
        raise ValueError("It calls what a table of tensors has no need of.")
    (dtype, key), start, shape, strides, *_ = arguments
    return _Tensor(dtype, key, start, shape, _order(shape, strides))


def _order(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the axes as the numbers of a tensor lie, the slowest first."""
    # An axis of one number may have any stride.
    order = sorted(
        range(len(shape)), key=lambda axis: (-strides[axis], shape[axis])
    )
    step = 1
    for axis in reversed(order):
        if shape[axis] > 1 and strides[axis] != step:
            raise ValueError(
                f"A tensor of shape {shape} with strides {strides} leaves gaps."
            )
        step *= shape[axis]
    return tuple(order)
