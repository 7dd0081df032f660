"""Keras models in files that others made: loaded, or refused in a sentence.

Keras answers a damaged file, or one that needs code which is not there, with
errors of a dozen kinds, with advice for callers of its functions, or by asking
for more memory than there is. So a file is looked through before it is opened.
Nothing in it is run.
"""

import json
import pathlib
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import keras

CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"
# Sides of weights that a configuration names.
_SIDES = ("filters", "units", "input_dim", "output_dim", "key_dim")
# Where Keras looks for classes.
_MODULES = ("keras", "keras_hub", "keras_cv", "keras_nlp", "builtins")
# A configuration takes some kilobytes for each layer.
_LONGEST_CONFIG = 100_000_000
_LONGEST_REASON = 200


def read_model_file(path: pathlib.Path) -> keras.Model:
    """Returns the Keras model of a file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file holds no model that can be loaded here; says
            why, and what to do.
    """
    version = _look_through(path)
    try:
        model = keras.saving.load_model(path, compile=False)
    except Exception as error:
        # Whatever Keras makes of it: there is no list of its errors.
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        advice = "Save it again"
        if version.startswith("2."):
            advice = f"Keras {version} saved it: load it there, rebuild it in "
            advice += "Keras 3, and carry its weights over"
        raise ValueError(
            f"{path} is not a Keras model that can be loaded here "
            f"({reason[:_LONGEST_REASON]}). {advice}."
        ) from error
    if not isinstance(model, keras.Model):
        raise ValueError(
            f"{path} holds a {type(model).__name__}, not a keras.Model."
        )
    return model


def _look_through(path: pathlib.Path) -> str:
    """Returns the version of Keras that saved a file, if it says so.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If something is known to be wrong with it.
    """
    if path.is_dir():
        kind = "a folder"
        if (path / "saved_model.pb").exists():
            kind = "a SavedModel of TensorFlow"
        raise ValueError(
            f"{path} is {kind}: give a file that model.save('model.keras') "
            "wrote."
        )
    if not path.exists():
        raise FileNotFoundError(2, "No such file", str(path))
    with path.open("rb") as file:
        is_old = file.read(4) == b"\x89HDF"
    if is_old and path.suffix == ".keras":
        raise ValueError(
            f"{path} is an HDF5 file, the form of Keras 2: name it "
            f"{path.with_suffix('.h5').name}."
        )
    if is_old:
        return "2."  # Or 3, in that form.
    try:
        with zipfile.ZipFile(path) as archive:
            return _look_into(path, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ValueError(
            f"{path} is no whole .keras file ({error}): save or copy it again."
        ) from error


def _look_into(path: pathlib.Path, archive: zipfile.ZipFile) -> str:
    """Does what `_look_through` does for a .keras file."""
    missing = {CONFIG, WEIGHTS} - set(archive.namelist())
    if missing:
        raise ValueError(
            f"{path} has no {' and no '.join(sorted(missing))}: it is not what "
            "model.save('model.keras') writes."
        )
    if archive.getinfo(CONFIG).file_size > _LONGEST_CONFIG:
        raise ValueError(f"{path} is damaged: its {CONFIG} is too long.")
    if damaged := archive.testzip():
        raise ValueError(
            f"{path} is damaged in {damaged}: save or copy it again."
        )
    try:
        config = json.loads(archive.read(CONFIG))
        metadata = json.loads(
            archive.read(METADATA) if METADATA in archive.namelist() else "{}"
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} is damaged: its {CONFIG} is no JSON that can be read "
            f"({type(error).__name__})."
        ) from error
    _check_layers(path, config, archive.getinfo(WEIGHTS).file_size)
    return str(dict(metadata).get("keras_version", ""))


def _check_layers(path: pathlib.Path, config: Any, num_bytes: int) -> None:
    """Refuses layers that need code, or have more weights than the file.

    Args:
        path: The file.
        config: The configuration of its model.
        num_bytes: Size of its weights.

    Raises:
        ValueError: If there is such a layer; names it.
    """
    for record in _records(config):
        name = _name_of(record)
        if record.get("class_name") == "__lambda__":
            raise ValueError(
                f"{path} has a Lambda layer, whose code is not run here: "
                "replace it by layers of Keras, or export the model from "
                "Python with nse_tf.export_model."
            )
        if _needs_other_code(record):
            raise ValueError(
                f"{path} needs the class {record['registered_name']!r}, which "
                "is not Keras's: export the model from Python, where that is "
                "known, with nse_tf.export_model."
            )
        for side in _SIDES:
            count = record.get(side)
            # A byte for each is the least that any type of weights takes.
            if isinstance(count, int) and count > num_bytes:
                raise ValueError(
                    f"{path} is damaged: layer {name!r} has {side} "
                    f"{count:,}, and the file {num_bytes:,} bytes of weights."
                )


def _needs_other_code(record: dict[str, Any]) -> bool:
    """Whether a record is that of a class that is not known here."""
    name, module = record.get("registered_name"), record.get("module")
    if not isinstance(name, str) or "config" not in record:
        return False
    is_ours = isinstance(module, str) and module.split(".")[0] in _MODULES
    return not is_ours and keras.saving.get_registered_object(name) is None


def _name_of(record: dict[str, Any]) -> str:
    return str(record.get("name", "of the model"))


def _records(value: Any) -> Iterator[dict[str, Any]]:
    """Yields all dicts in a JSON value, however deep they lie."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
