"""Files of models: what is loaded, and what is said of the others."""

import json
import pathlib
import zipfile
from collections.abc import Mapping

import keras
import numpy as np
import pytest

from nse_tf.model_files import CONFIG, METADATA, WEIGHTS, read_model_file


def small(*layers: keras.layers.Layer) -> keras.Model:
    """Returns a classifier of three classes with some layers in front."""
    given = x = keras.Input((8, 8, 1))
    for layer in layers:
        x = layer(x)
    x = keras.layers.Flatten()(x)
    return keras.Model(given, keras.layers.Dense(3, name="scores")(x))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("models") / "sound.keras"
    small(keras.layers.Conv2D(4, 3, name="conv")).save(path)
    return path


def changed(
    sound: pathlib.Path, path: pathlib.Path, parts: Mapping[str, str | None]
) -> pathlib.Path:
    """Writes a file with other parts; None leaves one out."""
    with zipfile.ZipFile(sound) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**kept, **parts}.items():
            if content is not None:
                archive.writestr(name, content)
    return path


def config_of(path: pathlib.Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read(CONFIG).decode()


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore")  # Keras: HDF5 is its older form.
def test_sound_files_are_loaded(
    sound: pathlib.Path, tmp_path: pathlib.Path, suffix: str
) -> None:
    model = keras.saving.load_model(sound)
    path = tmp_path / f"again{suffix}"
    model.save(path)
    for ours, theirs in zip(
        read_model_file(path).get_weights(), model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_what_is_no_file_of_a_model_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_model_file(tmp_path / "nowhere.keras")
    with pytest.raises(ValueError, match=r"is a folder: give a file"):
        read_model_file(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(ValueError, match=r"is a SavedModel of TensorFlow"):
        read_model_file(tmp_path)
    other = tmp_path / "other.keras"
    other.write_bytes(b"Not an archive.")
    with pytest.raises(ValueError, match=r"is no whole \.keras file \(File"):
        read_model_file(other)
    other.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(ValueError, match=r"HDF5 file, .* name it other\.h5\."):
        read_model_file(other)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({CONFIG: None}, r"has no config\.json"),
        ({WEIGHTS: None}, r"has no model\.weights\.h5"),
        ({CONFIG: "{"}, r"no JSON that can be read \(JSONDecodeError\)"),
        ({CONFIG: "[" * 200_000}, r"can be read \(RecursionError\)"),
        ({CONFIG: "{}"}, r"can be loaded here \(ValueError: Expected object"),
        (
            {CONFIG: "{}", METADATA: json.dumps({"keras_version": "2.15.0"})},
            r"Keras 2\.15\.0 saved it: load it there",
        ),
    ],
)
def test_damaged_parts_are_named(
    sound: pathlib.Path,
    tmp_path: pathlib.Path,
    parts: dict[str, str | None],
    message: str,
) -> None:
    path = changed(sound, tmp_path / "changed.keras", parts)
    with pytest.raises(ValueError, match=message):
        read_model_file(path)


def test_one_flipped_bit_is_found(
    sound: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    content = bytearray(sound.read_bytes())
    content[len(content) // 2] ^= 1
    path = tmp_path / "flipped.keras"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged in model\.weights\.h5"):
        read_model_file(path)


def test_a_layer_larger_than_the_file_is_not_built(
    sound: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    config = config_of(sound).replace('"filters": 4', '"filters": 1000000000')
    path = changed(sound, tmp_path / "huge.keras", {CONFIG: config})
    with pytest.raises(
        ValueError, match=r"layer 'conv' has filters 1,000,000,000, and"
    ):
        read_model_file(path)


class Foreign(keras.layers.Layer):
    """A layer that no file can bring along."""

    def call(self, given: keras.KerasTensor) -> keras.KerasTensor:
        """Returns what is given."""
        return given


def test_code_is_neither_run_nor_missed_silently(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "code.keras"
    small(keras.layers.Lambda(lambda x: x + 1)).save(path)
    with pytest.raises(ValueError, match="has a Lambda layer, whose code"):
        read_model_file(path)
    small(Foreign()).save(path)
    with pytest.raises(ValueError, match="needs the class 'Foreign', which"):
        read_model_file(path)


def test_what_is_no_model_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "layer.keras"
    dense = keras.layers.Dense(3)
    dense.build((1, 4))
    keras.saving.save_model(dense, path)
    with pytest.raises(ValueError, match=r"holds a Dense, not a keras\.Model"):
        read_model_file(path)
