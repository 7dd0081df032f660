"""The part and class of each image file, by its folder."""

import collections
import dataclasses
import os
import pathlib
import re
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from nse_tf.datasets.class_names import written_names
from nse_tf.datasets.decoding import (
    HEIF_SUFFIXES,
    SUFFIXES,
    readable_suffixes,
)

# The part of every file where the folder does not name parts.
UNDIVIDED = "undivided"

# How parts are spelled, in any case; "train_set" and "Test images" count, too.
_PART_BY_SPELLING = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing"), "test"),
    **dict.fromkeys(
        (
            *("validation", "valid", "val", "validate", "validating"),
            *("dev", "development", "eval", "evaluation"),
        ),
        "validation",
    ),
}
_AFTER_A_PART = re.compile(r"[ _.-]*(set|split|data|dataset|images|imgs)?$")

# Folders that hold one folder, in a row, that are stepped into.
_MAX_WRAPPERS = 5


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ClassFolders:
    """The image files of a folder, in a fixed order.

    Attributes:
        class_names: In alphabetical order of the folders, as they can be
            written; see `written_names`.
        part_names: "train", "test" and perhaps "validation", or `UNDIVIDED`.
        paths: Paths of all images.
        labels: `(n,)`, the class of each.
        parts: `(n,)`, the name of the part of each.
        root: The folder of the parts or classes, which may lie below the one
            that was given.
        notes: What a user should know of the layout, in sentences.
        unused: How many other files there are, by why they are not used.
    """

    class_names: tuple[str, ...]
    part_names: tuple[str, ...]
    paths: tuple[pathlib.Path, ...]
    labels: npt.NDArray[np.int32]
    parts: npt.NDArray[np.str_]
    root: pathlib.Path
    notes: tuple[str, ...] = ()
    unused: Mapping[str, int] = dataclasses.field(default_factory=dict)


def list_class_folders(root: pathlib.Path) -> ClassFolders:
    """Returns the images of a folder with one sub-folder per class.

    There may be a level of parts above the classes, in any case and common
    spelling: `train/`, `test/` and, if wanted, `validation/`, `val/` or
    `dev/`. Where only the latter accompanies `train/`, as with ImageNet, it is
    the test part. Deeper folders count as their class. One folder that holds
    all others is stepped into.

    Raises:
        FileNotFoundError: If the folder is missing.
        ValueError: If it is empty or not laid out like that.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"`data_dir` {str(root)!r} is not a folder.")
    if not any(root.iterdir()):
        raise ValueError(f"`data_dir` {str(root)!r} is empty.")
    inner, notes = _unwrapped(root)
    folder_by_part = _part_folders(inner) or {UNDIVIDED: inner}
    folder_names = _common_class_names(list(folder_by_part.values()))
    _require_classes(folder_by_part, folder_names)
    unused: collections.Counter[str] = collections.Counter()
    found = []
    for part, folder in folder_by_part.items():
        for label, name in enumerate(folder_names):
            images = sorted(_image_files(folder / name, unused))
            found += [(path, label, part) for path in images]
    _count_beside(root, folder_by_part, folder_names, unused)
    class_names, renamed = written_names(folder_names)
    return ClassFolders(
        class_names=class_names,
        part_names=tuple(folder_by_part),
        paths=tuple(path for path, _, _ in found),
        labels=np.array([label for _, label, _ in found], np.int32),
        parts=np.array([part for _, _, part in found], np.str_),
        root=inner,
        notes=(*notes, *_told(inner, folder_by_part), *renamed),
        unused=dict(sorted(unused.items())),
    )


def part_of(folder_name: str) -> str | None:
    """Returns the part that a folder's name stands for; None for no part."""
    name = _AFTER_A_PART.sub("", folder_name.casefold().strip())
    return _PART_BY_SPELLING.get(name)


def _told(
    root: pathlib.Path, folder_by_part: Mapping[str, pathlib.Path]
) -> list[str]:
    """Returns what folders were taken for parts, and which were left out."""
    if UNDIVIDED in folder_by_part:
        return []
    pairs = ", ".join(
        f"{folder.name}/ is the {part} part"
        for part, folder in folder_by_part.items()
    )
    used = set(folder_by_part.values())
    strays = [each for each in _visible_folders(root) if each not in used]
    if not strays:
        return [f"{pairs}."]
    names = ", ".join(f"{each.name}/" for each in strays)
    return [f"{pairs}; {names} beside them is not used."]


def _visible_folders(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith((".", "__MACOSX"))
    )


def _has_images(folder: pathlib.Path) -> bool:
    """Whether images lie in a folder itself, not below it."""
    return any(
        path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
        for path in folder.iterdir()
    )


def _unwrapped(root: pathlib.Path) -> tuple[pathlib.Path, list[str]]:
    """Returns the folder that holds parts or classes, and a word about it."""
    inner = root
    for _ in range(_MAX_WRAPPERS):
        folders = _visible_folders(inner)
        if len(folders) != 1 or _has_images(inner) or _has_images(folders[0]):
            break
        if not _visible_folders(folders[0]):
            break
        inner = folders[0]
    if inner == root:
        return root, []
    below = inner.relative_to(root).as_posix()
    return inner, [f"Everything lies in {below}/, which is read."]


def _part_folders(root: pathlib.Path) -> dict[str, pathlib.Path]:
    """Returns the folder of each part, or nothing if these are classes.

    A class of railway trains beside other classes is not a part: images lie in
    it, and those of a part lie in the folders of classes.
    """
    parts: dict[str, pathlib.Path] = {}
    folders = _visible_folders(root)
    named = [(part_of(folder.name), folder) for folder in folders]
    spelled = {part for part, _ in named if part is not None}
    if "train" not in spelled or len(spelled) < 2:
        return {}
    has_strays = any(part is None for part, _ in named)
    if has_strays and any(
        part is not None and (_has_images(each) or not _visible_folders(each))
        for part, each in named
    ):
        return {}
    for part, folder in named:
        if part in parts:
            raise ValueError(
                f"`data_dir` {str(root)!r} has both {parts[part].name}/ and "
                f"{folder.name}/: keep one."
            )
        if part is not None:
            parts[part] = folder
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


def _require_classes(
    folder_by_part: Mapping[str, pathlib.Path], names: tuple[str, ...]
) -> None:
    """Refuses folders that all hold the same sub-folders, which are classes.

    Raises:
        ValueError: If they do.
    """
    for folder in folder_by_part.values():
        below = [
            tuple(each.name for each in _visible_folders(folder / name))
            for name in names
        ]
        is_part = all(part_of(name) for name in below[0])
        if len(set(below)) > 1 or len(below[0]) < (1 if is_part else 2):
            continue
        if any(_has_images(folder / name) for name in names):
            continue
        several = ", ".join(f"{name}/" for name in names[:5])
        same = ", ".join(f"{name}/" for name in below[0][:5])
        raise ValueError(
            f"{several} in {str(folder)!r} all hold the same sub-folders, "
            f"{same}, so it is not clear which are the classes. If the inner "
            "ones are, name the outer ones train/, validation/ and test/, or "
            "give one of them as `data_dir`; if the outer ones are, put their "
            "images directly into them."
        )


def _image_files(
    folder: pathlib.Path, unused: collections.Counter[str]
) -> Iterator[pathlib.Path]:
    """Yields the images of a class; counts what else lies there."""
    for path in _files_below(folder, unused):
        reason = _why_unused(path, folder)
        if reason is None:
            yield path
        else:
            unused[reason] += 1


def _files_below(
    folder: pathlib.Path, unused: collections.Counter[str]
) -> Iterator[pathlib.Path]:
    """Yields all files below a folder, but not behind symbolic links to one."""

    def refused(error: OSError) -> None:
        del error
        unused["folder without permission"] += 1

    for parent, folders, files in os.walk(folder, onerror=refused):
        here = pathlib.Path(parent)
        for name in folders:
            if (here / name).is_symlink():
                unused["symbolic link to a folder"] += 1
        yield from (here / name for name in files)


def _why_unused(path: pathlib.Path, folder: pathlib.Path) -> str | None:
    """Returns why a file of a class folder is not used; None if it is."""
    suffix = path.suffix.lower()
    if any(name.startswith(".") for name in path.relative_to(folder).parts):
        return "hidden"
    if suffix not in SUFFIXES:
        return f"{suffix} is no image" if suffix else "no suffix"
    if suffix not in readable_suffixes():
        needed = "pip install 'nse-tf[heif]'" if suffix in HEIF_SUFFIXES else (
            "a Pillow that reads it"
        )  # fmt: skip
        return f"{suffix} needs {needed}"
    if not path.is_file():
        return "broken symbolic link" if path.is_symlink() else "no file"
    return None if os.access(path, os.R_OK) else "no permission"


def _count_beside(
    root: pathlib.Path,
    folder_by_part: Mapping[str, pathlib.Path],
    class_names: tuple[str, ...],
    unused: collections.Counter[str],
) -> None:
    """Counts images that lie in no class folder."""
    ours = {
        folder / name
        for folder in folder_by_part.values()
        for name in class_names
    }
    for parent, folders, files in os.walk(root):
        here = pathlib.Path(parent)
        folders[:] = [each for each in folders if here / each not in ours]
        for name in files:
            is_image = pathlib.Path(name).suffix.lower() in SUFFIXES
            if is_image and not name.startswith("."):
                unused["beside the class folders"] += 1
