"""Measures how well scores rank the cells of NAS-Bench-201.

  nse_rank --table=nb201_cifar10.csv.gz --data_dir=DIR
  nse_rank --table=nb201_cifar10.csv.gz --data_dir=DIR --seeds=5 --epochs=8
  nse_rank --table=... --data_dir=DIR --cells_per_stage=1 --learning_rate=0.1
  nse_rank --table=... --data_dir=DIR --magnitude

It trains a supernet of cells on CIFAR-10, which TensorFlow Datasets prepared in
DIR, and correlates the angle of all 15,625 cells with their true accuracies,
several times an epoch, beside MACs, parameters and chance. Rows go to
RUN_DIR/rows.csv, the figure of tau over training to RUN_DIR/report.html;
--dataset and --run_dir are cifar10 and runs/rank unless given.
Re-run the command to resume; more epochs or seeds are added to the rows.
"""

import pathlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn, cast

from absl import flags

from nse_tf.flags import binaries, data_flags, table_flags
from nse_tf.quiet import quiet_native_output
from nse_tf.terminal import say

if TYPE_CHECKING:
    from nse_tf.ranking import StudyConfig
    from nse_tf.supernet.layers.layouts import InitialKernels

flags.adopt_module_key_flags(data_flags)
for _flag in (table_flags.TABLE, table_flags.TRUTH):
    flags.declare_key_flag(_flag.name)
EPOCHS = flags.DEFINE_integer("epochs", 4, "Passes over the images.", 1)
SEEDS = flags.DEFINE_integer("seeds", 1, "Trainings, seeds from 0.", 1)
IMAGES = flags.DEFINE_integer(
    "num_images", 25_000, "Training images, at most.", 1
)
BATCH_SIZE = flags.DEFINE_integer(
    "supernet_batch_size", 64, "Images a step.", 1
)
LEARNING_RATE = flags.DEFINE_float(
    "learning_rate", 0.025, "First one of a cosine over 250 epochs.", 0.0
)
INITIAL_KERNELS = flags.DEFINE_enum(
    "initial_kernels",
    "fan_in",
    ("fan_in", "fan_out"),
    "How initial kernels are drawn: as PyTorch does by default, or with six "
    "times the variance, as one-shot supernets do.",
)
CELLS_PER_STAGE = flags.DEFINE_integer(
    "cells_per_stage", 5, "Cells of each of the three stages.", 1
)
CHANNELS = flags.DEFINE_integer(
    "stage_channels", 16, "Channels of the first stage's cells.", 1
)
MEASURES = flags.DEFINE_integer(
    "measures_per_epoch", 2, "How often an epoch scores are computed.", 1
)
CELLS = flags.DEFINE_enum(
    "cells",
    "all",
    ("all", "choosing", "held_out"),
    "Which cells are ranked: all, or one half of them by a hash of the cell, "
    "so that a score can be chosen on one and reported on the other.",
)
SAMPLE_SIZE = flags.DEFINE_integer(
    "sample_size",
    0,
    "Cells of a fixed sample that slow scores are computed for; see "
    "--sample_every.",
    0,
)
SAMPLE_EVERY = flags.DEFINE_float(
    "sample_every",
    0.0,
    "Epochs between two computations of the sample's scores, a multiple of 1 / "
    "--measures_per_epoch. 0 computes them only at the end.",
    0.0,
)
SAMPLE_SCORES = flags.DEFINE_multi_enum(
    "sample_scores",
    ["accuracy", "zero_cost"],
    ("accuracy", "zero_cost"),
    "The slow scores: accuracy with inherited weights, calibrated and not, and "
    "scores without training.",
)
MAGNITUDE = flags.DEFINE_bool(
    "magnitude",
    False,
    "Whether to train architecture parameters beside the weights and to rank "
    "by their magnitude, too. After each step another one runs all ops of all "
    "cells forward and back.",
)


def main(argv: Sequence[str]) -> None:
    """Runs the study that the flags ask for, and prints its findings."""
    del argv
    if table_flags.TABLE.value is None:
        raise ValueError(
            "Say where the known accuracies are: --table=FILE.csv; see --help."
        )
    table = pathlib.Path(table_flags.TABLE.value)
    if not table.exists():
        raise FileNotFoundError(2, "No such file or directory", str(table))
    binaries.quiet_libraries()
    binaries.choose_kernels(data_flags.DATASET.value)
    # TensorFlow takes seconds to import; flags were checked before that.
    with quiet_native_output():
        from nse_tf.datasets import load
        from nse_tf.ranking import (
            RankStudy,
            published_lines,
            read_table,
            summary,
        )
        from nse_tf.reporting import TauPoint, write_ranking_page

    known = read_table(table)
    data = load(
        data_flags.DATASET.value or "cifar10",
        data_dir=data_flags.DATA_DIR.value,
    )
    config = _study_config()
    rows = RankStudy(config, data, known, _report).run()
    findings = [*summary(rows), *published_lines()]
    page = config.run_dir / "report.html"
    write_ranking_page(
        page,
        f"How well scores rank the cells of {table.name}",
        [TauPoint(row.label, row.seed, row.epoch, row.tau) for row in rows],
        findings,
    )
    say("\n".join(findings))
    say(f"Rows: {config.run_dir / 'rows.csv'}")
    say(f"Report: {page}")


def _study_config() -> "StudyConfig":
    """Returns the parsed flags as a config."""
    from nse_tf.ranking import StudyConfig

    return StudyConfig(
        run_dir=pathlib.Path(data_flags.RUN_DIR.value or "runs/rank"),
        epochs=EPOCHS.value,
        learning_rates=(LEARNING_RATE.value, LEARNING_RATE.value / 25),
        num_seeds=SEEDS.value,
        cells_per_stage=CELLS_PER_STAGE.value,
        width=CHANNELS.value / 16,
        batch_size=BATCH_SIZE.value,
        num_images=IMAGES.value,
        measures_per_epoch=MEASURES.value,
        cells=CELLS.value,
        sample_size=SAMPLE_SIZE.value,
        sample_every=SAMPLE_EVERY.value,
        sample_scores=tuple(SAMPLE_SCORES.value),
        magnitude=MAGNITUDE.value,
        truth=table_flags.TRUTH.value,
        initial_kernels=cast("InitialKernels", INITIAL_KERNELS.value),
    )


def _report(line: str) -> None:
    say(line, file=sys.stderr)


def run() -> NoReturn:
    """Runs the binary `nse_rank`; see `binaries.run`."""
    binaries.run(main, resumes=True)


if __name__ == "__main__":
    run()
