import os
import pathlib
import stat

import pytest

from nse_tf.spaces.files import (
    home_expanded,
    read_json,
    write_bytes,
    write_json,
)


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


@pytest.mark.parametrize(
    ("umask", "mode", "wanted"),
    [
        (0o022, 0o666, 0o644),
        (0o002, 0o666, 0o664),
        (0o077, 0o666, 0o600),
        (0o002, 0o600, 0o600),
    ],
)
def test_files_honor_the_umask(
    umask: int, mode: int, wanted: int, tmp_path: pathlib.Path
) -> None:
    before = os.umask(umask)
    try:
        write_json(tmp_path / "file", 1, mode=mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == wanted


def test_a_link_is_replaced_and_not_followed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "target").write_text("theirs")
    (tmp_path / "file").symlink_to(tmp_path / "target")
    write_bytes(tmp_path / "file", b"ours")
    assert not (tmp_path / "file").is_symlink()
    assert (tmp_path / "target").read_text() == "theirs"


def test_no_home_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    cache = pathlib.Path("~/.cache")
    assert home_expanded(cache, "cache_dir") == pathlib.Path("/home/me/.cache")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(ValueError, match=r"is ~/\.cache, but .*--cache_dir"):
        home_expanded(cache, "cache_dir")
