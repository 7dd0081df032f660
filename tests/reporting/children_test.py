import numpy as np
import pytest

from nse_tf.events import FrontFound, GenerationEvaluated
from nse_tf.methods import OneShotSearch
from nse_tf.reporting.children import evaluated_children

GENERATIONS = [
    GenerationEvaluated(
        generation=0,
        paths=((0, 0), (0, 1), (1, 0)),
        accuracies=(0.5, None, 0.7),
        costs={"macs": (10, 20, 30), "params": (3, 2, 1)},
    ),
    GenerationEvaluated(
        generation=1,
        paths=((1, 1),),
        accuracies=(0.7,),
        costs={"macs": (40,), "params": (1,), "latency_ms": (2.5,)},
    ),
]


def test_failed_children_are_left_out() -> None:
    children = evaluated_children(GENERATIONS)
    assert children.paths == ((0, 0), (1, 0), (1, 1))
    assert children.accuracies.tolist() == [0.5, 0.7, 0.7]
    assert children.costs["macs"].tolist() == [10, 30, 40]


def test_a_cost_that_is_not_known_of_all_is_left_out() -> None:
    assert set(evaluated_children(GENERATIONS).costs) == {"macs", "params"}


def test_of_equally_good_children_the_first_is_best() -> None:
    assert evaluated_children(GENERATIONS).best == 1


@pytest.mark.parametrize(("cost", "front"), [("macs", [0, 1]), ("params", [1])])
def test_the_front_holds_what_nothing_beats(
    cost: str, front: list[int]
) -> None:
    assert evaluated_children(GENERATIONS).front(cost).tolist() == front


def test_the_first_generation_is_the_one_drawn_at_random() -> None:
    assert evaluated_children(GENERATIONS).num_random == 2
    assert evaluated_children([]).num_random == 0


def test_a_child_is_found_by_its_path() -> None:
    children = evaluated_children(GENERATIONS)
    assert children.index_of([1, 1]) == 2
    assert children.index_of([0, 1]) is None
    assert children.index_of(None) is None


def test_before_the_first_generation_there_are_none() -> None:
    children = evaluated_children([])
    assert len(children) == 0
    assert children.index_of([0, 1]) is None


def test_the_front_of_a_real_search_is_the_one_that_it_noted(
    method: OneShotSearch,
) -> None:
    children = evaluated_children(method.noted(GenerationEvaluated))
    (noted,) = method.noted(FrontFound)
    front = tuple(children.paths[i] for i in children.front("macs"))
    assert front == noted.paths
    assert np.isfinite(children.accuracies).all()
