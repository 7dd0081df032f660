import json
from typing import Any

import pytest

from nse_tf.events import Entry, Event, JobFailed, RunFailed, RunFinished
from nse_tf.jobs import ChildrenEvaluated, Failed, Job, Result, TrainSupernet
from nse_tf.methods import Done, Plan, SearchError, Wait
from nse_tf.methods.method import require
from tests.methods.plans import PlannedMethod, do_all

RESULT = ChildrenEvaluated(accuracies=(0.5,), seconds=1.0)


def work(job: Job) -> Result:
    del job
    return RESULT


def two_then_one(method: PlannedMethod) -> Plan:
    first, second = yield [method.evaluation(), method.evaluation()]
    method.note(JobFailed(job="half", error=str(first == second)))
    yield [method.evaluation()]
    method.note(RunFinished())


def reloaded(method: PlannedMethod, into: PlannedMethod) -> PlannedMethod:
    into.set_state(json.loads(json.dumps(method.get_state(), allow_nan=False)))
    return into


# Asking and telling.


def test_jobs_of_a_list_come_one_by_one_and_then_it_waits() -> None:
    method = PlannedMethod(two_then_one)
    first, second = method.ask(), method.ask()
    assert isinstance(first, Job)
    assert isinstance(second, Job)
    assert (first.id, second.id) == (
        "00000_evaluate_children",
        "00001_evaluate_children",
    )
    assert list(method.out) == [first, second]
    assert method.ask() == Wait()
    method.tell(second.id, RESULT)
    assert list(method.out) == [first]
    assert method.ask() == Wait()
    method.tell(first.id, RESULT)
    third = method.ask()
    assert isinstance(third, Job)
    assert third.id == "00002_evaluate_children"
    method.tell(third.id, RESULT)
    assert method.ask() == method.ask() == Done()
    assert list(method.out) == []


def test_results_reach_the_plan_in_the_order_of_its_jobs() -> None:
    got: list[Result] = []

    def plan(method: PlannedMethod) -> Plan:
        got[:] = yield [method.evaluation(), method.evaluation()]

    method = PlannedMethod(plan)
    jobs = [method.ask(), method.ask()]
    for number, job in reversed(list(enumerate(jobs))):
        assert isinstance(job, Job)
        method.tell(
            job.id, ChildrenEvaluated(accuracies=(float(number),), seconds=1.0)
        )
    assert method.ask() == Done()
    assert got == [
        ChildrenEvaluated(accuracies=(0.0,), seconds=1.0),
        ChildrenEvaluated(accuracies=(1.0,), seconds=1.0),
    ]


def test_a_plan_may_have_nothing_to_do_for_a_while() -> None:
    def plan(method: PlannedMethod) -> Plan:
        assert (yield []) == []
        yield [method.evaluation()]

    assert len(do_all(PlannedMethod(plan), work)) == 1


def test_a_job_that_was_not_asked_for_is_refused_with_those_that_were() -> None:
    method = PlannedMethod(two_then_one)
    method.ask()
    with pytest.raises(KeyError, match=r"'x'.*out are.*00000_evaluate"):
        method.tell("x", RESULT)
    with pytest.raises(KeyError, match="00001_evaluate_children"):
        method.fail("00001_evaluate_children", "too early")


# State.


def test_a_state_holds_jobs_and_results() -> None:
    method = PlannedMethod(two_then_one, seed=3, sizes=(1, 2))
    job = method.ask()
    method.ask()
    assert isinstance(job, Job)
    method.tell(job.id, RESULT)
    state = method.get_state()
    assert state["settings"] == {"seed": 3, "sizes": [1, 2]}
    assert list(state["asked"]) == [
        "00000_evaluate_children",
        "00001_evaluate_children",
    ]
    assert list(state["results"]) == ["00000_evaluate_children"]


def test_jobs_that_were_out_are_out_again_and_not_given_twice() -> None:
    method = PlannedMethod(two_then_one)
    lost = method.ask()
    loaded = reloaded(method, PlannedMethod(two_then_one))
    assert isinstance(lost, Job)
    assert loaded.out == (lost,)
    second = loaded.ask()
    assert isinstance(second, Job)
    assert second.id != lost.id
    for job in loaded.out:
        loaded.tell(job.id, RESULT)
    assert loaded.ask() not in (Wait(), Done())


def test_the_history_is_back_at_once() -> None:
    method = PlannedMethod(two_then_one)
    do_all(method, work)
    loaded = reloaded(method, PlannedMethod(two_then_one))
    assert loaded.history == method.history
    assert loaded.history == [
        Entry("00000_failed", JobFailed(job="half", error="True")),
        Entry("00001_finished", RunFinished()),
    ]


def test_other_settings_are_refused_one_by_one() -> None:
    method = PlannedMethod(two_then_one, seed=0, epochs=5)
    with pytest.raises(ValueError, match="another search") as caught:
        reloaded(method, PlannedMethod(two_then_one, seed=1, images=2))
    assert str(caught.value).endswith(
        "`epochs` was 5 and is None; `images` was None and is 2; `seed` was 0 "
        "and is 1."
    )


def test_settings_are_the_same_after_json_made_lists_of_tuples() -> None:
    method = PlannedMethod(two_then_one, rates=(0.25, 5e-4))
    reloaded(method, PlannedMethod(two_then_one, rates=(0.25, 5e-4)))


@pytest.mark.parametrize(
    "damage",
    [
        {"settings": None},
        {"asked": 3},
        {"results": []},
        {"results": {"00000_evaluate_children": {"kind": "?"}}},
    ],
)
def test_a_damaged_state_is_refused(damage: dict[str, Any]) -> None:
    method = PlannedMethod(two_then_one)
    state = {**method.get_state(), **damage}
    with pytest.raises(ValueError, match=r"damaged|known kind"):
        method.set_state(state)
    del state["settings"]
    with pytest.raises(ValueError, match="damaged"):
        method.set_state(state)


def test_results_are_not_given_to_jobs_that_came_out_differently() -> None:
    def plan(num_images: int) -> Any:
        def make(method: PlannedMethod) -> Plan:
            yield [method.evaluation(num_images)]
            yield [method.evaluation()]

        return make

    method = PlannedMethod(plan(10))
    do_all(method, work)
    loaded = reloaded(method, PlannedMethod(plan(20)))
    with pytest.raises(SearchError, match=r"00000_ev.* another version"):
        loaded.ask()


# Ends.


def test_two_jobs_of_one_id_are_refused() -> None:
    def plan(method: PlannedMethod) -> Plan:
        yield [method.evaluation()] * 2

    with pytest.raises(SearchError, match="one id"):
        PlannedMethod(plan).ask()


def test_what_a_plan_cannot_work_with_ends_the_search_with_the_reason() -> None:
    def plan(method: PlannedMethod) -> Plan:
        yield [method.evaluation()]
        method.note(RunFailed(error="about to fail"))
        raise ValueError("Nothing fits.")

    method = PlannedMethod(plan)
    job = method.ask()
    assert isinstance(job, Job)
    method.tell(job.id, RESULT)
    for _ in range(2):
        with pytest.raises(SearchError, match="Nothing fits") as caught:
            method.ask()
        assert isinstance(caught.value.__cause__, ValueError)
        assert len(method.history) == 1
    loaded = reloaded(method, PlannedMethod(plan))
    assert loaded.history == method.history
    with pytest.raises(SearchError, match="Nothing fits"):
        loaded.ask()


def test_an_interrupted_plan_resumes_when_asked_again() -> None:
    interrupts = [KeyboardInterrupt()]

    def plan(method: PlannedMethod) -> Plan:
        yield [method.evaluation()]
        if interrupts:
            raise interrupts.pop()
        yield [method.evaluation()]

    method = PlannedMethod(plan)
    with pytest.raises(KeyboardInterrupt):
        do_all(method, work)
    assert len(do_all(method, work)) == 1
    assert method.ask() == Done()


def test_a_result_of_another_kind_ends_the_search() -> None:
    job = PlannedMethod(two_then_one).evaluation()
    assert require(RESULT, ChildrenEvaluated, job) is RESULT
    with pytest.raises(SearchError, match=r"00000_ev.*: out of memory"):
        require(Failed("out of memory"), ChildrenEvaluated, job)
    with pytest.raises(SearchError, match="got ChildrenEvaluated"):
        require(RESULT, TrainSupernet, job)


# History.


def test_events_have_ids_in_order_and_are_found_by_kind() -> None:
    method = PlannedMethod(two_then_one)
    failed = JobFailed(job="a", error="no space left")
    for event in (RunFinished(), failed, RunFinished()):
        method.note(event)
    assert [entry.id for entry in method.history] == [
        "00000_finished",
        "00001_failed",
        "00002_finished",
    ]
    assert method.noted(JobFailed) == [failed]
    assert method.noted(Event) == [RunFinished(), failed, RunFinished()]
