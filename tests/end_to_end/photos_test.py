"""What docs/photos.md shows is run, from the first command to the last."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from tests.end_to_end.pages import commands_of, run_command
from tests.export.textures import CLASSES, make_textures
from tests.shared_data import LITE0_NPZ, needs_lite0

# What makes a search short, and needs no package but what is there.
SHORT = (
    *("--image_size=32", "--num_rank_checks=0", "--baselines=never"),
    *("--supernet_epochs=1", "--child_epochs=1", "--num_children=4"),
    *("--population=4", "--max_trainings=1", "--precisions=int8"),
    f"--start_weights={LITE0_NPZ}",
)


@pytest.mark.slow
@needs_lite0
def test_the_page_leads_from_photographs_to_a_class(
    tmp_path: pathlib.Path,
) -> None:
    images, labels = make_textures(60, seed=0)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = tmp_path / "photos" / CLASSES[label]
        folder.mkdir(parents=True, exist_ok=True)
        gray = Image.fromarray(image[..., 0].astype(np.uint8))
        picture = gray.convert("RGB").resize((80, 96))
        picture.save(folder / f"{number}.jpg")
    picture.save(tmp_path / "photo.jpg")
    printed = [
        run_command(command, tmp_path, SHORT).stdout
        for command in commands_of("photos")
    ]
    assert len(printed) == 4
    best = tmp_path / "runs" / "trees" / "best"
    assert (best / "model_int8.tflite").exists()
    assert (tmp_path / "runs/trees/limits/max_macs_25000000/best").exists()
    assert (tmp_path / "runs" / "trees" / "report.html").exists()
    assert printed[-1].strip() in CLASSES
