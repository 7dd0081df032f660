"""DARTS's search: its jobs, its events, its bad input."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.events import CellDrawn, MixtureTrained, WinnerChosen
from nse_tf.jobs import (
    EarlyStop,
    EvaluateChildren,
    Job,
    Result,
    SupernetTrained,
    TrainChild,
    TrainSupernet,
)
from nse_tf.methods import DartsConfig, DartsSearch, Method
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.spaces import make_preset
from nse_tf.testing import METHOD_LAWS, FormulaWorker
from tests.methods.plans import do_all
from tests.shrinking.chains import chain

SPACES = {
    "nb201": make_preset("nb201", image_size=(16, 16), width=0.5, depth=0.2),
    "darts": make_preset(
        "darts", image_size=(32, 32), width=0.25, depth=3 / 14
    ),
}
MODELS = {name: CostModel(space) for name, space in SPACES.items()}
ALL = pytest.mark.parametrize("name", SPACES)
QUICK = DartsConfig(search_epochs=3, child_epochs=2, children_per_operator=20)
SHRINKING = ShrinkSchedule(drop_per_stage=10, stop_size=10, max_stages=1)


def searched(
    name: str,
    budget: Budget | None = None,
    work: Callable[[Job], Result] | None = None,
    **numbers: Any,
) -> tuple[DartsSearch, list[Job]]:
    model = MODELS[name]
    method = DartsSearch(
        model, budget or Budget(), dataclasses.replace(QUICK, **numbers)
    )
    return method, do_all(method, work or FormulaWorker(model).run)


@ALL
@pytest.mark.parametrize("shrinking", [None, SHRINKING])
@pytest.mark.parametrize("law", METHOD_LAWS)
def test_it_keeps_every_law(
    name: str, shrinking: ShrinkSchedule | None, law: Callable[..., None]
) -> None:
    low, high = MODELS[name].range("macs")

    def make(seed: int) -> Method:
        config = dataclasses.replace(QUICK, shrinking=shrinking, seed=seed)
        return DartsSearch(MODELS[name], Budget(macs=(low + high) / 2), config)

    law(make, FormulaWorker(MODELS[name]).run, SPACES[name])


@ALL
def test_it_trains_a_mixture_and_the_network_drawn(name: str) -> None:
    method, (mixed, evaluated, alone) = searched(name)
    assert isinstance(mixed, TrainSupernet)
    assert mixed.weights.rule == "mixed"
    assert mixed.schedule.kind == "cosine"
    assert (mixed.schedule.first, mixed.schedule.last) == (0.025, 0.001)
    rule = mixed.architecture
    assert rule is not None
    assert (rule.rule, rule.rate, rule.betas) == (
        "first_order",
        3e-4,
        (0.5, 0.999),
    )
    assert (rule.weight_decay, rule.deviation) == (1e-3, 1e-3)
    assert isinstance(evaluated, EvaluateChildren)
    assert isinstance(alone, TrainChild)
    (drawn,) = method.noted(CellDrawn)
    assert drawn.path == drawn.likeliest
    assert drawn.bend == 0.0
    (winner,) = method.noted(WinnerChosen)
    assert winner.path == drawn.path
    assert evaluated.children == (alone.child,)
    assert alone.child == tuple((index,) for index in drawn.path)


def test_the_second_order_and_the_early_stop_are_those_of_the_job() -> None:
    _, jobs = searched("nb201", order=2, early_stop="hessian")
    first = jobs[0]
    assert isinstance(first, TrainSupernet)
    assert first.architecture is not None
    assert first.architecture.rule == "second_order"
    assert first.architecture.early_stop == EarlyStop()


def test_the_extra_skip_is_that_of_the_job_and_needs_two_epochs() -> None:
    _, jobs = searched("nb201", extra_skip=True)
    first = jobs[0]
    assert isinstance(first, TrainSupernet)
    assert first.architecture is not None
    assert first.architecture.extra_skip
    with pytest.raises(ValueError, match="`epochs` is 1: train 2 or more"):
        dataclasses.replace(first, epochs=1)


@ALL
def test_a_shrunk_space_is_what_is_mixed(name: str) -> None:
    _, jobs = searched(name, shrinking=SHRINKING)
    trainings = [job for job in jobs if isinstance(job, TrainSupernet)]
    assert [job.weights.rule for job in trainings] == ["uniform", "mixed"]
    whole, left = (sum(map(len, job.active)) for job in trainings)
    assert whole - left == 10


@ALL
def test_the_network_is_bent_to_the_budget(name: str) -> None:
    model = MODELS[name]
    plain, _ = searched(name)
    costs = plain.noted(CellDrawn)[0].costs
    low, _ = model.range("macs")
    budget = Budget(macs=(low + 2 * costs["macs"]) / 3)
    bent, _ = searched(name, budget)
    (drawn,) = bent.noted(CellDrawn)
    assert drawn.costs["macs"] <= (budget.macs or 0)
    assert drawn.bend
    assert drawn.likeliest == plain.noted(CellDrawn)[0].path
    assert drawn.path != drawn.likeliest


FINAL = {"nb201": (2, 24), "darts": (5, 20)}


@ALL
def test_the_winner_has_other_cells_and_the_budget_is_for_them(
    name: str,
) -> None:
    cells, channels = FINAL[name]
    final = CostModel(SPACES[name].resized(cells, channels))
    plain, _ = searched(name, final_cells=cells, final_channels=channels)
    (winner,) = plain.noted(WinnerChosen)
    genotype = final.space.genotype(winner.path)
    assert winner.costs == final.costs(genotype)
    assert (winner.num_cells, winner.channels) == (cells, channels)
    low, _ = final.range("macs")
    budget = Budget(macs=(low + 2 * winner.costs["macs"]) / 3)
    bent, jobs = searched(
        name, budget, final_cells=cells, final_channels=channels
    )
    (drawn,) = bent.noted(CellDrawn)
    assert drawn.costs == final.costs(final.space.genotype(drawn.path))
    assert drawn.costs["macs"] <= (budget.macs or 0)
    assert drawn.bend
    alone = jobs[-1]
    assert isinstance(alone, TrainChild)
    assert (alone.num_cells, alone.channels) == (cells, channels)


@ALL
@pytest.mark.parametrize("law", METHOD_LAWS)
def test_it_keeps_every_law_with_other_cells_at_the_end(
    name: str, law: Callable[..., None]
) -> None:
    config = dataclasses.replace(QUICK, final_channels=FINAL[name][1])
    low, high = config.final_costs(MODELS[name]).range("macs")

    def make(seed: int) -> Method:
        own = dataclasses.replace(config, seed=seed)
        return DartsSearch(MODELS[name], Budget(macs=(low + high) / 2), own)

    law(make, FormulaWorker(MODELS[name]).run, SPACES[name])


def test_a_budget_that_only_the_searched_cells_keep_is_refused() -> None:
    low, high = MODELS["nb201"].range("macs")
    with pytest.raises(BudgetError, match="'nb201 with 3 cells of 99 channel"):
        searched(
            "nb201",
            Budget(macs=(low + high) / 2),
            final_cells=3,
            final_channels=99,
        )


def test_parameters_of_before_count_after_an_early_stop() -> None:
    name = "nb201"
    space, worker = SPACES[name], FormulaWorker(MODELS[name])
    # Skips lead at the end, 3×3 convolutions after the first epoch.
    skip, conv = 1, 3

    def history(index: int) -> tuple[tuple[float, ...], ...]:
        return tuple(
            tuple(float(each == index) for each in indices)
            for indices in space.active
        )

    def work(job: Job) -> Result:
        result = worker.run(job)
        if not isinstance(result, SupernetTrained):
            return result
        assert result.architecture is not None
        return dataclasses.replace(
            result,
            architecture=dataclasses.replace(
                result.architecture,
                probabilities=history(skip),
                history=(history(conv), history(skip), history(skip)),
                kept_epoch=kept_epoch,
            ),
        )

    kept_epoch: int | None = 0
    method, _ = searched(name, work=work, early_stop="hessian")
    assert method.noted(CellDrawn)[0].path == (conv,) * 6
    assert method.noted(CellDrawn)[0].collapsed == ()
    (trained,) = method.noted(MixtureTrained)
    assert trained.skip_shares == ((0.0,), (1.0,), (1.0,))
    space = method.space
    costs = [
        method.model.costs(space.genotype((op,) * 6))["macs"]
        for op in (conv, skip, skip)
    ]
    assert (trained.cost, trained.limit) == ("macs", None)
    assert trained.drawn_costs == tuple(costs)
    assert costs[0] > costs[1]
    kept_epoch = None
    method, _ = searched(name, work=work)
    assert method.noted(CellDrawn)[0].path == (skip,) * 6
    assert method.noted(CellDrawn)[0].collapsed == ("cell",)
    assert method.noted(CellDrawn)[0].skip_shares == (1.0,)


def test_the_cost_that_is_limited_is_noted_by_epoch() -> None:
    _, high = MODELS["nb201"].range("params")
    method, _ = searched("nb201", Budget(params=high))
    (trained,) = method.noted(MixtureTrained)
    assert (trained.cost, trained.limit) == ("params", high)
    (drawn,) = method.noted(CellDrawn)
    assert trained.drawn_costs == (drawn.costs["params"],) * QUICK.search_epochs


def test_spaces_without_cells_are_refused_before_anything_is_trained() -> None:
    with pytest.raises(ValueError, match="needs a space of cells, such as"):
        DartsSearch(CostModel(chain(3)))


def test_budgets_out_of_reach_are_refused() -> None:
    with pytest.raises(BudgetError, match="No network of space"):
        DartsSearch(MODELS["nb201"], Budget(macs=1.0))


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"order": 3}, "`order` must be 1 or 2, not 3"),
        ({"num_finalists": 2}, "`num_finalists` must be 1, not 2"),
        ({"early_stop": "soon"}, "`early_stop` must be one of none, hessian"),
        (
            {"extra_skip": True, "search_epochs": 1},
            "`search_epochs` is 1: train 2 or more",
        ),
        ({"score": "luck"}, "`score` must be one of"),
        ({"search_epochs": 0}, "`search_epochs` must be at least 1"),
    ],
)
def test_bad_numbers_are_refused_by_name(
    numbers: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        DartsConfig(**numbers)
