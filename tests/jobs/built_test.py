import dataclasses
from typing import Any

import pytest

from nse_tf.jobs import (
    ArchitectureRule,
    CostPenalty,
    EarlyStop,
    EvaluateChildren,
    RateSchedule,
    Seats,
    Start,
    Teacher,
    TrainChild,
    WeightRule,
    job_from_json,
    job_to_json,
)
from nse_tf.jobs.built import CHOICES, TAKERS, WEIGHT_RULES
from tests.jobs.examples import (
    PENALTY,
    TRAINING,
)

# What is not built, and what does not fit together, is refused by name.

RULES: dict[str, Any] = {
    "schedule": lambda **changes: RateSchedule(**{"first": 0.1, **changes}),
    "weights": WeightRule,
    "architecture": lambda **changes: ArchitectureRule(
        **{"rule": "beside", **changes}
    ),
    "penalty": lambda **changes: dataclasses.replace(PENALTY, **changes),
    "start": Start,
    "teacher": lambda source="file", **changes: Teacher(
        **{"source": source, **NEEDED[source], **changes}
    ),
    "base": lambda base: dataclasses.replace(TRAINING, base=base),
    "objective": lambda objective: EvaluateChildren(
        id="0", children=(), calibration_images=0, objective=objective
    ),
    "purpose": lambda purpose: TrainChild(
        id="0",
        child=((0,),),
        epochs=1,
        uses_validation=False,
        inherited_accuracy=0.5,
        seed=0,
        purpose=purpose,
    ),
}
# Another value than the default of each setting that not every rule takes, and
# what the rules that take it need besides.
OTHER_VALUES: dict[str, Any] = {
    "schedule.peak": 0.4,
    "schedule.warmup_epochs": 2.0,
    "weights.open_rate": 0.25,
    "weights.skip_dropout": 0.4,
    "weights.num_random": 3,
    "architecture.epochs_without": 10,
    "architecture.clip_norm": 5.0,
    "architecture.networks_per_step": 4,
    "architecture.baseline_rate": 0.5,
    "architecture.penalties": (PENALTY,),
    "architecture.drop_below": -2.0,
    "architecture.locked": ((0,), ()),
    "architecture.locked_rate": 0.1,
    "architecture.other_moves_statistics": False,
    "penalty.exponent": 0.3,
    "architecture.early_stop": EarlyStop(window=3),
    "architecture.extra_skip": True,
    "architecture.loss_images": 64,
    "architecture.distance_images": 64,
    "start.weights": "0_train#ab",
    "start.num_cells": 3,
    "teacher.sha256": "ab",
    "teacher.child": ((0,),),
    "teacher.weights": "0_train#ab",
    "teacher.calibration_images": 64,
}
# The same where a rule takes values of its own.
REWARD = dataclasses.replace(PENALTY, form="reward_factor")
OWN_VALUES: dict[tuple[str, str], Any] = {
    ("architecture.penalties", "reinforce"): (REWARD,),
}
NEEDED: dict[str, Any] = {
    "warm_cosine": {"peak": 0.4},
    "pieces": {"num_cells": 3},
    "file": {"sha256": "ab"},
    "supernet": {"child": ((0,),), "weights": "0_train#ab"},
    "odd": {},
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
    for value in CHOICES[choice]:
        other = OWN_VALUES.get((name, value), OTHER_VALUES[name])
        more = {setting: other}
        if value in TAKERS[name]:
            assert getattr(_record(choice, value, **more), setting) == other
            continue
        with pytest.raises(ValueError, match=f"`{name}` is .* Leave it at"):
            _record(choice, value, **more)


def test_every_setting_of_the_tables_is_a_field() -> None:
    fields = {
        f"{name}.{field.name}"
        for name, rule in RULES.items()
        if name
        in (
            *("schedule", "weights", "architecture", "penalty", "start"),
            "teacher",
        )
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


@pytest.mark.parametrize(
    ("rule", "penalty"), [("reinforce", PENALTY), ("two_gates", REWARD)]
)
def test_rewards_and_losses_have_penalties_of_their_own(
    rule: str, penalty: CostPenalty
) -> None:
    words = f"form` is '{penalty.form}', .*rule` is '{rule}'"
    with pytest.raises(ValueError, match=words):
        ArchitectureRule(rule=rule, penalties=(penalty,))


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
        (
            {"weights": {"rule": "mixed", "skip_dropout": 1.0}},
            "`weights.skip_dropout` must be at least 0 and below 1, not 1",
        ),
        (
            {"weights": {"rule": "sandwich", "num_random": -1}},
            "`weights.num_random` must be at least 0, not -1",
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
        (
            {
                "weights": {"rule": "by_mixing_weights"},
                "architecture": {"rule": "reinforce", "networks_per_step": 1},
            },
            "at least 2, .* not 1",
        ),
        (
            {
                "weights": {"rule": "by_mixing_weights"},
                "architecture": {"rule": "reinforce", "baseline_rate": 0.0},
            },
            "above 0 and at most 1, not 0",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        job_from_json({**job_to_json(TRAINING), **changes})


CELL = "motif_2.5.00.12.112"
ONE_SLOT = Seats(cells=((CELL,),) * 2, parents=(("",),) * 2, bench=((), ()))
FIRST_ORDER = ArchitectureRule(rule="first_order", loss_images=8)
SLOTS = dataclasses.replace(
    TRAINING,
    active=((0,), (0,)),
    weights=WeightRule(rule="mixed"),
    architecture=FIRST_ORDER,
    seats=ONE_SLOT,
)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"seats": None}, "built for slots only"),
        ({"active": ((0,), (0, 1))}, "a cell for each slot"),
        ({"start": Start(source="previous"), "base": "previous"},
         "`base` must be 'reset', not 'previous'"),
    ],
)  # fmt: skip
def test_cells_sit_in_the_slots_of_a_job(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        dataclasses.replace(SLOTS, **changes)
    with pytest.raises(ValueError, match="as many choice blocks"):
        dataclasses.replace(ONE_SLOT, bench=())
