import dataclasses
import json
import math
import typing
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from nse_tf import jobs
from nse_tf.jobs import (
    BranchesTrained,
    ChildrenEvaluated,
    ChildrenMeasured,
    ChildTrained,
    EvaluateChildren,
    Failed,
    Job,
    MeasureChildren,
    Result,
    SupernetTrained,
    TrainBranches,
    TrainChild,
    TrainSupernet,
    job_from_json,
    job_to_json,
    result_from_json,
    result_to_json,
)

CHILD = ((0,), (1, 3))
GROWING = TrainSupernet(
    "0_grow",
    CHILD,
    5,
    (0.2, 0.2),
    "previous",
    "reset",
    0,
    num_cells=4,
    inserts_cell=True,
)
TRAINING = TrainSupernet(
    "0_train", CHILD, 5, (0.25, 5e-4), "fresh", "initial", 0
)
JOBS: tuple[Job, ...] = (
    TRAINING,
    GROWING,
    TrainBranches(
        "0_branches",
        ((0, 2), ()),
        ((2,), ()),
        3,
        (0.1, 0.4),
        0.5,
        0,
        penalties=(("macs", 300.0, 1e-5, 2.0),),
        op_costs=((22.5, ((1.5, 0.0, 2.5), (0.1, 0.2, 0.3))),),
    ),
    EvaluateChildren("1_evaluate", (CHILD, ((2,), (0,))), 0),
    MeasureChildren("2_measure", (CHILD,), "int8", 4),
    TrainChild("3_train", CHILD, 240, True, 0.1 + 0.2, 7),
)
SUMS = (((0.1, 1 / 3, 1e-300), (0.0, 0.0, 0.0)), ((5e-324, 1.0, 2.0),) * 2)
RESULTS: tuple[Result, ...] = (
    SupernetTrained((2.5, 1 / 3), SUMS, (0.1, 0.2, 0.3), 12.0),
    BranchesTrained(
        (2.5, 1 / 3),
        (2.0, 1.0),
        ((0.1, -2.1, 0.0), (0.0, 0.0, 0.0)),
        ((0,), ()),
        ((0, 7, 0, 2),),
        (((0.5, 1 / 3), ()),),
        SUMS,
        (0.1, 0.2, 0.3),
        SUMS,
        12.0,
        "ab" * 32,
    ),
    ChildrenEvaluated((0.1 + 0.2, 1.0), 3.0),
    ChildrenMeasured((1.25,), (81_234,), 3.0),
    ChildTrained((), 0.9, "children/a.keras", "ab" * 32, 60.0),
    Failed("out of memory"),
)


def through_text(value: Any) -> Any:
    return json.loads(json.dumps(value, allow_nan=False))


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.KIND)
def test_a_job_comes_back_from_json_equal_and_hashable(job: Job) -> None:
    back = job_from_json(through_text(job_to_json(job)))
    assert back == job
    assert hash(back) == hash(job)


@pytest.mark.parametrize(
    "result", RESULTS, ids=lambda each: type(each).__name__
)
def test_a_result_comes_back_from_json_equal(result: Result) -> None:
    assert result_from_json(through_text(result_to_json(result))) == result


def test_every_kind_of_job_and_result_is_in_its_table() -> None:
    assert set(jobs.JOBS.values()) == set(typing.get_args(Job))
    assert set(jobs.RESULTS.values()) == set(typing.get_args(Result))
    assert {type(job) for job in JOBS} == set(jobs.JOBS.values())
    assert {type(result) for result in RESULTS} == set(jobs.RESULTS.values())


@hypothesis.given(st.lists(st.floats(), min_size=1))
def test_any_number_of_a_result_is_exact_also_nan(values: list[float]) -> None:
    result = ChildrenEvaluated(tuple(values), 1.0)
    back = result_from_json(through_text(result_to_json(result)))
    assert repr(back) == repr(result)


def test_a_diverged_training_crosses_strict_json() -> None:
    sums = ((((math.nan, math.inf, -math.inf)),),)
    result = SupernetTrained((math.inf,), sums, (0.0, 1.0, 1.0), 1.0)
    value = through_text(result_to_json(result))
    assert value["angle_sums"] == [
        [[{"float": "nan"}, {"float": "inf"}, {"float": "-inf"}]]
    ]
    assert repr(result_from_json(value)) == repr(result)


@pytest.mark.parametrize("value", [None, [], "x", {}, {"kind": ["failed"]}])
def test_what_is_no_job_or_result_is_refused(value: Any) -> None:
    with pytest.raises(
        ValueError, match=r"Not a job .* train_supernet, train_b"
    ):
        job_from_json(value)
    with pytest.raises(ValueError, match=r"Not a result .* children_measured"):
        result_from_json(value)


def test_a_job_is_no_result_and_a_result_no_job() -> None:
    with pytest.raises(ValueError, match="'train_supernet'"):
        result_from_json(job_to_json(TRAINING))
    with pytest.raises(ValueError, match="'failed'"):
        job_from_json(result_to_json(Failed("?")))


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.KIND)
def test_a_missing_or_unknown_field_is_named(job: Job) -> None:
    value = job_to_json(job)
    missing = next(
        field.name
        for field in reversed(dataclasses.fields(job))
        if field.default is dataclasses.MISSING
    )
    with pytest.raises(ValueError, match=f"{job.KIND}.*{missing}"):
        job_from_json({k: v for k, v in value.items() if k != missing})
    with pytest.raises(ValueError, match=f"{job.KIND}.*surplus"):
        job_from_json({**value, "surplus": 1})


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"start_from": "scratch"}, "`start_from` .* not 'scratch'"),
        ({"base": "first"}, "`base` .* not 'first'"),
        ({"base": "previous"}, "no previous base"),
        ({"inserts_cell": True}, "`inserts_cell` .* 'fresh' and 'initial'"),
    ],
)
def test_a_training_that_starts_from_nothing_known_is_refused(
    numbers: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(TRAINING, **numbers)
    with pytest.raises(ValueError, match=words):
        job_from_json({**job_to_json(TRAINING), **numbers})
