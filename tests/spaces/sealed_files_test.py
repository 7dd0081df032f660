import hashlib
import pathlib

import pytest

from nse_tf.spaces.sealed_files import (
    DamagedError,
    read_either,
    read_sealed,
    require_intact,
    set_aside,
    write_sealed,
    write_twice,
)

VALUE = {"schema": "a/1", "numbers": [0.1, 2, None], "text": "ä"}


def test_a_value_comes_back(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "new" / "a.json"
    write_sealed(path, VALUE)
    assert read_sealed(path) == VALUE


def test_what_is_absent_is_not_damaged(tmp_path: pathlib.Path) -> None:
    for read in (read_sealed, read_either):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "a.json")


def test_every_bit_and_every_length_is_covered(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.json"
    write_sealed(path, VALUE)
    content = path.read_bytes()
    damages = [content[:length] for length in range(len(content) - 1)]
    for index in range(len(content)):
        flipped = bytearray(content)
        flipped[index] ^= 1 << index % 8
        damages.append(bytes(flipped))
    num_refused = 0
    for damage in damages:
        path.write_bytes(damage)
        try:
            assert read_sealed(path) == VALUE  # A flip of what only indents.
        except DamagedError:
            num_refused += 1
    assert num_refused > 0.9 * len(damages)


def test_a_copy_repairs_the_file_and_nothing_is_deleted(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.json"
    write_twice(path, VALUE)
    path.write_bytes(b"{")
    assert read_either(path) == read_sealed(path) == VALUE
    assert "is damaged" in caplog.text
    assert "a.json.damaged1" in caplog.text
    assert (tmp_path / "a.json.damaged1").read_bytes() == b"{"


def test_with_both_damaged_the_file_is_named_and_kept(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "a.json"
    write_twice(path, VALUE)
    for each in tmp_path.iterdir():
        each.write_bytes(each.read_bytes()[:-9])
    kept = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    with pytest.raises(DamagedError, match=r"a\.json is damaged"):
        read_either(path)
    assert {e.name: e.read_bytes() for e in tmp_path.iterdir()} == kept


def test_damaged_files_never_replace_each_other(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.json"
    names = []
    for number in range(3):
        path.write_bytes(bytes([number]))
        names.append(set_aside(path).name)
    assert names == [f"a.json.damaged{n}" for n in range(1, len(names) + 1)]


def test_a_file_is_held_to_its_hash(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "model.keras"
    sha256 = hashlib.sha256(b"weights").hexdigest()
    with pytest.raises(DamagedError, match="is gone"):
        require_intact(path, sha256)
    path.write_bytes(b"weights")
    require_intact(path, sha256)
    path.write_bytes(b"weight")
    with pytest.raises(DamagedError, match=r"model\.keras is damaged"):
        require_intact(path, sha256)
