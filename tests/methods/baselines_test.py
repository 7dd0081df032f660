"""Networks to hold a winner against, trained as it is."""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.events import BaselineTrained, StageTrained, WinnerChosen
from nse_tf.jobs import (
    TrainChild,
    digest_of,
    job_from_json,
    job_to_json,
)
from nse_tf.methods import OneShotConfig, OneShotSearch
from nse_tf.methods.baselines import LARGEST_SHARE, scaled_v3
from nse_tf.spaces import MBConv, SearchSpace, make_preset
from nse_tf.spaces.adaptation import Adaptation
from nse_tf.spaces.mobilenet import mobilenet_v2, mobilenet_v2_like
from nse_tf.spaces.mobilenet_v3 import (
    NETWORKS,
    mobilenet_v3,
    mobilenet_v3_like,
)
from nse_tf.spaces.space_json import space_from_text, space_to_text
from nse_tf.testing import FormulaWorker
from tests.methods.plans import do_all
from tests.methods.small_search import QUICK, SMALL, of_kind, searched

FOUR_TENTHS = 0.4 * SMALL.range("macs")[1]


def baselines_of(
    budget: Budget | None = None, **numbers: Any
) -> tuple[OneShotSearch, list[TrainChild]]:
    """Returns a search and the jobs that train its baselines."""
    method, jobs = searched(
        budget=budget, shrinking=None, **{"baselines": "always", **numbers}
    )
    trained = of_kind(jobs, TrainChild)
    return method, trained[1:]


def test_by_hand_mobilenet_is_the_published_one() -> None:
    # Sandler et al., Table 4: 300 M MACs, 3.4 M parameters; as Keras's has
    # them, 3,504,872 with the classifier.
    costs = CostModel(
        mobilenet_v2(
            Adaptation(
                image_size=(224, 224), image_channels=3, num_classes=1000
            )
        )
    )
    assert costs.range("macs")[0] == 300_774_272
    assert costs.range("params")[0] == 3_504_872


@pytest.mark.parametrize(
    ("which", "macs", "params"),
    # Howard et al., Tables 3 and 4: 219 M MACs and 5.4 M parameters, 56 M and
    # 2.5 M. The authors' code and torchvision have just these parameters.
    [("Large", 216_589_760, 5_483_032), ("Small", 56_510_400, 2_542_856)],
)
def test_by_hand_mobilenet_v3_is_the_published_one(
    which: str, macs: int, params: int
) -> None:
    costs = CostModel(
        mobilenet_v3(
            which,
            Adaptation(
                image_size=(224, 224), image_channels=3, num_classes=1000
            ),
        )
    )
    assert costs.range("macs") == (macs, macs)
    assert costs.range("params") == (params, params)


@pytest.mark.parametrize("side", [4, 8, 32, 96])
@pytest.mark.parametrize("which", ["Large", "Small"])
def test_small_images_lose_its_first_stages_and_outer_taps(
    which: str, side: int
) -> None:
    image_size = (side, side)
    space = make_preset("spos", image_size=image_size, num_classes=3)
    found = mobilenet_v3_like(which, space, 0.5)
    published = NETWORKS[which].ops[-len(found.blocks) :]
    for block, op in zip(found.as_chain().blocks, published, strict=True):
        (own,) = block.candidates
        assert isinstance(own, MBConv)
        assert own.kernel == min(op.kernel, 2 * block.in_size[0] - 1)
        assert dataclasses.replace(own, kernel=op.kernel) == op


def test_the_small_one_stands_in_where_half_the_large_one_is_too_much() -> None:
    space = SMALL.space
    half = CostModel(mobilenet_v3_like("Large", space, 0.5)).range("macs")[0]
    for limit, name in (
        (half, "MobileNetV3-Large, width 0.5"),
        (half - 1, "MobileNetV3-Small, width "),
    ):
        found = scaled_v3(space, Budget(macs=limit))
        assert found is not None
        assert found.name.startswith(name)
        assert found.costs["macs"] <= limit


def test_all_are_trained_as_the_winner_is_from_fresh_weights() -> None:
    method, jobs = searched(
        shrinking=None, baselines="always", child_start="inherited"
    )
    winner, *others = of_kind(jobs, TrainChild)
    assert winner.inherits is not None
    assert len(others) == 3
    for job in others:
        assert job.inherits is None
        assert (job.epochs, job.seed) == (winner.epochs, winner.seed)
        assert job.uses_validation == winner.uses_validation
    names = [each.name for each in method.noted(BaselineTrained)]
    assert names[0] == "random network"
    assert names[1].startswith("MobileNetV2, width ")
    assert names[2].startswith("MobileNetV3-Small, width ")
    # What wins is what won without them.
    alone, _ = searched(shrinking=None, child_start="inherited")
    assert method.noted(WinnerChosen) == alone.noted(WinnerChosen)


def test_they_fill_the_budget() -> None:
    method, (random, *jobs) = baselines_of(Budget(macs=FOUR_TENTHS))
    at_random, *scaled = method.noted(BaselineTrained)
    for event in (at_random, *scaled):
        assert 0.5 * FOUR_TENTHS < event.costs["macs"] <= FOUR_TENTHS
    assert at_random.costs["macs"] > 0.9 * FOUR_TENTHS
    path = tuple(gene[0] for gene in random.child)
    space = SMALL.space
    assert SMALL.costs(space.genotype(path)) == at_random.costs
    assert random.space is None
    makers: tuple[Callable[[SearchSpace, float], SearchSpace], ...] = (
        mobilenet_v2_like,
        functools.partial(mobilenet_v3_like, "Small"),
    )
    for job, event, make in zip(jobs, scaled, makers, strict=True):
        # The next wider one is too wide.
        assert job.space is not None
        width = float(event.name.split()[-1])
        wider = CostModel(make(space, width + 0.01))
        found = CostModel(space_from_text(job.space))
        assert found.range("macs")[0] == event.costs["macs"]
        assert wider.range("macs")[0] > FOUR_TENTHS


def test_parameters_are_a_limit_too() -> None:
    limit = 0.3 * SMALL.range("params")[1]
    method, _ = baselines_of(Budget(params=limit))
    for event in method.noted(BaselineTrained):
        assert event.costs["params"] <= limit


def test_without_a_limit_they_cost_what_the_winner_costs() -> None:
    method, _ = baselines_of()
    (winner,) = method.noted(WinnerChosen)
    for event in method.noted(BaselineTrained):
        assert event.costs["macs"] <= winner.costs["macs"]


def test_where_mobilenet_is_too_large_there_is_none() -> None:
    low = CostModel(mobilenet_v2_like(SMALL.space, 0.05)).range("params")[0]
    if SMALL.range("params")[0] >= low:
        limit = Budget(macs=SMALL.range("macs")[0], params=low - 1)
    else:
        limit = Budget(params=low - 1)
    found, jobs = baselines_of(limit)
    assert [each.space for each in jobs] == [None]
    assert len(found.noted(BaselineTrained)) == 1


@pytest.mark.parametrize("child_epochs", [1, 1000])
def test_what_is_cheap_is_told_by_epochs(child_epochs: int) -> None:
    method, jobs = baselines_of(baselines="cheap", child_epochs=child_epochs)
    (trained,) = method.noted(StageTrained)
    epochs = len(trained.losses) + child_epochs
    is_cheap = 3 * child_epochs <= LARGEST_SHARE * epochs
    assert is_cheap == (child_epochs == 1)
    assert len(jobs) == 3 * is_cheap


def test_never_is_the_default_of_a_method() -> None:
    assert OneShotConfig().baselines == "never"
    _, jobs = baselines_of(baselines="never")
    assert not jobs
    with pytest.raises(ValueError, match="`baselines` must be one of never,"):
        dataclasses.replace(QUICK, baselines="some")


def test_multi_branch_spaces_draw_subsets() -> None:
    from nse_tf.methods import SpaceEvolution, SpaceEvolutionConfig

    space = make_preset("nse_tiny", image_size=(8, 8), num_classes=3)
    model = CostModel(space)
    method = SpaceEvolution(
        model,
        Budget(),
        SpaceEvolutionConfig(
            num_active=3, max_rounds=1, num_proposals=6, baselines="always"
        ),
    )
    jobs = do_all(method, FormulaWorker(model).run)
    random, *mobilenets = of_kind(jobs, TrainChild)[-3:]
    assert len(random.child) == len(space.blocks)
    assert all(each.space is not None for each in mobilenets)
    at_random = method.noted(BaselineTrained)[0]
    (winner,) = method.noted(WinnerChosen)
    assert at_random.costs["macs"] <= winner.costs["macs"]


@pytest.mark.parametrize(
    "space",
    [
        mobilenet_v2_like(SMALL.space, 0.1),
        mobilenet_v3_like("Small", SMALL.space, 0.1),
    ],
    ids=lambda space: space.name,
)
def test_a_job_of_another_space_is_json_and_exact(space: SearchSpace) -> None:
    job = TrainChild(
        id="a",
        child=((0,),) * len(space.blocks),
        epochs=1,
        uses_validation=True,
        inherited_accuracy=math.nan,
        seed=0,
        space=space_to_text(space),
    )
    again = job_from_json(job_to_json(job))
    assert isinstance(again, TrainChild)
    assert digest_of(again) == digest_of(job)
    assert again.space is not None
    assert space_from_text(again.space) == space


@pytest.mark.parametrize(
    "other", [{"inherits": "a#0"}, {"num_cells": 3}, {"channels": 8}]
)
def test_a_network_of_another_space_is_in_no_supernet(
    other: dict[str, Any],
) -> None:
    with pytest.raises(ValueError, match="has its own cells and is in no"):
        TrainChild(
            id="a",
            child=((0,),),
            epochs=1,
            uses_validation=True,
            inherited_accuracy=0.0,
            seed=0,
            space="{}",
            **other,
        )
