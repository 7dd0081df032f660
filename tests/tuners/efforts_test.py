import dataclasses
import pathlib

import pytest

from nse_tf.costs import Budget
from nse_tf.methods import OneShotConfig
from nse_tf.runs.effort_choice import make_effort
from nse_tf.runs.search_config import EFFORT_NAMES, SearchConfig
from nse_tf.spaces import make_preset
from nse_tf.training import NB201_RECIPE
from nse_tf.tuners.efforts import EFFORTS, effort_for, effort_named
from tests.training.tiny_data import image_data


@pytest.mark.parametrize(
    ("num_images", "side", "expected"),
    [
        (1_150, 8, "quick"),  # digits
        (5_000, 28, "laptop"),
        (40_000, 32, "laptop"),  # CIFAR-10
        (300, 96, "laptop"),
    ],
)
def test_the_effort_suits_the_data(
    num_images: int, side: int, expected: str
) -> None:
    assert effort_for(num_images, (side, side)) == expected


def test_the_paper_s_effort_has_the_paper_s_numbers() -> None:
    paper = EFFORTS["paper"]
    assert paper.search == OneShotConfig()
    assert paper.supernet.batch_size == 512
    assert paper.child.batch_size == 1024
    assert not paper.supernet.nesterov
    assert not paper.child.nesterov


@pytest.mark.parametrize("name", EFFORTS)
def test_every_effort_shrinks_and_says_for_what_it_is(name: str) -> None:
    effort = EFFORTS[name]
    assert effort.summary
    assert effort.search.shrinking is not None
    assert effort.search.exploring.num_children >= (
        effort.search.exploring.population
    )
    # Frozen, so that nobody's run changes another's.
    with pytest.raises(dataclasses.FrozenInstanceError):
        effort.search = OneShotConfig()  # type: ignore[misc]


def test_only_cells_of_nasbench201_are_trained_as_these_are() -> None:
    effort = EFFORTS["quick"]
    for name in ("darts", "spos_tiny"):
        assert effort.fitted_to(make_preset(name)) == effort
    fitted = effort.fitted_to(make_preset("nb201"))
    assert fitted.search.children_per_operator is None
    assert fitted.supernet.weight_decay == NB201_RECIPE.weight_decay
    assert fitted.supernet.batch_size == effort.supernet.batch_size


def test_an_unknown_effort_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'huge' is unknown.*quick, laptop"):
        effort_named("huge")


def test_efforts_are_those_that_the_command_line_offers() -> None:
    assert tuple(EFFORTS) == EFFORT_NAMES


def test_a_target_of_macs_is_refused_where_latency_is_aimed_at() -> None:
    config = SearchConfig(
        run_dir=pathlib.Path("unused"),
        method="nse",
        budget=Budget(latency_ms=1.0),
        overrides=(("target_m", 5.0),),
    )
    with pytest.raises(ValueError, match="`--target_m` counts millions"):
        make_effort(config, image_data())
    aimed = make_effort(dataclasses.replace(config, overrides=()), image_data())
    assert aimed.evolution.cost == "latency_ms"
    assert aimed.evolution.target is None
    several = Budget(latency_ms={"pi": 8.0, "pixel": 1.0})
    config = dataclasses.replace(config, budget=several)
    with pytest.raises(ValueError, match="`--target_m` counts millions"):
        make_effort(config, image_data())
    # The first is aimed at.
    numbers = effort_named("demo")
    assert numbers.evolution_within(several).cost == "latency_ms@pi"
    assert numbers.proxylessnas_within(several).cost == "latency_ms@pi"
    assert numbers.cells_within(several).cost == "latency_ms@pi"
