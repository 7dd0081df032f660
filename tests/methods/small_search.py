"""One-shot searches that train nothing, done to the end."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from nse_tf.costs import Budget, CostModel
from nse_tf.evolution import ExplorerConfig
from nse_tf.jobs import (
    EvaluateChildren,
    Job,
    Result,
    TrainSupernet,
    weights_of,
)
from nse_tf.methods import OneShotConfig, OneShotSearch
from nse_tf.methods.supernet_training import EarlierSupernet, Trained
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.testing import FormulaWorker
from tests.methods.plans import do_all
from tests.shrinking.chains import chain

SMALL = CostModel(chain(5, has_identity=True))
WORKER = FormulaWorker(SMALL)

QUICK = OneShotConfig(
    exploring=ExplorerConfig(num_children=60, population=20),
    shrinking=ShrinkSchedule(drop_per_stage=5, stop_size=500),
    children_per_operator=50,
)


def searched(
    model: CostModel = SMALL,
    budget: Budget | None = None,
    config: OneShotConfig = QUICK,
    work: Callable[[Job], Result] | None = None,
    **numbers: Any,
) -> tuple[OneShotSearch, list[Job]]:
    """Returns a search at its end, and all its jobs."""
    method = OneShotSearch(
        model, budget or Budget(), dataclasses.replace(config, **numbers)
    )
    return method, do_all(method, work or FormulaWorker(model).run)


def of_kind(jobs: list[Job], kind: Any) -> list[Any]:
    return [job for job in jobs if isinstance(job, kind)]


def evaluated_paths(jobs: list[Job]) -> np.ndarray:
    """Returns all evaluated paths, in order."""
    children = [job.children for job in of_kind(jobs, EvaluateChildren)]
    return np.array(list(itertools.chain(*children)))[..., 0]


def explored_in(method: OneShotSearch, jobs: list[Job]) -> EarlierSupernet:
    """Returns the supernet that a search trained last."""
    last = of_kind(jobs, TrainSupernet)[-1]
    result: Any = method.result_of(last.id)
    return EarlierSupernet(
        active=last.active,
        trained=Trained(result, weights_of(last.id, result)),
    )
