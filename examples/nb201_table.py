"""Writes the table of NAS-Bench-201 that `nse_rank` reads.

    pip install nats_bench
    python examples/nb201_table.py --benchmark=NATS-tss-v1_0-3ffb9-simple

`--benchmark` is the benchmark's folder as its authors offer it:
https://github.com/D-X-Y/NATS-Bench. Its files are pickles, which may execute
anything when they are read: take them from its authors alone. This package
reads no pickles; the table that is written is plain text.
"""

import csv
import gzip
import importlib
import io
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

from absl import app, flags

from nse_tf.spaces.files import write_bytes

BENCHMARK = flags.DEFINE_string(
    "benchmark", None, "The benchmark's folder.", required=True
)
OUTPUT = flags.DEFINE_string(
    "output", "nb201_cifar10.csv.gz", "Where the table goes, gzipped."
)

NUM_CELLS = 5**6


def row(api: Any, index: int) -> dict[str, Any]:
    """Returns the row of a cell: accuracies in percent, costs in millions.

    Args:
        api: That of the package `nats_bench`, for the topology space.
        index: The cell's, in the benchmark's order.
    """

    def accuracy(data: str, epochs: str, part: str) -> float:
        said = api.get_more_info(index, data, hp=epochs, is_random=False)
        return round(float(said[f"{part}-accuracy"]), 6)

    costs = api.get_cost_info(index, "cifar10")
    return {
        "index": index,
        "arch": api.arch(index),
        "cifar10_test": accuracy("cifar10", "200", "test"),
        "cifar10_valid_e12": accuracy("cifar10-valid", "12", "valid"),
        "cifar10_test_e12": accuracy("cifar10", "12", "test"),
        "flops_m": costs["flops"],
        "params_m": costs["params"],
    }


def rows(api: Any) -> Iterator[dict[str, Any]]:
    """Yields the rows of all cells; prints how far it has come."""
    for index in range(NUM_CELLS):
        yield row(api, index)
        if (index + 1) % 1000 == 0 or index + 1 == NUM_CELLS:
            print(f"{index + 1:,} of {NUM_CELLS:,} cells", flush=True)


def written(api: Any) -> bytes:
    """Returns the table, gzipped."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for index, each in enumerate(rows(api)):
        if index == 0:
            writer.writerow(each)
        writer.writerow(each.values())
    return gzip.compress(text.getvalue().encode(), mtime=0)


def main(argv: Sequence[str]) -> None:
    """Reads the benchmark's folder and writes the table, whole."""
    del argv
    try:
        nats_bench = importlib.import_module("nats_bench")
    except ModuleNotFoundError:
        raise app.UsageError(
            "The benchmark's own package reads its files: "
            "pip install nats_bench"
        ) from None
    if not pathlib.Path(BENCHMARK.value).is_dir():
        raise app.UsageError(f"--benchmark={BENCHMARK.value} is no folder.")
    api = nats_bench.create(BENCHMARK.value, "tss", True, False)
    write_bytes(pathlib.Path(OUTPUT.value), written(api))
    print(f"Table: {OUTPUT.value}")


if __name__ == "__main__":
    app.run(main)
