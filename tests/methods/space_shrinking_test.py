"""Shrinking alone: the first stages of a search, and nothing after."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from nse_tf.events import SpaceAtStage
from nse_tf.jobs import TrainSupernet
from nse_tf.methods import SpaceShrinking
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.testing import METHOD_LAWS, FormulaWorker
from tests.methods.plans import do_all
from tests.methods.small_search import QUICK, SMALL, searched

MethodLaw = Callable[..., Any]


def _make(seed: int) -> SpaceShrinking:
    return SpaceShrinking(SMALL, config=dataclasses.replace(QUICK, seed=seed))


def test_it_leaves_the_space_that_a_search_would_explore() -> None:
    alone = _make(0)
    jobs = do_all(alone, FormulaWorker(SMALL).run)
    assert {type(job) for job in jobs} == {TrainSupernet}
    search, _ = searched(config=QUICK)
    last = search.noted(SpaceAtStage)[-1]
    assert alone.left.active == last.active
    assert alone.left.size <= 500 < SMALL.space.size


def test_before_anything_is_done_all_is_left() -> None:
    method = _make(0)
    method.ask()
    assert method.left.active == SMALL.space.active


def test_it_can_shrink_to_a_single_network() -> None:
    schedule = ShrinkSchedule(
        drop_per_stage=100, stop_size=1, max_stages=1, first_epochs=1
    )
    config = dataclasses.replace(QUICK, shrinking=schedule)
    method = SpaceShrinking(SMALL, config=config)
    do_all(method, FormulaWorker(SMALL).run)
    assert method.left.size == 1


def test_a_schedule_is_needed() -> None:
    config = dataclasses.replace(QUICK, shrinking=None)
    with pytest.raises(ValueError, match="give it a ShrinkSchedule"):
        SpaceShrinking(SMALL, config=config)


def test_states_of_a_search_are_not_taken() -> None:
    search, _ = searched(config=QUICK)
    with pytest.raises(ValueError, match="`method` was 'one_shot'"):
        _make(0).set_state(search.get_state())


@pytest.mark.parametrize("score", ["angle", "add", "magnitude"])
@pytest.mark.parametrize("law", METHOD_LAWS, ids=lambda law: law.__name__)
def test_it_keeps_the_laws_of_methods(law: MethodLaw, score: str) -> None:
    config = dataclasses.replace(QUICK, score=score, children_per_operator=10)

    def make(seed: int) -> SpaceShrinking:
        return SpaceShrinking(
            SMALL, config=dataclasses.replace(config, seed=seed)
        )

    law(make, FormulaWorker(SMALL).run, SMALL.space)
