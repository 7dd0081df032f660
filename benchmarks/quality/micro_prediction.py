"""How well RAM and flash of a microcontroller are predicted.

    python benchmarks/quality/micro_prediction.py

Draws `--count` random networks of each preset, predicts the tensor arena and
the size of their int8 files, converts them with fresh weights and runs them
under TensorFlow Lite Micro. A row of `--csv` is a network; rows that exist are
not measured again, only predicted.

Printed are, for each preset, the largest and the median error of both, and how
far what is measured ranges.
"""

import pathlib
import sys

import numpy as np
from absl import app, flags
from csv_rows import read_rows, write_rows

from nse_tf.costs.micro import micro_costs
from nse_tf.export import measure_memory
from nse_tf.spaces import (
    Genotype,
    SearchSpace,
    format_genotype,
    make_preset,
    parse_genotype,
)
from nse_tf.supernet import build_child

PRESETS = flags.DEFINE_list(
    "presets",
    ["spos_tiny:8", "nse_tiny:32"],
    "Presets, each with the side of its images.",
)
COUNT = flags.DEFINE_integer("count", 50, "Networks of each preset.", 1)
CSV = flags.DEFINE_string(
    "csv", "docs/figures/micro_prediction.csv", "Where the rows go."
)
SHOW = flags.DEFINE_bool("show", False, "Only print what the rows say.")

COLUMNS = (
    *("preset", "number", "genotype", "ram_predicted", "ram_measured"),
    *("flash_predicted", "flash_measured"),
)
NUM_CLASSES = 10
# Most branches that are open in a cell; published networks rarely have more.
MOST_OPEN = 4


def drawn(space: SearchSpace, rng: np.random.Generator) -> list[list[int]]:
    """Returns the genes of a random network.

    Where a cell may open several branches, their number is drawn evenly.
    """
    if space.nodes or not space.opens_subsets:
        (path,) = space.sample_valid(rng, 1).tolist()
        return [[index] for index in path]
    genes = []
    for block, active in zip(space.blocks, space.active, strict=True):
        most = min(block.max_open, MOST_OPEN, len(active))
        count = int(rng.integers(block.min_open, most + 1))
        genes.append(sorted(rng.choice(active, count, replace=False).tolist()))
    return genes


def space_of(preset: str) -> SearchSpace:
    """Returns the space of a preset with the side of its images."""
    name, _, side = preset.partition(":")
    return make_preset(
        name, image_size=(int(side), int(side)), num_classes=NUM_CLASSES
    )


def predicted(space: SearchSpace, genotype: Genotype) -> dict[str, str]:
    """Returns the columns that are predicted."""
    costs = micro_costs(space).of(genotype)
    return {
        f"{cost}_predicted": f"{costs[f'{cost}_bytes']:.0f}"
        for cost in ("ram", "flash")
    }


def measured_row(preset: str, number: int) -> dict[str, str]:
    """Returns the row of one network."""
    space = space_of(preset)
    genotype = space.genotype(drawn(space, np.random.default_rng(number)))
    classes = [f"class {index}" for index in range(NUM_CLASSES)]
    (ram,), (flash,) = measure_memory(
        [build_child(space, genotype, fast=False)], classes
    )
    return {
        "preset": preset,
        "number": str(number),
        "genotype": format_genotype(space, genotype),
        "ram_measured": str(ram),
        "flash_measured": str(flash),
        **predicted(space, genotype),
    }


def main(argv: list[str]) -> None:
    """Makes the rows that are missing, and prints what they say."""
    del argv
    path = pathlib.Path(CSV.value)
    rows = read_rows(path, COLUMNS)
    for preset in PRESETS.value:
        known = set()
        space = space_of(preset)
        for row in rows:
            if row["preset"] == preset:
                known.add(int(row["number"]))
                row |= predicted(space, parse_genotype(space, row["genotype"]))
        for number in range(COUNT.value):
            if number in known or SHOW.value:
                continue
            rows.append(measured_row(preset, number))
            write_rows(path, COLUMNS, rows)
        write_rows(path, COLUMNS, rows)
        show(preset, [row for row in rows if row["preset"] == preset])


def show(preset: str, rows: list[dict[str, str]]) -> None:
    """Prints the errors of one preset."""
    sys.stdout.write(f"{preset}: {len(rows)} networks\n")
    for cost in ("ram", "flash"):
        guessed, measured = (
            np.array([float(row[f"{cost}_{kind}"]) for row in rows])
            for kind in ("predicted", "measured")
        )
        errors = np.abs(guessed / measured - 1)
        sys.stdout.write(
            f"  {cost}: measured {measured.min():,.0f} to "
            f"{measured.max():,.0f} bytes, error at most {errors.max():.2%}, "
            f"median {np.median(errors):.2%}\n"
        )


if __name__ == "__main__":
    app.run(main)
