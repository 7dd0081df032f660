"""The example that needs LiteRT and no TensorFlow."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from nse_tf.export import convert, predict
from nse_tf.export.metadata import with_classifier
from tests.export.textures import CLASSES, Trained

PROGRAM = """
import runpy, sys
sys.argv = {argv!r}
runpy.run_path(sys.argv[0])
assert not {{"tensorflow", "keras", "nse_tf"}} & sys.modules.keys()
"""


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_an_image_is_classified_by_litert_alone(
    precision: str, trained: Trained, tmp_path: pathlib.Path
) -> None:
    content = with_classifier(
        convert(trained.model, precision, trained.images), CLASSES
    )
    (tmp_path / "model.tflite").write_bytes(content)
    image = trained.test_images[0]
    Image.fromarray(image[..., 0].astype(np.uint8)).save(tmp_path / "x.png")
    argv = [
        str(pathlib.Path("examples/classify.py").resolve()),
        str(tmp_path / "model.tflite"),
        str(tmp_path / "x.png"),
    ]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(argv=argv)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    expected = predict(content, image[None]).argmax()
    assert done.stdout.strip() == CLASSES[expected]
