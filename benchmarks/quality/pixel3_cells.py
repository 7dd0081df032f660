"""How well a hundred measured cells predict the latency of all others.

    python benchmarks/quality/pixel3_cells.py --latencies=LATENCIES.csv.gz
        --table=CELLS.csv.gz

Takes NAS-Bench-201's 15,625 cells as HW-NAS-Bench measured them. For each of
several draws of cells it fits a latency per op to them, and prints Kendall's
tau and the median error on all cells that were not drawn; beside it the tau of
MACs alone, and of the same latencies when every op of the cell counts, computed
or not.
"""

import pathlib
from collections.abc import Sequence

import numpy as np
from absl import app, flags

from nse_tf.costs.cell_latency import fit_cell_latency
from nse_tf.rank_correlation import kendall_tau
from nse_tf.ranking import read_table

LATENCIES = flags.DEFINE_string(
    "latencies", None, "CSV of measured latencies.", required=True
)
TABLE = flags.DEFINE_string(
    "table", None, "CSV with the column flops_m.", required=True
)
COLUMN = flags.DEFINE_string(
    "column", "pixel3", "Column of latencies: the device."
)
CELLS = flags.DEFINE_integer("cells", 100, "Cells measured.", lower_bound=12)
DRAWS = flags.DEFINE_integer("draws", 20, "Seeds, from 0.", lower_bound=1)


def naive_counts(paths: np.ndarray) -> np.ndarray:
    """Returns how often each op occurs in a cell, and a one."""
    counts = [(paths == op).sum(axis=1) for op in range(5)]
    return np.stack([*counts[1:], np.ones(len(paths))], axis=1)


def main(argv: Sequence[str]) -> None:
    """Prints a line for each draw, and the summary."""
    del argv
    known = read_table(pathlib.Path(LATENCIES.value))
    macs = read_table(pathlib.Path(TABLE.value)).column("flops_m")
    truth, paths = known.column(COLUMN.value), known.paths
    results = []
    for seed in range(DRAWS.value):
        order = np.random.default_rng(seed).permutation(len(truth))
        drawn, others = order[: CELLS.value], order[CELLS.value :]
        fitted = fit_cell_latency(known.space, paths[drawn], truth[drawn])
        predicted = fitted.predict(paths[others])
        naive = np.linalg.lstsq(
            naive_counts(paths[drawn]), truth[drawn], rcond=None
        )[0]
        results.append(
            (
                kendall_tau(predicted, truth[others]),
                float(np.median(np.abs(predicted / truth[others] - 1))),
                kendall_tau(naive_counts(paths[others]) @ naive, truth[others]),
                kendall_tau(macs[others], truth[others]),
            )
        )
        tau, error, naive_tau, macs_tau = results[-1]
        print(
            f"seed {seed}: tau {tau:.4f}, median error {error:.1%}; every op "
            f"counted {naive_tau:.4f}, MACs {macs_tau:.4f}",
            flush=True,
        )
    taus = np.array([result[0] for result in results])
    print(
        f"{COLUMN.value}, {CELLS.value} cells, {len(taus)} draws: tau on the "
        f"other {len(truth) - CELLS.value} cells {taus.mean():.3f} on average, "
        f"{taus.min():.3f} to {taus.max():.3f}"
    )


if __name__ == "__main__":
    app.run(main)
