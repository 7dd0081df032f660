"""The search whose space evolves: rounds, fronts, inheritance, winner."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nse_tf.costs import Budget, BudgetError, CostModel, latency_on
from nse_tf.events import (
    FrontEvolved,
    NetworksProposed,
    SpaceAtStage,
    WinnerChosen,
)
from nse_tf.jobs import (
    ChildrenEvaluated,
    EvaluateChildren,
    Failed,
    Genes,
    Job,
    Result,
    TrainChild,
    TrainSupernet,
)
from nse_tf.methods import SearchError, SpaceEvolution
from nse_tf.methods.evaluating import EvaluatedChild
from nse_tf.methods.inheritance import union_of
from nse_tf.spaces import make_preset
from nse_tf.testing import METHOD_LAWS, FormulaWorker
from tests.costs.strategies import made_up_devices
from tests.methods.plans import QUICK_EVOLUTION, do_all
from tests.methods.tiny_pool import BUDGET, MODEL, POOL

MethodLaw = Callable[..., Any]


def make(seed: int = 0, **changes: Any) -> SpaceEvolution:
    config = dataclasses.replace(QUICK_EVOLUTION, seed=seed, **changes)
    return SpaceEvolution(MODEL, BUDGET, config)


def make_with(budget: Budget, **changes: Any) -> SpaceEvolution:
    return SpaceEvolution(
        MODEL, budget, dataclasses.replace(QUICK_EVOLUTION, **changes)
    )


@pytest.fixture(scope="module")
def done() -> SpaceEvolution:
    method = make()
    do_all(method, FormulaWorker(MODEL).run)
    return method


@pytest.mark.parametrize("inherit_by", ["front", "angle", "both"])
@pytest.mark.parametrize("law", METHOD_LAWS, ids=lambda law: law.__name__)
def test_it_keeps_the_laws_of_methods(law: MethodLaw, inherit_by: str) -> None:
    law(
        lambda seed: make(seed, inherit_by=inherit_by),
        FormulaWorker(MODEL).run,
        POOL,
    )


def test_rounds_are_trained_evaluated_and_evolved(done: SpaceEvolution) -> None:
    rounds = done.noted(FrontEvolved)
    assert done.num_rounds == (13 - 1) // (4 - 1) == 4
    assert len(rounds) == len(done.noted(SpaceAtStage)) == 4
    low, high = done.noted(NetworksProposed)[0].window
    assert low is not None
    assert high is not None
    assert high == pytest.approx(BUDGET.macs)
    for each in rounds:
        assert all(low < cost <= high for cost in each.costs)
        assert each.num_new <= 30
    assert sum(each.num_old for each in rounds[1:]) > 0


def test_the_front_does_not_fall_back_where_evaluation_has_no_noise(
    done: SpaceEvolution,
) -> None:
    # Locked and evaluated again, an old network leaves only for a better one.
    best = [max(each.accuracies) for each in done.noted(FrontEvolved)]
    assert best == sorted(best)


def test_what_the_front_opens_is_locked_and_unseen_ops_enter(
    done: SpaceEvolution,
) -> None:
    spaces, fronts = done.noted(SpaceAtStage), done.noted(FrontEvolved)
    seen: list[set[int]] = [set() for _ in POOL.blocks]
    for number, space in enumerate(spaces):
        assert space.pools is not None
        for cell, entered in zip(seen, space.pools.entered, strict=True):
            assert not cell & set(entered)
            cell |= set(entered)
        if number:
            front = [
                EvaluatedChild(path, 1.0).genes
                for path in fronts[number - 1].front
            ]
            union = union_of(front, len(POOL.blocks))
            assert space.pools.locked == union


def test_locked_ops_are_part_of_the_training_job() -> None:
    trainings = [
        job
        for job in do_all(make(), FormulaWorker(MODEL).run)
        if isinstance(job, TrainSupernet)
    ]
    assert not any(locked_of(trainings[0]))
    assert any(locked_of(trainings[1]))
    for job in trainings:
        for locked, active in zip(locked_of(job), job.active, strict=True):
            assert set(locked) <= set(active)
    jobs = do_all(make(preserve_locked=False), FormulaWorker(MODEL).run)
    assert not any(
        any(locked_of(job)) for job in jobs if isinstance(job, TrainSupernet)
    )


def locked_of(job: TrainSupernet) -> Genes:
    assert job.architecture is not None
    return job.architecture.locked


def test_the_penalty_is_the_published_one_at_the_published_target() -> None:
    model = CostModel(make_preset("nse_27"))
    method = SpaceEvolution(model, Budget(macs=350e6))
    assert method.num_rounds == 6
    assert method.aims.target == pytest.approx(300e6)
    assert method.aims.window.low == pytest.approx(300e6)
    assert method.aims.window.high == pytest.approx(350e6)
    assert method.aims.extra_window.low == pytest.approx(290e6)
    (penalty,) = method.aims.penalties(method.config)
    assert (penalty.form, penalty.cost) == ("power", "macs")
    assert penalty.target == pytest.approx(300)
    assert penalty.coefficient == pytest.approx(1e-5)
    assert penalty.exponent == 2.0
    assert penalty.backbone_cost == pytest.approx(22.499328)  # By the code.
    assert penalty.op_costs[0][0] == pytest.approx(8.228864)


def test_the_winner_is_the_best_of_the_front(done: SpaceEvolution) -> None:
    (winner,) = done.noted(WinnerChosen)
    last = done.noted(FrontEvolved)[-1]
    best = int(np.argmax(last.accuracies))
    assert winner.path == last.front[best]
    genotype = POOL.genotype(winner.path)
    assert MODEL.costs(genotype) == winner.costs
    assert BUDGET.fits(winner.costs)


def test_one_round_is_a_search_without_evolution() -> None:
    method = make(max_rounds=1)
    kinds = [type(job) for job in do_all(method, FormulaWorker(MODEL).run)]
    assert kinds.count(TrainSupernet) == 1
    assert kinds[-1] is TrainChild


def test_the_search_ends_when_nothing_unseen_is_left() -> None:
    method = make(max_rounds=50)
    do_all(method, FormulaWorker(MODEL).run)
    assert len(method.noted(FrontEvolved)) < 20


def test_a_failed_evaluation_leaves_the_others() -> None:
    worker = FormulaWorker(MODEL)
    failed: list[EvaluateChildren] = []

    def work(job: Job) -> Result:
        if isinstance(job, EvaluateChildren) and not failed:
            failed.append(job)
            return Failed("out of memory")
        return worker.run(job)

    method = make(max_rounds=1)
    do_all(method, work)
    lost = {*failed[0].children}
    assert not lost & {*method.noted(FrontEvolved)[0].front}


def test_where_extra_networks_beat_all_the_front_does_without() -> None:
    worker = FormulaWorker(MODEL)

    def work(job: Job) -> Result:
        if isinstance(job, EvaluateChildren):  # The cheaper, the better.
            costs = [
                MODEL.costs(POOL.genotype(child))["macs"]
                for child in job.children
            ]
            return ChildrenEvaluated(
                accuracies=tuple(1 / cost for cost in costs), seconds=1.0
            )
        return worker.run(job)

    method = make(max_rounds=1)
    do_all(method, work)
    (found,) = method.noted(FrontEvolved)
    assert found.is_overruled
    assert len(found.front) == 1  # The cheapest within the window.
    assert found.costs[0] > method.aims.window.low


def test_an_empty_front_says_why() -> None:
    worker = FormulaWorker(MODEL)

    def work(job: Job) -> Result:
        if isinstance(job, EvaluateChildren):
            return Failed("out of memory")
        return worker.run(job)

    with pytest.raises(
        SearchError, match=r"front of round 0 is empty.* 30 pro"
    ):
        do_all(make(), work)


# Places of one branch.


def test_single_path_blocks_evolve_without_indicators() -> None:
    model = CostModel(make_preset("nb201"))
    config = dataclasses.replace(
        QUICK_EVOLUTION, num_active=3, num_proposals=20
    )
    method = SpaceEvolution(model, config=config)
    jobs = do_all(method, FormulaWorker(model).run)
    kinds = {type(job) for job in jobs}
    assert kinds == {TrainSupernet, EvaluateChildren, TrainChild}
    (winner,) = method.noted(WinnerChosen)
    assert all(isinstance(index, int) for index in winner.path)
    with pytest.raises(ValueError, match="`inherit_by` 'angle' is for multi"):
        SpaceEvolution(
            model, config=dataclasses.replace(config, inherit_by="angle")
        )


# Bad input.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_active": 0}, "`num_active` must be at least 1"),
        ({"inherit_by": "luck"}, "`inherit_by` must be one of front, angle"),
        ({"cost": "size"}, "`cost` must be one of macs"),
        ({"window": 0.0}, "`window` must be above 0"),
        ({"open_rate": 1.5}, "`open_rate` must be above 0 and at most 1"),
        ({"target": -1.0}, "`target` must be positive"),
        ({"rank_by": "int8"}, "`num_finalists` is 1: train 2 or more"),
        ({"num_active": 14}, r"`num_active` is 14; .* 13 ops"),
        ({"cost": "latency_ms"}, "'latency_ms', but there is no table"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make(**changes)


@pytest.mark.parametrize("macs", [1e3, 1e12])
def test_a_target_out_of_reach_is_refused_before_anything_is_trained(
    macs: float,
) -> None:
    config = dataclasses.replace(QUICK_EVOLUTION, target=macs)
    with pytest.raises(BudgetError, match="they reach from"):
        SpaceEvolution(MODEL, Budget(), config)


def test_a_budget_below_the_target_is_refused_before_anything_is_trained() -> (
    None
):
    with pytest.raises(BudgetError, match=r"allows 1e.06: aim lower"):
        make_with(Budget(macs=1e6), target=2e6)
    with pytest.raises(BudgetError, match="the cheapest costs"):
        make_with(Budget(macs=1e3))
    with pytest.raises(BudgetError, match="the cheapest costs"):
        make_with(Budget(params=10))


def test_all_that_is_evaluated_keeps_limits_on_ram_and_flash() -> None:
    model = CostModel(POOL, counts_memory=True)
    low, high = model.range("ram_bytes")
    limits = Budget(ram_bytes=low + 0.3 * (high - low), flash_bytes=150e3)
    method = SpaceEvolution(
        model,
        dataclasses.replace(limits, macs=BUDGET.macs),
        dataclasses.replace(QUICK_EVOLUTION, num_extra=0),
    )
    done = do_all(method, FormulaWorker(model).run)
    evaluated = [
        genes
        for job in done
        if isinstance(job, EvaluateChildren)
        for genes in job.children
    ]
    assert len(set(evaluated)) > 20
    without = SpaceEvolution(
        model, BUDGET, dataclasses.replace(QUICK_EVOLUTION, num_extra=0)
    )
    others = [
        genes
        for job in do_all(without, FormulaWorker(model).run)
        if isinstance(job, EvaluateChildren)
        for genes in job.children
    ]
    needed, plain = (
        [limits.fits(model.costs(POOL.genotype(genes))) for genes in each]
        for each in (evaluated, others)
    )
    assert all(needed)
    assert not all(plain)


def test_all_that_is_proposed_keeps_the_limits_on_several_devices() -> None:
    model = CostModel(POOL, made_up_devices(POOL))
    limits = {}
    for device, share in (("pixel", 0.35), ("pi", 0.3)):
        low, high = model.range(latency_on(device))
        limits[device] = low + share * (high - low)
    # The first is aimed at, the other holds for what is proposed.
    method = SpaceEvolution(
        model,
        Budget(latency_ms=limits),
        dataclasses.replace(QUICK_EVOLUTION, cost=latency_on("pixel")),
    )
    done = do_all(method, FormulaWorker(model).run)
    for device, limit in limits.items():
        found = [
            model.costs(POOL.genotype(genes))[latency_on(device)]
            for job in done
            if isinstance(job, EvaluateChildren)
            for genes in job.children
        ]
        assert len(found) > 20
        assert max(found) <= limit
