"""One entry point for every data set."""

import pathlib
import subprocess
import sys
from typing import Any

import pytest
from PIL import Image

from nse_tf import datasets
from nse_tf.datasets import embedded, folder
from nse_tf.datasets.read_options import ReadOptions


def test_nothing_asked_for_means_digits() -> None:
    expected = embedded.load_digits(ReadOptions()).fingerprint()
    assert datasets.load().fingerprint() == expected
    assert datasets.load("digits").fingerprint() == expected


def test_arguments_reach_the_digits() -> None:
    data = datasets.load(
        image_size=12, channels=3, validation_fraction=0.5, seed=4
    )
    expected = embedded.load_digits(
        ReadOptions(image_size=12, channels=3, validation_fraction=0.5, seed=4)
    )
    assert data.fingerprint() == expected.fingerprint()


def test_a_folder_without_a_name_is_read_as_images(
    tmp_path: pathlib.Path,
) -> None:
    for name in ("a", "b"):
        (tmp_path / "x" / name).mkdir(parents=True)
        for gray in range(8):
            image = Image.new("L", (9, 7), gray)
            image.save(tmp_path / "x" / name / f"{gray}.png")
    options: dict[str, Any] = {
        "image_size": 6,
        "channels": 1,
        "validation_fraction": 0.4,
        "seed": 3,
        "cache_dir": tmp_path / "cache",
    }
    data = datasets.load(data_dir=tmp_path / "x", **options)
    expected = folder.load_folder(tmp_path / "x", ReadOptions(**options))
    assert data.image_shape == (6, 6, 1)
    assert data.fingerprint() == expected.fingerprint()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 0}, "`image_size` must be positive, but is 0"),
        ({"channels": 2}, r"`channels` must be 1 \(gray\) or 3 \(color\)"),
        ({"validation_fraction": 1.0}, "`validation_fraction` must lie"),
        ({"seed": -1}, "`seed` must not be negative"),
        ({"name": "digits", "data_dir": "x"}, "reads no `data_dir`"),
        (
            {"name": "digit"},
            "'digit' is not a known .* Similar names are digits",
        ),
        ({"name": "cifar-10"}, "Similar names are cifar10"),
        ({"name": "photos/"}, "folder of your own images"),
        ({"name": "cifar10/no_such_config"}, "`name` 'cifar10/no_such_config'"),
    ],
)
def test_bad_arguments_are_one_clear_line(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        datasets.load(**arguments)
    assert "\n" not in str(caught.value)


def test_digits_need_no_framework() -> None:
    program = (
        "import sys\n"
        "from nse_tf import datasets\n"
        "data = datasets.load()\n"
        "next(datasets.epoch_batches(data.train, 32, seed=0, epoch=0))\n"
        "sys.exit(bool({'tensorflow', 'keras'} & sys.modules.keys()))\n"
    )
    root = pathlib.Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True)
