"""Fronts and hypervolumes worked on paper."""

from typing import Any

import keras_tuner
import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras_tuner.engine.trial import Trial, TrialStatus

from nse_tf.tuners.goals import Goals, completed, ranked, read_goals


def trial(**metrics: float) -> Trial:
    """Returns a completed trial that reported these."""
    made = Trial(keras_tuner.HyperParameters(), status=TrialStatus.COMPLETED)
    for name, value in metrics.items():
        made.metrics.register(name, "min")
        made.metrics.update(name, value)
    made.best_step = 0
    return made


GOALS = read_goals(["val_accuracy", "macs"])
# Accuracy and MACs: c is dominated by b, e by all but c.
A, B, C, D, E = (
    trial(val_accuracy=accuracy, macs=macs)
    for accuracy, macs in (
        (0.9, 50),
        (0.8, 20),
        (0.7, 30),
        (0.5, 10),
        (0.4, 60),
    )
)
TRIALS = [E, C, A, D, B]


def test_the_front_is_what_none_dominates_best_first() -> None:
    assert GOALS.front(TRIALS) == [A, B, D]
    assert GOALS.front([]) == []


def test_order_is_front_by_front() -> None:
    order = GOALS.ordered(TRIALS)
    assert set(map(id, order[:3])) == {id(A), id(B), id(D)}
    assert order[3:] == [C, E]


def test_hypervolume_is_the_area_up_to_the_reference() -> None:
    """From (0, 100): b adds .8*80, a then .1*50, d .5*10 at the end."""
    reference = {"val_accuracy": 0.0, "macs": 100.0}
    found = GOALS.hypervolumes([B, C, A, D], reference)
    assert found == pytest.approx([64.0, 64.0, 69.0, 74.0])
    with pytest.raises(ValueError, match=r"lacks the objectives \['macs'\]"):
        GOALS.hypervolumes([B], {"val_accuracy": 0.0})


def test_the_default_reference_is_the_worst_of_all() -> None:
    """Worst are .5 and 50 among these: b spans .3*30 of it."""
    assert GOALS.hypervolumes([B, A, D]) == pytest.approx([9.0, 9.0, 9.0])


def test_trials_over_a_limit_come_last_by_how_far() -> None:
    goals = read_goals(["val_accuracy", "macs"], {"macs": 25})
    assert goals.front(TRIALS) == [B, D]
    # c misses the limit by a fifth, a by one, e by 7 fifths.
    assert goals.ordered(TRIALS)[2:] == [C, A, E]
    assert goals.excesses([C, A, E]) == pytest.approx([0.2, 1.0, 1.4])
    floor = read_goals("macs", {"val_accuracy": 0.75})
    assert floor.front(TRIALS) == [B]
    assert floor.metrics == {"macs", "val_accuracy"}


def test_one_objective_is_a_plain_order() -> None:
    assert read_goals("val_accuracy").ordered(TRIALS) == [A, B, C, D, E]
    assert read_goals("macs").ordered(TRIALS) == [D, B, C, A, E]


def test_equal_trials_keep_their_order() -> None:
    twin = trial(val_accuracy=0.9, macs=50)
    assert GOALS.front([A, twin]) == [A]
    assert read_goals("val_accuracy").ordered([twin, A])[0] is twin


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
        min_size=1,
        max_size=12,
    )
)
def test_ranks_are_those_of_repeated_fronts(points: Any) -> None:
    """By definition: what is left when the better fronts are taken away."""
    values = np.array(points)
    ranks, shares = ranked(values)
    left, rank = np.ones(len(values), bool), 0
    while left.any():
        front = np.zeros(len(values), bool)
        for index in np.flatnonzero(left):
            others = values[left]
            dominates = (others <= values[index]).all(axis=1) & (
                others < values[index]
            ).any(axis=1)
            front[index] = not dominates.any()
        assert (ranks[front] == rank).all()
        left &= ~front
        rank += 1
    assert (shares >= 0).all()


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=10
    )
)
def test_hypervolume_grows_and_ends_at_the_front_s(points: Any) -> None:
    trials = [trial(val_loss=one, macs=other) for one, other in points]
    goals = read_goals(["val_loss", "macs"])
    found = goals.hypervolumes(trials, {"val_loss": 1.0, "macs": 1.0})
    assert (np.diff(found) >= -1e-12).all()
    whole = moocore.hypervolume(np.array(points), ref=(1.0, 1.0))
    assert found[-1] == pytest.approx(whole, abs=1e-9)


def test_the_scored_epoch_counts() -> None:
    made = Trial(keras_tuner.HyperParameters(), status=TrialStatus.COMPLETED)
    made.metrics.register("val_loss", "min")
    for step, value in ((2, 0.5), (5, 0.1)):
        made.metrics.update("val_loss", value, step=step)
    made.best_step = 2
    assert read_goals("val_loss").points([made]).tolist() == [[0.5]]


@pytest.mark.parametrize(
    ("objective", "constraints", "message"),
    [
        (["macs", "macs"], {}, "names one twice"),
        ("sharpness", {}, "Could not infer optimization direction"),
        (None, {"macs": float("nan")}, "limit of 'macs' in `constraints`"),
    ],
)
def test_goals_that_mean_nothing_are_refused(
    objective: Any, constraints: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_goals(objective, constraints)


def test_an_objective_of_any_name_takes_a_direction() -> None:
    sharp = keras_tuner.Objective("sharpness", "max")
    goals = read_goals([sharp, "latency_ms@pi"], {"latency_ms@phone": 8.0})
    assert goals.directions["latency_ms@pi"] == "min"
    assert not goals.floors  # The limit is the most, as with all costs.
    goals = read_goals([sharp, "latency_ms"], {"sharpness": 0.5})
    assert isinstance(goals, Goals)
    assert goals.directions == {"sharpness": "max", "latency_ms": "min"}
    assert goals.floors == {"sharpness"}
    assert goals.first == sharp


def test_only_trials_that_ended_well_count() -> None:
    failed = Trial(keras_tuner.HyperParameters(), status=TrialStatus.FAILED)
    assert completed({"a": A, "b": failed}) == [A]
