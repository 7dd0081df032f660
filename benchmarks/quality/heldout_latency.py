"""Compares latency tables with whole networks that they were not fitted to.

    python benchmarks/quality/heldout_latency.py

Two spaces (single paths, and multi-branch cells), fp32 and int8, with and
without XNNPACK: for each of the eight a table is measured, fitted to `--fit`
whole networks and compared with `--networks` others, and its rows are measured
again by `nse_lut` in a second process. Networks are converted once for each
space; what `nse_lut --fit --validate` does is the same, to the byte.

A row of `--csv` is a combination. Rows that exist are not made again, and an
interrupted one resumes from `--work_dir`, which also keeps the latencies of
single networks. A combination that the machine is too busy for is reported and
skipped. The table is printed as Markdown at the end.
"""

import dataclasses
import itertools
import json
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from absl import app, flags
from csv_rows import read_rows, write_rows

from nse_tf.costs.tables import CostTable, TableCheck
from nse_tf.export import (
    InterpreterBackend,
    TablePlan,
    WholeNetwork,
    calibrate_table,
    compare,
    measure_table,
    time_networks,
)
from nse_tf.export.variants import derive
from nse_tf.reporting.units import duration
from nse_tf.runs.latency_tables import share_within
from nse_tf.runs.measuring import table_builders, whole_networks
from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.spaces.files import write_bytes, write_json

SPACES = flags.DEFINE_list("spaces", ["spos_small", "nse_small"], "Presets.")
PRECISIONS = flags.DEFINE_list("precisions", ["fp32", "int8"], "Their weights.")
DELEGATES = flags.DEFINE_list("delegates", ["XNNPACK", "none"], "Delegates.")
IMAGE_SIZE = flags.DEFINE_integer("image_size", 32, "Side of the images.", 8)
FIT = flags.DEFINE_integer("fit", 24, "Networks that a table is fitted to.", 3)
NETWORKS = flags.DEFINE_integer("networks", 50, "Networks to test it.", 5)
MAX_SPREAD = flags.DEFINE_float("max_spread", 0.25, "See nse_lut.")
AGAIN = flags.DEFINE_bool("again", True, "Measure the rows a second time.")
SEED = flags.DEFINE_integer("seed", 0, "Seed of the networks.", 0)
WORK_DIR = flags.DEFINE_string(
    "work_dir", "runs/heldout_latency", "Where networks and tables are kept."
)
CSV = flags.DEFINE_string(
    "csv", "docs/figures/heldout_latency.csv", "Where the rows go."
)
SHOW = flags.DEFINE_bool("show", False, "Only print the table of the rows.")

KEYS = ("space", "precision", "delegate", "image_size", "fitted", "networks")
COLUMNS = (
    *KEYS,
    "rows",
    "median_ms",
    "scale",
    "overhead_ms",
    "median_error",
    "worst_error",
    "tau",
    "retest_tau",
    "rows_within_10",
    "seconds",
    "cpu",
    "date",
)


@dataclasses.dataclass(frozen=True)
class Combination:
    """A space, and how its networks are computed.

    Attributes:
        space: A preset's name.
        precision: Precision of the files.
        delegate: `XNNPACK` or `none`.
    """

    space: str
    precision: str
    delegate: str

    def __str__(self) -> str:
        return f"{self.space}, {self.precision}, delegate {self.delegate}"

    @property
    def folder(self) -> pathlib.Path:
        """Where its table is made."""
        name = f"{self.space}_{self.precision}_{self.delegate}"
        return pathlib.Path(WORK_DIR.value) / name

    @property
    def plan(self) -> TablePlan:
        """How it is measured."""
        return TablePlan(
            precision=self.precision,
            use_xnnpack=self.delegate == "XNNPACK",
            max_spread=MAX_SPREAD.value,
            seed=SEED.value,
        )

    @property
    def key(self) -> dict[str, Any]:
        """The columns that identify its row."""
        return {
            "space": self.space,
            "precision": self.precision,
            "delegate": self.delegate,
            "image_size": IMAGE_SIZE.value,
            "fitted": FIT.value,
            "networks": NETWORKS.value,
        }


def make_space(name: str) -> SearchSpace:
    """Returns a preset for images of ten classes in color."""
    size = IMAGE_SIZE.value
    return make_preset(
        name, image_size=(size, size), image_channels=3, num_classes=10
    )


def networks_of(name: str) -> list[WholeNetwork]:
    """Returns a space's networks as fp32 files, made now or before.

    Those to fit come first, then those to test.
    """
    numbers = (IMAGE_SIZE.value, FIT.value, NETWORKS.value, SEED.value)
    label = "_".join(map(str, (name, *numbers)))
    folder = pathlib.Path(WORK_DIR.value) / "networks" / label
    count = FIT.value + NETWORKS.value
    if not (folder / "keys.json").exists():
        rng = np.random.default_rng([SEED.value, 3])
        networks = whole_networks(make_space(name), count, "fp32", rng)
        folder.mkdir(parents=True, exist_ok=True)
        for number, network in enumerate(networks):
            write_bytes(folder / f"{number}.tflite", network.tflite)
        keys = [list(network.keys) for network in networks]
        write_json(folder / "keys.json", keys)
        return networks
    return [
        WholeNetwork(keys, (folder / f"{number}.tflite").read_bytes())
        for number, keys in enumerate(
            json.loads((folder / "keys.json").read_text())
        )
    ]


def in_precision(
    networks: Sequence[WholeNetwork], precision: str
) -> list[WholeNetwork]:
    """Returns fp32 networks in another precision, ranges drawn from noise."""
    if precision == "fp32":
        return list(networks)
    shape = (4, IMAGE_SIZE.value, IMAGE_SIZE.value, 3)
    noise = np.random.default_rng(0).uniform(0, 255, shape)
    return [
        dataclasses.replace(
            network, tflite=derive(network.tflite, precision, noise)
        )
        for network in networks
    ]


def share_again(combination: Combination, rows: CostTable) -> float:
    """Returns the share of rows in which a second process agrees."""
    output = combination.folder / "again.json"
    xnnpack = "--xnnpack" if combination.plan.use_xnnpack else "--noxnnpack"
    subprocess.run(
        [
            sys.executable,
            *("-m", "nse_tf.flags.lut"),
            f"--space={combination.space}",
            f"--image_size={IMAGE_SIZE.value}",
            *("--image_channels=3", "--num_classes=10"),
            f"--precision={combination.precision}",
            xnnpack,
            *("--fit=0", "--validate=0"),
            f"--max_spread={MAX_SPREAD.value}",
            f"--output={output}",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return share_within(rows, CostTable.load(output.with_suffix(".rows.json")))


def measured(
    combination: Combination, networks: Sequence[WholeNetwork]
) -> dict[str, Any]:
    """Returns the row of a combination.

    Args:
        combination: What to measure.
        networks: Networks of its space, as fp32 files.

    Raises:
        ValueError: If the machine is too busy.
        subprocess.CalledProcessError: If it is for the second process.
    """
    started = time.monotonic()
    backend, plan = InterpreterBackend(), combination.plan
    rows = measure_table(
        table_builders(make_space(combination.space)),
        plan,
        backend=backend,
        cache_path=combination.folder / "rows.json",
        progress=sys.stderr.isatty(),
    )
    networks = in_precision(networks, combination.precision)
    fitting, others = networks[: FIT.value], networks[FIT.value :]
    fitted_ms = time_networks(fitting, plan, backend)
    keys = [network.keys for network in fitting]
    table = calibrate_table(
        rows, list(zip(keys, fitted_ms.tolist(), strict=True))
    )
    first, second = (time_networks(others, plan, backend) for _ in range(2))
    predicted = np.array([table.predict(each.keys)[0] for each in others])
    check = compare(predicted, first, second)
    table = dataclasses.replace(table, check=check)
    table.save(combination.folder / "table.json")
    write_json(
        combination.folder / "networks.json",
        {
            "fitted_ms": fitted_ms.tolist(),
            "predicted_ms": predicted.tolist(),
            "first_ms": first.tolist(),
            "second_ms": second.tolist(),
        },
    )
    again = share_again(combination, rows) if AGAIN.value else None
    return {
        **combination.key,
        **summary(table, check),
        "rows": len(rows.rows),
        "median_ms": f"{np.median(np.minimum(first, second)):.4g}",
        "rows_within_10": "" if again is None else f"{again:.4f}",
        "seconds": round(time.monotonic() - started),
    }


def summary(table: CostTable, check: TableCheck) -> dict[str, Any]:
    """Returns what a row says of a fitted table and its check."""
    return {
        "scale": f"{table.fit.scale:.4f}" if table.fit else "",
        "overhead_ms": f"{table.overhead_ms:.4f}",
        "median_error": f"{check.median_error:.4f}",
        "worst_error": f"{check.worst_error:.4f}",
        "tau": "" if check.kendall_tau is None else f"{check.kendall_tau:.4f}",
        "retest_tau": f"{check.retest_tau:.4f}",
        "cpu": table.provenance.cpu,
        "date": check.date,
    }


def make_rows(path: pathlib.Path) -> list[str]:
    """Makes the rows that are missing; returns what could not be measured."""
    rows: list[dict[str, Any]] = list(read_rows(path, COLUMNS))
    known = {tuple(row[name] for name in KEYS) for row in rows}
    failures = []
    for space in SPACES.value:
        left = [
            combination
            for combination in itertools.starmap(
                Combination,
                itertools.product([space], PRECISIONS.value, DELEGATES.value),
            )
            if tuple(map(str, combination.key.values())) not in known
        ]
        if not left:
            continue
        report(f"{space}: {FIT.value + NETWORKS.value} networks")
        networks = networks_of(space)
        for combination in left:
            report(str(combination))
            try:
                rows.append(measured(combination, networks))
            except (ValueError, subprocess.CalledProcessError) as error:
                failures.append(f"{combination}: {error}")
                report(failures[-1])
                continue
            write_rows(path, COLUMNS, rows)
            report(f"took {duration(rows[-1]['seconds'])}")
    return failures


def report(text: str) -> None:
    """Reports progress on stderr."""
    print(text, file=sys.stderr, flush=True)


def table_lines(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """Yields the lines of a Markdown table with a row for each combination."""
    yield (
        "| space | precision | delegate | rows | median network | median error "
        "| worst | tau | tau of two measurements | rows within 10 % again |"
    )
    yield "|---" * 10 + "|"
    for row in rows:
        again = row["rows_within_10"]
        yield (
            f"| {row['space']} | {row['precision']} | {row['delegate']} | "
            f"{row['rows']} | {row['median_ms']} ms | "
            f"{100 * float(row['median_error']):.1f} % | "
            f"{100 * float(row['worst_error']):.0f} % | "
            f"{float(row['tau']):.3f} | {float(row['retest_tau']):.3f} | "
            + (f"{100 * float(again):.0f} %" if again else "-")
            + " |"
        )


def main(argv: Sequence[str]) -> None:
    """Makes the rows that are missing and prints the table."""
    del argv
    path = pathlib.Path(CSV.value)
    failures = [] if SHOW.value else make_rows(path)
    print(*table_lines(read_rows(path, COLUMNS)), sep="\n")
    if failures:
        sys.exit("\n".join(["Not measured:", *failures]))


if __name__ == "__main__":
    app.run(main)
