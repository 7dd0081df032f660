"""Cells evolve: what rounds test, what stays, and what comes out."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.events import CellsScored, SpaceLearned
from nse_tf.jobs import TrainSupernet
from nse_tf.methods import AutoSpace, AutoSpaceConfig, SearchError
from nse_tf.methods.cell_fitness import evidence_of
from nse_tf.spaces import Identity, make_preset, space_from_json, space_to_json
from nse_tf.spaces.autospace import REFERENCES
from nse_tf.testing import METHOD_LAWS
from tests.methods.cell_worker import CellWorker
from tests.methods.plans import do_all

SPACE = make_preset("autospace_tiny")
MODEL = CostModel(SPACE)
CONFIG = AutoSpaceConfig(max_rounds=6, population=6, num_evolved=3)


def method(seed: int = 0, **changes: Any) -> AutoSpace:
    budget = changes.pop("budget", Budget())
    config = dataclasses.replace(CONFIG, seed=seed, **changes)
    return AutoSpace(MODEL, budget, config)


def done(**changes: Any) -> AutoSpace:
    one = method(**changes)
    do_all(one, CellWorker().run)
    return one


@pytest.mark.parametrize("law", METHOD_LAWS, ids=lambda law: law.__name__)
def test_every_law_of_methods_holds(law: Callable[..., None]) -> None:
    law(method, CellWorker().run, method().slots)


def test_rounds_go_on_from_each_other() -> None:
    one = method()
    jobs = do_all(one, CellWorker().run)
    assert len(jobs) == 6
    gone: list[set[str]] = [set() for _ in SPACE.blocks]
    for job, event in zip(jobs, one.noted(CellsScored), strict=True):
        assert isinstance(job, TrainSupernet)
        assert job.seats is not None
        is_first = job is jobs[0]
        assert job.start.source == ("fresh" if is_first else "previous")
        seats = job.seats
        for block, (cells, parents, bench) in enumerate(
            zip(seats.cells, seats.parents, seats.bench, strict=True)
        ):
            group = block // CONFIG.group_depth
            assert cells[:-1] == event.tested[group]
            assert cells[-1] == REFERENCES[-1].name
            # A parent is of the population, so that its weights are kept.
            assert set(filter(None, parents)) <= {*bench, *cells}
            assert len(bench) <= CONFIG.population
            # Who was removed is not kept, and may come only as a newborn.
            assert not gone[block] & {*bench}
            gone[block] |= set(event.removed[group])
            gone[block] -= set(event.population[group])
    rates = [job.schedule for job in jobs if isinstance(job, TrainSupernet)]
    assert rates[0].first == CONFIG.learning_rates[0]
    assert rates[-1].last == pytest.approx(CONFIG.learning_rates[1])
    for before, after in itertools.pairwise(rates):
        assert before.last == after.first < before.first


def test_populations_keep_their_size_and_lose_the_worst() -> None:
    for event in done().noted(CellsScored):
        for members, scores, visits, removed in zip(
            event.population,
            event.scores,
            event.visits,
            event.removed,
            strict=True,
        ):
            assert len(set(members)) == CONFIG.population
            assert not set(members) & set(removed)
            assert len(removed) == CONFIG.num_mutants
            assert len(scores) == len(visits) == len(members)


@pytest.mark.parametrize(
    ("fitness", "reference"),
    [
        ("alpha", "path"),
        ("alpha", "none"),
        ("loss", "yardstick"),
        ("angle", "path"),
        ("distance", "yardstick"),
    ],
)
def test_evolution_beats_random_cells(fitness: str, reference: str) -> None:
    """With noise as large as the differences between cells."""
    worker = CellWorker(noise=1.0)
    one = method(
        fitness=fitness, reference=reference, max_rounds=30, population=12
    )
    do_all(one, worker.run)
    (event,) = one.noted(SpaceLearned)
    found = [worker.merit(name) for names in event.cells for name in names]
    assert np.mean(found) > np.quantile(worker.merits, 0.9)


@pytest.mark.parametrize("start", ["fresh", "inherited"])
def test_fresh_cells_begin_every_round_alike(start: str) -> None:
    jobs = [
        job
        for job in do_all(method(cell_start=start), CellWorker().run)
        if isinstance(job, TrainSupernet) and job.seats is not None
    ]
    is_fresh = start == "fresh"
    assert [job.seats.draws_all for job in jobs if job.seats] == [is_fresh] * 6
    assert len({job.schedule for job in jobs}) == (1 if is_fresh else 6)


def test_the_learned_space_is_one_that_others_search() -> None:
    one = done()
    space = one.learned
    (event,) = one.noted(SpaceLearned)
    for index, block in enumerate(space.as_chain().blocks):
        names = [op.name for op in block.candidates]
        cells = event.cells[index // CONFIG.group_depth]
        assert names[: len(cells)] == list(cells)
        assert {cell.name for cell in REFERENCES} <= set(names)
        assert {"mbconv_k3_e3", "mbconv_k3_e6"} <= set(names)
        assert (Identity() in block.candidates) == block.has_shortcut
    assert space_from_json(space_to_json(space)) == space
    assert space.skeleton == SPACE.skeleton
    with pytest.raises(ValueError, match="No space is learned yet"):
        _ = method().learned


def test_costs_bound_cells_and_pull_shares() -> None:
    limit = 0.6 * MODEL.range("macs")[1]
    one = method(budget=Budget(macs=limit))
    job = one.ask()
    assert isinstance(job, TrainSupernet)
    assert job.architecture is not None
    (penalty,) = job.architecture.penalties
    assert penalty.target == pytest.approx(limit / CONFIG.slack / 1e6)
    # At twice the target the loss is the penalty.
    assert penalty.coefficient * penalty.target**2 == pytest.approx(0.9)
    # The reference, whose cost the space of the cells knows.
    index = SPACE.blocks[0].index_of(REFERENCES[-1].name)
    assert penalty.op_costs[0][-1] == pytest.approx(
        MODEL.by_operator["macs"][0, index] / 1e6
    )
    assert one._aims.allowed.sum() < method()._aims.allowed.sum()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"population": 2}, "`population` is 2, smaller than `slots` 3"),
        ({"fitness": "luck"}, "'alpha', 'loss', 'angle', 'distance', not"),
        ({"fitness": "distance", "reference": "none"}, "outputs of the refer"),
        ({"reference": "motif_9"}, "`reference` must be one of"),
        ({"cell_start": "warm"}, "`cell_start` must be one of"),
        ({"momentum": 1.5}, "`momentum` must be at least 0 and at most 0.99"),
        ({"max_rounds": 0}, "`max_rounds` must be at least 1, not 0"),
        ({"cost": "latency_ms"}, "there is no table of it"),
    ],
)
def test_bad_numbers_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        method(**changes)


def test_a_target_that_no_cell_reaches_is_refused() -> None:
    with pytest.raises(BudgetError, match="no cell reaches it: the cheapest"):
        method(target=10.0)


@pytest.mark.parametrize("name", ["nse_27", "nb201"])
def test_cells_evolve_in_plain_chains_only(name: str) -> None:
    with pytest.raises(ValueError, match="skeleton"):
        AutoSpace(CostModel(make_preset(name)), Budget(), CONFIG)


def test_a_failed_round_ends_the_search() -> None:
    one = method()
    job = one.ask()
    assert isinstance(job, TrainSupernet)
    one.fail(job.id, "out of memory")
    with pytest.raises(SearchError, match="out of memory"):
        one.ask()


def test_evidence_by_hand() -> None:
    values = np.array([[1.0, 3.0, 2.0], [3.0, 3.0, 0.0]])
    np.testing.assert_allclose(evidence_of(values, "none"), [0, 1, -1])
    np.testing.assert_allclose(evidence_of(values, "path"), [0, 1])
    np.testing.assert_allclose(evidence_of(values, "yardstick"), [1, 2])
