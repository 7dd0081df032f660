"""All our oracles keep the laws; keras-tuner's own break some."""

import pathlib
from collections.abc import Callable
from typing import Any

import keras_tuner
import pytest
from keras_tuner.engine.trial import Trial

from nse_tf.costs import CostModel
from nse_tf.methods import (
    AutoSpaceConfig,
    FairNASConfig,
    ProxylessNASConfig,
)
from nse_tf.testing import FormulaWorker
from nse_tf.testing.oracle_laws import (
    ORACLE_LAWS,
    OracleCase,
    a_nan_is_forgotten_by_the_retry,
    failures_end_the_search_and_leave_it_answering,
    only_completed_trials_are_best,
    zero_is_a_seed,
)
from nse_tf.trials.job_files import read_job, write_result
from nse_tf.tuners import (
    AngleShrinkingOracle,
    AutoSpaceOracle,
    EvolutionOracle,
    FairNASOracle,
    ProxylessNASOracle,
)
from nse_tf.tuners.search_oracle import metrics_of
from tests.methods.cell_worker import CellWorker
from tests.supernet.choice_models import dense_model
from tests.supernet.tiny_motifs import tiny_motifs
from tests.tuners.evolution_oracle_test import evaluate, make_space
from tests.tuners.tiny_search import CONFIG, SPACE

MODEL = dense_model()
GATES = ProxylessNASConfig(
    warmup_epochs=1, search_epochs=2, num_finalists=2, child_epochs=1
)

CELLS = AutoSpaceConfig(max_rounds=6, population=6, num_evolved=3)


def do_job(oracle: Any, trial: Trial) -> dict[str, float]:
    """Does a job by arithmetic."""
    job = read_job(oracle.folder, trial.hyperparameters.values["job"])
    result = FormulaWorker(CostModel(oracle.space)).run(job)
    reference = write_result(oracle.folder, job.id, result)
    trial.hyperparameters.values["result"] = reference
    return metrics_of(result)


def do_round(oracle: Any, trial: Trial) -> dict[str, float]:
    """Does a round of cells by arithmetic."""
    job = read_job(oracle.folder, trial.hyperparameters.values["job"])
    reference = write_result(oracle.folder, job.id, CellWorker().run(job))
    trial.hyperparameters.values["result"] = reference
    return metrics_of(CellWorker().run(job))


def evaluate_trial(oracle: Any, trial: Trial) -> dict[str, float]:
    """Judges values by a formula."""
    del oracle
    return evaluate(trial.hyperparameters.values)


def evolution(**changes: Any) -> EvolutionOracle:
    """Returns an oracle that breeds from the third trial on."""
    given = {
        "objective": ["val_accuracy", "macs"],
        "population": 2,
        "seed": 3,
        "hyperparameters": make_space(),
    }
    return EvolutionOracle(**{**given, **changes})


CASES = {
    "angle shrinking": OracleCase(
        lambda **changes: AngleShrinkingOracle(
            SPACE, **{"config": CONFIG, **changes}
        ),
        do_job,
    ),
    "angle shrinking of a user's model": OracleCase(
        lambda **changes: AngleShrinkingOracle(
            MODEL, **{"config": CONFIG, **changes}
        ),
        do_job,
    ),
    "FairNAS": OracleCase(
        lambda **changes: FairNASOracle(
            SPACE, **{"config": FairNASConfig.like(CONFIG), **changes}
        ),
        do_job,
    ),
    "gates": OracleCase(
        lambda **changes: ProxylessNASOracle(
            SPACE, **{"config": GATES, **changes}
        ),
        do_job,
    ),
    "cells": OracleCase(
        lambda **changes: AutoSpaceOracle(
            tiny_motifs(), **{"config": CELLS, **changes}
        ),
        do_round,
    ),
    "evolution": OracleCase(evolution, evaluate_trial),
    "evolution of one objective": OracleCase(
        lambda **changes: evolution(**{"objective": "val_accuracy", **changes}),
        evaluate_trial,
    ),
}


@pytest.mark.parametrize("law", ORACLE_LAWS)
@pytest.mark.parametrize("name", CASES)
def test_our_oracles_keep_the_laws(
    name: str, law: Callable[..., None], tmp_path: pathlib.Path
) -> None:
    law(CASES[name], tmp_path / "run")


def stock(**changes: Any) -> keras_tuner.Oracle:
    """Returns keras-tuner's random search."""
    given = {"objective": "val_loss", "hyperparameters": make_space()}
    return keras_tuner.oracles.RandomSearchOracle(**{**given, **changes})


@pytest.mark.filterwarnings("ignore:All-NaN axis")
@pytest.mark.parametrize(
    ("law", "message"),
    [
        (zero_is_a_seed, "Seed 0 became"),
        (only_completed_trials_are_best, "best"),
        (failures_end_the_search_and_leave_it_answering, "no answer"),
        (a_nan_is_forgotten_by_the_retry, "ended as FAILED|ended as INVALID"),
    ],
)
def test_the_laws_find_an_oracle_that_breaks_them(
    law: Callable[..., None], message: str, tmp_path: pathlib.Path
) -> None:
    """Pitfalls of keras-tuner 1.4.8 that ours were built around."""

    def work(oracle: Any, trial: Trial) -> dict[str, float]:
        del oracle
        return {"val_loss": trial.hyperparameters.values["rate"]}

    with pytest.raises(AssertionError, match=message):
        law(OracleCase(stock, work), tmp_path / "run")
