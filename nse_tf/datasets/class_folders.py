"""The part and class of each image file, by its folder."""

import dataclasses
import pathlib

import numpy as np
import numpy.typing as npt

from nse_tf.datasets.decoding import SUFFIXES

# The part of every file where the folder does not name parts.
UNDIVIDED = "undivided"

_PART_BY_FOLDER = {
    "train": "train",
    "test": "test",
    "validation": "validation",
    "val": "validation",
}


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ClassFolders:
    """The image files of a folder, in a fixed order.

    Attributes:
        class_names: In alphabetical order.
        part_names: "train", "test" and perhaps "validation", or `UNDIVIDED`.
        paths: Paths of all images.
        labels: `(n,)`, the class of each.
        parts: `(n,)`, the name of the part of each.
    """

    class_names: tuple[str, ...]
    part_names: tuple[str, ...]
    paths: tuple[pathlib.Path, ...]
    labels: npt.NDArray[np.int32]
    parts: npt.NDArray[np.str_]


def list_class_folders(root: pathlib.Path) -> ClassFolders:
    """Returns the images of a folder with one sub-folder per class.

    There may be a level of parts above the classes: `train/`, `test/` and, if
    wanted, `validation/` or `val/`. Where only the latter accompanies `train/`,
    as with ImageNet, it is the test part. Hidden files and files of other
    kinds are passed over; deeper folders count as their class.

    Raises:
        FileNotFoundError: If the folder is missing.
        ValueError: If it is empty or not laid out like that.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"`data_dir` {str(root)!r} is not a folder.")
    if not any(root.iterdir()):
        raise ValueError(f"`data_dir` {str(root)!r} is empty.")
    folder_by_part = _part_folders(root) or {UNDIVIDED: root}
    class_names = _common_class_names(list(folder_by_part.values()))
    found = [
        (path, label, part)
        for part, folder in folder_by_part.items()
        for label, name in enumerate(class_names)
        for path in _image_files(folder / name)
    ]
    return ClassFolders(
        class_names=class_names,
        part_names=tuple(folder_by_part),
        paths=tuple(path for path, _, _ in found),
        labels=np.array([label for _, label, _ in found], np.int32),
        parts=np.array([part for _, _, part in found], np.str_),
    )


def _visible_folders(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    )


def _part_folders(root: pathlib.Path) -> dict[str, pathlib.Path]:
    """Returns the folder of each part, or nothing if these are classes.

    A class of railway trains beside other classes is not a part.
    """
    folders = _visible_folders(root)
    names = {folder.name for folder in folders}
    if (
        "train" not in names
        or len(names) < 2
        or not names <= _PART_BY_FOLDER.keys()
    ):
        return {}
    if {"validation", "val"} <= names:
        raise ValueError(
            f"`data_dir` {str(root)!r} has both validation/ and val/: keep one."
        )
    parts = {_PART_BY_FOLDER[folder.name]: folder for folder in folders}
    if "test" not in parts:
        parts["test"] = parts.pop("validation")
    return parts


def _common_class_names(roots: list[pathlib.Path]) -> tuple[str, ...]:
    first, *others = roots
    class_names = tuple(folder.name for folder in _visible_folders(first))
    if not class_names:
        raise ValueError(
            f"{str(first)!r} has no class folders: put the images of each "
            "class into a sub-folder of its own."
        )
    if len(class_names) == 1:
        raise ValueError(
            f"{str(first)!r} has only one class, {class_names[0]!r}: at least "
            "two are needed, each a sub-folder."
        )
    for other in others:
        names = {folder.name for folder in _visible_folders(other)}
        if odd := sorted(names ^ set(class_names)):
            raise ValueError(
                f"{str(first)!r} and {str(other)!r} must have the same "
                f"classes, but only one of them has {', '.join(odd)}."
            )
    return class_names


def _image_files(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not any(
            name.startswith(".") for name in path.relative_to(folder).parts
        )
        and path.is_file()
    )
