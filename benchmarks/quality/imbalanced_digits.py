"""Measures what flags for imbalanced classes bring, on digits at 1 to 20.

    python benchmarks/quality/imbalanced_digits.py

For each seed `--rare` of the ten digits, drawn by the seed, keep one in twenty
of their training images (7 instead of about 144); the test images stay as they
are, 36 of each digit. The images are written as PNG files in class folders,
which `nse_search` reads. Each search then runs without flags, with either, and
with both, and is a row of `--csv`. Rows that exist are not made again, so
re-running the command resumes. The table is printed at the end, and drawn to
`--figure`.
"""

import itertools
import pathlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from absl import app, flags, logging
from csv_rows import read_rows, write_rows
from PIL import Image

from nse_tf.datasets import ImageSet, joined, load
from nse_tf.reporting.run_record import read_record
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import run_search

RUN_DIR = flags.DEFINE_string(
    "run_dir", "runs/imbalanced_digits", "Where images and runs go."
)
CSV = flags.DEFINE_string(
    "csv", "docs/figures/imbalanced_digits.csv", "Where the rows go."
)
FIGURE = flags.DEFINE_string(
    "figure", "docs/figures/imbalanced_digits.png", "Where the figure goes."
)
SEEDS = flags.DEFINE_integer("seeds", 3, "Choices of rare digits, seeds.", 1)
RATIO = flags.DEFINE_integer("ratio", 20, "A rare digit keeps one in so many.")
RARE = flags.DEFINE_multi_integer(
    "rare", [5, 9], "How many digits are rare, one setting after another."
)
EFFORT = flags.DEFINE_string("effort", "demo", "Effort of each search.")
SHOW = flags.DEFINE_bool("show", False, "Only print and draw the rows.")

COLUMNS = (
    "flags",
    "rare_digits",
    "effort",
    "ratio",
    "seed",
    "test_accuracy",
    "macro_f1",
    "balanced_accuracy",
    "rare_accuracy",
)
ARMS: dict[str, dict[str, str]] = {
    "none": {},
    "both": {"class_weight": "balanced", "objective": "macro_f1"},
    "--class_weight=balanced": {"class_weight": "balanced"},
    "--objective=macro_f1": {"objective": "macro_f1"},
}


def rare_digits(seed: int, count: int) -> list[int]:
    """Returns the digits that few images are left of."""
    rng = np.random.default_rng([seed, RATIO.value])
    return sorted(rng.permutation(10)[:count].tolist())


def write_images(root: pathlib.Path, seed: int, num_rare: int) -> None:
    """Writes the digits as a folder with parts and classes, unless it is there.

    Args:
        root: The folder; made whole, or not at all.
        seed: Decides which digits are rare, and which of their images stay.
        num_rare: How many digits are rare.
    """
    if root.exists():
        return
    data = load("digits")
    everything = joined(data.train, data.validation)
    rng = np.random.default_rng([seed, 1])
    kept = []
    for digit in range(10):
        rows = rng.permutation(np.flatnonzero(everything.labels == digit))
        is_rare = digit in rare_digits(seed, num_rare)
        kept.append(rows[: len(rows) // RATIO.value] if is_rare else rows)
    unfinished = root.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    _write_part(unfinished / "train", everything.subset(np.concatenate(kept)))
    _write_part(unfinished / "test", data.test)
    unfinished.rename(root)


def _write_part(folder: pathlib.Path, images: ImageSet) -> None:
    for number, (pixels, label) in enumerate(
        zip(np.asarray(images.images), images.labels.tolist(), strict=True)
    ):
        file = folder / str(label) / f"{number:04}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[..., 0]).save(file)


def searched(arm: str, seed: int, num_rare: int) -> dict[str, Any]:
    """Returns the row of a search, done now or before."""
    root = pathlib.Path(RUN_DIR.value)
    setting = f"{num_rare}rare_1to{RATIO.value}_seed{seed}"
    images = root / f"digits_{setting}"
    write_images(images, seed, num_rare)
    config = SearchConfig(
        run_dir=root / f"{list(ARMS).index(arm)}_{EFFORT.value}_{setting}",
        dataset=None,
        data_dir=images,
        effort=EFFORT.value,
        augmentation="digits",
        baselines="never",
        seed=seed,
        cache_dir=root / "cache",
        objective=ARMS[arm].get("objective"),
        class_weight=ARMS[arm].get("class_weight"),
    )
    run_search(config)
    record = read_record(config.run_dir)
    result, found = record.result, record.classified
    if result is None or found is None:
        raise ValueError(f"{config.run_dir} is of an older version.")
    digits = rare_digits(seed, num_rare)
    rare = [found.classes[digit] for digit in digits]
    share = sum(each.right for each in rare) / sum(each.images for each in rare)
    return {
        "test_accuracy": f"{result.test_accuracy:.4f}",
        "macro_f1": f"{found.macro_f1:.4f}",
        "balanced_accuracy": f"{found.balanced_accuracy:.4f}",
        "rare_accuracy": f"{share:.4f}",
    }


def make_rows(path: pathlib.Path) -> list[dict[str, Any]]:
    """Runs the searches that have no row yet; returns all rows."""
    rows: list[dict[str, Any]] = list(read_rows(path, COLUMNS))
    for arm, num_rare, seed in itertools.product(
        ARMS, RARE.value, range(SEEDS.value)
    ):
        key = {
            "flags": arm,
            "rare_digits": str(num_rare),
            "effort": EFFORT.value,
            "ratio": str(RATIO.value),
            "seed": str(seed),
        }
        if any(key.items() <= row.items() for row in rows):
            continue
        logging.info("%d rare digits, %s, seed %d", num_rare, arm, seed)
        rows.append({**key, **searched(arm, seed, num_rare)})
        write_rows(path, COLUMNS, rows)
    return rows


def settings_of(
    rows: Sequence[Mapping[str, Any]],
) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """Returns the rows, seed by seed, by number of rare digits and flags."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["rare_digits"], row["flags"]), []).append(row)
    return found


def _place(setting: tuple[tuple[str, str], Any]) -> tuple[int, int]:
    """Returns where a setting stands in table and figure."""
    (num_rare, arm), _ = setting
    return int(num_rare), list(ARMS).index(arm)


def percents(rows: Sequence[Mapping[str, Any]], column: str) -> list[float]:
    """Returns a column in percent."""
    return [100 * float(row[column]) for row in rows]


def table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yields the lines of a table with a row for each setting."""
    yield "| rare digits | flags | macro F1, % | accuracy, % | of rare, % |"
    yield "|---|---|---|---|---|"
    for (num_rare, arm), own in sorted(settings_of(rows).items(), key=_place):
        cells = []
        for column in ("macro_f1", "test_accuracy", "rare_accuracy"):
            values = percents(own, column)
            each = ", ".join(f"{value:.1f}" for value in values)
            cells.append(f"{np.mean(values):.1f} ({each})")
        yield f"| {num_rare} | {arm} | {' | '.join(cells)} |"


def draw(rows: Sequence[Mapping[str, Any]], path: pathlib.Path) -> None:
    """Draws macro F1 of each setting, a dot a seed and a bar for the mean."""
    found = dict(sorted(settings_of(rows).items(), key=_place))
    size = (6, 0.8 + 0.4 * len(found))
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    for number, own in enumerate(found.values()):
        values = percents(own, "macro_f1")
        axes.barh(number, float(np.mean(values)), color="#9cc4e4", height=0.6)
        axes.plot(values, [number] * len(values), "o", color="#0a4f82")
    axes.set_yticks(
        range(len(found)), [f"{rare} rare, {arm}" for rare, arm in found]
    )
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("macro F1 on the test images, %")
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main(argv: Sequence[str]) -> None:
    """Makes the rows that are missing, prints the table, draws the figure."""
    del argv
    path = pathlib.Path(CSV.value)
    rows = read_rows(path, COLUMNS) if SHOW.value else make_rows(path)
    print("\n".join(table(rows)))
    draw(rows, pathlib.Path(FIGURE.value))


if __name__ == "__main__":
    app.run(main)
