"""Tensors of PyTorch's files, read without executing anything."""

import pathlib
import struct

import numpy as np
import pytest

from nse_tf.starts.torch_file import MAGIC_NUMBER, read_tensors

NUMBERS = np.arange(24, dtype="<f4")


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def whole(*values: int) -> bytes:
    """Returns a tuple of whole numbers."""
    return b"(" + b"".join(b"K" + bytes([each]) for each in values) + b"t"


def tensor(
    key: str, start: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> bytes:
    """Returns the instructions that make a tensor of a storage of 24 floats."""
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key)
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(("
        + storage[1:]
        + text("cpu")
        + b"K\x18NtQK"
        + bytes([start])
        + whole(*shape)
        + whole(*strides)
        + b"\x89ccollections\nOrderedDict\n)RtR"
    )


def file_of(table: bytes, numbers: bytes | None = None) -> bytes:
    """Returns a file with a table and one storage, `key`."""
    magic = MAGIC_NUMBER.to_bytes(10, "little")
    heads = [b"\x8a\x0a" + magic, b"M\xe9\x03", b"}"]
    pickles = [*heads, table, b"]q\x00(" + text("key") + b"e"]
    content = b"".join(b"\x80\x02" + each + b"." for each in pickles)
    numbers = NUMBERS.tobytes() if numbers is None else numbers
    return content + struct.pack("<q", 24) + numbers


def table_of(*items: bytes) -> bytes:
    return b"ccollections\nOrderedDict\n)R(" + b"".join(items) + b"u}b"


GOOD = file_of(
    table_of(
        text("plain"),
        tensor("key", 2, (2, 3), (3, 1)),
        text("permuted"),
        tensor("key", 0, (2, 3, 4), (1, 8, 2)),
        text("scalar"),
        tensor("key", 5, (), ()),
    )
)


def test_tensors_have_their_shape_whatever_the_order_of_their_axes() -> None:
    found = read_tensors(GOOD)
    np.testing.assert_array_equal(found["plain"], [[2, 3, 4], [5, 6, 7]])
    permuted = NUMBERS.reshape(3, 4, 2).transpose(2, 0, 1)
    np.testing.assert_array_equal(found["permuted"], permuted)
    assert found["scalar"].shape == ()
    assert found["scalar"] == 5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            file_of(b"cos\nsystem\n" + text("touch made") + b"\x85R"),
            "asks for os.system, which a table",
        ),
        (file_of(b"cbuiltins\neval\n)R"), "asks for builtins.eval"),
        (file_of(b"(ios\nsystem\n"), "holds the instruction INST"),
        (file_of(text("os") + text("system") + b"\x93"), "STACK_GLOBAL"),
        (file_of(table_of(text("a"), b"K\x01")), "'a' is no tensor"),
        (
            file_of(table_of(text("a"), tensor("key", 20, (2, 3), (3, 1)))),
            "'a' lies outside of its storage",
        ),
        (
            file_of(table_of(text("a"), tensor("other", 0, (2,), (1,)))),
            "table of tensors",
        ),
        (
            file_of(table_of(text("a"), tensor("key", 0, (2, 3), (4, 1)))),
            "strides \\(4, 1\\) leaves gaps",
        ),
        (GOOD[:-1], "It is cut off: a storage of 24 numbers has 95 bytes"),
        (b"PK\x03\x04", "."),
        (b"", "."),
    ],
    ids=range(11),
)
def test_anything_else_is_refused(
    content: bytes,
    message: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        read_tensors(content)
    assert not list(tmp_path.iterdir())


# A damaged name may have escapes that are none.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_damaged_file_is_refused_or_read_and_does_nothing_else() -> None:
    rng = np.random.default_rng(0)
    num_refused = 0
    for _ in range(400):
        damaged = bytearray(GOOD)
        damaged[rng.integers(len(GOOD) - NUMBERS.nbytes)] = rng.integers(256)
        try:
            assert all(
                isinstance(each, np.ndarray)
                for each in read_tensors(bytes(damaged)).values()
            )
        except ValueError:
            num_refused += 1
    assert num_refused > 200
