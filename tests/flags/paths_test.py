import importlib
import pathlib
import re

import pytest
from absl import flags

from nse_tf.flags import data_flags, lut, model_flags, space_flags

# Strings that are no paths; `cache_dir` is expanded where it is used, so that
# its default stays readable.
NO_PATHS = {
    *("dataset", "truth", "image_size", "augmentation", "serial"),
    "device",
    *("cache_dir", "mlflow", "ray_address"),
}


@pytest.mark.parametrize(
    "flag",
    [data_flags.DATA_DIR, lut.COMPARE, model_flags.MODEL, space_flags.SPACE],
    ids=lambda flag: flag.name,
)
def test_a_tilde_is_the_home_folder(
    flag: flags.FlagHolder[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    parser = flags.FLAGS[flag.name].parser
    assert parser.parse("~/data") == "/home/ada/data"
    assert parser.parse("plain") == "plain"
    # Help lists it with the binary, not with the module that helps to define.
    assert flags.FLAGS.find_module_defining_flag(flag.name) != (
        "nse_tf.flags.paths"
    )


def test_every_flag_that_is_a_path_is_defined_as_one() -> None:
    folder = pathlib.Path(data_flags.__file__).parent
    strings = {
        name
        for path in folder.glob("*.py")
        for name in re.findall(
            r'DEFINE_string\(\s*"(\w+)"', path.read_text(encoding="utf-8")
        )
    }
    assert strings == NO_PATHS


def test_no_flag_is_defined_twice() -> None:
    """Tests import binaries side by side."""
    folder = pathlib.Path(data_flags.__file__).parent
    for name in {path.stem for path in folder.glob("*.py")}:
        importlib.import_module(f"nse_tf.flags.{name}")
