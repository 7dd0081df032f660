"""Any method can shrink its space first, in one line of its plan."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.events import OperatorsScored, SpaceAtStage
from nse_tf.jobs import EvaluateChildren, TrainSupernet
from nse_tf.methods import (
    Method,
    OneShotConfig,
    OneShotSearch,
    Plan,
    SpaceShrinking,
)
from nse_tf.methods.evaluating import (
    Evaluating,
    evaluate_children,
    genes_of,
)
from nse_tf.methods.shrinking_steps import Shrinking, shrink
from nse_tf.methods.supernet_training import Stretch, SupernetTraining
from nse_tf.testing import METHOD_LAWS, FormulaWorker
from tests.methods.plans import do_all
from tests.methods.small_search import QUICK, SMALL, of_kind
from tests.spaces.tiny_widths import HALVES

MethodLaw = Callable[..., Any]
WORKER = FormulaWorker(SMALL)
NUM_SAMPLES = 7


class Sampling(Method):
    """Trains a supernet and evaluates a few random networks, no more."""

    def __init__(self, shrinking: Shrinking | None, seed: int = 0) -> None:
        super().__init__()
        self.shrinking = shrinking
        self.seed = seed

    def describe(self) -> dict[str, Any]:
        """Returns the settings."""
        given = self.shrinking and dataclasses.asdict(self.shrinking)
        return {"shrinking": given, "seed": self.seed}

    def plan(self) -> Plan:
        """Shrinks if asked for, trains, evaluates."""
        space = SMALL.space
        if self.shrinking is not None:
            space = yield from shrink(self, SMALL, Budget(), self.shrinking)
        training = SupernetTraining(learning_rates=(0.1, 0.0), seed=self.seed)
        _, weights = yield from training.steps(self, space, Stretch(epochs=2))
        paths = space.sample_paths(self.new_rng(self.seed, 0), 2 * NUM_SAMPLES)
        for generation, some in enumerate(np.split(paths, 2)):
            yield from evaluate_children(
                self,
                genes_of(some),
                weights,
                Evaluating(0),
                generation=generation,
            )


def shrinking_of(config: OneShotConfig) -> Shrinking:
    assert config.shrinking is not None
    return Shrinking(
        schedule=config.shrinking,
        scoring=config.scoring,
        training=config.training,
        least_left=config.exploring.num_children,
    )


def test_a_method_that_shrinks_first_searches_what_shrinking_alone_leaves() -> (
    None
):
    alone = SpaceShrinking(SMALL, config=QUICK)
    before = do_all(alone, WORKER.run)
    method = Sampling(shrinking_of(QUICK))
    jobs = do_all(method, WORKER.run)
    assert jobs[: len(before)] == before
    last, *evaluations = jobs[len(before) :]
    assert isinstance(last, TrainSupernet)
    assert last.active == alone.left.active
    children = [
        child
        for job in of_kind(evaluations, EvaluateChildren)
        for child in job.children
    ]
    assert len(children) == 2 * NUM_SAMPLES
    for child in children:
        for (index,), active in zip(child, alone.left.active, strict=True):
            assert index in active


def test_without_it_the_whole_space_is_searched() -> None:
    method = Sampling(None)
    jobs = do_all(method, WORKER.run)
    assert [job.active for job in of_kind(jobs, TrainSupernet)] == [
        SMALL.space.active
    ]
    assert not method.noted(SpaceAtStage)


def test_architecture_parameters_are_those_that_the_score_asks_for() -> None:
    plain = shrinking_of(dataclasses.replace(QUICK, score="magnitude"))
    training = dataclasses.replace(plain.training, architecture=None)
    method = Sampling(dataclasses.replace(plain, training=training))
    *stages, last = of_kind(do_all(method, WORKER.run), TrainSupernet)
    assert all(job.architecture.rule == "beside" for job in stages)
    assert last.architecture is None
    assert {each.score for each in method.noted(OperatorsScored)} == {
        "magnitude"
    }


def test_no_more_is_dropped_than_leaves_enough() -> None:
    enough = dataclasses.replace(shrinking_of(QUICK), least_left=5000)
    method = Sampling(enough)
    do_all(method, WORKER.run)
    assert method.noted(SpaceAtStage)[-1].size >= 5000
    assert QUICK.shrinking is not None
    assert QUICK.shrinking.stop_size < 5000


def test_a_warm_up_of_a_space_without_progressive_depth_is_refused() -> None:
    assert QUICK.shrinking is not None
    schedule = dataclasses.replace(QUICK.shrinking, warmup_epochs=1)
    shrinking = dataclasses.replace(shrinking_of(QUICK), schedule=schedule)
    with pytest.raises(RuntimeError, match="do not grow cell by cell"):
        Sampling(shrinking).ask()


def test_widths_by_stage_are_not_shrunk() -> None:
    model = CostModel(HALVES)
    for method in (OneShotSearch, SpaceShrinking):
        with pytest.raises(ValueError, match="let `shrinking` be None"):
            method(model, config=QUICK)
    whole = dataclasses.replace(QUICK, shrinking=None)
    assert OneShotSearch(model, config=whole).space == HALVES


@pytest.mark.parametrize("law", METHOD_LAWS, ids=lambda law: law.__name__)
def test_a_method_that_shrinks_first_keeps_the_laws(law: MethodLaw) -> None:
    def make(seed: int) -> Method:
        config = dataclasses.replace(QUICK, seed=seed)
        return Sampling(shrinking_of(config), seed)

    law(make, WORKER.run, SMALL.space)
