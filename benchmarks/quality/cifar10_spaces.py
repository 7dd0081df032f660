"""Are the networks of a learned space better than those of others? CIFAR-10.

    python benchmarks/quality/cifar10_spaces.py --data_dir=tfds

Four kinds of spaces on one skeleton, whose networks are drawn at random within
the same window of MACs and trained alone by one recipe:

* `learned`: cells that `--method=autospace` evolved, one space a seed;
* `random`: as many random cells, one space a seed. What an evolution trains
  is spent on choosing: of each of several random spaces a network is trained,
  and the space goes on whose network is the best on validation images;
* `MBConv`: kernels 3, 5 and 7, expansions 3 and 6;
* `published`: the cells of AutoSpace's authors.

Each network is a row of `--csv`; those that exist are not trained again, so
re-running the command resumes. What they say is printed at the end.
"""

import dataclasses
import logging
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from absl import app, flags
from cifar10_baselines import CSV as CSV_OF_BASELINES
from cifar10_baselines import (
    DATA_DIR,
    EPOCHS,
    MAX_MACS_M,
    RUN_DIR,
    SHOW,
    at_random,
    trained,
)
from csv_rows import read_rows, write_rows

from nse_tf.costs import Budget, CostModel
from nse_tf.datasets import ImageData, joined
from nse_tf.evolution.cell_population import first_members
from nse_tf.methods import AutoSpace
from nse_tf.methods.autospace_config import AutoSpaceConfig
from nse_tf.methods.cell_aims import CellAims
from nse_tf.runs.learned_space import learn_space
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import load_data, make_space
from nse_tf.significance import half_interval, permutation_p_value
from nse_tf.spaces import Identity, MBConv, SearchSpace, load_space
from nse_tf.spaces.autospace import space_of_cells
from nse_tf.spaces.chains import chain_space

NETWORKS = flags.DEFINE_integer("networks", 9, "Of each kind of space.", 1)
FITNESS = flags.DEFINE_string("fitness", None, "What cells evolve by.")
flags.set_default(CSV_OF_BASELINES, "docs/figures/cifar10_spaces.csv")
flags.set_default(RUN_DIR, "runs/cifar10_spaces")
flags.set_default(EPOCHS, 5)

KINDS = ("learned", "random", "MBConv", "published")
SEEDS = 3
# Seen by an evolution: 20 rounds of two epochs of 5,000 images by four cells a
# block, and again in every other epoch for the shares: 1.2 million images of a
# network. Five networks trained on 45,000 images for five epochs see as many.
EVOLUTION_VALIDATION = 0.9
NUM_CHOICES = 5
COLUMNS = (
    *("kind", "space", "number", "macs", "params", "epochs"),
    *("validation_accuracy", "test_accuracy", "seconds", "ops"),
)
Rows = list[dict[str, Any]]


def search_config(seed: int) -> SearchConfig:
    """Returns the evolution of that seed, as `nse_search` would make it."""
    return SearchConfig(
        method="autospace",
        run_dir=pathlib.Path(RUN_DIR.value) / f"learned_{seed}",
        dataset="cifar10",
        data_dir=pathlib.Path(DATA_DIR.value),
        validation_fraction=EVOLUTION_VALIDATION,
        space="autospace_small",
        width=0.25,
        budget=Budget(macs=MAX_MACS_M.value * 1e6),
        effort="laptop",
        fitness=FITNESS.value,
        seed=seed,
    )


class Spaces:
    """What networks are drawn from, made when it is asked for.

    Args:
        data: Images.
        rows: What was trained before; choices are added.
        keep: Called after each row that is added.
    """

    def __init__(
        self, data: ImageData, rows: Rows, keep: Callable[[], None]
    ) -> None:
        self._data, self._rows, self._keep = data, rows, keep
        self._published = make_space(search_config(0), data)
        self._made: dict[tuple[str, int], SearchSpace] = {}

    def space(self, kind: str, seed: int) -> SearchSpace:
        """Returns a space of a kind; evolves or chooses it if need be."""
        if (kind, seed) not in self._made:
            self._made[kind, seed] = self._make(kind, seed)
        return self._made[kind, seed]

    def _make(self, kind: str, seed: int) -> SearchSpace:
        match kind:
            case "learned":
                return load_space(learn_space(search_config(seed)))
            case "random":
                return self._chosen(seed)
            case "MBConv":
                skeleton, _ = self._published.as_chain()
                ops = [MBConv(k, e) for k in (3, 5, 7) for e in (3, 6)]
                return chain_space("MBConv", skeleton, ops, (Identity(),))
            case _:
                return self._published

    def _chosen(self, seed: int) -> SearchSpace:
        """Returns the best of random spaces, by one network of each."""
        found = []
        parts = self._data.train, self._data.validation
        for choice in range(NUM_CHOICES):
            space = self._random([seed, choice])
            name = f"random {seed}, choice {choice}"
            row = _row_of(self._rows, name, 0)
            if row is None:
                row = trained(at_random(space, choice), *parts, choice)
                accuracy = row.pop("test_accuracy")
                row |= {"validation_accuracy": accuracy, "test_accuracy": ""}
                self._rows.append(_named("choice", name, 0, row))
                self._keep()
            found.append((float(row["validation_accuracy"]), space))
        return max(found, key=lambda each: each[0])[1]

    def _random(self, seed: Sequence[int]) -> SearchSpace:
        """Returns a space of random cells, as an evolution begins with."""
        model = CostModel(self._published)
        budget = search_config(0).budget
        config = AutoSpaceConfig()
        groups = AutoSpace(model, budget, config).groups
        aims = CellAims.chosen(model, budget, config, groups)
        rng = np.random.default_rng([*seed, 14])
        cells = [
            [each.cell for each in first_members(config.num_evolved, ok, rng)]
            for ok in aims.allowed
        ]
        return space_of_cells(self._published, groups, cells)


def _row_of(rows: Rows, name: str, number: int) -> dict[str, Any] | None:
    """Returns the row of a network; None if there is none."""
    for row in rows:
        if (row["space"], row["number"]) == (name, str(number)):
            return row
    return None


def _named(
    kind: str, name: str, number: int, row: dict[str, Any]
) -> dict[str, Any]:
    """Returns the whole row of a network."""
    known = {name: row[name] for name in COLUMNS if name in row}
    return {
        **dict.fromkeys(COLUMNS, ""),
        **{"kind": kind, "space": name, "number": str(number)},
        **known,
        "epochs": EPOCHS.value,
    }


def make_rows(rows: Rows, path: pathlib.Path, data: ImageData) -> None:
    """Trains what has no row yet; the file grows network by network."""

    def keep() -> None:
        write_rows(path, COLUMNS, rows)

    spaces = Spaces(data, rows, keep)
    images = joined(data.train, data.validation)
    for number in range(NETWORKS.value):
        for kind in KINDS:
            seed = number % SEEDS if kind in ("learned", "random") else 0
            name = f"{kind} {seed}"
            if _row_of(rows, name, number) is not None:
                continue
            network = at_random(spaces.space(kind, seed), number)
            row = trained(network, images, data.test, number)
            rows.append(_named(kind, name, number, row))
            keep()
            logging.info(
                "%s, network %d of %d: %s",
                *(name, number + 1, NETWORKS.value, row["test_accuracy"]),
            )


def summary(rows: Rows) -> Iterator[str]:
    """Yields a table of the kinds, then how the learned one compares."""
    found = {
        kind: [
            100 * float(row["test_accuracy"])
            for row in rows
            if row["kind"] == kind
        ]
        for kind in KINDS
    }
    yield "| networks of | trained | test accuracy, % | from | to |"
    yield "|---|---|---|---|---|"
    for kind, values in found.items():
        if len(values) > 1:
            yield (
                f"| {kind} | {len(values)} | {np.mean(values):.2f} ± "
                f"{half_interval(values):.2f} | {min(values):.2f} | "
                f"{max(values):.2f} |"
            )
    learned = found["learned"]
    for kind in KINDS[1:]:
        if len(learned) > 1 and len(found[kind]) > 1:
            gain = np.mean(learned) - np.mean(found[kind])
            yield (
                f"learned against {kind}: {gain:+.2f} points, permutation "
                f"test p = {permutation_p_value(learned, found[kind]):.3f}"
            )


def main(argv: Sequence[str]) -> None:
    """Trains the networks that are missing and prints what they say."""
    del argv
    logging.getLogger("nse_tf").setLevel(logging.INFO)
    path = pathlib.Path(CSV_OF_BASELINES.value)
    rows: Rows = list(read_rows(path, COLUMNS))
    if not SHOW.value:
        config = dataclasses.replace(search_config(0), validation_fraction=0.1)
        make_rows(rows, path, load_data(config))
    print(*summary(rows), sep="\n")


if __name__ == "__main__":
    app.run(main)
