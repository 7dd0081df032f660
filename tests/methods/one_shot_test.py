import dataclasses
import itertools
import time

import numpy as np
import pytest

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.events import (
    FrontFound,
    GenerationEvaluated,
    OperatorsScored,
    SpaceAtStage,
    StageTrained,
    TrainedAlone,
    WinnerChosen,
)
from nse_tf.evolution import EXPLORERS
from nse_tf.jobs import (
    ChildTrained,
    EvaluateChildren,
    Genes,
    Job,
    RateSchedule,
    SupernetTrained,
    TrainChild,
    TrainSupernet,
)
from nse_tf.methods import OneShotConfig, OneShotSearch
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.spaces import make_preset
from nse_tf.testing import FormulaWorker
from tests.costs.strategies import made_up_table
from tests.methods.small_search import (
    QUICK,
    SMALL,
    WORKER,
    evaluated_paths,
    of_kind,
    searched,
)
from tests.shrinking.chains import chain

SPOS, FAIRNAS = (CostModel(make_preset(name)) for name in ("spos", "fairnas"))


@pytest.fixture(scope="module")
def spos() -> tuple[OneShotSearch, list[Job]]:
    """A whole search of the SPOS space with ABS's numbers, but for scores."""
    return searched(
        SPOS, Budget(macs=475e6), OneShotConfig(children_per_operator=50)
    )


# The published search.


def test_spos_shrinks_explores_and_trains_one(
    spos: tuple[OneShotSearch, list[Job]],
) -> None:
    _, jobs = spos
    kinds = [kind for kind, _ in itertools.groupby(job.KIND for job in jobs)]
    assert kinds == ["train_supernet", "evaluate_children", "train_child"]
    assert [int(job.id.split("_")[0]) for job in jobs] == list(range(len(jobs)))
    assert len(of_kind(jobs, TrainChild)) == 1


def test_the_winner_inherits_what_it_was_evaluated_with_if_asked() -> None:
    config = dataclasses.replace(QUICK, child_start="inherited")
    _, jobs = searched(SMALL, None, config)
    (last,) = {job.supernet for job in of_kind(jobs, EvaluateChildren)}
    assert last is not None
    assert [job.inherits for job in of_kind(jobs, TrainChild)] == [last]


def test_spos_evaluates_1000_distinct_children_within_the_budget(
    spos: tuple[OneShotSearch, list[Job]],
) -> None:
    _, jobs = spos
    paths = evaluated_paths(jobs)
    assert paths.shape == (20 * 50, 21)
    assert len(np.unique(paths, axis=0)) == 1000
    assert SPOS.path_costs("macs", paths).max() <= 475_000_000


def test_the_rates_of_stages_are_stretches_of_one_line(
    spos: tuple[OneShotSearch, list[Job]],
) -> None:
    _, jobs = spos
    *stages, last = of_kind(jobs, TrainSupernet)
    assert [job.epochs for job in stages] == [100] + [5] * (len(stages) - 1)
    # From 0.25 to 0.0005 over 250 epochs: 100 of them first, then 5 a stage.
    slope = (5e-4 - 0.25) / 250
    ends = [0, *itertools.accumulate(job.epochs for job in stages)]
    for job, start, end in zip(stages, ends, ends[1:], strict=False):
        assert (job.schedule.first, job.schedule.last) == pytest.approx(
            (0.25 + slope * start, 0.25 + slope * end), abs=1e-12
        )
    assert last.epochs == 100
    assert last.schedule == RateSchedule(first=0.25, last=5e-4)


def test_only_the_first_stage_and_the_last_training_start_fresh(
    spos: tuple[OneShotSearch, list[Job]],
) -> None:
    _, jobs = spos
    trainings = of_kind(jobs, TrainSupernet)
    assert [job.start.source for job in trainings] == [
        "fresh",
        *["previous"] * (len(trainings) - 2),
        "fresh",
    ]


def test_spos_resets_the_base_once_after_stage_index_7(
    spos: tuple[OneShotSearch, list[Job]],
) -> None:
    _, jobs = spos
    bases = [job.base for job in of_kind(jobs, TrainSupernet)[:-1]]
    assert bases == [
        "initial",
        *["previous"] * 7,
        "reset",
        *["previous"] * (len(bases) - 9),
    ]
    assert len(bases) > 9


def test_fairnas_resets_the_base_once_after_stage_index_2() -> None:
    schedule = ShrinkSchedule(rule="each_block", drop_per_stage=1, max_stages=6)
    method, jobs = searched(FAIRNAS, None, QUICK, shrinking=schedule)
    trainings = of_kind(jobs, TrainSupernet)
    assert [job.base for job in trainings] == [
        *["initial", "previous", "previous", "reset"],
        "initial",
    ]
    assert method.noted(SpaceAtStage)[-1].size == 524288


def test_each_stage_trains_what_is_left(
    spos: tuple[OneShotSearch, list[Job]],
) -> None:
    method, jobs = spos
    trainings = of_kind(jobs, TrainSupernet)
    spaces = method.noted(SpaceAtStage)
    counts = [sum(map(len, job.active)) for job in trainings]
    # 141 operators, 7 fewer each stage; the last training has what is left.
    assert counts == [141 - 7 * stage for stage in range(len(counts))]
    assert [event.num_operators for event in spaces] == counts
    assert spaces[-1].size <= 1_000_000 < spaces[-2].size
    for job, event in zip(trainings, spaces, strict=True):
        assert job.active == event.active
    for before, after in itertools.pairwise(spaces):
        gone = set(after.dropped)
        assert len(gone) == 7
        assert (
            SPOS.space.restrict(before.active).without(gone).active
            == SPOS.space.restrict(after.active).active
        )


@pytest.mark.slow
def test_a_whole_search_of_the_spos_space_takes_seconds() -> None:
    started = time.process_time()
    searched(SPOS, Budget(macs=475e6), OneShotConfig())
    # 2 to 3 s of one core, where this was written.
    assert time.process_time() - started < 20


# What is found.


def test_operators_whose_weights_turn_most_survive() -> None:
    # The worker's angles grow with merit.
    method, _ = searched()
    active = method.noted(SpaceAtStage)[-1].active
    best = WORKER.merit.argmax(axis=1)
    assert all(best[block] in active[block] for block in range(5))
    assert method.noted(SpaceAtStage)[-1].size <= 500


@pytest.mark.parametrize("explorer", EXPLORERS)
def test_the_winner_is_the_best_child_that_was_evaluated(explorer: str) -> None:
    low, high = SMALL.range("macs")
    budget = Budget(macs=(low + high) / 2)
    method, jobs = searched(budget=budget, explorer=explorer)
    paths = evaluated_paths(jobs)
    accuracies = [
        WORKER.accuracy(tuple((index,) for index in path))
        for path in paths.tolist()
    ]
    (winner,) = method.noted(WinnerChosen)
    assert winner.path == tuple(paths[np.argmax(accuracies)].tolist())
    assert winner.inherited_accuracy == max(accuracies)
    assert winner.costs["macs"] <= budget.limits["macs"]
    (job,) = of_kind(jobs, TrainChild)
    assert job.child == tuple((index,) for index in winner.path)
    assert winner.model_file == f"children/{job.id}.keras"


def test_without_shrinking_the_space_is_explored_whole() -> None:
    method, jobs = searched(shrinking=None)
    (training,) = of_kind(jobs, TrainSupernet)
    assert training.active == SMALL.space.active
    assert len(method.noted(SpaceAtStage)) == 1
    assert not method.noted(OperatorsScored)


def test_a_generation_is_split_into_jobs_of_the_size_asked_for() -> None:
    _, jobs = searched(children_per_job=8)
    sizes = [len(job.children) for job in of_kind(jobs, EvaluateChildren)]
    assert sizes == [8, 8, 4] * 3


def test_generations_are_noted_with_costs_and_the_front_rises() -> None:
    method, _ = searched()
    generations = method.noted(GenerationEvaluated)
    assert [event.generation for event in generations] == [0, 1, 2]
    for event in generations:
        paths = np.array(event.paths)
        assert tuple(SMALL.path_costs("macs", paths)) == event.costs["macs"]
        assert len(event.accuracies) == len(event.costs["params"]) == 20
    (front,) = method.noted(FrontFound)
    macs = SMALL.path_costs("macs", np.array(front.paths))
    assert (np.diff(macs) > 0).all()
    assert front.paths[-1] == method.noted(WinnerChosen)[0].path


def test_scores_are_noted_with_none_for_what_is_gone() -> None:
    method, _ = searched()
    for stage, event in enumerate(method.noted(OperatorsScored)):
        active = method.noted(SpaceAtStage)[stage].active
        assert event.stage == stage
        for scores, indices in zip(event.scores, active, strict=True):
            known = (i for i, s in enumerate(scores) if s is not None)
            assert tuple(known) == indices


# Budgets.


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("seed", range(3))
def test_shrinking_leaves_enough_within_a_tight_budget(
    share: float, seed: int
) -> None:
    # Weights of expensive operators turn most. Without a guard nothing is
    # left that fits in 6 of these 9 searches, and at most 8 networks in the
    # others.
    model = CostModel(chain(8, has_identity=True))
    low, high = model.range("macs")
    budget = Budget(macs=low + share * (high - low))
    worker = FormulaWorker(model, seed)
    macs = model.by_operator["macs"]
    worker.merit[:] = 0.1 * worker.merit + macs / macs.max()
    method, jobs = searched(
        model,
        budget,
        QUICK,
        worker.run,
        shrinking=ShrinkSchedule(drop_per_stage=10, stop_size=1000),
        seed=seed,
    )
    paths = evaluated_paths(jobs)
    assert (budget.path_excess(model, paths) == 0).all()
    # At 0.05, 53 networks fit of all there are.
    assert len(paths) == (53 if share == 0.05 else 60)
    assert method.noted(SpaceAtStage)[-1].size < model.space.size / 50


def test_a_space_that_the_budget_needs_whole_is_not_shrunk_on() -> None:
    low, _ = SMALL.range("macs")
    method, jobs = searched(
        budget=Budget(macs=low),
        shrinking=ShrinkSchedule(drop_per_stage=50, stop_size=1),
    )
    assert method.noted(SpaceAtStage)[-1].size == 1
    assert evaluated_paths(jobs).tolist() == [
        list(SMALL.extremes("macs")[0].path)
    ]


def test_a_budget_out_of_reach_is_refused_at_once() -> None:
    low, _ = SMALL.range("macs")
    with pytest.raises(BudgetError, match="the cheapest costs"):
        OneShotSearch(SMALL, Budget(macs=low - 1))


# Settings.


def test_settings_distinguish_searches() -> None:
    table = made_up_table(SMALL.space)
    costlier = dataclasses.replace(table, overhead_ms=9.0)
    searches = [
        OneShotSearch(SMALL),
        OneShotSearch(SMALL, config=OneShotConfig(seed=1)),
        OneShotSearch(SMALL, Budget(params=1e6)),
        OneShotSearch(CostModel(SMALL.space.without([(0, 0)]))),
        OneShotSearch(CostModel(SMALL.space, table)),
        OneShotSearch(CostModel(SMALL.space, costlier)),
        OneShotSearch(CostModel(chain(5))),
    ]
    for one, other in itertools.permutations(searches, 2):
        with pytest.raises(ValueError, match="another search"):
            one.set_state(other.get_state())
    OneShotSearch(CostModel(chain(5))).set_state(searches[-1].get_state())


def test_results_are_noted_for_reports() -> None:
    method, jobs = searched()
    losses = [event.losses for event in method.noted(StageTrained)]
    trainings = of_kind(jobs, TrainSupernet)
    results = [WORKER.run(job) for job in trainings]
    for noted, result in zip(losses, results, strict=True):
        assert isinstance(result, SupernetTrained)
        assert noted == result.losses
    (trained,) = method.noted(TrainedAlone)
    result = WORKER.run(of_kind(jobs, TrainChild)[0])
    assert isinstance(result, ChildTrained)
    assert trained.model_sha256 == result.model_sha256
    assert trained.uses_validation


class Undecided(FormulaWorker):
    """Finds all children equally good."""

    def accuracy(self, child: Genes) -> float:
        """Returns a half."""
        return 0.5


def test_of_equally_accurate_children_the_cheapest_wins() -> None:
    search, _ = searched(work=Undecided(SMALL).run)
    generations = search.noted(GenerationEvaluated)
    (winner,) = search.noted(WinnerChosen)
    cheapest = min(min(event.costs["macs"]) for event in generations)
    assert winner.costs["macs"] == cheapest


# Cells of DARTS, whose nodes take two inputs.


@pytest.mark.parametrize("explorer", EXPLORERS)
def test_all_evaluated_children_of_darts_have_two_inputs_a_node(
    explorer: str,
) -> None:
    """Also once shrinking dropped `none` from edges."""
    model = CostModel(make_preset("darts_shrinking"))
    low, high = model.range("macs")
    budget = Budget(macs=(low + high) / 2)
    schedule = ShrinkSchedule(
        rule="each_block", drop_per_stage=3, max_stages=2, stop_size=2**14
    )
    method, jobs = searched(
        model, budget, explorer=explorer, shrinking=schedule
    )
    left = method.space.restrict(method.noted(SpaceAtStage)[-1].active)
    assert {len(indices) for indices in left.active} == {2}
    assert any(0 not in indices for indices in left.active)
    paths = evaluated_paths(jobs)
    assert len(paths) == 60
    assert left.is_valid(paths).all()
    assert all(left.genotype(path) in left for path in paths.tolist())
    assert (budget.path_excess(model, paths) == 0).all()


def test_explored_cells_keep_the_budget_of_the_cells_handed_over() -> None:
    space = make_preset("nb201", image_size=(16, 16), width=0.5, depth=0.2)
    final = CostModel(space.resized(2, 24))
    low, high = final.range("macs")
    budget = Budget(macs=(low + high) / 2)
    method, jobs = searched(
        CostModel(space),
        budget,
        shrinking=None,
        num_finalists=2,
        num_rank_checks=3,
        final_cells=2,
        final_channels=24,
    )
    paths = evaluated_paths(jobs)
    assert (final.path_costs("macs", paths) <= (budget.macs or 0)).all()
    # More than all of them would fit as they are searched.
    assert CostModel(space).range("macs")[1] < (budget.macs or 0)
    alone = of_kind(jobs, TrainChild)
    assert len(alone) > 3
    assert {(job.num_cells, job.channels) for job in alone} == {(2, 24)}
    (winner,) = method.noted(WinnerChosen)
    assert winner.costs == final.costs(final.space.genotype(winner.path))


def test_a_chain_has_no_cells_to_hand_over() -> None:
    with pytest.raises(
        ValueError, match="`final_cells` is 20 and `final_channels` None: netw"
    ):
        searched(final_cells=20)
