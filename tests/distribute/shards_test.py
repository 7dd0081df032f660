import dataclasses
import itertools

import pytest

from nse_tf.distribute.shards import (
    SharedJobs,
    join_shards,
    parent_of,
    shard_of,
)
from nse_tf.events import JobFailed
from nse_tf.jobs import ChildrenEvaluated, EvaluateChildren, Failed, Job, Result
from nse_tf.methods import Done, Method, Wait
from nse_tf.methods.method import Plan

CHILDREN = tuple(((index,),) for index in range(7))
JOB = EvaluateChildren(
    id="00000_evaluate_children", children=CHILDREN, calibration_images=10
)


class OneGeneration(Method):
    """Asks for one generation and keeps its result."""

    def describe(self) -> dict[str, str]:
        """Has no settings."""
        return {}

    def plan(self) -> Plan:
        """Asks for the one job."""
        (result,) = yield [JOB]
        self.note(JobFailed(job=JOB.id, error=str(result)))


def evaluated(job: Job) -> ChildrenEvaluated:
    assert isinstance(job, EvaluateChildren)
    return ChildrenEvaluated(
        accuracies=tuple(child[0][0] / 7 for child in job.children), seconds=1.0
    )


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_make_up_the_job(count: int) -> None:
    shards = [shard_of(JOB, index, count) for index in range(count)]
    assert sum((each.children for each in shards), ()) == CHILDREN  # type: ignore[union-attr]
    sizes = {len(each.children) for each in shards}  # type: ignore[union-attr]
    assert max(sizes) - min(sizes) <= 1
    assert [parent_of(each.id) for each in shards] == [
        (JOB.id, index, count) for index in range(count)
    ]


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_the_method_gets_the_same_result_in_any_order(
    order: tuple[int, ...],
) -> None:
    whole, shared = OneGeneration(), OneGeneration()
    jobs = SharedJobs(shared)
    shards = [jobs.ask(3) for _ in range(3)]
    assert isinstance(jobs.ask(3), Wait)
    for index in order:
        shard = shards[index]
        assert not isinstance(shard, (Wait, Done))
        assert jobs.find(shard.id) == shard
        for _ in range(2):  # Twice is once.
            jobs.tell(shard.id, evaluated(shard))
    assert isinstance(jobs.ask(3), Done)
    whole.ask()
    whole.tell(JOB.id, dataclasses.replace(evaluated(JOB), seconds=3.0))
    assert isinstance(whole.ask(), Done)
    assert shared.history == whole.history


def test_more_workers_than_children_get_one_each() -> None:
    jobs = SharedJobs(OneGeneration())
    first = jobs.ask(100)
    assert isinstance(first, EvaluateChildren)
    assert first.id == f"{JOB.id}_1of7"


def test_one_shard_that_fails_fails_the_job() -> None:
    method = OneGeneration()
    jobs = SharedJobs(method)
    first, second = jobs.ask(2), jobs.ask(2)
    assert isinstance(first, EvaluateChildren)
    assert isinstance(second, EvaluateChildren)
    jobs.tell(second.id, Failed("no space left"))
    jobs.tell(first.id, evaluated(first))
    assert method.is_done
    assert method.noted(JobFailed) == [
        JobFailed(job=JOB.id, error=str(Failed("no space left")))
    ]


def test_a_resumed_generation_is_shared_as_it_was_before() -> None:
    before, method = SharedJobs(OneGeneration()), OneGeneration()
    shards = [before.ask(3) for _ in range(2)]
    assert isinstance(shards[0], EvaluateChildren)
    assert isinstance(shards[1], EvaluateChildren)
    before.tell(shards[0].id, evaluated(shards[0]))
    method.set_state(before._method.get_state())
    after = SharedJobs(method)
    after.resume(before.get_state(), [shards[0].id, shards[1].id])
    assert after.find(shards[1].id) == shards[1]
    last = after.ask(1)
    assert isinstance(last, EvaluateChildren)
    assert last.id == f"{JOB.id}_3of3"
    for shard in (last, shards[1]):
        after.tell(shard.id, evaluated(shard))
    assert method.is_done


def test_results_are_joined_where_all_shards_are_in() -> None:
    results: dict[str, Result] = {"00009_other": Failed("x")}
    for index in range(2):
        shard = shard_of(JOB, index, 2)
        results[shard.id] = evaluated(shard)
    lone = dataclasses.replace(JOB, id="00001_evaluate_children")
    results[f"{lone.id}_2of3"] = evaluated(shard_of(lone, 1, 3))
    results, rest = join_shards(results)
    assert set(results) == {"00009_other", JOB.id}
    assert results[JOB.id] == dataclasses.replace(evaluated(JOB), seconds=2.0)
    assert set(rest) == {f"{lone.id}_2of3"}
