import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from nse_tf.evolution import pareto_front
from nse_tf.evolution.pareto import evolved_front


def brute_force(costs: np.ndarray, fitness: np.ndarray) -> list[int]:
    """Returns the front by comparing every pair, first of equals kept."""
    points = np.column_stack([costs, -fitness])
    kept = [
        i
        for i, point in enumerate(points)
        if not any(
            (other <= point).all() and ((other < point).any() or j < i)
            for j, other in enumerate(points)
            if j != i
        )
    ]
    return sorted(kept, key=lambda i: points[i, 0])


# Few distinct values, so that ties are the rule.
few = st.integers(0, 4)


@hypothesis.given(st.lists(st.tuples(few, few), min_size=1, max_size=25))
def test_the_front_of_fitness_against_a_cost_is_that_of_brute_force(
    points: list[tuple[int, int]],
) -> None:
    costs, fitness = np.array(points).T
    front = pareto_front(costs, fitness)
    assert front.tolist() == brute_force(costs, fitness)


@hypothesis.given(st.lists(st.tuples(few, few, few), min_size=1, max_size=25))
def test_the_front_against_two_costs_is_that_of_brute_force(
    points: list[tuple[int, int, int]],
) -> None:
    values = np.array(points)
    front = pareto_front(values[:, :2], values[:, 2])
    assert front.tolist() == brute_force(values[:, :2], values[:, 2])


@hypothesis.given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=40)
)
def test_along_the_front_fitness_rises_with_cost(
    points: list[tuple[float, float]],
) -> None:
    costs, fitness = np.array(points).reshape(-1, 2).T
    front = pareto_front(costs, fitness)
    assert (np.diff(costs[front]) > 0).all()
    assert (np.diff(fitness[front]) > 0).all()
    assert (len(front) > 0) == (len(points) > 0)


def test_by_hand() -> None:
    costs = np.array([4.0, 1.0, 2.0, 2.0, 3.0])
    fitness = np.array([0.9, 0.1, 0.5, 0.5, 0.4])
    # 4 is dominated by 2, and 3 equals 2, which came first.
    assert pareto_front(costs, fitness).tolist() == [1, 2, 0]


def test_what_is_not_known_neither_stays_nor_drives_others_out() -> None:
    costs = np.array([2.0, 1.0, np.nan])
    fitness = np.array([0.5, np.nan, 0.9])
    assert pareto_front(costs, fitness).tolist() == [0]
    assert pareto_front(costs[1:], fitness[1:]).tolist() == []


# Fronts that evolve; methods, fact 17.


def by_brute_force(
    costs: np.ndarray, fitness: np.ndarray, num_new: int, num_extra: int
) -> set[int]:
    """Returns what no other point beats; new before old, extras left out.

    As published: an old network is worse by a hair.
    """
    fitness = fitness - 1e-10 * (np.arange(len(fitness)) >= num_new + num_extra)
    stays = set()
    for i, (cost, fit) in enumerate(zip(costs, fitness, strict=True)):
        is_beaten = False
        for j, (other, better) in enumerate(zip(costs, fitness, strict=True)):
            dominates = other <= cost and better >= fit
            is_equal = other == cost and better == fit
            if j != i and dominates and (not is_equal or j < i):
                is_beaten = True
        if not is_beaten and not num_new <= i < num_new + num_extra:
            stays.add(i)
    return stays


@pytest.mark.parametrize("seed", range(20))
def test_an_evolved_front_is_what_nothing_beats(seed: int) -> None:
    rng = np.random.default_rng(seed)
    costs = rng.integers(0, 6, 20).astype(float)
    fitness = rng.integers(0, 6, 20) / 6
    found = evolved_front(costs, fitness, 10, 4)
    assert set(found.tolist()) == by_brute_force(costs, fitness, 10, 4)
    assert (np.diff(costs[found]) >= 0).all()


def test_a_new_network_wins_a_tie_with_an_old_one() -> None:
    found = evolved_front(np.array([1.0, 1.0]), np.array([0.5, 0.5]), 1, 0)
    assert found.tolist() == [0]


def test_extra_networks_beat_others_but_do_not_stay() -> None:
    costs, fitness = np.array([2.0, 3.0, 1.0]), np.array([0.4, 0.6, 0.5])
    assert evolved_front(costs, fitness, 2, 1).tolist() == [1]
