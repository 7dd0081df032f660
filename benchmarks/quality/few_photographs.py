"""What a trained start makes of 1,000 images of CIFAR-10, 100 a class.

    python benchmarks/quality/few_photographs.py --data_dir=tfds

The training images are the first 100 of each class, enlarged; all of the test
part is asked. Each row is a whole `nse_search`: it finds a network under the
limit among what can be cut out of the start, and trains it on all 1,000. A run
that was broken off resumes, and rows that exist are not made again.
"""

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from absl import app, flags
from csv_rows import read_rows, write_rows
from PIL import Image

from nse_tf import datasets
from nse_tf.costs import Budget
from nse_tf.datasets import ImageSet
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import run_search
from nse_tf.spaces.files import read_json

COLUMNS = (
    "start",
    "image_size",
    "max_macs_m",
    "seed",
    "macs_m",
    "params_m",
    "test_accuracy",
    "int8_accuracy",
    "ops",
)
NUM_PER_CLASS = 100
DATA_DIR = flags.DEFINE_string("data_dir", "tfds", "Folder of CIFAR-10.")
RUN_DIR = flags.DEFINE_string("run_dir", "runs/few_photographs", "Runs.")
CSV = flags.DEFINE_string("csv", "docs/figures/few_photographs.csv", "Rows.")
START = flags.DEFINE_string("start", "efficientnet_lite0", "See nse_search.")
START_WEIGHTS = flags.DEFINE_string("start_weights", None, "See nse_search.")
IMAGE_SIZE = flags.DEFINE_integer("image_size", 72, "Pixels.")
MAX_MACS_M = flags.DEFINE_float("max_macs_m", 33.0, "Limit.")
SEEDS = flags.DEFINE_list("seeds", ["0"], "Seeds of whole searches.")
NUM_CHILDREN = flags.DEFINE_integer("num_children", 24, "See nse_search.")
SHOW = flags.DEFINE_bool("show", False, "Only print the rows that there are.")


def write_folder(folder: pathlib.Path) -> None:
    """Writes the images as a folder of classes, unless it is there."""
    if (folder / "complete").exists():
        return
    # Nothing is held back for validation here: a search does so itself.
    data = datasets.load(
        "cifar10", data_dir=DATA_DIR.value, validation_fraction=0.001
    )
    for part, images, most in (
        ("train", data.train, NUM_PER_CLASS),
        ("test", data.test, len(data.test)),
    ):
        write_part(folder / part, images, data.class_names, most)
    (folder / "complete").touch()


def write_part(
    folder: pathlib.Path,
    images: ImageSet,
    class_names: Sequence[str],
    most: int,
) -> None:
    """Writes the first images of each class as files."""
    labels = np.asarray(images.labels)
    for label, name in enumerate(class_names):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for row in np.flatnonzero(labels == label)[:most]:
            image = Image.fromarray(np.asarray(images.images[row]))
            image.save(folder / name / f"{row:05}.png")


def search(seed: int) -> dict[str, Any]:
    """Returns the row of a search, done now or before."""
    root = pathlib.Path(RUN_DIR.value)
    write_folder(root / "images")
    config = SearchConfig(
        run_dir=root / f"{IMAGE_SIZE.value}_{MAX_MACS_M.value:g}_{seed}",
        dataset=None,
        data_dir=root / "images",
        image_size=IMAGE_SIZE.value,
        cache_dir=root / "cache",
        start=START.value,
        start_weights=pathlib.Path(START_WEIGHTS.value)
        if START_WEIGHTS.value
        else None,
        budget=Budget(macs=MAX_MACS_M.value * 1e6),
        effort="laptop",
        augmentation="small_images",
        overrides=(
            ("num_children", NUM_CHILDREN.value),
            ("population", NUM_CHILDREN.value // 2),
            ("calibration_images", 400),
            ("num_rank_checks", 0),
        ),
        seed=seed,
    )
    run_search(config)
    result: Any = read_json(config.run_dir / "best" / "result.json", dict)
    exported: Any = read_json(config.run_dir / "best" / "export.json", dict)
    checked = exported["files"]["int8"]["check"]
    return {
        "start": START.value,
        "image_size": IMAGE_SIZE.value,
        "max_macs_m": f"{MAX_MACS_M.value:g}",
        "seed": seed,
        "macs_m": f"{result['costs']['macs'] / 1e6:.2f}",
        "params_m": f"{result['costs']['params'] / 1e6:.3f}",
        "test_accuracy": f"{result['test_accuracy']:.4f}",
        "int8_accuracy": f"{checked['accuracy']:.4f}",
        "ops": " ".join(result["ops"]),
    }


def main(argv: Sequence[str]) -> None:
    """Makes the rows that are missing and prints all."""
    del argv
    path = pathlib.Path(CSV.value)
    rows: list[dict[str, Any]] = list(read_rows(path, COLUMNS))
    for seed in [] if SHOW.value else map(int, SEEDS.value):
        wanted = START.value, IMAGE_SIZE.value, MAX_MACS_M.value, seed
        done = [
            (
                row["start"],
                int(row["image_size"]),
                float(row["max_macs_m"]),
                int(row["seed"]),
            )
            for row in rows
        ]
        if wanted not in done:
            rows.append(search(seed))
            write_rows(path, COLUMNS, rows)
    for row in rows:
        print(*(f"{name} {row[name]}" for name in COLUMNS[:-1]), sep=", ")


if __name__ == "__main__":
    app.run(main)
