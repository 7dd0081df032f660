"""Does the fitness of `--method=autospace` rank cells of a known accuracy?

    python benchmarks/quality/nb201_cell_fitness.py \
        --table=nb201_cifar10.csv.gz --data_dir=tfds

Three whole cells of NAS-Bench-201 and the residual cell, the reference, sit
side by side at each position of a network of one cell a stage; all positions
are one group. Rounds are those of the search, on small images, few of them.
Each course of rounds is a row of seeds:

* `random`: random cells, with fresh weights each round. All fitnesses are
  measured in the same rounds.
* `shuffled`: the same cells, but validation labels that say nothing.
* `frozen`: the same cells, and shares that stay equal.
* `controls`: one random cell in two slots, and one without any connection.
* `alpha`, `loss`, `angle`, `distance`: evolution by that fitness.

Rows go to a CSV file, course by course and seed by seed; re-run the command to
resume. What they say is printed at the end, with evolved cells against random
ones of the same cost, and evolution against simpler policies, by noise as it
was measured.
"""

import dataclasses
import pathlib
import time
from collections.abc import Sequence

import numpy as np
from absl import app, flags, logging
from csv_rows import read_rows, write_rows
from nb201_cell_fitness_summary import COLUMNS, summary
from nb201_cell_rounds import (
    CONFIG,
    FITNESSES,
    Evolved,
    Rounds,
    Tested,
    controls,
    random_rounds,
    shuffled,
)
from nb201_slots import Path, name_of

from nse_tf.datasets import ImageData, ImageSet, load
from nse_tf.ranking import NB201Table, read_table
from nse_tf.spaces import make_preset

TABLE = flags.DEFINE_string("table", None, "CSV of known accuracies.")
DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Folder of TensorFlow Datasets."
)
CSV = flags.DEFINE_string(
    "csv", "docs/figures/nb201_cell_fitness.csv", "Where rows go."
)
# Evolutions whose cells begin every round with drawn weights.
FRESH = {f"{fitness}, fresh": fitness for fitness in ("alpha", "angle")}
COURSES = ("random", "shuffled", "frozen", "controls", *FITNESSES, *FRESH)
ONLY = flags.DEFINE_multi_enum(
    "only", [], COURSES, "Courses; all unless given."
)
SEEDS = flags.DEFINE_integer("seeds", 5, "Seeds of each course.", 1)
ROUNDS = flags.DEFINE_integer("rounds", CONFIG.max_rounds, "Of a course.", 1)
NUM_IMAGES = flags.DEFINE_integer(
    "num_images", 1_280, "Training images of an epoch, two a round.", 64
)
IMAGE_SIZE = flags.DEFINE_integer("image_size", 16, "Height and width.", 8)
SHOW = flags.DEFINE_bool("show", False, "Only print what the rows say.")

TRUTH = "cifar10_test"


def main(argv: Sequence[str]) -> None:
    """Runs the courses that are not in the CSV file yet, then summarizes."""
    del argv
    if TABLE.value is None:
        raise app.UsageError("--table is needed.")
    logging.set_verbosity(logging.WARNING)
    table = read_table(pathlib.Path(TABLE.value))
    path = pathlib.Path(CSV.value)
    rows = read_rows(path, COLUMNS)
    if not SHOW.value:
        rows = made(rows, path, table)
    accuracies = table.column(TRUTH).tolist()
    truth = dict(
        zip(map(name_of, table.paths.tolist()), accuracies, strict=True)
    )
    print("\n".join(summary(rows, truth, table.column("flops_m"))))


def made(
    rows: list[dict[str, str]], path: pathlib.Path, table: NB201Table
) -> list[dict[str, str]]:
    """Returns the rows with those of all courses that were missing."""
    if DATA_DIR.value is None:
        raise app.UsageError("--data_dir is needed.")
    data = few(
        load("cifar10", data_dir=DATA_DIR.value, image_size=IMAGE_SIZE.value)
    )
    known = {(row["course"], row["seed"]) for row in rows}
    for seed in range(SEEDS.value):
        for course in ONLY.value or COURSES:
            if (course, str(seed)) in known:
                continue
            started = time.monotonic()
            tested, best = ran(course, data, seed)
            rows += rows_of(course, seed, tested, best, table)
            write_rows(path, COLUMNS, rows)
            seconds = time.monotonic() - started
            print(f"{course}, seed {seed}: {seconds:.0f} s", flush=True)
    return rows


def few(data: ImageData) -> ImageData:
    """Returns the first images of both parts."""

    def first(part: ImageSet) -> ImageSet:
        count = NUM_IMAGES.value
        return ImageSet(part.images[:count], part.labels[:count])

    return dataclasses.replace(
        data, train=first(data.train), validation=first(data.validation)
    )


def ran(
    course: str, data: ImageData, seed: int
) -> tuple[list[list[Tested]], list[Path]]:
    """Returns what the rounds of a course said, and the cells it ends with."""
    config = dataclasses.replace(
        CONFIG,
        max_rounds=ROUNDS.value,
        cell_start="fresh" if course in FRESH else CONFIG.cell_start,
    )
    space = make_preset("nb201", image_size=data.image_shape[:2], depth=0.2)
    if course == "shuffled":
        data = shuffled(data, seed)
    rate = 0.0 if course == "frozen" else None
    rounds = Rounds(space, data, seed, rate, config)
    if course in FITNESSES or course in FRESH:
        fitness = FRESH.get(course, course)
        evolution = Evolved(rounds, fitness, seed, config)
        return evolution.tested, evolution.best
    course_of = controls if course == "controls" else random_rounds
    return list(course_of(rounds, seed, config)), []


def rows_of(
    course: str,
    seed: int,
    tested: list[list[Tested]],
    best: list[Path],
    table: NB201Table,
) -> list[dict[str, str]]:
    """Returns a row for each cell that was tested, and each at the end."""
    scale = (
        f"{CONFIG.round_epochs} epochs of {NUM_IMAGES.value} images of "
        f"{IMAGE_SIZE.value} pixels a round"
    )

    def row(number: int | str, slot: int, cell: Path) -> dict[str, str]:
        index = table.indices_of(np.array([cell]))[0]
        return {
            "course": course,
            "seed": str(seed),
            "scale": scale,
            "round": str(number),
            "slot": str(slot),
            "cell": name_of(cell),
            "accuracy": f"{table.column(TRUTH)[index]:.4f}",
            "macs_m": f"{table.column('flops_m')[index]:.4f}",
            **dict.fromkeys(FITNESSES, ""),
        }

    return [
        row(each.number, each.slot, each.path)
        | {name: f"{said:.6g}" for name, said in each.said.items()}
        for round_ in tested
        for each in round_
    ] + [row("end", place, cell) for place, cell in enumerate(best)]


if __name__ == "__main__":
    app.run(main)
