"""Finished models as files."""

import hashlib
import json
import pathlib
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


def test_a_file_loads_as_what_was_saved(tmp_path: pathlib.Path) -> None:
    model, path = small_model(), tmp_path / "model.keras"
    save_model(model, path)
    loaded = keras.saving.load_model(path)
    for mine, theirs in zip(
        model.get_weights(), loaded.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
