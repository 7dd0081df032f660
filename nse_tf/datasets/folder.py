"""A folder of photographs, one sub-folder per class."""

import concurrent.futures
import functools
import logging
import os
import pathlib
import shutil
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
from PIL import Image

from nse_tf.datasets.array_cache import (
    UNREADABLE,
    Rows,
    Shape,
    files_key,
    load_or_decode,
)
from nse_tf.datasets.augmentation import suitable_policy
from nse_tf.datasets.class_folders import (
    UNDIVIDED,
    ClassFolders,
    list_class_folders,
)
from nse_tf.datasets.class_names import writable
from nse_tf.datasets.decoding import Decoding, pixels_allowed, read_image
from nse_tf.datasets.image_data import ImageData, ImageSet
from nse_tf.datasets.read_options import ReadOptions
from nse_tf.datasets.splitting import split_off_test, split_off_validation
from nse_tf.datasets.survey import (
    Survey,
    read_survey,
    survey_of,
    write_survey,
)

# Photographs are shrunk to this by default; smaller ones stay.
DEFAULT_IMAGE_SIZE = 96

# Images of each class, so that every part that is split off has at least one
# and leaves at least one.
_MIN_IMAGES = {UNDIVIDED: 3, "train": 2, "validation": 1, "test": 1}

# Decoded images that may wait to be written, so that memory stays bounded.
_NUM_DECODED_AHEAD = 256

_logger = logging.getLogger(__name__)


def load_folder(
    data_dir: str | os.PathLike[str], options: ReadOptions
) -> ImageData:
    """Returns a folder of images, laid out as `list_class_folders` says.

    Files that cannot be decoded are left out, logged, named in the result, and
    tried again by the next call. Where the folder has no test part, a fifth of
    every class becomes it, the same for every seed.

    Args:
        data_dir: The folder.
        options: How to read it. By default images have the median shorter side
            of all, at most 96, and 3 channels unless every image is gray. The
            validation part is split off only if the folder has none. Images
            are decoded again when a file changes.

    Raises:
        FileNotFoundError: If the folder is missing.
        ValueError: If the layout is wrong or a class has too few images.
    """
    root = pathlib.Path(data_dir).expanduser()
    files = list_class_folders(root)
    _check_counts(root, files, np.ones(len(files.paths), np.bool))
    with pixels_allowed(options.max_megapixels):
        images, labels, survey = _read(root, files, options)
    is_readable = labels != UNREADABLE
    _check_counts(root, files, is_readable)
    everything = ImageSet(images, files.labels)
    train, validation, test = (
        everything.subset(rows)
        for rows in _split(
            files, is_readable, options.validation_fraction, options.seed
        )
    )
    _, height, _, depth = images.shape
    return ImageData(
        name=writable(root.resolve().name),
        train=train,
        validation=validation,
        test=test,
        class_names=files.class_names,
        augmentation=suitable_policy(height, depth),
        unreadable=_log_unreadable(root, files, is_readable),
        notes=(
            *files.notes,
            *survey.notes(images.shape[1:], options.padding),
            *_unused_note(files.unused),
        ),
        native_side=survey.median_side,
    )


def _read(
    root: pathlib.Path, files: ClassFolders, options: ReadOptions
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32], Survey]:
    """Returns all images, their labels, and what was found out about them.

    Files that could not be read when the images were kept are tried again: a
    permission, a disk or a library may have been what was missing.
    """
    how = (options.image_size, options.channels, options.padding)
    key = files_key(root, files.paths, "folder 2", *how)
    entry = options.cache / f"folder_{key}"
    kept = read_survey(entry)
    if kept is None:
        shutil.rmtree(entry, ignore_errors=True)  # Not whole.
    survey = kept or survey_of(files.paths)
    decoding = _decoding(survey, options)
    images, labels = load_or_decode(
        entry, functools.partial(_decode, files, decoding)
    )
    if kept is None:
        write_survey(entry, survey)
        return images, labels, survey
    lost = [files.paths[row] for row in np.flatnonzero(labels == UNREADABLE)]
    if any(_read_or_none(path, decoding) is not None for path in lost):
        shutil.rmtree(entry)
        return _read(root, files, options)
    return images, labels, survey


def _decoding(survey: Survey, options: ReadOptions) -> Decoding:
    side = options.image_size or min(survey.median_side, DEFAULT_IMAGE_SIZE)
    channels = options.channels or (1 if survey.is_gray else 3)
    return options.decoding((side, side, channels), survey.gray_range)


def _decode(files: ClassFolders, decoding: Decoding) -> tuple[Shape, Rows]:
    shape = (len(files.paths), *decoding.shape)
    return shape, _decode_rows(files, decoding)


def _decode_rows(
    files: ClassFolders, decoding: Decoding
) -> Iterator[tuple[npt.NDArray[np.uint8] | None, int]]:
    read = functools.partial(_read_or_none, decoding=decoding)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for start in range(0, len(files.paths), _NUM_DECODED_AHEAD):
            stop = start + _NUM_DECODED_AHEAD
            images = pool.map(read, files.paths[start:stop])
            yield from zip(images, files.labels[start:stop], strict=True)


def _read_or_none(
    path: pathlib.Path, decoding: Decoding
) -> npt.NDArray[np.uint8] | None:
    try:
        return read_image(path, decoding)
    except MemoryError:
        raise
    except Image.DecompressionBombError:
        _logger.warning(
            "%s has more pixels than are opened: to read it, say how many "
            "millions are to be by --max_megapixels (max_megapixels=).",
            writable(str(path)),
        )
        return None
    except Exception as error:  # Decoders raise nearly anything on bad bytes.
        _logger.info("Cannot read %s: %s", writable(str(path)), error)
        return None


def _unused_note(unused: Mapping[str, int]) -> list[str]:
    """Returns a line that counts all files that are not used, by why."""
    if not unused:
        return []
    counts = ", ".join(f"{reason}: {count}" for reason, count in unused.items())
    return [f"{sum(unused.values())} other files are not used ({counts})."]


def _check_counts(
    root: pathlib.Path, files: ClassFolders, is_readable: npt.NDArray[np.bool]
) -> None:
    for part in files.part_names:
        for label, name in enumerate(files.class_names):
            is_here = (files.parts == part) & (files.labels == label)
            count = int(np.count_nonzero(is_here & is_readable))
            if count < _MIN_IMAGES[part]:
                where = "" if part == UNDIVIDED else f" in {part}/"
                raise ValueError(
                    f"Class {name!r} of `data_dir` {str(root)!r} has {count} "
                    f"readable image{'s' * (count != 1)}{where}, but needs at "
                    f"least {_MIN_IMAGES[part]}: add some, or remove the class."
                )


def _split(
    files: ClassFolders,
    is_readable: npt.NDArray[np.bool],
    validation_fraction: float,
    seed: int,
) -> tuple[npt.NDArray[np.int64], ...]:
    """Returns the rows of the train, validation and test part."""
    rows = {
        part: np.flatnonzero((files.parts == part) & is_readable)
        for part in files.part_names
    }
    if UNDIVIDED in rows:
        undivided = rows[UNDIVIDED]
        rest, test = split_off_test(files.labels[undivided])
        rows = {"train": undivided[rest], "test": undivided[test]}
    if "validation" not in rows:
        train, validation = split_off_validation(
            files.labels[rows["train"]], validation_fraction, seed
        )
        rows["validation"] = rows["train"][validation]
        rows["train"] = rows["train"][train]
    return rows["train"], rows["validation"], rows["test"]


def _log_unreadable(
    root: pathlib.Path, files: ClassFolders, is_readable: npt.NDArray[np.bool]
) -> tuple[str, ...]:
    unreadable = tuple(
        writable(files.paths[row].relative_to(root).as_posix())
        for row in np.flatnonzero(~is_readable)
    )
    if unreadable:
        _logger.warning(
            "Skipped %d of %d images that cannot be read: %s",
            len(unreadable),
            len(files.paths),
            ", ".join(unreadable),
        )
    return unreadable
