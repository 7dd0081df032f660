"""Holds searched networks against ResNet8 of MLPerf Tiny, under its own costs.

    python benchmarks/quality/resnet8.py --data_dir=tfds

ResNet8 takes 12.50 million MACs, and as an int8 file 98,496 bytes of flash and
an arena of 55,984 bytes. A search of `--space` under 12.5 million MACs, 100 kB
and 56 kB hands over a network for each seed. Both are trained alone by one
recipe, as long, on the 50,000 training images of CIFAR-10, and judged on the
test images: in float32, and as int8 files. `--data_dir` holds CIFAR-10 as
prepared by TensorFlow Datasets. A row of `--csv` is a network and a seed; rows
that exist are not made again, so re-running the command resumes.
"""

import dataclasses
import pathlib
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from absl import app, flags, logging
from csv_rows import read_rows, write_rows
from keras import layers

from nse_tf.costs import Budget
from nse_tf.datasets import ImageData, joined
from nse_tf.events import WinnerChosen
from nse_tf.export import accuracy_of_file, measure_memory
from nse_tf.reporting.run_record import read_record
from nse_tf.runs.other_limits import under_other_limits
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import load_data, make_space, run_search
from nse_tf.significance import half_interval
from nse_tf.spaces import format_genotype
from nse_tf.supernet import FusedBatchNormalization, build_child
from nse_tf.training import ChildRecipe, Progress, accuracy, train_child

RESNET8 = "ResNet8"
SEARCHED = "searched"

DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Where TensorFlow Datasets has CIFAR-10.", required=True
)
RUN_DIR = flags.DEFINE_string(
    "run_dir", "runs/resnet8", "Where the searches' folders go."
)
NETWORKS = flags.DEFINE_multi_enum(
    "network", [], [RESNET8, SEARCHED], "What is trained; both unless given."
)
CSV = flags.DEFINE_string(
    "csv", "docs/figures/resnet8.csv", "Where the rows go."
)
SPACE = flags.DEFINE_string("space", "nb201", "The preset that is searched.")
WIDTH = flags.DEFINE_float("width", 0.6, "Its width.", 0.1)
DEPTH = flags.DEFINE_float("depth", 0.4, "Its depth.", 0.1)
EPOCHS = flags.DEFINE_integer("epochs", 12, "Epochs of each training alone.", 1)
SUPERNET_EPOCHS = flags.DEFINE_integer(
    "supernet_epochs", 8, "Epochs of the supernet that is searched.", 1
)
NUM_CHILDREN = flags.DEFINE_integer(
    "num_children", 150, "Children that a search evaluates.", 1
)
MIN_MACS_M = flags.DEFINE_float(
    "min_macs_m",
    None,
    "Lower limit of MACs, in millions. With another one than before, the "
    "supernets that are there are searched again.",
    0,
)
SEEDS = flags.DEFINE_multi_integer(
    "seed", [0, 1, 2], "Seeds of the searches and trainings.", 0
)
SHOW = flags.DEFINE_bool("show", False, "Only print what the rows say.")

COLUMNS = (
    *("network", "space", "seed", "epochs", "macs", "ram_bytes"),
    *("flash_bytes", "accuracy", "int8_accuracy", "search_seconds"),
    *("seconds", "ops"),
)
LIMITS = Budget(macs=12.5e6, ram_bytes=56e3, flash_bytes=100e3)
RECIPE = ChildRecipe(
    batch_size=128,
    learning_rate=0.2,
    warmup_epochs=1.0,
    augmentation="small_images",
)
# By MLPerf Tiny, v1.0.
RESNET8_MACS = 12_501_632
_DECAY = 1e-4


def resnet8(seed: int) -> keras.Model:
    """Returns ResNet8, of pixel values in 0..255, with fresh weights.

    As in MLPerf Tiny: three stacks of one residual block with 16, 32 and 64
    channels, convolutions with biases, 77,360 trainable weights and as many
    logits as classes. Batch norm is Keras's, computed by one kernel.
    """
    keras.utils.set_random_seed(seed)
    images = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 127.5, -1)(images)
    x = _normed(x, 16, 3, 1, "relu")
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        y = _normed(x, channels, 3, stride, "relu")
        y = _normed(y, channels, 3, 1, None)
        if stride > 1:
            x = layers.Conv2D(
                channels, 1, stride, "same", kernel_initializer="he_normal"
            )(x)
        x = layers.Activation("relu")(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    scores = layers.Dense(10, kernel_initializer="he_normal")(x)
    return keras.Model(images, scores, name="resnet8")


def _normed(
    x: Any, channels: int, kernel: int, stride: int, activation: str | None
) -> Any:
    x = layers.Conv2D(
        channels, kernel, stride, "same", kernel_initializer="he_normal"
    )(x)
    x = FusedBatchNormalization()(x)
    return x if activation is None else layers.Activation(activation)(x)


def search_config(seed: int) -> SearchConfig:
    """Returns the search of a seed, as `nse_search` would make it."""
    name = f"{SPACE.value}_{WIDTH.value:g}_{DEPTH.value:g}_seed_{seed}"
    return SearchConfig(
        run_dir=pathlib.Path(RUN_DIR.value) / name,
        dataset="cifar10",
        data_dir=pathlib.Path(DATA_DIR.value),
        validation_fraction=0.1,
        space=SPACE.value,
        width=WIDTH.value,
        depth=DEPTH.value,
        budget=dataclasses.replace(
            LIMITS,
            min_macs=None
            if MIN_MACS_M.value is None
            else MIN_MACS_M.value * 1e6,
        ),
        effort="laptop",
        shrink=False,
        seed=seed,
        baselines="never",
        overrides=(
            ("supernet_epochs", SUPERNET_EPOCHS.value),
            ("num_children", NUM_CHILDREN.value),
            ("child_epochs", 1),
            ("num_rank_checks", 0),
        ),
    )


def networks(seed: int) -> Iterator[tuple[str, keras.Model, dict[str, Any]]]:
    """Yields the networks of a seed with what is known of them."""
    wanted = NETWORKS.value or (RESNET8, SEARCHED)
    if RESNET8 in wanted:
        facts = {"macs": RESNET8_MACS, "ops": "", "space": ""}
        yield RESNET8, resnet8(seed), facts
    if SEARCHED not in wanted:
        return
    asked = search_config(seed)
    config = under_other_limits(asked) or asked
    started = time.monotonic()
    run_search(asked)
    space = make_space(config, load_data(config))
    floor = f"_from_{MIN_MACS_M.value:g}M" if MIN_MACS_M.value else ""
    (winner,) = read_record(config.run_dir).named(WinnerChosen)
    genotype = space.genotype(winner.path)
    yield (
        SEARCHED,
        build_child(space, genotype, seed=seed),
        {
            "macs": int(winner.costs["macs"]),
            "ops": format_genotype(space, genotype),
            "space": asked.run_dir.name.partition("_seed")[0] + floor,
            "search_seconds": round(time.monotonic() - started),
        },
    )


def row_of(
    name: str, network: keras.Model, data: ImageData, seed: int
) -> dict[str, Any]:
    """Returns how well a network does, trained alone, and what it takes."""
    started = time.monotonic()
    images = joined(data.train, data.validation)
    with Progress(f"training {name}", EPOCHS.value, "epochs") as bar:
        train_child(
            network,
            images,
            RECIPE,
            EPOCHS.value,
            seed,
            lambda loss: bar.advance(loss=loss),
        )
    (ram,), (flash,) = measure_memory([network], data.class_names)
    in_int8 = accuracy_of_file(network, "int8", images, data.test)
    return {
        "ram_bytes": ram,
        "flash_bytes": flash,
        "accuracy": f"{accuracy(network, data.test):.4f}",
        "int8_accuracy": f"{in_int8:.4f}",
        "seconds": round(time.monotonic() - started),
    }


def make_rows(path: pathlib.Path) -> None:
    """Trains what has no row yet; the file grows network by network."""
    rows: list[dict[str, Any]] = list(read_rows(path, COLUMNS))
    known = {
        (row["network"], row["space"], row["seed"], row["epochs"])
        for row in rows
    }
    data = load_data(search_config(0))
    for seed in SEEDS.value:
        for name, network, facts in networks(seed):
            key = name, facts["space"], str(seed), str(EPOCHS.value)
            if key in known:
                continue
            row = {
                "network": name,
                "seed": seed,
                "epochs": EPOCHS.value,
                "search_seconds": "",
                **facts,
            }
            row |= row_of(name, network, data, seed)
            rows.append(row)
            write_rows(path, COLUMNS, rows)
            logging.info("%s, seed %d: %s", name, seed, row)


def show(rows: Sequence[dict[str, str]]) -> None:
    """Prints means, and how much better searched networks are, by seed."""
    by_name: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows:
        name = " ".join(filter(None, (row["network"], row["space"])))
        by_name.setdefault(name, {})[row["seed"]] = row
    known = by_name.get(RESNET8, {})
    for kind in ("accuracy", "int8_accuracy"):
        for name, found in by_name.items():
            values = [100 * float(row[kind]) for row in found.values()]
            each = ", ".join(f"{value:.2f}" for value in values)
            mean = np.mean(values)
            sys.stdout.write(f"{kind} of {name}: {mean:.2f} ({each})\n")
            gains = [
                100 * (float(row[kind]) - float(known[seed][kind]))
                for seed, row in found.items()
                if name != RESNET8 and seed in known
            ]
            if len(gains) > 1:
                sys.stdout.write(
                    f"  gained: {np.mean(gains):.2f} ± "
                    f"{half_interval(gains):.2f} points, {len(gains)} seeds\n"
                )


def main(argv: Sequence[str]) -> None:
    """Makes the rows that are missing and prints what all of them say."""
    del argv
    logging.set_verbosity(logging.INFO)
    path = pathlib.Path(CSV.value)
    if not SHOW.value:
        make_rows(path)
    show(read_rows(path, COLUMNS))


if __name__ == "__main__":
    app.run(main)
