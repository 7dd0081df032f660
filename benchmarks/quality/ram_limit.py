"""Whether searches under a limit on RAM find what keeps it, as measured.

    python benchmarks/quality/ram_limit.py

The limit is the median of what is predicted for `--sample` random networks of
the space. A search of digits is run under it for each seed, with a training so
short that accuracies mean little. A row of `--csv` is a seed; rows that exist
are not made again.

Printed are predicted and measured tensor arenas of the networks that were
handed over, and how many of them kept the limit.
"""

import json
import pathlib
import sys
import time
from typing import Any

import numpy as np
from absl import app, flags
from csv_rows import read_rows, write_rows

from nse_tf.costs import Budget, CostModel
from nse_tf.events import ChildMeasured, WinnerChosen
from nse_tf.reporting.run_record import read_record
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import load_data, make_space, run_search

SPACE = flags.DEFINE_string("space", "spos_tiny", "The preset.")
SEEDS = flags.DEFINE_integer("seeds", 10, "Searches.", 1)
SAMPLE = flags.DEFINE_integer("sample", 2_000, "Networks in the median.", 2)
RUN_DIR = flags.DEFINE_string(
    "run_dir", "runs/ram_limit", "Where the searches go."
)
CSV = flags.DEFINE_string(
    "csv", "docs/figures/ram_limit.csv", "Where the rows go."
)
SHOW = flags.DEFINE_bool("show", False, "Only print what the rows say.")

COLUMNS = (
    *("seed", "limit", "predicted", "measured", "num_measured"),
    *("exported", "steps", "seconds"),
)
OVERRIDES: tuple[tuple[str, float], ...] = (
    ("supernet_epochs", 1),
    ("num_children", 20),
    ("population", 10),
    ("calibration_images", 64),
    ("child_epochs", 1),
    ("num_rank_checks", 0),
)


def search_config(seed: int, limit: float | None = None) -> SearchConfig:
    """Returns a search as `nse_search --max_ram_kb` would make it."""
    return SearchConfig(
        run_dir=pathlib.Path(RUN_DIR.value) / f"seed_{seed}",
        space=SPACE.value,
        shrink=False,
        budget=Budget(ram_bytes=limit),
        baselines="never",
        effort="demo",
        overrides=OVERRIDES,
        seed=seed,
    )


def median_ram() -> float:
    """Returns the median predicted RAM of random networks, rounded."""
    config = search_config(0)
    space = make_space(config, load_data(config))
    model = CostModel(space, counts_memory=True)
    paths = space.sample_paths(np.random.default_rng(0), SAMPLE.value)
    return float(round(np.median(model.path_costs("ram_bytes", paths))))


def searched(config: SearchConfig) -> dict[str, Any]:
    """Returns the row of a search, done now or before."""
    started = time.monotonic()
    run_search(config)
    micro = json.loads((config.run_dir / "best" / "micro.json").read_text())
    record = read_record(config.run_dir)
    (winner,) = record.named(WinnerChosen)
    measured = record.named(ChildMeasured)
    chosen = next(each for each in measured if each.path == winner.path)
    return {
        "seed": config.seed,
        "limit": f"{config.budget.ram_bytes:.0f}",
        "predicted": f"{winner.costs['ram_bytes']:.0f}",
        "measured": f"{chosen.costs['ram_bytes']:.0f}",
        "num_measured": len(measured),
        "exported": micro["arena_bytes"],
        "steps": micro["steps"],
        "seconds": round(time.monotonic() - started),
    }


def main(argv: list[str]) -> None:
    """Makes the rows that are missing, and prints what they say."""
    del argv
    path = pathlib.Path(CSV.value)
    rows: list[dict[str, Any]] = list(read_rows(path, COLUMNS))
    known = {int(row["seed"]) for row in rows}
    limit = median_ram()
    for seed in range(SEEDS.value):
        if seed not in known and not SHOW.value:
            rows.append(searched(search_config(seed, limit)))
            write_rows(path, COLUMNS, rows)
    kept = sum(float(row["exported"]) <= float(row["limit"]) for row in rows)
    for row in rows:
        sys.stdout.write(
            f"seed {row['seed']}: limit {row['limit']}, predicted "
            f"{row['predicted']}, as exported {row['exported']} bytes\n"
        )
    sys.stdout.write(f"{kept} of {len(rows)} keep the limit as measured\n")


if __name__ == "__main__":
    app.run(main)
