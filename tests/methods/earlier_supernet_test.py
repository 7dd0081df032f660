"""Searches by another budget in a supernet that is trained already."""

import dataclasses

import numpy as np
import pytest

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.events import (
    ChildrenRanked,
    SpaceAtStage,
    SupernetJudged,
    WinnerChosen,
)
from nse_tf.jobs import (
    ChildrenEvaluated,
    EvaluateChildren,
    Job,
    Result,
    TrainChild,
    TrainSupernet,
)
from nse_tf.methods import FairNAS, FairNASConfig, OneShotSearch
from nse_tf.methods.supernet_training import EarlierSupernet
from tests.methods.plans import do_all
from tests.methods.small_search import (
    QUICK,
    SMALL,
    WORKER,
    evaluated_paths,
    explored_in,
    of_kind,
    searched,
)

CONFIG = dataclasses.replace(QUICK, num_rank_checks=5)


@pytest.fixture(scope="module")
def earlier() -> EarlierSupernet:
    """What a search without a limit left of its space, and its weights."""
    return explored_in(*searched())


@pytest.fixture(scope="module")
def left(earlier: EarlierSupernet) -> CostModel:
    """Costs in what it left."""
    space = SMALL.space.restrict(earlier.active)
    return dataclasses.replace(SMALL, space=space)


def test_only_what_was_left_is_explored_and_one_network_is_trained(
    earlier: EarlierSupernet, left: CostModel
) -> None:
    budget = Budget(macs=sum(left.range("macs")) / 2)
    method = OneShotSearch(SMALL, budget, CONFIG, earlier)
    jobs = do_all(method, WORKER.run)
    assert [type(job) for job in jobs if type(job) is not EvaluateChildren] == [
        TrainChild
    ]
    weights = earlier.trained.weights
    assert {job.supernet for job in of_kind(jobs, EvaluateChildren)} == {
        weights
    }
    paths = evaluated_paths(jobs)
    assert len(paths) == QUICK.exploring.num_children
    for block, active in enumerate(earlier.active):
        assert set(paths[:, block]) <= set(active)
    assert (budget.path_excess(SMALL, paths) == 0).all()
    best = max(WORKER.accuracy(tuple((i,) for i in path)) for path in paths)
    (winner,) = method.noted(WinnerChosen)
    assert winner.inherited_accuracy == pytest.approx(best)
    (space,) = method.noted(SpaceAtStage)
    assert space.active == earlier.active
    assert of_kind(jobs, TrainChild)[0].inherits is None


def test_a_winner_goes_on_from_the_weights_that_it_has(
    earlier: EarlierSupernet,
) -> None:
    config = dataclasses.replace(QUICK, child_start="inherited")
    method = OneShotSearch(SMALL, Budget(), config, earlier)
    (trained,) = of_kind(do_all(method, WORKER.run), TrainChild)
    assert trained.inherits == earlier.trained.weights


def test_fairnas_explores_an_earlier_supernet_as_well(
    earlier: EarlierSupernet,
) -> None:
    config = FairNASConfig.like(QUICK)
    method = FairNAS(SMALL, Budget(), config, earlier)
    assert not of_kind(do_all(method, WORKER.run), TrainSupernet)


def test_children_at_chance_are_ranked_by_angle_without_more_training(
    earlier: EarlierSupernet,
) -> None:
    def guess(job: Job) -> Result:
        result = WORKER.run(job)
        if isinstance(result, ChildrenEvaluated):
            low = tuple(0.1 * each for each in result.accuracies)
            result = dataclasses.replace(
                result, accuracies=low, chance=0.1, num_images=100
            )
        return result

    often = dataclasses.replace(earlier, trainings=3)
    method = OneShotSearch(SMALL, Budget(), QUICK, often)
    assert not of_kind(do_all(method, guess), TrainSupernet)
    (judged,) = method.noted(SupernetJudged)
    assert (judged.has_learned, judged.trainings) == (False, 3)
    assert method.noted(ChildrenRanked)[-1].by == "angle"


@pytest.mark.parametrize("name", ["macs", "both"])
def test_a_budget_that_nothing_left_fits_is_refused_with_numbers(
    earlier: EarlierSupernet, left: CostModel, name: str
) -> None:
    """Though the whole space has such networks, or each limit by itself."""
    (low, _), (_, high) = SMALL.range("macs"), left.range("macs")
    if name == "macs":
        # The one network that is dearest by far is all that is left.
        dearest = np.argmax(SMALL.by_operator["macs"], axis=1)
        alone = tuple((int(index),) for index in dearest)
        earlier = dataclasses.replace(earlier, active=alone)
        budget, number = Budget(macs=low + 1), "Of the space, 1 networks"
    else:
        budget = Budget(params=left.range("params")[0], min_macs=high)
        number = f"Of the space, {left.space.size:,} networks"
    OneShotSearch(SMALL, budget, QUICK)
    with pytest.raises(BudgetError, match=number) as refused:
        OneShotSearch(SMALL, budget, QUICK, earlier)
    assert "cost" in str(refused.value)
    assert "--run_dir" in str(refused.value)


def test_settings_tell_a_search_of_earlier_weights_apart(
    earlier: EarlierSupernet,
) -> None:
    trained = earlier.trained._replace(weights="00007_train_supernet#abc")
    searches = [
        OneShotSearch(SMALL),
        OneShotSearch(SMALL, earlier=earlier),
        OneShotSearch(
            SMALL, earlier=dataclasses.replace(earlier, trained=trained)
        ),
    ]
    for one in searches:
        for other in searches:
            if one is not other:
                with pytest.raises(ValueError, match="another search"):
                    one.set_state(other.get_state())
    assert "earlier" not in searches[0].describe()
