"""Spaces that evolve from where another one ended."""

import dataclasses
import json
import pathlib
from typing import Any

import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.events import FrontEvolved
from nse_tf.jobs import TrainSupernet
from nse_tf.methods import (
    SpaceEvolution,
    StartState,
    load_start,
    published_start,
    save_start,
)
from nse_tf.spaces import make_preset
from nse_tf.testing import FormulaWorker
from tests.methods.plans import QUICK_EVOLUTION, do_all
from tests.methods.tiny_pool import BUDGET, MODEL, POOL


def test_a_start_locks_what_was_kept_and_lets_in_what_is_new(
    tmp_path: pathlib.Path,
) -> None:
    front = tuple((0,) for _ in POOL.blocks)
    state = StartState(
        tuple((0, 1) for _ in POOL.blocks),
        tuple((0, 1, 2) for _ in POOL.blocks),
        (front,),
    )
    path = tmp_path / "start.json"
    save_start(POOL, state, path)
    assert load_start(POOL, path) == state
    method = SpaceEvolution(MODEL, BUDGET, QUICK_EVOLUTION, state)
    (job,) = [
        job
        for job in do_all(method, FormulaWorker(MODEL).run)
        if isinstance(job, TrainSupernet)
    ][:1]
    assert job.architecture is not None
    for active, locked in zip(job.active, job.architecture.locked, strict=True):
        assert locked == (0, 1)
        assert 2 not in active
    assert method.noted(FrontEvolved)[0].num_old == 1


def test_the_second_space_starts_from_the_published_front(
    tmp_path: pathlib.Path,
) -> None:
    space = make_preset("nse_72")
    state = published_start(space)
    save_start(space, state, tmp_path / "start.json")
    assert load_start(space, tmp_path / "start.json") == state
    method = SpaceEvolution(
        CostModel(space),
        Budget(macs=350e6),
        dataclasses.replace(
            QUICK_EVOLUTION, num_active=5, max_rounds=1, num_proposals=10
        ),
        state,
    )
    jobs = do_all(method, FormulaWorker(CostModel(space)).run)
    (job,) = [job for job in jobs if isinstance(job, TrainSupernet)]
    assert job.architecture is not None
    assert job.architecture.locked == state.locked
    for active, locked in zip(job.active, state.locked, strict=True):
        assert len(active) == 5
        assert all(index >= 27 for index in set(active) - set(locked))
    assert method.noted(FrontEvolved)[0].num_old == 17
    with pytest.raises(ValueError, match="use 'nse_72'"):
        published_start(POOL)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": "x"}, "Not a start of schema"),
        ({"locked": [["lb_k3_e1"]]}, "has 1 cells"),
        ({"locked": [["what"]] * 7}, "'what' does not compete"),
        ({"seen": None}, "lacks or misspells a field"),
        ({"front": [[[]] * 7]}, "must open 1 to"),
    ],
)
def test_starts_that_do_not_fit_are_refused(
    tmp_path: pathlib.Path, changes: dict[str, Any], message: str
) -> None:
    path = tmp_path / "start.json"
    save_start(POOL, StartState(((),) * 7, ((),) * 7), path)
    value = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps(value))
    with pytest.raises(ValueError, match=message):
        load_start(POOL, path)
