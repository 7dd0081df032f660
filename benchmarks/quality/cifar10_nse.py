"""Compares what an evolving space finds with baselines, on CIFAR-10.

    python benchmarks/quality/cifar10_nse.py --data_dir=tfds

As `cifar10_baselines.py`, whose recipe and table it shares: NSE's pick, its
pick after one round (no evolution), a single path of the same pool found by
SPOS after ABS, random multi-branch networks of the pool, and MobileNetV2 by
hand. The pick after one round is the result of `--max_rounds=1`: the first
round of the same search, which is trained and evaluated before there is a
second. Rows that exist are not made again. Both supernets are trained by
batches of 32, whose smaller steps learn faster per epoch.
"""

import functools
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from absl import app, flags, logging
from cifar10_baselines import (
    COLUMNS,
    CSV,
    DATA_DIR,
    EPOCHS,
    MAX_MACS_M,
    RANDOMS,
    RUN_DIR,
    SHOW,
    SLACK,
    Network,
    by_hand,
    known_or,
    make_rows,
    table,
)
from csv_rows import read_rows

from nse_tf.costs import Budget, CostModel
from nse_tf.events import FrontEvolved, WinnerChosen
from nse_tf.evolution.proposals import OpCosting, Window, propose
from nse_tf.reporting.run_record import read_record
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import load_data, make_space, run_search
from nse_tf.spaces import SearchSpace

flags.set_default(CSV, "docs/figures/cifar10_nse.csv")
flags.set_default(RUN_DIR, "runs/cifar10_nse")
flags.set_default(EPOCHS, 5)
flags.set_default(RANDOMS, 3)

SINGLE_PATHS = "SPOS after ABS, same pool"
SMALL_STEPS = {"batch_size": 32, "supernet_learning_rate": 0.05}
SEARCHES: dict[str, tuple[str, dict[str, float]]] = {
    "NSE": (
        "nse",
        {
            **SMALL_STEPS,
            "round_epochs": 3,
            "architecture_every": 8,
            "num_proposals": 60,
            "num_extra": 6,
            "num_rank_checks": 0,
            "child_epochs": 1,
        },
    ),
    SINGLE_PATHS: (
        "spos",
        {
            **SMALL_STEPS,
            "shrink_first_epochs": 2,
            "shrink_epochs": 1,
            "stop_size": 10**6,
            "supernet_epochs": 4,
            "num_children": 120,
            "num_rank_checks": 0,
            "child_epochs": 1,
        },
    ),
}


def search_config(name: str) -> SearchConfig:
    """Returns the search of that name, as `nse_search` would make it."""
    method, numbers = SEARCHES[name]
    return SearchConfig(
        run_dir=pathlib.Path(RUN_DIR.value) / name.replace(" ", "_"),
        dataset="cifar10",
        data_dir=pathlib.Path(DATA_DIR.value),
        validation_fraction=0.1,
        space="nse_small",
        width=0.25,
        budget=Budget(macs=MAX_MACS_M.value * 1e6),
        overrides=tuple(numbers.items()),
        method=method,
    )


def searched(space: SearchSpace, name: str) -> Network:
    """Returns the winner of a search, done now or before."""
    config = search_config(name)
    run_search(config)
    (winner,) = read_record(config.run_dir).named(WinnerChosen)
    genotype = space.genotype(winner.path)
    return space, genotype, winner.inherited_accuracy


def after_one_round(space: SearchSpace) -> Network:
    """Returns the best of the first round's front; searches if need be."""
    config = search_config("NSE")
    run_search(config)
    first = read_record(config.run_dir).named(FrontEvolved)[0]
    accuracy, path, _ = max(
        (accuracy, path, cost)
        for path, accuracy, cost in zip(
            first.front, first.accuracies, first.costs, strict=True
        )
        if cost <= MAX_MACS_M.value * 1e6
    )
    return space, space.genotype(path), accuracy


def at_random(space: SearchSpace, number: int) -> Network:
    """Returns a random multi-branch network that fills the budget."""
    most = MAX_MACS_M.value * 1e6
    model = CostModel(space)
    found = propose(
        space,
        np.full((len(space.blocks), space.max_candidates), 0.5),
        OpCosting(
            model.backbone["macs"], model.by_operator["macs"].astype(np.float64)
        ),
        Window((1 - SLACK) * most, most),
        1,
        np.random.default_rng(number),
    )
    return space, space.genotype(found.genes[0]), None


def networks(space: SearchSpace) -> dict[str, Callable[[], Network]]:
    """Returns what makes each network, in the order of the table."""
    return {
        "MobileNetV2 by hand": by_hand,
        **{
            f"random {number}": functools.partial(at_random, space, number)
            for number in range(RANDOMS.value)
        },
        **{
            name: functools.partial(known_or, find, space, name)
            for name, find in (
                ("NSE", functools.partial(searched, space, "NSE")),
                (
                    "NSE, one round",
                    functools.partial(after_one_round, space),
                ),
                (
                    SINGLE_PATHS,
                    functools.partial(searched, space, SINGLE_PATHS),
                ),
            )
        },
    }


def main(argv: Sequence[str]) -> None:
    """Makes the rows that are missing and prints the table."""
    del argv
    logging.set_verbosity(logging.INFO)
    path = pathlib.Path(CSV.value)
    if not SHOW.value:
        config = search_config("NSE")
        data: Any = load_data(config)
        make_rows(path, networks(make_space(config, data)), data)
    print(*table(read_rows(path, COLUMNS)), sep="\n")


if __name__ == "__main__":
    app.run(main)
