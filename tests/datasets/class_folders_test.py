"""Where a file lies decides its part and class; odd layouts are refused."""

import pathlib

import pytest

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
    with pytest.raises(ValueError, match="both validation/ and val/"):
        list_class_folders(tmp_path)
