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
    ChildrenEvaluated,
    Failed,
    Job,
    Result,
    digest_of,
    job_from_json,
    job_to_json,
    result_from_json,
    result_to_json,
)
from tests.jobs.examples import (
    EVOLVING,
    JOBS,
    RESULTS,
    TRAINED,
    TRAINING,
    TWO_SUBSETS,
)


def through_text(value: Any) -> Any:
    return json.loads(json.dumps(value, allow_nan=False))


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.id)
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


def test_defaults_are_left_out_at_every_depth() -> None:
    assert job_to_json(TRAINING) == {
        "kind": "train_supernet",
        "id": "0_train",
        "active": [[0], [1, 3]],
        "epochs": 5,
        "schedule": {"first": 0.25, "last": 5e-4},
        "seed": 0,
    }
    rule = job_to_json(EVOLVING)["architecture"]
    assert "epochs_without" not in rule
    assert "exponent" not in rule["penalties"][0]
    assert rule["penalties"][0]["op_costs"] == [
        [1.5, 0.0, 2.5],
        [0.1, 0.2, 0.3],
    ]


def test_a_digest_is_that_of_what_a_job_says() -> None:
    # The digests of jobs that are out are kept in files, so that another one
    # here means that no search of an earlier version can be resumed.
    assert digest_of(TRAINING) == "a5276575177e6c6e"
    others = [digest_of(job) for job in JOBS]
    assert len(set(others)) == len(JOBS)
    longer = dataclasses.replace(
        EVOLVING, architecture=dataclasses.replace(TWO_SUBSETS, period=3)
    )
    assert digest_of(longer) not in others


@hypothesis.given(st.lists(st.floats(), min_size=1))
def test_any_number_of_a_result_is_exact_also_nan(values: list[float]) -> None:
    result = ChildrenEvaluated(accuracies=tuple(values), seconds=1.0)
    back = result_from_json(through_text(result_to_json(result)))
    assert repr(back) == repr(result)


def test_a_diverged_training_crosses_strict_json() -> None:
    result = dataclasses.replace(
        TRAINED, angle_sums=(((math.nan, math.inf, -math.inf),),)
    )
    value = through_text(result_to_json(result))
    assert value["angle_sums"] == [
        [[{"float": "nan"}, {"float": "inf"}, {"float": "-inf"}]]
    ]
    assert repr(result_from_json(value)) == repr(result)


@pytest.mark.parametrize("value", [None, [], "x", {}, {"kind": ["failed"]}])
def test_what_is_no_job_or_result_is_refused(value: Any) -> None:
    with pytest.raises(
        ValueError, match=r"Not a job .* train_supernet, evaluate_c"
    ):
        job_from_json(value)
    with pytest.raises(ValueError, match=r"Not a result .* children_measured"):
        result_from_json(value)


def test_a_job_is_no_result_and_a_result_no_job() -> None:
    with pytest.raises(ValueError, match="'train_supernet'"):
        result_from_json(job_to_json(TRAINING))
    with pytest.raises(ValueError, match="'failed'"):
        job_from_json(result_to_json(Failed("?")))


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.id)
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


def test_an_unknown_field_of_a_nested_record_is_named() -> None:
    value = job_to_json(EVOLVING)
    value["architecture"]["penalties"][0]["surplus"] = 1
    with pytest.raises(ValueError, match=r"surplus.*penalties\[0\]"):
        job_from_json(value)
