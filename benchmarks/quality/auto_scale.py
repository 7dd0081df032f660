"""Whether `--image_size=auto` beats the best fixed size, at equal MACs.

    python benchmarks/quality/auto_scale.py --data_dir=tfds
    python benchmarks/quality/auto_scale.py --data_dir=tfds --unequal

Each row is a whole `nse_search` under the limit: with a fixed --image_size in
the default space of that size, or with auto. The images are those of CIFAR-10
as TensorFlow Datasets has them, or with --unequal the same, each resized to a
side of its own between 24 and 96 pixels, as files in folders of
classes. --images_per_class takes the first few of each class, in folders, too.
A run that was broken off resumes, and rows that exist are not made again. Where
the default space of a size has no network within the limit, the row has no
accuracy. The last lines say what auto gains over the best fixed size, seed by
seed.
"""

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from absl import app, flags
from csv_rows import read_rows, write_rows
from PIL import Image

from nse_tf import datasets
from nse_tf.costs import Budget, BudgetError
from nse_tf.datasets import ImageSet
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import run_search
from nse_tf.significance import half_interval
from nse_tf.spaces.files import read_json

AUTO = "auto"
_SETTING = ("images", "image_size", "max_macs_m", "effort", "seed")
COLUMNS = (
    *_SETTING,
    "side",
    "space",
    "width",
    "depth",
    "macs_m",
    "test_images",
    "test_accuracy",
)
SMALLEST, LARGEST = 24, 96
DATA_DIR = flags.DEFINE_string("data_dir", "tfds", "Folder of CIFAR-10.")
RUN_DIR = flags.DEFINE_string("run_dir", "runs/auto_scale", "Runs.")
CSV = flags.DEFINE_string("csv", "docs/figures/auto_scale.csv", "Rows.")
UNEQUAL = flags.DEFINE_bool("unequal", False, "Images of unequal sizes.")
IMAGES_PER_CLASS = flags.DEFINE_integer(
    "images_per_class", None, "Training images of each class; all if None."
)
TESTED_PER_CLASS = flags.DEFINE_integer(
    "tested_per_class", None, "Test images of each class; all if None."
)
SIZES = flags.DEFINE_list(
    "sizes", [AUTO, "32", "48", "64"], "Values of --image_size."
)
MAX_MACS_M = flags.DEFINE_float("max_macs_m", 25.0, "Limit.")
EFFORT = flags.DEFINE_string("effort", "laptop", "See nse_search.")
SEEDS = flags.DEFINE_list("seeds", ["0", "1", "2"], "Seeds of whole searches.")
CHANGES = flags.DEFINE_list(
    "changes", [], "Single numbers of the effort: child_epochs=2,…"
)
SHRINK = flags.DEFINE_bool("shrink", True, "See nse_search.")
SHOW = flags.DEFINE_bool("show", False, "Only print the rows that there are.")


def images_name() -> str:
    """Returns a name of the images, which tells rows apart."""
    parts = ["cifar10"]
    if UNEQUAL.value:
        parts.append(f"sides_{SMALLEST}_to_{LARGEST}")
    if IMAGES_PER_CLASS.value is not None:
        parts.append(f"{IMAGES_PER_CLASS.value}_a_class")
    return "_".join(parts)


def folder_of_images() -> pathlib.Path | None:
    """Returns a folder of classes, written now or before; None for TFDS."""
    if not UNEQUAL.value and IMAGES_PER_CLASS.value is None:
        return None
    folder = pathlib.Path(RUN_DIR.value) / images_name()
    done = folder.with_suffix(".complete")
    if done.exists():
        return folder
    # Nothing is held back for validation here: a search does so itself.
    data = datasets.load(
        "cifar10", data_dir=DATA_DIR.value, validation_fraction=0.001
    )
    rng = np.random.default_rng(0)
    for part, images, most in (
        ("train", data.train, IMAGES_PER_CLASS.value),
        ("test", data.test, TESTED_PER_CLASS.value),
    ):
        write_part(folder / part, images, data.class_names, most, rng)
    done.touch()
    return folder


def write_part(
    folder: pathlib.Path,
    images: ImageSet,
    class_names: Sequence[str],
    most: int | None,
    rng: np.random.Generator,
) -> None:
    """Writes the first images of each class as files."""
    labels = np.asarray(images.labels)
    for label, name in enumerate(class_names):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for row in np.flatnonzero(labels == label)[:most]:
            image = Image.fromarray(np.asarray(images.images[row]))
            if UNEQUAL.value:
                side = int(rng.integers(SMALLEST, LARGEST + 1))
                image = image.resize((side, side), Image.Resampling.BICUBIC)
            image.save(folder / name / f"{row:05}.png")


def search(size: str, seed: int) -> dict[str, Any]:
    """Returns the row of a search, done now or before."""
    root, folder = pathlib.Path(RUN_DIR.value), folder_of_images()
    changes = tuple(
        (name, int(value))
        for name, _, value in (each.partition("=") for each in CHANGES.value)
        if size == AUTO or name != "probe_epochs"
    )
    config = SearchConfig(
        run_dir=root / f"{images_name()}_{size}_{MAX_MACS_M.value:g}_{seed}",
        dataset="cifar10" if folder is None else None,
        data_dir=folder or pathlib.Path(DATA_DIR.value),
        image_size=None if size == AUTO else int(size),
        scale=AUTO if size == AUTO else None,
        cache_dir=root / "cache",
        budget=Budget(macs=MAX_MACS_M.value * 1e6),
        effort=EFFORT.value,
        augmentation="small_images",
        shrink=SHRINK.value,
        overrides=changes,
        baselines="never",
        seed=seed,
    )
    row = dict(zip(_SETTING, setting(size, seed), strict=True))
    try:
        run_search(config)
    except BudgetError as error:
        print(f"{size}: {error}")
        return {**dict.fromkeys(COLUMNS, ""), **row}
    result: Any = read_json(config.run_dir / "best" / "result.json", dict)
    run: Any = read_json(config.run_dir / "config.json", dict)
    settings = run["settings"]
    return {
        **row,
        "side": run["data"]["image_shape"][0],
        "space": run["space"],
        "width": settings.get("width", ""),
        "depth": settings.get("depth", ""),
        "macs_m": f"{result['costs']['macs'] / 1e6:.2f}",
        "test_images": result["test_images"],
        "test_accuracy": f"{result['test_accuracy']:.4f}",
    }


def setting(size: str, seed: int) -> tuple[str, ...]:
    """Returns what tells a row from others, as its file has it."""
    return (
        images_name(),
        size,
        f"{MAX_MACS_M.value:g}",
        EFFORT.value,
        str(seed),
    )


def tell_gain(rows: Sequence[dict[str, Any]]) -> None:
    """Prints what auto gains over the best fixed size, in points."""
    reached: dict[str, dict[str, float]] = {}
    for row in rows:
        ours = setting(str(row["image_size"]), int(row["seed"]))
        is_ours = tuple(str(row[name]) for name in _SETTING) == ours
        if is_ours and row["test_accuracy"]:
            accuracy = 100 * float(row["test_accuracy"])
            reached.setdefault(str(row["seed"]), {})[row["image_size"]] = (
                accuracy
            )
    gains = [
        found[AUTO] - max(fixed)
        for found in reached.values()
        if AUTO in found
        and (fixed := [found[size] for size in found if size != AUTO])
    ]
    for gain in gains:
        print(f"auto gains {gain:+.2f} points over the best fixed size")
    if len(gains) > 1:
        mean = sum(gains) / len(gains)
        print(f"mean {mean:+.2f} ± {half_interval(gains):.2f} (95 %)")


def main(argv: Sequence[str]) -> None:
    """Makes the rows that are missing and prints all."""
    del argv
    path = pathlib.Path(CSV.value)
    rows: list[dict[str, Any]] = list(read_rows(path, COLUMNS))
    wanted = [
        (size, seed) for seed in map(int, SEEDS.value) for size in SIZES.value
    ]
    for size, seed in [] if SHOW.value else wanted:
        done = [tuple(str(row[name]) for name in _SETTING) for row in rows]
        if setting(size, seed) not in done:
            rows.append(search(size, seed))
            write_rows(path, COLUMNS, rows)
    for row in rows:
        print(*(f"{name} {row[name]}" for name in COLUMNS), sep=", ")
    tell_gain(rows)


if __name__ == "__main__":
    app.run(main)
