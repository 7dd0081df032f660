"""P-DARTS's search: its stages, what it drops, its bad input."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.events import (
    CellDrawn,
    MixtureTrained,
    SkipsLimited,
    SpaceAtStage,
    WinnerChosen,
)
from nse_tf.jobs import (
    ArchitectureRule,
    EvaluateChildren,
    Job,
    Result,
    SupernetTrained,
    TrainChild,
    TrainSupernet,
    WeightRule,
)
from nse_tf.methods import DartsConfig, Method, PDartsConfig, PDartsSearch
from nse_tf.methods.discretizing import num_skips
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.spaces import SkipConnect, Zero, make_preset
from nse_tf.spaces.genotype import Path
from nse_tf.testing import METHOD_LAWS, FormulaWorker
from tests.methods.plans import do_all
from tests.shrinking.chains import chain

SPACES = {
    "nb201": make_preset("nb201", image_size=(16, 16), width=0.5, depth=0.6),
    "darts": make_preset("darts", image_size=(32, 32), width=0.25),
    "darts_cifar": make_preset(
        "darts_cifar", image_size=(16, 16), width=0.25, depth=17 / 8
    ),
    "darts_shrinking": make_preset(
        "darts_shrinking", image_size=(32, 32), width=0.25, depth=3 / 14
    ),
}
MODELS = {name: CostModel(space) for name, space in SPACES.items()}
ALL = pytest.mark.parametrize("name", SPACES)
QUICK = PDartsConfig(
    stage_epochs=3, epochs_without=1, child_epochs=2, children_per_operator=20
)
SHRINKING = ShrinkSchedule(drop_per_stage=10, stop_size=10, max_stages=1)


def searched(
    name: str,
    budget: Budget | None = None,
    work: Callable[[Job], Result] | None = None,
    **numbers: Any,
) -> tuple[PDartsSearch, list[Job]]:
    model = MODELS[name]
    method = PDartsSearch(
        model, budget or Budget(), dataclasses.replace(QUICK, **numbers)
    )
    return method, do_all(method, work or FormulaWorker(model).run)


def trainings_of(jobs: list[Job]) -> list[TrainSupernet]:
    return [job for job in jobs if isinstance(job, TrainSupernet)]


def skips_of(name: str, path: Path) -> int:
    chosen = [index for index in path if isinstance(index, int)]
    return num_skips(SPACES[name], chosen)


@pytest.mark.parametrize("name", ["nb201", "darts_shrinking"])
@pytest.mark.parametrize("shrinking", [None, SHRINKING])
@pytest.mark.parametrize("law", METHOD_LAWS)
def test_it_keeps_every_law(
    name: str, shrinking: ShrinkSchedule | None, law: Callable[..., None]
) -> None:
    low, high = MODELS[name].range("macs")

    def make(seed: int) -> Method:
        config = dataclasses.replace(QUICK, shrinking=shrinking, seed=seed)
        return PDartsSearch(MODELS[name], Budget(macs=(low + high) / 2), config)

    law(make, FormulaWorker(MODELS[name]).run, SPACES[name])


@pytest.mark.parametrize(
    ("name", "cells", "ops"),
    [
        ("darts_cifar", [5, 11, None], [8, 5, 3, 1]),
        ("darts", [4, 9, None], [8, 5, 3, 1]),
        ("darts_shrinking", [None, None, None], [8, 5, 3, 1]),
        ("nb201", [1, 2, None], [5, 4, 3, 1]),
    ],
)
def test_stages_deepen_and_narrow(
    name: str, cells: list[int | None], ops: list[int]
) -> None:
    method, jobs = searched(name)
    *stages, evaluated, alone = jobs
    assert [job.num_cells for job in trainings_of(jobs)] == cells
    assert len(stages) == 3
    for job, count in zip(trainings_of(jobs), ops, strict=False):
        assert set(map(len, job.active)) == {count}
    spaces = method.noted(SpaceAtStage)
    assert [event.stage for event in spaces] == [0, 1, 2, 3]
    for event, count in zip(spaces, ops, strict=True):
        assert set(map(len, event.active)) == {count}
    space = SPACES[name]
    for before, after in itertools.pairwise(spaces):
        left = {*space.restrict(before.active).operators} - {*after.dropped}
        assert left == {*space.restrict(after.active).operators}
    for block, (index,) in zip(space.blocks, spaces[-1].active, strict=True):
        assert block.candidates[index] != Zero()
    mixtures = method.noted(MixtureTrained)
    assert [event.num_cells for event in mixtures] == cells
    assert isinstance(evaluated, EvaluateChildren)
    assert isinstance(alone, TrainChild)
    (winner,) = method.noted(WinnerChosen)
    (drawn,) = method.noted(CellDrawn)
    assert alone.child == tuple((index,) for index in drawn.path)
    assert winner.path == drawn.path == drawn.likeliest


@ALL
def test_each_stage_drops_the_least_probable_ops(name: str) -> None:
    _, jobs = searched(name)
    merit = FormulaWorker(MODELS[name]).merit
    for before, after in itertools.pairwise(trainings_of(jobs)):
        for values, were, are in zip(
            merit, before.active, after.active, strict=True
        ):
            best = sorted(were, key=lambda index: -values[index])
            assert set(best[: len(are)]) == set(are)


@ALL
def test_each_stage_is_trained_as_published_and_from_nothing(name: str) -> None:
    _, jobs = searched(name, stage_epochs=25, epochs_without=10)
    stages = trainings_of(jobs)
    for job in stages:
        assert job.start.source == "fresh"
        assert job.epochs == 25
        assert (job.schedule.kind, job.schedule.first, job.schedule.last) == (
            "cosine",
            0.025,
            0.0,
        )
        assert job.architecture == ArchitectureRule(
            rule="first_order",
            rate=6e-4,
            betas=(0.5, 0.999),
            weight_decay=1e-3,
            epochs_without=10,
            clip_norm=5.0,
        )
    # The first stage has no dropout: its weights train as those of DARTS do.
    assert stages[0].weights == WeightRule(rule="mixed")
    assert [job.weights.skip_dropout for job in stages] == [0.0, 0.4, 0.7]
    assert len({job.seed for job in stages}) == 3


def test_a_stage_without_dropout_is_trained_as_darts_trains() -> None:
    """But for what P-DARTS has besides: its clipping, its epochs without."""
    stage = PDartsConfig().training(0, seed=3)
    assert stage.architecture is not None
    architecture = dataclasses.replace(
        stage.architecture, clip_norm=None, epochs_without=0
    )
    assert dataclasses.replace(stage, architecture=architecture) == (
        DartsConfig(
            learning_rates=(0.025, 0.0), architecture_rate=6e-4, seed=3
        ).training
    )


@ALL
def test_after_a_shrinking_only_the_last_stage_is_left(name: str) -> None:
    method, jobs = searched(name, shrinking=SHRINKING)
    shrinking, stage = trainings_of(jobs)
    assert shrinking.weights.rule == "uniform"
    assert stage.num_cells is None
    assert stage.weights == WeightRule(rule="mixed", skip_dropout=0.7)
    whole, left, last = method.noted(SpaceAtStage)
    assert whole.num_operators - left.num_operators == 10
    assert stage.active == left.active
    assert set(map(len, last.active)) == {1}


def test_a_shrinking_that_drops_nothing_leaves_all_stages() -> None:
    done = dataclasses.replace(SHRINKING, stop_size=10**9)
    _, jobs = searched("nb201", shrinking=done)
    assert [job.weights.rule for job in trainings_of(jobs)] == ["mixed"] * 3


def _likes_skips(name: str) -> Callable[[Job], Result]:
    """Returns a worker by whose parameters skips lead everywhere."""
    worker = FormulaWorker(MODELS[name])
    for row, block in zip(worker.merit, SPACES[name].blocks, strict=True):
        row[block.candidates.index(SkipConnect())] += 1.0
    return worker.run


@ALL
@pytest.mark.parametrize("most", [0, 1, 2, 8])
def test_there_are_no_more_skips_than_allowed(name: str, most: int) -> None:
    method, _ = searched(name, work=_likes_skips(name), max_skips=most)
    space = SPACES[name]
    (drawn,) = method.noted(CellDrawn)
    assert skips_of(name, drawn.path) <= most
    (limited,) = method.noted(SkipsLimited)
    assert limited.limits == (8, 7, 6, 5, 4, 3, 2, 1, 0)
    assert limited.paths[limited.limits.index(most)] == drawn.path
    for limit, path, count, text in zip(
        limited.limits,
        limited.paths,
        limited.num_skips,
        limited.genotypes,
        strict=True,
    ):
        assert count == skips_of(name, path) <= limit
        assert text.split(" ")[0].count("skip_connect") == count
        assert "none" not in text
        assert space.is_valid(np.array([path]))[0]
    # Only the first kind of cell is restricted.
    kinds = space.as_cells().skeleton.cell_kinds
    assert limited.cell_kind == kinds[0]
    if len(kinds) == 2:
        (skips,) = {path[14:] for path in limited.paths}
        assert drawn.skip_shares[1] > 0.25
        assert skips == drawn.path[14:]


@ALL
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_the_network_is_bent_to_the_budget(name: str, share: float) -> None:
    model = MODELS[name]
    low, high = model.range("macs")
    budget = Budget(macs=low + share * (high - low))
    method, jobs = searched(name, budget)
    (drawn,) = method.noted(CellDrawn)
    assert budget.fits(drawn.costs)
    last = trainings_of(jobs)[-1]
    assert set(map(len, last.active)) == {3}
    floor = Budget(min_macs=high - share * (high - low))
    method, _ = searched(name, floor, work=_likes_skips(name))
    (drawn,) = method.noted(CellDrawn)
    assert floor.fits(drawn.costs)
    assert skips_of(name, drawn.path) <= 2


def test_parameters_that_failed_end_the_search_in_one_sentence() -> None:
    worker = FormulaWorker(MODELS["nb201"])

    def work(job: Job) -> Result:
        result = worker.run(job)
        if isinstance(result, SupernetTrained):
            return dataclasses.replace(result, architecture=None)
        return result

    with pytest.raises(RuntimeError, match="without architecture parameters"):
        searched("nb201", work=work)


def test_spaces_without_cells_are_refused_before_anything_is_trained() -> None:
    with pytest.raises(ValueError, match="needs a space of cells, such as"):
        PDartsSearch(CostModel(chain(3)))


def test_budgets_out_of_reach_are_refused() -> None:
    with pytest.raises(BudgetError, match="No network of space"):
        PDartsSearch(MODELS["nb201"], Budget(macs=1.0))


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"num_finalists": 2}, "by P-DARTS .*`num_finalists` must be 1, not 2"),
        ({"score": "luck"}, "`score` must be one of"),
        ({"stage_epochs": 0}, "`stage_epochs` must be at least 1"),
        ({"max_skips": -1}, "`max_skips` must be at least 0, not -1"),
        ({"epochs_without": 25}, "`epochs_without` is 25, .*`stage_epochs`"),
        ({"skip_dropouts": (0.0, 0.4)}, "has 3 stages and .* 2: give both"),
        ({"skip_dropouts": (0.0, 0.4, 1.0)}, "at least 0 and below 1"),
        ({"stage_shares": (0.5, 0.2, 1.0)}, "must rise from above 0 to 1"),
        ({"stage_shares": (0.2, 0.5, 0.9)}, "the last stage has all cells"),
        (
            {"stage_shares": (), "skip_dropouts": ()},
            "must rise from above 0 to 1",
        ),
        ({"architecture_clip": 0.0}, "`architecture_clip` must be above 0"),
    ],
)
def test_bad_numbers_are_refused_by_name(
    numbers: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        PDartsConfig(**numbers)


def test_the_winner_has_other_cells_and_the_budget_is_for_them() -> None:
    final = CostModel(SPACES["darts_cifar"].resized(20, 9))
    low, high = final.range("macs")
    method, jobs = searched(
        "darts_cifar",
        Budget(macs=(3 * low + high) / 4),
        final_cells=20,
        final_channels=9,
    )
    (winner,) = method.noted(WinnerChosen)
    assert winner.costs == final.costs(final.space.genotype(winner.path))
    assert winner.costs["macs"] <= (3 * low + high) / 4
    alone = jobs[-1]
    assert isinstance(alone, TrainChild)
    assert (alone.num_cells, alone.channels) == (20, 9)
    with pytest.raises(BudgetError, match="20 cells of 9 channels"):
        searched(
            "darts_cifar",
            Budget(macs=low / 2),
            final_cells=20,
            final_channels=9,
        )
