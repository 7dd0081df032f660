import pathlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nse_tf.datasets import ImageData, ImageSet
from nse_tf.runs.pictures import MAX_SIDE, confident_errors, seen_images


def image_data(channels: int, side: int, kind: Any) -> ImageData:
    """Returns six images of two classes, each of one value."""
    values = np.arange(6, dtype=kind).reshape(-1, 1, 1, 1) * 40
    pixels = np.tile(values, (1, side, side, channels)).astype(kind)
    images = ImageSet(pixels, np.array([0, 0, 1, 1, 0, 1], np.int32))
    return ImageData(
        name="six",
        train=images,
        validation=images,
        test=images,
        class_names=("a", "b"),
    )


@pytest.mark.parametrize(
    ("channels", "side", "kind"),
    [(1, 4, np.uint8), (3, 4, np.float32), (3, 300, np.uint8)],
)
def test_the_surest_errors_come_first_and_as_pictures(
    tmp_path: pathlib.Path, channels: int, side: int, kind: Any
) -> None:
    data = image_data(channels, side, kind)
    # Images 1, 2 and 5 are wrong; 5 is surest, then 1.
    logits = np.array([[2, 0], [0, 2], [1, 0], [0, 1], [3, 0], [9, 0]], float)
    errors = confident_errors(logits, data.test, tmp_path)
    assert [each.image for each in errors] == [5, 1, 2]
    assert [each.label for each in errors] == [1, 0, 1]
    assert [each.predicted for each in errors] == [0, 1, 0]
    assert errors[1].confidence == pytest.approx(1 / (1 + np.exp(-2)))
    picture = np.asarray(Image.open(tmp_path / errors[0].file))
    assert picture.shape[0] == min(side, MAX_SIDE)
    assert (picture == 200).all()


def test_each_class_is_seen_once(tmp_path: pathlib.Path) -> None:
    names = seen_images(image_data(1, 4, np.uint8), tmp_path)
    values = [np.asarray(Image.open(tmp_path / name))[0, 0] for name in names]
    assert values == [0, 80]
