"""Finished models as files."""

import hashlib
import json
import pathlib
import re
import zipfile

import keras
import numpy as np

from nse_tf.training.weight_files import model_bytes, save_model


def small_model(seed: int = 0) -> keras.Model:
    """Returns a model of one layer."""
    start = keras.initializers.GlorotUniform(seed)
    return keras.Sequential(
        [
            keras.Input((4,), name="numbers"),
            keras.layers.Dense(3, kernel_initializer=start, name="dense"),
        ],
        name="small",
    )


def test_equal_models_are_equal_files(tmp_path: pathlib.Path) -> None:
    """Whenever they are saved: no part of the archive has a time."""
    path = tmp_path / "model.keras"
    digest = save_model(small_model(), path)
    content = path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest
    assert content == model_bytes(small_model())
    assert content != model_bytes(small_model(1))
    with zipfile.ZipFile(path) as parts:
        years = {part.date_time[0] for part in parts.infolist()}
        facts = json.loads(parts.read("metadata.json"))
    assert years == {1980}
    assert facts == {
        "keras_version": keras.__version__,
        "date_saved": "1980-01-01@00:00:00",
    }


def shared_parts() -> keras.Model:
    """Returns a model whose layers share two objects."""
    ones, decay = keras.initializers.Ones(), keras.regularizers.L2(0.1)
    given = {"kernel_initializer": ones, "kernel_regularizer": decay}
    return keras.Sequential(
        [
            keras.Input((2,), name="numbers"),
            keras.layers.Dense(2, name="first", **given),
            keras.layers.Dense(2, name="second", **given),
        ],
        name="shared",
    )


def test_where_in_memory_shared_objects_lie_is_not_in_the_file(
    tmp_path: pathlib.Path,
) -> None:
    # Alive at once, so that their objects lie elsewhere.
    models = [shared_parts(), shared_parts()]
    assert model_bytes(models[0]) == model_bytes(models[1])
    path = tmp_path / "model.keras"
    save_model(models[0], path)
    with zipfile.ZipFile(path) as parts:
        config = parts.read("config.json").decode()
    found = re.findall(r'"shared_object_id": (\d+)', config)
    assert found
    assert set(found) == set(map(str, range(len(set(found)))))
    loaded = keras.saving.load_model(path)
    for mine, theirs in zip(
        models[0].get_weights(), loaded.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_a_file_loads_as_what_was_saved(tmp_path: pathlib.Path) -> None:
    model, path = small_model(), tmp_path / "model.keras"
    save_model(model, path)
    loaded = keras.saving.load_model(path)
    for mine, theirs in zip(
        model.get_weights(), loaded.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
