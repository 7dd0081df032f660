"""Supernets that have learned nothing are found out, and do not choose."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from nse_tf.events import (
    ChildrenRanked,
    GenerationEvaluated,
    StageTrained,
    SupernetJudged,
    TrainedAlone,
    WinnerChosen,
)
from nse_tf.jobs import (
    ChildrenEvaluated,
    EvaluateChildren,
    Failed,
    Job,
    Result,
    Start,
    TrainSupernet,
)
from nse_tf.methods.chance import chance_bound, num_alike
from nse_tf.methods.evaluating import EvaluatedChild
from nse_tf.shrinking import angle_sums
from tests.methods.small_search import QUICK, WORKER, of_kind, searched

# What guessing gets in these tests, on a hundred images: below 0.1588 with
# 97.5 % probability.
CHANCE, NUM_IMAGES = 0.1, 100


def at_chance_until(training: int) -> Callable[[Job], Result]:
    """Returns a worker whose children guess till that training is through.

    Args:
        training: Number of the training, from 1 on, after which they do not.
    """
    trainings = itertools.count()
    num_trained = 0

    def work(job: Job) -> Result:
        nonlocal num_trained
        result = WORKER.run(job)
        if isinstance(job, TrainSupernet):
            num_trained = next(trainings) + 1
        if isinstance(result, ChildrenEvaluated):
            accuracies = result.accuracies
            if num_trained < training:
                accuracies = tuple(0.1 * each for each in accuracies)
            return ChildrenEvaluated(
                accuracies=accuracies,
                seconds=1.0,
                chance=CHANCE,
                num_images=NUM_IMAGES,
            )
        return result

    return work


def test_by_hand_what_guessing_stays_below() -> None:
    # 0.1 + 1.96 √(0.1 · 0.9 / 100)
    assert chance_bound(0.1, 100) == pytest.approx(0.1588)
    assert chance_bound(0.5, 400) == pytest.approx(0.549)
    # With one class there is nothing to learn.
    assert chance_bound(1.0, 100) == 1.0


def test_by_hand_which_children_are_alike() -> None:
    # √((0.25 + 0.24) / 100) = 0.07, times 1.96 is 0.1372: 0.4 lies within.
    assert num_alike(np.array([0.5, 0.4]), 100) == 2
    # √((0.25 + 0.21) / 100) = 0.0678, times 1.96 is 0.1329: 0.3 does not.
    assert num_alike(np.array([0.3, 0.5, 0.4]), 100) == 2
    assert num_alike(np.array([0.5, 0.4]), 10_000) == 1


def test_a_supernet_above_chance_is_explored_as_it_is() -> None:
    method, jobs = searched(shrinking=None, work=at_chance_until(1))
    (trained,) = of_kind(jobs, TrainSupernet)
    assert trained.start == Start()
    (judged,) = method.noted(SupernetJudged)
    assert judged.has_learned
    assert judged.trainings == 1
    assert judged.num_children == QUICK.exploring.population
    assert judged.bound == chance_bound(CHANCE, NUM_IMAGES)
    first = method.noted(GenerationEvaluated)[0].accuracies
    assert judged.mean_accuracy == np.mean(np.array(first, float))
    (ranked,) = method.noted(ChildrenRanked)
    assert (ranked.by, ranked.num_images) == ("accuracy", NUM_IMAGES)
    assert ranked.num_children == QUICK.exploring.num_children
    everything = [
        accuracy
        for generation in method.noted(GenerationEvaluated)
        for accuracy in generation.accuracies
    ]
    assert ranked.num_alike == num_alike(np.array(everything), NUM_IMAGES)


def test_at_chance_the_supernet_trains_on_and_is_explored_then() -> None:
    method, jobs = searched(shrinking=None, work=at_chance_until(3))
    first, second, third = of_kind(jobs, TrainSupernet)
    for job, before in ((second, first), (third, second)):
        assert job.start.source == "previous"
        assert job.start.weights is not None
        assert before.id in job.start.weights
        # Angles are those since the first training's start.
        assert job.base == "previous"
        assert (job.epochs, job.schedule) == (first.epochs, first.schedule)
    assert [each.has_learned for each in method.noted(SupernetJudged)] == [
        False,
        False,
        True,
    ]
    # A generation for each look, the others after the last.
    per_look = QUICK.exploring.population
    (ranked,) = method.noted(ChildrenRanked)
    assert ranked.by == "accuracy"
    evaluated = sum(
        len(job.children) for job in of_kind(jobs, EvaluateChildren)
    )
    assert evaluated == 2 * per_look + QUICK.exploring.num_children
    last = of_kind(jobs, EvaluateChildren)[-1]
    assert third.id in last.supernet


def test_what_never_leaves_chance_is_ranked_by_angle() -> None:
    method, jobs = searched(shrinking=None, work=at_chance_until(99))
    trainings = of_kind(jobs, TrainSupernet)
    assert len(trainings) == len(method.noted(StageTrained)) == 3
    (ranked,) = method.noted(ChildrenRanked)
    assert ranked.by == "angle"
    # Accuracies tell none of them apart, so that they are said to be alike.
    assert ranked.num_alike == ranked.num_children
    trained = WORKER.run(trainings[-1])
    sums = angle_sums(WORKER.model.space, trained)  # type: ignore[arg-type]
    explored = method.noted(GenerationEvaluated)[3:]
    paths = np.array([path for each in explored for path in each.paths])
    assert len(paths) == QUICK.exploring.num_children
    (winner,) = method.noted(WinnerChosen)
    assert winner.path == tuple(paths[sums.angles(paths).argmax()].tolist())
    # The accuracy that it is said to have is one, not an angle.
    (alone,) = method.noted(TrainedAlone)
    accuracy = WORKER.accuracy(EvaluatedChild(winner.path, 0.0).genes)
    assert alone.inherited_accuracy == pytest.approx(0.1 * accuracy)


def test_how_often_it_trains_is_a_number() -> None:
    _, jobs = searched(
        shrinking=None, max_trainings=1, work=at_chance_until(99)
    )
    assert len(of_kind(jobs, TrainSupernet)) == 1
    with pytest.raises(ValueError, match="`max_trainings` must be at least 1"):
        searched(max_trainings=0)


def test_after_shrinking_the_supernet_that_is_explored_is_judged() -> None:
    method, jobs = searched(work=at_chance_until(99))
    fresh = [
        job for job in of_kind(jobs, TrainSupernet) if job.start == Start()
    ]
    # One to shrink by, one to explore, from which two go on.
    assert len(fresh) == 2
    assert [each.trainings for each in method.noted(SupernetJudged)] == [
        1,
        2,
        3,
    ]


def test_a_worker_that_does_not_say_what_chance_gets_is_believed() -> None:
    def work(job: Job) -> Result:
        result = WORKER.run(job)
        if isinstance(result, ChildrenEvaluated):
            return ChildrenEvaluated(
                accuracies=result.accuracies, seconds=result.seconds
            )
        return result

    method, jobs = searched(shrinking=None, work=work)
    assert len(of_kind(jobs, TrainSupernet)) == 1
    assert not method.noted(SupernetJudged)
    assert not method.noted(ChildrenRanked)


def test_a_first_generation_that_failed_judges_nobody() -> None:
    failures = itertools.count()

    def work(job: Job) -> Result:
        if isinstance(job, EvaluateChildren) and not next(failures):
            return Failed("out of memory")
        return WORKER.run(job)

    method, jobs = searched(shrinking=None, work=work)
    assert len(of_kind(jobs, TrainSupernet)) == 1
    assert not method.noted(SupernetJudged)
    assert len(method.noted(ChildrenRanked)) == 1
