"""Whether searches under a latency limit find what meets it, and use it.

    python benchmarks/quality/latency_limit.py

A latency table of a small space is measured once (or taken from `--table`). The
limit is the median of what it predicts for `--sample` random networks. Then a
search of digits is run under it for each seed, with a training so short that
accuracies mean little, and the network that it exports is measured once more. A
row of `--csv` is a seed; rows that exist are not made again.

Printed are predicted and measured latencies: when finalists were chosen, in
`best/latency.json`, and again by this program; and in how many runs the network
met the limit and used `--use` of it.
"""

import json
import pathlib
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from absl import app, flags
from csv_rows import read_rows, write_rows

from nse_tf.costs import Budget, CostModel
from nse_tf.costs.tables import CostTable
from nse_tf.events import ChildMeasured, WinnerChosen
from nse_tf.export import InterpreterBackend, TablePlan, measure_latency
from nse_tf.reporting.run_record import read_record
from nse_tf.runs.latency_tables import LutConfig, make_table
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import load_data, make_space, run_search
from nse_tf.spaces import SearchSpace

TABLE = flags.DEFINE_string("table", None, "A table of nse_lut for the space.")
SPACE = flags.DEFINE_string("space", "spos_tiny", "The preset.")
IMAGE_SIZE = flags.DEFINE_integer("image_size", 16, "Side of the images.", 8)
SEEDS = flags.DEFINE_integer("seeds", 10, "Searches.", 1)
SAMPLE = flags.DEFINE_integer("sample", 2_000, "Networks in the median.", 2)
FIT = flags.DEFINE_integer("fit", 16, "Networks that the table is fitted to.")
VALIDATE = flags.DEFINE_integer("validate", 16, "Networks that test it.")
MAX_SPREAD = flags.DEFINE_float("max_spread", 0.25, "See nse_lut.")
FLOOR = flags.DEFINE_float(
    "floor",
    None,
    "Share of the limit given as --min_latency_ms; default: none is given.",
    lower_bound=0,
    upper_bound=1,
)
USE = flags.DEFINE_float("use", 0.9, "Least share of the limit to be used.")
RUN_DIR = flags.DEFINE_string(
    "run_dir", "runs/latency_limit", "Where table and searches go."
)
CSV = flags.DEFINE_string(
    "csv", "docs/figures/latency_limit.csv", "Where the rows go."
)
SHOW = flags.DEFINE_bool("show", False, "Only print the table of the rows.")

COLUMNS = (
    "seed",
    "floor",
    "limit_ms",
    "predicted_ms",
    "chosen_ms",
    "exported_ms",
    "again_ms",
    "num_measured",
    "seconds",
)
OVERRIDES: tuple[tuple[str, float], ...] = (
    ("supernet_epochs", 3),
    ("num_children", 60),
    ("population", 20),
    ("calibration_images", 128),
    ("child_epochs", 1),
    ("num_rank_checks", 0),
)


def search_config(
    seed: int, limit_ms: float | None = None, table: pathlib.Path | None = None
) -> SearchConfig:
    """Returns a search as `nse_search` would make it."""
    return SearchConfig(
        run_dir=pathlib.Path(RUN_DIR.value) / f"seed_{seed}",
        dataset="digits",
        image_size=IMAGE_SIZE.value,
        space=SPACE.value,
        shrink=False,
        budget=Budget(
            latency_ms=limit_ms,
            min_latency_ms=None
            if FLOOR.value is None or limit_ms is None
            else FLOOR.value * limit_ms,
        ),
        latency_table=table,
        effort="quick",
        overrides=OVERRIDES,
        seed=seed,
    )


def table_file(space: SearchSpace) -> pathlib.Path:
    """Returns the table's file, measured now or before."""
    if TABLE.value is not None:
        return pathlib.Path(TABLE.value)
    path = pathlib.Path(RUN_DIR.value) / "table.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        config = LutConfig(
            space=space,
            output=path,
            plan=TablePlan(max_spread=MAX_SPREAD.value),
            num_fitted=FIT.value,
            num_checked=VALIDATE.value,
            seed=0,
        )
        make_table(config, InterpreterBackend(), progress=sys.stderr.isatty())
    return path


def median_latency(space: SearchSpace, table: pathlib.Path) -> float:
    """Returns the median predicted latency of random networks, rounded."""
    model = CostModel(space, CostTable.load(table))
    paths = space.sample_paths(np.random.default_rng(0), SAMPLE.value)
    return round(float(np.median(model.path_costs("latency_ms", paths))), 5)


def searched(config: SearchConfig) -> dict[str, Any]:
    """Returns the row of a search, done now or before."""
    started = time.monotonic()
    run_search(config)
    best = config.run_dir / "best"
    latency = json.loads((best / "latency.json").read_text())
    record = read_record(config.run_dir)
    (winner,) = record.named(WinnerChosen)
    measured = record.named(ChildMeasured)
    chosen = next(each for each in measured if each.path == winner.path)
    again = measure_latency(best / "model_fp32.tflite")
    return {
        "seed": config.seed,
        "floor": "" if FLOOR.value is None else FLOOR.value,
        "limit_ms": config.budget.latency_ms,
        "predicted_ms": f"{winner.costs['latency_ms']:.5f}",
        "chosen_ms": f"{chosen.costs['latency_ms']:.5f}",
        "exported_ms": f"{latency['files']['fp32']['median_ms']:.5f}",
        "again_ms": f"{again.median_ms:.5f}",
        "num_measured": len(measured),
        "seconds": round(time.monotonic() - started),
    }


def make_rows(path: pathlib.Path) -> None:
    """Runs the searches that have no row yet; the file grows by each."""
    rows: list[dict[str, Any]] = list(read_rows(path, COLUMNS))
    config = search_config(0)
    space = make_space(config, load_data(config))
    table = table_file(space)
    limit_ms = median_latency(space, table)
    floor = "" if FLOOR.value is None else str(FLOOR.value)
    if any(
        (float(row["limit_ms"]), row["floor"]) != (limit_ms, floor)
        for row in rows
    ):
        raise ValueError(
            f"{path} has rows of another limit than {limit_ms} ms, the median "
            f"by {table}, or another --floor: name another --csv and --run_dir."
        )
    known = {int(row["seed"]) for row in rows}
    for seed in range(SEEDS.value):
        if seed not in known:
            row = searched(search_config(seed, limit_ms, table))
            rows.append(row)
            write_rows(path, COLUMNS, rows)
            print(f"seed {seed}: {row}", file=sys.stderr, flush=True)


def table_lines(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """Yields a Markdown table with a row for each seed, and the counts."""
    names = ("predicted_ms", "chosen_ms", "exported_ms", "again_ms")
    yield (
        "| seed | limit | predicted | measured when chosen | exported | "
        "again | limit used | networks measured |"
    )
    yield "|---" * 8 + "|"
    for row in rows:
        limit_ms = float(row["limit_ms"])
        latencies = " | ".join(f"{float(row[name]):.4f}" for name in names)
        yield (
            f"| {row['seed']} | {limit_ms:.4f} | {latencies} | "
            f"{float(row['exported_ms']) / limit_ms:.1%} | "
            f"{row['num_measured']} |"
        )
    yield ""
    for name, when in (
        ("exported_ms", "as exported"),
        ("again_ms", "measured again"),
    ):
        used = [float(row[name]) / float(row["limit_ms"]) for row in rows]
        yield (
            f"{when}: {sum(share <= 1 for share in used)} of {len(rows)} at "
            f"or under the limit, "
            f"{sum(share >= USE.value for share in used)} use {USE.value:.0%}"
            " of it or more"
        )


def main(argv: Sequence[str]) -> None:
    """Makes the rows that are missing and prints the table."""
    del argv
    path = pathlib.Path(CSV.value)
    if not SHOW.value:
        make_rows(path)
    print(*table_lines(read_rows(path, COLUMNS)), sep="\n")


if __name__ == "__main__":
    app.run(main)
