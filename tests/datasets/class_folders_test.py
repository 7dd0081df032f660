"""Where a file lies decides its part and class; odd layouts are refused."""

import os
import pathlib

import pytest

from nse_tf.datasets import class_folders
from nse_tf.datasets.class_folders import UNDIVIDED, list_class_folders


def touch(root: pathlib.Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def listed(root: pathlib.Path) -> list[tuple[str, str, str]]:
    files = list_class_folders(root)
    return [
        (path.relative_to(root).as_posix(), files.class_names[label], part)
        for path, label, part in zip(
            files.paths, files.labels.tolist(), files.parts, strict=True
        )
    ]


def test_one_folder_per_class(tmp_path: pathlib.Path) -> None:
    touch(tmp_path, "owl/b.jpg", "owl/a.PNG", "cat/deep/er/c.webp")
    assert listed(tmp_path) == [
        ("cat/deep/er/c.webp", "cat", UNDIVIDED),
        ("owl/a.PNG", "owl", UNDIVIDED),
        ("owl/b.jpg", "owl", UNDIVIDED),
    ]


def test_hidden_files_and_other_kinds_are_passed_over(
    tmp_path: pathlib.Path,
) -> None:
    touch(tmp_path, "a/1.jpg", "b/2.jpg", ".git/3.jpg", "a/.thumbs/4.jpg")
    touch(tmp_path, "a/.5.jpg", "b/notes.txt", "b/noext", "readme.md")
    (tmp_path / "a" / "folder.jpg").mkdir()
    assert [name for name, _, _ in listed(tmp_path)] == ["a/1.jpg", "b/2.jpg"]


@pytest.mark.parametrize("name", ["validation", "val"])
def test_parts_that_are_there_are_used(
    tmp_path: pathlib.Path, name: str
) -> None:
    for part in ("train", "test", name):
        touch(tmp_path, f"{part}/a/1.jpg", f"{part}/b/2.jpg")
    assert {part for _, _, part in listed(tmp_path)} == {
        "train",
        "test",
        "validation",
    }
    assert (f"{name}/b/2.jpg", "b", "validation") in listed(tmp_path)


def test_validation_beside_train_alone_is_the_test_part(
    tmp_path: pathlib.Path,
) -> None:
    touch(tmp_path, "train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg")
    touch(tmp_path, "val/b/1.jpg")
    assert {part for _, _, part in listed(tmp_path)} == {"train", "test"}
    assert ("val/b/1.jpg", "b", "test") in listed(tmp_path)


def test_a_class_of_trains_is_not_a_part(tmp_path: pathlib.Path) -> None:
    touch(tmp_path, "train/1.jpg", "test/1.jpg", "bus/1.jpg")
    assert list_class_folders(tmp_path).class_names == ("bus", "test", "train")


def test_a_missing_folder_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"`data_dir` .*nowhere"):
        list_class_folders(tmp_path / "nowhere")


def test_an_empty_folder_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="is empty"):
        list_class_folders(tmp_path)


def test_images_without_class_folders_are_refused(
    tmp_path: pathlib.Path,
) -> None:
    touch(tmp_path, "1.jpg", "2.jpg")
    with pytest.raises(ValueError, match="has no class folders"):
        list_class_folders(tmp_path)


def test_a_single_class_is_refused(tmp_path: pathlib.Path) -> None:
    touch(tmp_path, "cat/1.jpg")
    with pytest.raises(ValueError, match="has only one class, 'cat'"):
        list_class_folders(tmp_path)


def test_parts_of_different_classes_are_refused(tmp_path: pathlib.Path) -> None:
    touch(tmp_path, "train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg")
    touch(tmp_path, "test/c/1.jpg")
    with pytest.raises(ValueError, match="only one of them has b, c"):
        list_class_folders(tmp_path)


def test_two_validation_parts_are_refused(tmp_path: pathlib.Path) -> None:
    touch(tmp_path, "train/a/1.jpg", "validation/a/1.jpg", "val/a/1.jpg")
    with pytest.raises(ValueError, match="both val/ and validation/"):
        list_class_folders(tmp_path)


@pytest.mark.parametrize(
    "folders",
    [
        ("train", "valid", "test"),
        ("Training", "Testing"),
        ("TRAIN", "VAL", "TEST"),
        ("train", "dev", "test"),
        ("train_set", "test-images", "validation set"),
        ("train", "test", "stray"),
        ("train", "test", "__MACOSX"),
    ],
)
def test_parts_are_no_classes_however_they_are_spelled(
    tmp_path: pathlib.Path, folders: tuple[str, ...]
) -> None:
    for part in folders:
        touch(tmp_path, f"{part}/cat/1.jpg", f"{part}/dog/2.jpg")
    files = list_class_folders(tmp_path)
    assert files.class_names == ("cat", "dog")
    assert {"train", "test"} <= set(files.part_names)
    assert "is the train part" in files.notes[0]
    if "stray" in folders:
        assert "stray/ beside them is not used" in files.notes[0]
        assert files.unused == {"beside the class folders": 2}


@pytest.mark.parametrize("inner", [("x", "y"), ("train", "test"), ("train",)])
def test_folders_that_all_hold_the_same_ones_are_refused(
    tmp_path: pathlib.Path, inner: tuple[str, ...]
) -> None:
    for outer in ("fold1", "fold2", "fold3"):
        for name in inner:
            touch(tmp_path, f"{outer}/{name}/1.jpg")
    with pytest.raises(ValueError, match="not clear which are the classes"):
        list_class_folders(tmp_path)


def test_one_sub_folder_of_any_name_is_part_of_its_class(
    tmp_path: pathlib.Path,
) -> None:
    touch(tmp_path, "cat/images/1.jpg", "dog/images/2.jpg")
    assert list_class_folders(tmp_path).class_names == ("cat", "dog")


def test_wrappers_are_stepped_into_with_a_word(tmp_path: pathlib.Path) -> None:
    touch(tmp_path, "archive/pets/cat/1.jpg", "archive/pets/dog/2.jpg")
    touch(tmp_path, "readme.txt")
    files = list_class_folders(tmp_path)
    assert files.class_names == ("cat", "dog")
    assert files.root == tmp_path / "archive" / "pets"
    assert files.notes == ("Everything lies in archive/pets/, which is read.",)


def test_every_file_that_is_not_used_is_counted_by_reason(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a/1.jpg", "b/2.jpg", "b/.3.jpg", "a/4.txt", "a/5.TXT")
    touch(tmp_path, "6.png", "b/7", "a/secret.jpg", "a/8.heic")
    (tmp_path / "a" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "b" / "more").symlink_to(tmp_path / "a")
    monkeypatch.setattr(
        "os.access", lambda path, mode: path.name != "secret.jpg"
    )
    monkeypatch.setattr(
        class_folders, "readable_suffixes", lambda: frozenset({".jpg", ".png"})
    )
    files = list_class_folders(tmp_path)
    assert [path.name for path in files.paths] == ["1.jpg", "2.jpg"]
    assert files.unused == {
        ".heic needs pip install 'nse-tf[heif]'": 1,
        ".txt is no image": 2,
        "beside the class folders": 1,
        "broken symbolic link": 1,
        "hidden": 1,
        "no permission": 1,
        "no suffix": 1,
        "symbolic link to a folder": 1,
    }


def test_names_that_no_file_can_hold_are_mapped_when_data_are_loaded(
    tmp_path: pathlib.Path,
) -> None:
    for name in (b"caf\xe9", b"two\nlines", "caf\ufffd".encode()):
        touch(tmp_path, f"{os.fsdecode(name)}/1.jpg")
    files = list_class_folders(tmp_path)
    assert files.class_names == ("caf\ufffd (2)", "caf\ufffd", "two lines")
    assert len(set(files.class_names)) == 3
    for written in files.class_names:
        assert written.encode().decode().splitlines() == [written]
    assert "Names of folders that cannot be written" in files.notes[0]
    assert files.notes[0].isprintable()
