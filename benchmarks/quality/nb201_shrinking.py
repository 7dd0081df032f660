"""Does shrinking help? Every search on NAS-Bench-201, with and without it.

    python benchmarks/quality/nb201_shrinking.py \
        --table=nb201_cifar10.csv.gz --data_dir=tfds

Each method searches the whole space, and what a single shot of shrinking leaves
of it, by the published angle and by that of unit kernels. A search with
shrinking trains on as many images as one without: its shrinking takes
`--shrink_epochs` of `--epochs`. None sees a true accuracy; the network that a
search would train alone is looked up in the table instead.

The scale is one that two cores allow: one cell per stage, small images, few of
them. A step of a mixture trains all five operators of an edge, one of a single
path one of them: where mixtures are trained, a search has a quarter of the
images, with shrinking and without. Rows go to a CSV file, search by search;
re-run the command to resume. Means with intervals, paired t tests with Holm's
correction, and how well scores of operators agree with their true means are
printed at the end.
"""

import dataclasses
import pathlib
import time
from collections.abc import Sequence

import numpy as np
from absl import app, flags, logging
from csv_rows import read_rows, write_rows
from nb201_shrinking_methods import METHODS, SHRINKINGS, Scale, new_search
from nb201_shrinking_summary import COLUMNS, summary

from nse_tf.datasets import ImageData, ImageSet, load
from nse_tf.events import (
    CellDrawn,
    MixtureTrained,
    OperatorsScored,
    ParametersTrained,
)
from nse_tf.jobs import TrainChild
from nse_tf.methods import Done, Method, Wait
from nse_tf.rank_correlation import kendall_tau
from nse_tf.ranking import NB201Table, read_table
from nse_tf.shrinking import operator_means
from nse_tf.spaces import SearchSpace, format_genotype, make_preset
from nse_tf.training import ChildRecipe
from nse_tf.training.recipes import DARTS_RECIPE, NB201_RECIPE
from nse_tf.training.worker import Worker

TABLE = flags.DEFINE_string("table", None, "CSV of known accuracies.")
DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Folder of TensorFlow Datasets."
)
RUN_DIR = flags.DEFINE_string("run_dir", "runs/nb201_shrinking", "Folder.")
CSV = flags.DEFINE_string(
    "csv", "docs/figures/nb201_shrinking.csv", "Where rows go."
)
SEEDS = flags.DEFINE_integer("seeds", 10, "Searches of each kind.", 1)
ONLY = flags.DEFINE_multi_enum(
    "only", [], sorted(METHODS), "Methods; all unless given."
)
EPOCHS = flags.DEFINE_integer("epochs", 10, "Epochs of a search.", 2)
SHRINK_EPOCHS = flags.DEFINE_integer(
    "shrink_epochs", 4, "How many of them shrinking takes.", 1
)
NUM_IMAGES = flags.DEFINE_integer(
    "num_images",
    12_800,
    "Training images of an epoch of single paths; mixtures take a quarter.",
    4,
)
IMAGE_SIZE = flags.DEFINE_integer("image_size", 16, "Height and width.", 8)

TRUTH = "cifar10_test"


def main(argv: Sequence[str]) -> None:
    """Runs the searches that are not in the CSV file yet, then summarizes."""
    del argv
    if TABLE.value is None or DATA_DIR.value is None:
        raise app.UsageError("--table and --data_dir are needed.")
    logging.set_verbosity(logging.WARNING)
    table = read_table(pathlib.Path(TABLE.value))
    data = load("cifar10", data_dir=DATA_DIR.value, image_size=IMAGE_SIZE.value)
    path = pathlib.Path(CSV.value)
    rows = read_rows(path, COLUMNS)
    require_scale(rows)
    known = {(row["method"], row["shrinking"], row["seed"]) for row in rows}
    wanted = [
        (name, shrinking, seed)
        for seed in range(SEEDS.value)
        for name in ONLY.value or METHODS
        for shrinking in SHRINKINGS
    ]
    for done, (name, shrinking, seed) in enumerate(wanted, start=1):
        if (name, shrinking, str(seed)) in known:
            continue
        images = scaled(data, METHODS[name].mixes)
        row = searched(table, images, name, shrinking, seed)
        rows.append({key: str(value) for key, value in row.items()})
        write_rows(path, COLUMNS, rows)
        print(f"{done} of {len(wanted)}: {row}", flush=True)
    print("\n".join(summary(rows)))


def scale_name() -> str:
    """Returns the scale as rows name it."""
    return (
        f"{EPOCHS.value} epochs, {SHRINK_EPOCHS.value} to shrink; "
        f"{NUM_IMAGES.value} images of {IMAGE_SIZE.value} pixels"
    )


def require_scale(rows: Sequence[dict[str, str]]) -> None:
    """Refuses rows of another scale, whose means would be mixed with ours.

    Raises:
        UsageError: If there are any; names the scale.
    """
    for row in rows:
        if row["scale"] != scale_name():
            raise app.UsageError(
                f"{CSV.value} has rows of another scale ({row['scale']}), and "
                f"this is {scale_name()}: give the same flags, or another "
                "--csv and --run_dir."
            )


def scaled(data: ImageData, mixes: bool) -> ImageData:
    """Returns the first images of the training and the validation part.

    Args:
        data: All images.
        mixes: Whether the weights train through a mixture.
    """
    few = NUM_IMAGES.value // 4

    def first(part: ImageSet, count: int) -> ImageSet:
        return ImageSet(part.images[:count], part.labels[:count])

    return dataclasses.replace(
        data,
        train=first(data.train, few if mixes else NUM_IMAGES.value),
        validation=first(data.validation, few),
    )


def searched(
    table: NB201Table, data: ImageData, name: str, shrinking: str, seed: int
) -> dict[str, object]:
    """Returns the row of one search.

    Args:
        table: True accuracies.
        data: Images.
        name: The method, a key of `METHODS`.
        shrinking: The score that shrinks, a key of `SHRINKINGS`.
        seed: Seed of the search.
    """
    space = make_preset("nb201", image_size=data.image_shape[:2], depth=0.2)
    scale = Scale(epochs=EPOCHS.value, shrink_epochs=SHRINK_EPOCHS.value)
    search = new_search(name, shrinking, space, scale, seed)
    mixes = METHODS[name].mixes
    worker = Worker(
        space,
        data,
        pathlib.Path(RUN_DIR.value) / name / shrinking / str(seed),
        DARTS_RECIPE if mixes else NB201_RECIPE,
        ChildRecipe(),
    )
    started = time.monotonic()
    path = found(search, worker)
    truth = table.column(TRUTH)
    return {
        "method": name,
        "shrinking": shrinking,
        "seed": seed,
        "scale": scale_name(),
        "arch": format_genotype(table.space, table.space.genotype(path)),
        "accuracy": truth[table.indices_of(np.array([path]))[0]],
        "seconds": round(time.monotonic() - started, 1),
        **agreement(search, space, table),
        **skips(search),
    }


def found(search: Method, worker: Worker) -> tuple[int, ...]:
    """Returns the path of the network that a search would train alone.

    Raises:
        RuntimeError: If it trains none.
    """
    while not isinstance(job := search.ask(), Done | Wait):
        if isinstance(job, TrainChild):
            return tuple(gene[0] for gene in job.child)
        search.tell(job.id, worker.run(job))
    raise RuntimeError("The search ended without a network.")


def agreement(
    search: Method, space: SearchSpace, table: NB201Table
) -> dict[str, float | str]:
    """Returns Kendall's τ of operators' scores with their true means.

    Scores are those that shrinking dropped by, parameters the last ones or,
    where a search stopped early, those it went back to, as probabilities.
    An operator's true mean is that of all cells with it, so that both are told
    for whole spaces only.
    """
    means = operator_means(space, table.paths, table.column(TRUTH))
    scored = search.noted(OperatorsScored)
    trained = [
        each.history[-1 if each.kept_epoch is None else each.kept_epoch]
        for each in search.noted(MixtureTrained)
        if each.active == space.active
    ] + [
        each.history[-1]
        for each in search.noted(ParametersTrained)
        if each.active == space.active
    ]
    taus: dict[str, float | str] = {"score_tau": "", "parameter_tau": ""}
    if scored:
        scores = np.array(scored[0].scores, float)
        taus["score_tau"] = round(kendall_tau(scores.ravel(), means.ravel()), 4)
    if trained:
        parameters = np.array(trained[-1])
        taus["parameter_tau"] = round(
            kendall_tau(parameters.ravel(), means.ravel()), 4
        )
    return taus


def skips(search: Method) -> dict[str, str]:
    """Returns the share of edges without computation over the epochs."""
    mixtures = search.noted(MixtureTrained)
    drawn = search.noted(CellDrawn)
    if not mixtures or not drawn:
        return {"skip_shares": "", "kept_epoch": "", "skip_share": ""}
    shares = " ".join(f"{each[0]:.2f}" for each in mixtures[-1].skip_shares)
    kept = mixtures[-1].kept_epoch
    return {
        "skip_shares": shares,
        "kept_epoch": "" if kept is None else str(kept),
        "skip_share": f"{drawn[-1].skip_shares[0]:.2f}",
    }


if __name__ == "__main__":
    app.run(main)
