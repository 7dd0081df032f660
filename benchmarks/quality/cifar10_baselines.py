"""Compares the networks that searches find with baselines, on CIFAR-10.

    python benchmarks/quality/cifar10_baselines.py --data_dir=tfds

`--data_dir` holds CIFAR-10 as prepared by TensorFlow Datasets. Every network is
trained alone by one recipe, on the 50,000 training images, once for each seed;
its accuracy on the test images is a row of `--csv`. Rows that exist are not
made again, so re-running the command resumes. The table is printed at the end.
The searches come last: they take longest. `--space` and `--width` compare the
networks of another chain; give it a `--csv` and a `--run_dir` of its own.
"""

import functools
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from absl import app, flags, logging
from csv_rows import read_rows, write_rows

from nse_tf.costs import Budget, CostModel, sample_within
from nse_tf.datasets import ImageData, ImageSet, joined
from nse_tf.events import WinnerChosen
from nse_tf.reporting.run_record import read_record
from nse_tf.reporting.units import duration
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import load_data, make_space, run_search
from nse_tf.spaces import ChainSkeleton, Genotype, MBConv, SearchSpace, Stage
from nse_tf.spaces.adaptation import rounded_channels
from nse_tf.spaces.chains import chain_space
from nse_tf.spaces.genotype_text import format_genotype, parse_genotype
from nse_tf.supernet import build_child
from nse_tf.training import ChildRecipe, Progress, accuracy, train_child

DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Where TensorFlow Datasets has CIFAR-10.", required=True
)
RUN_DIR = flags.DEFINE_string(
    "run_dir", "runs/cifar10_baselines", "Where the searches' folders go."
)
CSV = flags.DEFINE_string(
    "csv", "docs/figures/cifar10_baselines.csv", "Where the rows go."
)
MAX_MACS_M = flags.DEFINE_float("max_macs_m", 6.0, "The budget, in millions.")
EPOCHS = flags.DEFINE_integer("epochs", 8, "Epochs of each training alone.", 1)
SEEDS = flags.DEFINE_integer("seeds", 2, "Trainings of each network.", 1)
RANDOMS = flags.DEFINE_integer("randoms", 5, "Random networks.", 0)
SUPERNET_EPOCHS = flags.DEFINE_integer(
    "supernet_epochs", 8, "Epochs of the supernet that is searched.", 1
)
NUM_CHILDREN = flags.DEFINE_integer(
    "num_children", 150, "Children that a search evaluates.", 1
)
SPACE = flags.DEFINE_string("space", "spos_small", "Preset of a chain.")
WIDTH = flags.DEFINE_float("width", 0.2, "Multiplies its widths.")
ONLY = flags.DEFINE_multi_string(
    "only", [], "Names of networks; all unless given."
)
SHOW = flags.DEFINE_bool("show", False, "Only print the table of the rows.")

COLUMNS = (
    "network",
    "macs",
    "params",
    "epochs",
    "seed",
    "test_accuracy",
    "inherited_accuracy",
    "seconds",
    "ops",
)
# How far below the budget the networks may lie that it is filled by.
SLACK = 0.1
RECIPE = ChildRecipe(
    batch_size=128,
    learning_rate=0.2,
    warmup_epochs=1.0,
    augmentation="small_images",
)
# FairNAS divides its epochs by the passes of a step. ProxylessNAS explores no
# children; a quarter of its epochs warm the weights up. Where weights nest, the
# search's own training goes on from them, so that its result tells by how
# much that is shorter.
SEARCHES: dict[str, dict[str, Any]] = {
    "evolution, unshrunk": {"explorer": "evolution", "shrink": False},
    "evolution, shrunk by angle": {"explorer": "evolution", "shrink": True},
    "evolution, nested weights": {
        "explorer": "evolution",
        "shrink": False,
        "sharing": "nested",
        "child_start": "inherited",
    },
    "FairNAS": {
        "method": "fairnas",
        "explorer": "evolution",
        "shrink": False,
    },
    "FairNAS, shrunk by angle": {
        "method": "fairnas",
        "explorer": "evolution",
        "shrink": True,
    },
    "ProxylessNAS": {"method": "proxylessnas", "shrink": False},
    "ProxylessNAS, shrunk by angle": {"method": "proxylessnas", "shrink": True},
    "regularized evolution": {
        "explorer": "regularized_evolution",
        "shrink": False,
    },
}
# Sandler et al., MobileNetV2, Table 2: (channels, blocks, stride) with
# expansion 6. For 32 pixels the strides of the stem and of the 64 channels are
# 1, which gives the maps of the space that is searched.
MOBILENET_V2 = (
    (24, 2, 2),
    (32, 3, 2),
    (64, 4, 1),
    (96, 3, 1),
    (160, 3, 2),
    (320, 1, 1),
)

Network = tuple[SearchSpace, Genotype, float | None]


def search_config(name: str) -> SearchConfig:
    """Returns the search of that name, as `nse_search` would make it."""
    given = SEARCHES[name]
    epochs = SUPERNET_EPOCHS.value
    numbers: dict[str, float] = {"child_epochs": 1}
    if "explorer" in given:
        numbers |= {"supernet_epochs": epochs}
        numbers |= {"num_children": NUM_CHILDREN.value}
        numbers |= {"num_rank_checks": 0}  # The rows check the ranking.
        if given.get("child_start") == "inherited":
            numbers |= {"child_epochs": 3}
    else:
        numbers |= {"weights_only_epochs": epochs // 4}
        numbers |= {"supernet_epochs": epochs - epochs // 4}
    if given["shrink"]:
        numbers |= {"shrink_first_epochs": 3, "shrink_epochs": 1}
        numbers |= {"stop_size": 10**6}
    return SearchConfig(
        run_dir=pathlib.Path(RUN_DIR.value) / name.replace(" ", "_"),
        dataset="cifar10",
        data_dir=pathlib.Path(DATA_DIR.value),
        validation_fraction=0.1,
        space=SPACE.value,
        width=WIDTH.value,
        budget=Budget(macs=MAX_MACS_M.value * 1e6),
        effort="laptop",
        overrides=tuple(numbers.items()),
        **given,
    )


def mobilenet_v2(width: float) -> SearchSpace:
    """Returns the one network of MobileNetV2's form at a width multiplier."""
    stages = tuple(
        Stage(rounded_channels(channels * width), depth, stride)
        for channels, depth, stride in MOBILENET_V2
    )
    skeleton = ChainSkeleton(
        image_size=(32, 32),
        image_channels=3,
        num_classes=10,
        stem_channels=rounded_channels(32 * width),
        stem_stride=1,
        first_channels=rounded_channels(16 * width),
        stages=stages,
        tail_channels=max(rounded_channels(1280 * width), 160),
    )
    return chain_space("mobilenet_v2", skeleton, (MBConv(3, 6),))


def by_hand() -> Network:
    """Returns the widest MobileNetV2 within the budget.

    Raises:
        ValueError: If none fills the budget up to the slack.
    """
    budget = MAX_MACS_M.value * 1e6
    spaces = [mobilenet_v2(width) for width in np.arange(0.05, 1.5, 0.01)]
    macs = [CostModel(space).range("macs")[0] for space in spaces]
    fitting = [index for index, each in enumerate(macs) if each <= budget]
    if not fitting or macs[fitting[-1]] < (1 - SLACK) * budget:
        raise ValueError(
            f"No width of MobileNetV2 lies within {SLACK:.0%} below "
            f"{budget:,.0f} MACs: choose another --max_macs_m."
        )
    space = spaces[fitting[-1]]
    return space, space.genotype([0] * len(space.blocks)), None


def at_random(space: SearchSpace, number: int) -> Network:
    """Returns a random network of a space that fills the budget."""
    most = MAX_MACS_M.value * 1e6
    budget = Budget(macs=most, min_macs=(1 - SLACK) * most)
    rng = np.random.default_rng(number)
    path = sample_within(CostModel(space), budget, rng, 1)[0]
    return space, space.genotype(path.tolist()), None


def searched(space: SearchSpace, name: str) -> Network:
    """Returns the winner of a search, done now or before."""
    config = search_config(name)
    run_search(config)
    (winner,) = read_record(config.run_dir).named(WinnerChosen)
    genotype = space.genotype(winner.path)
    return space, genotype, winner.inherited_accuracy


def known_or(
    find: Callable[[], Network], space: SearchSpace, name: str
) -> Network:
    """Returns the network of an earlier row, or else what a search finds.

    So other seeds of the training alone need no search, nor its folder.
    """
    for row in read_rows(pathlib.Path(CSV.value), COLUMNS):
        if row["network"] == name:
            inherited = float(row["inherited_accuracy"])
            return space, parse_genotype(space, row["ops"]), inherited
    return find()


def networks(space: SearchSpace) -> dict[str, Callable[[], Network]]:
    """Returns what makes each network, in the order of the table."""
    return {
        "MobileNetV2 by hand": by_hand,
        **{
            f"random {number}": functools.partial(at_random, space, number)
            for number in range(RANDOMS.value)
        },
        **{
            name: functools.partial(
                known_or, functools.partial(searched, space, name), space, name
            )
            for name in SEARCHES
        },
    }


def trained(
    network: Network, images: ImageSet, test: ImageSet, seed: int
) -> dict[str, Any]:
    """Returns the row of a network, trained alone."""
    space, genotype, inherited = network
    started = time.monotonic()
    child = build_child(space, genotype, seed=seed)
    with Progress("training alone", EPOCHS.value, "epochs") as bar:
        train_child(
            child,
            images,
            RECIPE,
            EPOCHS.value,
            seed,
            lambda loss: bar.advance(loss=loss),
        )
    costs = CostModel(space).costs(genotype)
    return {
        "macs": int(costs["macs"]),
        "params": int(costs["params"]),
        "test_accuracy": f"{accuracy(child, test):.4f}",
        "inherited_accuracy": "" if inherited is None else f"{inherited:.4f}",
        "seconds": round(time.monotonic() - started),
        "ops": format_genotype(space, genotype),
    }


def table(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yields the lines of a table with a row for each network."""
    yield "| network | million MACs | parameters | epochs | test accuracy, % |"
    yield "|---|---|---|---|---|"
    for name in dict.fromkeys(row["network"] for row in rows):
        own = [row for row in rows if row["network"] == name]
        found = [100 * float(row["test_accuracy"]) for row in own]
        each = ", ".join(f"{value:.2f}" for value in found)
        yield (
            f"| {name} | {int(own[0]['macs']) / 1e6:.2f} | "
            f"{int(own[0]['params']):,} | {own[0]['epochs']} | "
            f"{np.mean(found):.2f} ({each}) |"
        )


def make_rows(
    path: pathlib.Path,
    makers: Mapping[str, Callable[[], Network]],
    data: ImageData,
) -> None:
    """Trains what has no row yet; the file grows network by network.

    Args:
        path: The file.
        makers: What makes each network, in the order of the table.
        data: Images.
    """
    unknown = set(ONLY.value) - set(makers)
    if unknown:
        raise app.UsageError(
            f"--only={unknown.pop()!r} is no network; there are "
            f"{', '.join(map(repr, makers))}."
        )
    rows: list[dict[str, Any]] = list(read_rows(path, COLUMNS))
    tasks = [
        (seed, name)
        for seed in range(SEEDS.value)
        for name in ONLY.value or makers
    ]
    known = {(row["network"], row["epochs"], row["seed"]) for row in rows}
    left = [
        (seed, name)
        for seed, name in tasks
        if (name, str(EPOCHS.value), str(seed)) not in known
    ]
    images = joined(data.train, data.validation)
    started = time.monotonic()
    for number, (seed, name) in enumerate(left):
        logging.info("%s, seed %d: %d to go", name, seed, len(left) - number)
        row = trained(makers[name](), images, data.test, seed)
        key = {"network": name, "epochs": EPOCHS.value, "seed": seed}
        rows.append({**key, **row})
        write_rows(path, COLUMNS, rows)
        each = (time.monotonic() - started) / (number + 1)
        logging.info(
            "%s: %s; about %s left, searches not counted",
            name,
            row["test_accuracy"],
            duration(each * (len(left) - number - 1)),
        )


def main(argv: Sequence[str]) -> None:
    """Makes the rows that are missing and prints the table."""
    del argv
    logging.set_verbosity(logging.INFO)
    path = pathlib.Path(CSV.value)
    if not SHOW.value:
        config = search_config(next(iter(SEARCHES)))
        data = load_data(config)
        make_rows(path, networks(make_space(config, data)), data)
    print(*table(read_rows(path, COLUMNS)), sep="\n")


if __name__ == "__main__":
    app.run(main)
