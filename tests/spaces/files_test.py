import pathlib

import pytest

from nse_tf.spaces.files import read_json, write_bytes, write_json


def test_a_file_is_replaced_whole(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "new" / "file"
    write_bytes(path, b"first, and longer")
    write_bytes(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "file"
    path.mkdir()
    with pytest.raises(OSError, match="file"):
        write_bytes(path, b"cannot replace a folder")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_lacks_are_refused(
    value: float, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "file.json", {"loss": value})
    assert not (tmp_path / "file.json").exists()


def test_what_is_written_is_read(tmp_path: pathlib.Path) -> None:
    value = {"text": "é", "numbers": [1, 2.5, None, 2**70]}
    write_json(tmp_path / "file.json", value)
    assert read_json(tmp_path / "file.json", lambda read: read) == value
