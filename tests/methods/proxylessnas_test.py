"""ProxylessNAS: warm-up, search, derivation within the budget, finals."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.events import (
    GenerationEvaluated,
    NetworkDerived,
    ParametersTrained,
    SpaceAtStage,
    StageTrained,
    WinnerChosen,
)
from nse_tf.jobs import (
    EvaluateChildren,
    Failed,
    Job,
    Result,
    SupernetTrained,
    TrainChild,
    TrainSupernet,
)
from nse_tf.methods import ProxylessNAS, ProxylessNASConfig, SearchError
from nse_tf.methods.cost_target import CostTarget
from nse_tf.methods.operator_scoring import OperatorScoring
from nse_tf.methods.shrinking_steps import Shrinking
from nse_tf.methods.supernet_training import SupernetTraining
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.testing import METHOD_LAWS, FormulaWorker
from tests.costs.strategies import made_up_table
from tests.methods.plans import do_all
from tests.methods.tiny_pool import MODEL as BRANCHES
from tests.supernet.tiny_cells import tiny_cells
from tests.supernet.tiny_spaces import tiny_space

MethodLaw = Callable[..., Any]
SPACE = tiny_space()
MODEL = CostModel(SPACE)
LOW, HIGH = MODEL.range("macs")
TIGHT = Budget(macs=LOW + 0.25 * (HIGH - LOW))
QUICK = ProxylessNASConfig(
    warmup_epochs=2,
    search_epochs=3,
    num_derived=3,
    calibration_images=0,
    child_epochs=2,
)
SHRINKING = Shrinking(
    schedule=ShrinkSchedule(
        stop_size=64,
        drop_per_stage=1,
        first_epochs=1,
        other_epochs=1,
        total_epochs=2,
    ),
    scoring=OperatorScoring(children_per_operator=4),
    training=SupernetTraining(learning_rates=(0.1, 0.01)),
    least_left=3,
)


def make(seed: int = 0, budget: Budget = TIGHT, **changes: Any) -> ProxylessNAS:
    config = dataclasses.replace(QUICK, seed=seed, **changes)
    return ProxylessNAS(MODEL, budget, config)


def searched(
    method: ProxylessNAS,
) -> tuple[list[TrainSupernet], list[Job]]:
    """Does a whole search; returns its trainings, and all its jobs."""
    jobs = do_all(method, FormulaWorker(method.model).run)
    return [job for job in jobs if isinstance(job, TrainSupernet)], jobs


@pytest.mark.parametrize(
    ("shrinking", "gates"),
    [(None, None), (SHRINKING, None), (None, "reinforce")],
)
@pytest.mark.parametrize("law", METHOD_LAWS, ids=lambda law: law.__name__)
def test_it_keeps_the_laws_of_methods(
    law: MethodLaw, shrinking: Shrinking | None, gates: str | None
) -> None:
    law(
        lambda seed: make(seed, shrinking=shrinking, gates=gates),
        FormulaWorker(MODEL).run,
        SPACE,
    )


def test_weights_are_warmed_up_before_parameters_learn() -> None:
    method = make()
    (warmup, search), jobs = searched(method)
    assert [job.KIND for job in jobs] == [
        *("train_supernet", "train_supernet"),
        *("evaluate_children", "train_child"),
    ]
    assert warmup.weights.rule == search.weights.rule == "by_mixing_weights"
    assert (warmup.schedule.kind, search.schedule.kind) == ("cosine",) * 2
    assert (warmup.schedule.first, search.schedule.first) == (0.05, 0.025)
    assert warmup.architecture is not None
    assert search.architecture is not None
    assert warmup.architecture.epochs_without == warmup.epochs == 2
    assert search.architecture.epochs_without == 1
    assert search.start.source == "previous"
    assert str(search.start.weights).startswith(warmup.id)
    rule = search.architecture
    assert (rule.rule, rule.rate, rule.betas) == (
        "two_gates",
        1e-3,
        (0.0, 0.999),
    )
    assert (rule.period, rule.weight_decay, rule.deviation) == (5, 0.0, 1e-3)
    assert len(method.noted(StageTrained)) == 2


def test_without_a_warm_up_the_search_starts_afresh() -> None:
    (search,), _ = searched(make(warmup_epochs=0))
    assert search.start.source == "fresh"


def test_the_likeliest_network_within_the_budget_is_trained() -> None:
    merit = FormulaWorker(MODEL).merit
    best = tuple(
        max(indices, key=row.__getitem__)
        for row, indices in zip(merit, SPACE.active, strict=True)
    )
    most = MODEL.costs(SPACE.genotype(best))["macs"] - 1
    method = make(budget=Budget(macs=most))
    _, jobs = searched(method)
    (derived,) = method.noted(NetworkDerived)
    (winner,) = method.noted(WinnerChosen)
    assert derived.likeliest == best
    assert derived.likeliest_costs["macs"] > derived.costs["macs"]
    assert derived.costs["macs"] <= most
    assert derived.log_odds < 0
    assert derived.is_proven
    assert winner.path == derived.path
    (evaluated,) = method.noted(GenerationEvaluated)
    assert len(evaluated.paths) == 3
    assert evaluated.paths[0] == derived.path
    assert max(evaluated.costs["macs"]) <= most
    assert isinstance(jobs[-1], TrainChild)


def test_without_a_budget_it_is_the_likeliest_of_all() -> None:
    method = make(budget=Budget())
    (_, search), _ = searched(method)
    assert search.architecture is not None
    assert not search.architecture.penalties
    (derived,) = method.noted(NetworkDerived)
    assert derived.path == derived.likeliest
    assert derived.log_odds == 0.0
    assert method.noted(ParametersTrained)[-1].target is None


@pytest.mark.parametrize(
    ("form", "coefficient", "unit"),
    [("log_factor", 0.2, 1.0), ("relative", 0.1, 1e6)],
)
def test_the_budget_is_the_target_of_the_penalty(
    form: str, coefficient: float, unit: float
) -> None:
    (_, search), _ = searched(make(penalty_form=form))
    assert search.architecture is not None
    (penalty,) = search.architecture.penalties
    assert (penalty.form, penalty.coefficient) == (form, coefficient)
    assert penalty.target * unit == pytest.approx(TIGHT.macs)
    cheapest, _ = MODEL.extremes("macs")
    cost = penalty.backbone_cost + sum(
        row[index]
        for row, index in zip(penalty.op_costs, cheapest.path, strict=True)
    )
    assert cost * unit == pytest.approx(LOW)


def test_a_latency_is_penalized_by_the_measured_table() -> None:
    model = CostModel(SPACE, made_up_table(SPACE))
    low, high = model.range("latency_ms")
    config = dataclasses.replace(
        QUICK, cost="latency_ms", target=(low + high) / 2
    )
    method = ProxylessNAS(model, Budget(), config)
    (_, search), _ = searched(method)
    assert search.architecture is not None
    (penalty,) = search.architecture.penalties
    assert penalty.target == pytest.approx(1e3 * (low + high) / 2)
    (trained,) = method.noted(ParametersTrained)[1:]
    assert low < trained.expected[-1] < high


@pytest.mark.parametrize("cost", ["macs", "latency_ms"])
def test_rewards_have_the_cost_of_each_network(cost: str) -> None:
    model = CostModel(SPACE, made_up_table(SPACE))
    low, high = model.range(cost)
    config = dataclasses.replace(
        QUICK,
        gates="reinforce",
        cost=cost,
        target=(low + high) / 2,
        reward_exponent=0.2,
        networks_per_step=5,
        baseline_rate=0.5,
    )
    (warmup, search), _ = searched(ProxylessNAS(model, Budget(), config))
    rule = search.architecture
    assert rule is not None
    assert warmup.weights.rule == search.weights.rule == "by_mixing_weights"
    assert (rule.rule, rule.networks_per_step) == ("reinforce", 5)
    assert rule.baseline_rate == 0.5
    (penalty,) = rule.penalties
    assert (penalty.form, penalty.exponent) == ("reward_factor", 0.2)
    assert penalty.coefficient == 1.0
    genotype = SPACE.genotype([2, 1, 3])
    found = penalty.backbone_cost + sum(
        row[index]
        for row, index in zip(penalty.op_costs, (2, 1, 3), strict=True)
    )
    assert penalty.target / found == pytest.approx(
        (low + high) / 2 / model.costs(genotype)[cost]
    )
    config = dataclasses.replace(config, target=None)
    (_, search), _ = searched(ProxylessNAS(model, Budget(), config))
    assert search.architecture is not None
    assert not search.architecture.penalties


def test_the_expected_cost_of_one_hot_shares_is_that_of_the_network() -> None:
    target = CostTarget(MODEL, "macs", None)
    for genotype in list(SPACE.enumerate())[::7]:
        shares = np.zeros((3, SPACE.max_candidates))
        shares[np.arange(3), genotype.path] = 1.0
        assert target.expected(shares) == MODEL.costs(genotype)["macs"]


def test_shrinking_comes_first_and_what_is_left_is_searched() -> None:
    method = make(budget=Budget(), shrinking=SHRINKING, seed=3)
    trainings, _ = searched(method)
    stages = method.noted(SpaceAtStage)
    assert len(stages) > 1
    assert [job.weights.rule for job in trainings] == [
        *("uniform",) * (len(stages) - 1),
        *("by_mixing_weights",) * 2,
    ]
    assert trainings[-1].active == stages[-1].active
    assert {job.seed for job in trainings} == {3}
    assert SPACE.restrict(stages[-1].active).genotype(
        list(method.noted(WinnerChosen)[0].path)
    )


def test_every_family_has_its_gates() -> None:
    branches = ProxylessNAS(BRANCHES, Budget(), QUICK)
    cells = ProxylessNAS(CostModel(tiny_cells()), Budget(), QUICK)
    assert (make().gates, branches.gates, cells.gates) == ("two", "two", "full")
    assert make(gates="full").gates == "full"
    for method in (branches, cells):
        (_, search), _ = searched(method)
        assert search.architecture is not None
        assert search.architecture.rule == f"{method.gates}_gates"
        assert method.noted(WinnerChosen)


@pytest.mark.parametrize(
    "model", [BRANCHES, CostModel(tiny_cells())], ids=("branches", "cells")
)
def test_every_family_may_learn_by_rewards(model: CostModel) -> None:
    config = dataclasses.replace(QUICK, gates="reinforce")
    method = ProxylessNAS(model, Budget(), config)
    (_, search), _ = searched(method)
    assert search.architecture is not None
    assert search.architecture.rule == method.gates == "reinforce"
    assert method.noted(WinnerChosen)


@pytest.mark.parametrize(
    ("space", "gates", "words"),
    [
        (BRANCHES.space, "full", "'branches' has two or reinforce"),
        (tiny_cells(), "two", "'nb201' has full or reinforce"),
    ],
)
def test_gates_that_a_family_cannot_have_are_refused(
    space: SearchSpace, gates: str, words: str
) -> None:
    config = dataclasses.replace(QUICK, gates=gates)
    with pytest.raises(ValueError, match=f"`gates` is '{gates}'.*{words}"):
        ProxylessNAS(CostModel(space), Budget(), config)


def test_a_block_without_a_candidate_is_refused() -> None:
    active = [list(each) for each in BRANCHES.space.active]
    skipped = next(
        index
        for index, block in enumerate(BRANCHES.space.blocks)
        if not block.min_open
    )
    active[skipped] = []
    space = BRANCHES.space.restrict(active)
    name = space.blocks[skipped].name
    with pytest.raises(ValueError, match=f"block '{name}' has none"):
        ProxylessNAS(CostModel(space), Budget(), QUICK)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gates": "three"}, "one of two, full, reinforce, not 'three'"),
        (
            {"gates": "reinforce", "penalty": 0.2},
            "`penalty` is 0.2, .* only two or full does: .* None",
        ),
        (
            {"gates": "reinforce", "penalty_form": "relative"},
            "`penalty_form` is 'relative', but `gates` 'reinforce'",
        ),
        (
            {"networks_per_step": 4},
            "`networks_per_step` is 4, .* only reinforce does: .* 10",
        ),
        ({"gates": "two", "reward_exponent": 0.0}, "only reinforce does"),
        ({"gates": "reinforce", "networks_per_step": 1}, "at least 2, not 1"),
        ({"gates": "reinforce", "reward_exponent": -0.1}, "not -0.1"),
        ({"gates": "reinforce", "baseline_rate": 0.0}, "above 0 and at most 1"),
        ({"epochs_without": 3}, "no epoch would train"),
        ({"target": 0.0}, "`target` must be positive"),
        ({"penalty": -1.0}, "`penalty` must be positive"),
        ({"penalty_form": "power"}, "one of log_factor, relative"),
        ({"num_derived": 0}, "at least 1"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(QUICK, **changes)


def test_targets_and_budgets_out_of_reach_are_refused() -> None:
    with pytest.raises(BudgetError, match=r"`target` is 1e\+12 macs.*reach"):
        make(target=1e12)
    with pytest.raises(BudgetError, match="costs at most"):
        make(budget=Budget(macs=1.0))
    with pytest.raises(ValueError, match="there is no table of it"):
        make(cost="latency_ms", target=1.0)


def test_a_network_that_cannot_be_evaluated_is_trained_all_the_same() -> None:
    worker = FormulaWorker(MODEL)

    def work(job: Job) -> Result:
        if isinstance(job, EvaluateChildren):
            return Failed("out of memory")
        return worker.run(job)

    method = make(num_rank_checks=2)
    do_all(method, work)
    (winner,) = method.noted(WinnerChosen)
    assert winner.path == method.noted(NetworkDerived)[0].path
    assert winner.inherited_accuracy is None


def test_a_worker_that_trains_no_parameters_ends_the_search() -> None:
    def work(job: Job) -> Result:
        trained = FormulaWorker(MODEL).run(job)
        assert isinstance(trained, SupernetTrained)
        return dataclasses.replace(trained, architecture=None)

    with pytest.raises(SearchError, match="without architecture parameters"):
        do_all(make(), work)


def test_the_report_has_probabilities_and_expected_costs_by_epoch() -> None:
    method = make()
    searched(method)
    warmup, search = method.noted(ParametersTrained)
    assert (len(warmup.history), len(search.history)) == (2, 3)
    for event in (warmup, search):
        for epoch, expected in zip(event.history, event.expected, strict=True):
            for indices, row in zip(event.active, epoch, strict=True):
                assert len(indices) == len(row)
                assert math.fsum(row) == pytest.approx(1.0)
            assert LOW < expected < HIGH
        assert event.target == TIGHT.macs


def test_the_published_space_is_searched_within_its_budget() -> None:
    model = CostModel(make_preset("proxyless"))
    method = ProxylessNAS(model, Budget(macs=475e6), ProxylessNASConfig())
    (warmup, search), _ = searched(method)
    assert (warmup.epochs, search.epochs) == (40, 120)
    (winner,) = method.noted(WinnerChosen)
    assert winner.costs["macs"] <= 475e6
