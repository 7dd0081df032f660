"""How well a supernet ranks the networks that were trained alone.

    python benchmarks/quality/cifar10_ranking.py --data_dir=tfds

Trains the supernet of the unshrunk search of `cifar10_baselines.py`, resuming
an interrupted training, and evaluates every network of its space that has rows
in that script's `--csv`. Prints, for every score that needs no training alone,
Kendall's τ to the mean test accuracy, with its bootstrap interval over
networks. `--sharing=nested` makes candidates parts of one another, in place of
the rows of that search.
"""

import dataclasses
import logging
import pathlib
from collections.abc import Sequence

import numpy as np
from absl import app, flags
from cifar10_baselines import COLUMNS, CSV, RUN_DIR, search_config
from csv_rows import read_rows

from nse_tf.costs import CostModel
from nse_tf.jobs import SupernetTrained, TrainSupernet
from nse_tf.methods import OneShotSearch
from nse_tf.rank_correlation import bootstrap_interval, kendall_tau
from nse_tf.runs.effort_choice import make_effort
from nse_tf.runs.search_config import SHARINGS
from nse_tf.runs.search_run import load_data, make_space, networks_for
from nse_tf.shrinking import AngleSums
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.spaces.genotype_text import parse_genotype
from nse_tf.training import Worker

SHARING = flags.DEFINE_enum(
    "sharing", "rows", SHARINGS, "How candidates share weights."
)


def trained_alone(
    path: pathlib.Path, space: SearchSpace
) -> dict[str, tuple[Genotype, list[float]]]:
    """Returns the networks of a space, with their accuracies seed by seed."""
    networks: dict[str, tuple[Genotype, list[float]]] = {}
    for row in read_rows(path, COLUMNS):
        if len(row["ops"].split()) != len(space.blocks):
            continue  # A network of another space, such as the one by hand.
        genotype = parse_genotype(space, row["ops"])
        _, found = networks.setdefault(row["network"], (genotype, []))
        found.append(float(row["test_accuracy"]))
    return networks


def main(argv: Sequence[str]) -> None:
    """Prints a line for each network, then one for each way to rank them."""
    del argv
    logging.getLogger("nse_tf").setLevel(logging.INFO)
    config = dataclasses.replace(
        search_config("evolution, unshrunk"), sharing=SHARING.value
    )
    data = load_data(config)
    space = make_space(config, data)
    networks = trained_alone(pathlib.Path(CSV.value), space)
    effort = make_effort(config, data)
    # The folder of rows has the name that it always had.
    name = "ranking" + f"_{SHARING.value}" * (SHARING.value != "rows")
    worker = Worker(
        space,
        data,
        pathlib.Path(RUN_DIR.value) / name,
        effort.supernet,
        effort.child,
        networks=networks_for(config, space),
    )
    model = CostModel(space)
    job = OneShotSearch(model, config.budget, effort.search).ask()
    if not isinstance(job, TrainSupernet):
        raise TypeError(f"The first job of a search is {job}, not a supernet.")
    result = worker.run(job)
    if not isinstance(result, SupernetTrained):
        raise TypeError(f"A supernet's training ended with {result}.")
    genotypes = [genotype for genotype, _ in networks.values()]
    alone = np.array([np.mean(found) for _, found in networks.values()])
    paths = np.array([genotype.path for genotype in genotypes])
    ranks_by = {
        "inherited accuracy": np.array(
            worker.evaluator().accuracies(
                genotypes, effort.search.calibration_images
            )
        ),
        "angle": AngleSums.from_result(result).angles(paths),
        "MACs": model.path_costs("macs", paths),
        "parameters": model.path_costs("params", paths),
    }
    for index, name in enumerate(networks):
        print(
            f"{name}: alone {100 * alone[index]:.2f} %, inherited "
            f"{100 * ranks_by['inherited accuracy'][index]:.2f} %, angle "
            f"{ranks_by['angle'][index]:.4f}"
        )
    for name, values in ranks_by.items():
        low, high = bootstrap_interval(values, alone)
        print(
            f"Kendall's tau of {name} to accuracy alone, {len(alone)} "
            f"networks: {kendall_tau(values, alone):.2f} "
            f"({low:.2f} to {high:.2f})"
        )


if __name__ == "__main__":
    app.run(main)
