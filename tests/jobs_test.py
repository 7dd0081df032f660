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
    ArchitectureRule,
    ArchitectureTrained,
    ChildrenEvaluated,
    ChildrenMeasured,
    ChildTrained,
    CostPenalty,
    EarlyStop,
    EvaluateChildren,
    Failed,
    Job,
    MeasureChildren,
    RateSchedule,
    Result,
    Start,
    SupernetTrained,
    TrainChild,
    TrainSupernet,
    WeightRule,
    digest_of,
    job_from_json,
    job_to_json,
    result_from_json,
    result_to_json,
)
from nse_tf.jobs.built import CHOICES, TAKERS, WEIGHT_RULES

CHILD = ((0,), (1, 3))
TRAINING = TrainSupernet(
    id="0_train",
    active=CHILD,
    epochs=5,
    schedule=RateSchedule(first=0.25, last=5e-4),
    seed=0,
)
DEEPENING = dataclasses.replace(
    TRAINING,
    id="1_deepen",
    start=Start(source="pieces", weights="0_train#ab", num_cells=3),
    base="reset",
    num_cells=4,
)
PENALTY = CostPenalty(
    cost="macs",
    target=300.0,
    coefficient=1e-5,
    backbone_cost=22.5,
    op_costs=((1.5, 0.0, 2.5), (0.1, 0.2, 0.3)),
)
TWO_SUBSETS = ArchitectureRule(
    rule="two_subsets",
    rate=5e-3,
    betas=(0.0, 0.999),
    weight_decay=0.0,
    deviation=0.0,
    period=2,
    penalties=(PENALTY,),
    drop_below=-2.0,
    locked=((2,), ()),
)
EVOLVING = dataclasses.replace(
    TRAINING,
    id="2_branches",
    active=((0, 2), ()),
    schedule=RateSchedule(
        kind="warm_cosine", first=0.1, peak=0.4, warmup_epochs=0.5
    ),
    weights=WeightRule(rule="balanced", open_rate=0.25),
    architecture=TWO_SUBSETS,
    only_active=True,
)
JOBS: tuple[Job, ...] = (
    TRAINING,
    DEEPENING,
    EVOLVING,
    EvaluateChildren(
        id="1_evaluate", children=(CHILD, ((2,), (0,))), calibration_images=0
    ),
    MeasureChildren(
        id="2_measure", children=(CHILD,), precision="int8", num_threads=4
    ),
    TrainChild(
        id="3_train",
        child=CHILD,
        epochs=240,
        uses_validation=True,
        inherited_accuracy=0.1 + 0.2,
        seed=7,
    ),
)
SUMS = (((0.1, 1 / 3, 1e-300), (0.0, 0.0, 0.0)), ((5e-324, 1.0, 2.0),) * 2)
TRAINED = SupernetTrained(
    losses=(2.5, 1 / 3),
    angle_sums=SUMS,
    backbone_sums=(0.1, 0.2, 0.3),
    seconds=12.0,
)
RESULTS: tuple[Result, ...] = (
    TRAINED,
    dataclasses.replace(
        TRAINED,
        weights_sha256="ab" * 32,
        unit_sums=SUMS,
        architecture=ArchitectureTrained(
            losses=(2.0, 1.0),
            parameters=((0.1, -2.1, 0.0), (0.0, 0.0, 0.0)),
            probabilities=((0.5, 1 / 3, 0.0), (0.0, 0.0, 0.0)),
            left=((0,), ()),
            drops=((0, 7, 0, 2),),
            history=(((0.5, 1 / 3), ()),),
        ),
    ),
    ChildrenEvaluated(accuracies=(0.1 + 0.2, 1.0), seconds=3.0),
    ChildrenMeasured(latencies_ms=(1.25,), sizes_bytes=(81_234,), seconds=3.0),
    ChildTrained(
        losses=(),
        validation_accuracy=0.9,
        model_file="children/a.keras",
        model_sha256="ab" * 32,
        seconds=60.0,
    ),
    Failed("out of memory"),
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


# What is not built, and what does not fit together, is refused by name.

RULES: dict[str, Any] = {
    "schedule": lambda **changes: RateSchedule(**{"first": 0.1, **changes}),
    "weights": WeightRule,
    "architecture": lambda **changes: ArchitectureRule(
        **{"rule": "beside", **changes}
    ),
    "penalty": lambda **changes: dataclasses.replace(PENALTY, **changes),
    "start": Start,
    "base": lambda base: dataclasses.replace(TRAINING, base=base),
}
# Another value than the default of each setting that not every rule takes, and
# what the rules that take it need besides.
OTHER_VALUES: dict[str, Any] = {
    "schedule.peak": 0.4,
    "schedule.warmup_epochs": 2.0,
    "weights.open_rate": 0.25,
    "architecture.epochs_without": 10,
    "architecture.clip_norm": 5.0,
    "architecture.penalties": (PENALTY,),
    "architecture.drop_below": -2.0,
    "architecture.locked": ((0,), ()),
    "architecture.locked_rate": 0.1,
    "architecture.other_moves_statistics": False,
    "penalty.exponent": 0.3,
    "architecture.early_stop": EarlyStop(window=3),
    "start.weights": "0_train#ab",
    "start.num_cells": 3,
}
NEEDED: dict[str, Any] = {
    "warm_cosine": {"peak": 0.4},
    "pieces": {"num_cells": 3},
}


def _record(name: str, value: str, **more: Any) -> Any:
    """Makes the record of a choice, or the job that has it."""
    record, _, choice = name.partition(".")
    needed = {**NEEDED.get(value, {}), **more}
    return RULES[record](**{choice or record: value, **needed})


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_unknown_is_refused_and_what_is_built_is_not(
    name: str,
) -> None:
    built = CHOICES[name]
    with pytest.raises(ValueError, match=f"`{name}` must be one of .*'odd'"):
        _record(name, "odd")
    for value in built:
        if (name, value) != ("base", "previous"):  # It depends on the start.
            assert value in str(_record(name, value))


@pytest.mark.parametrize("name", TAKERS)
def test_a_setting_that_a_choice_does_not_take_is_refused(name: str) -> None:
    record, _, setting = name.partition(".")
    (choice,) = (each for each in CHOICES if each.startswith(f"{record}."))
    more = {setting: OTHER_VALUES[name]}
    for value in CHOICES[choice]:
        if value in TAKERS[name]:
            kept = getattr(_record(choice, value, **more), setting)
            assert kept == OTHER_VALUES[name]
            continue
        with pytest.raises(ValueError, match=f"`{name}` is .* Leave it at"):
            _record(choice, value, **more)


def test_every_setting_of_the_tables_is_a_field() -> None:
    fields = {
        f"{name}.{field.name}"
        for name, rule in RULES.items()
        if name in ("schedule", "weights", "architecture", "penalty", "start")
        for field in dataclasses.fields(rule())
    }
    assert set(TAKERS) <= fields
    assert set(WEIGHT_RULES) - {None} == set(CHOICES["architecture.rule"])


@pytest.mark.parametrize("weights", CHOICES["weights.rule"])
@pytest.mark.parametrize("rule", [None, *CHOICES["architecture.rule"]])
def test_rules_that_are_not_built_together_are_refused(
    weights: str, rule: str | None
) -> None:
    changes: dict[str, Any] = {
        "weights": WeightRule(rule=weights),
        "architecture": rule and ArchitectureRule(rule=rule),
    }
    if weights in WEIGHT_RULES[rule]:
        dataclasses.replace(TRAINING, **changes)
        return
    with pytest.raises(ValueError, match=f"{rule!r} .* with .*'{weights}'"):
        dataclasses.replace(TRAINING, **changes)


PREVIOUS = {"source": "previous"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base": "previous"}, "no previous base"),
        ({"start": PREVIOUS}, "initial weights are gone"),
        (
            {"start": {"source": "pieces", "num_cells": 3}},
            "earlier weights of the new cells: .* not 'initial'",
        ),
        ({"start": {"source": "pieces"}}, "needs `start.num_cells`"),
        (
            {"start": PREVIOUS, "base": "reset", "only_active": True},
            "must be 'fresh', not 'previous'",
        ),
        ({"num_cells": 3, "only_active": True}, "`num_cells` is 3"),
        (
            {"schedule": {"kind": "warm_cosine", "first": 0.1}},
            "needs a `peak`",
        ),
        (
            {"weights": {"rule": "balanced", "open_rate": 0.0}},
            "above 0 and at most 1, not 0",
        ),
        ({"architecture": {"rule": "beside", "period": 0}}, "at least 1"),
        (
            {
                "weights": {"rule": "by_mixing_weights"},
                "architecture": {
                    "rule": "two_gates",
                    "penalties": [
                        {
                            "form": "log_factor",
                            "cost": "macs",
                            "target": 1.0,
                            "coefficient": 0.2,
                            "backbone_cost": 0.5,
                            "op_costs": [[0.1]],
                        }
                    ],
                },
            },
            "`penalty.target` must be above 1 .*'log_factor', not 1",
        ),
        (
            {
                "weights": {"rule": "balanced"},
                "architecture": {"rule": "two_subsets", "locked": [[0]]},
            },
            "names 1 choice blocks, but `active` 2",
        ),
        (
            {
                "weights": {"rule": "balanced"},
                "architecture": {"rule": "two_subsets", "locked_rate": 1.5},
            },
            "at most 1, not 1.5",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        job_from_json({**job_to_json(TRAINING), **changes})
