import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nse_tf.costs import Budget
from nse_tf.costs.scale_costs import ScaleCosts, scale_costs
from nse_tf.events import ScaleChosen
from nse_tf.jobs import ChildTrained, Failed, Result, TrainChild
from nse_tf.methods import Done
from nse_tf.methods.choose_scale import choose_scale
from nse_tf.methods.scale_choice import (
    ScaleChoice,
    ScaleChoiceConfig,
    best_by_costs,
    finalists,
)
from nse_tf.spaces import Genotype, SearchSpace, make_preset
from nse_tf.spaces.scales import Scale, scaled_spaces
from nse_tf.spaces.space_json import space_to_text

LIMIT = Budget(macs=8e6)
SPACES = scaled_spaces(
    lambda scale: make_preset(
        "spos",
        image_size=(scale.image_size, scale.image_size),
        num_classes=10,
        width=scale.width,
        depth=scale.depth,
    ),
    (16, 24, 32),
    (0.2, 0.25, 0.35, 0.5),
    (0.5,),
)
COSTS = scale_costs(SPACES, LIMIT)
CONFIG = ScaleChoiceConfig(probe_epochs=3, chance_bound=0.1, seed=4)


def made_up(*rows: tuple[int, float, float | None]) -> list[ScaleCosts]:
    """Returns costs of a side, a share and mean MACs each."""
    space = SPACES[0].space
    return [
        ScaleCosts(
            scaled=dataclasses.replace(
                SPACES[0], scale=Scale(image_size=side, width=1.0 + number)
            ),
            share=share,
            mean_macs=macs,
            paths=np.zeros((0, len(space.blocks)), np.int64),
        )
        for number, (side, share, macs) in enumerate(rows)
    ]


def sides_of(indices: tuple[int, ...]) -> list[int]:
    return [COSTS[index].scaled.scale.image_size for index in indices]


def done(
    accuracy_of: Callable[[int], float | None], config: ScaleChoiceConfig
) -> ScaleChoice:
    """Returns the method after all jobs, by an accuracy for each side."""
    method = ScaleChoice(COSTS, LIMIT, config)
    by_text = {space_to_text(each.space): each.scale for each in SPACES}
    while not isinstance(job := method.ask(), Done):
        assert isinstance(job, TrainChild)
        assert job.purpose == "probe"
        assert job.epochs == config.probe_epochs
        scale = by_text[job.space or ""]
        accuracy = accuracy_of(scale.image_size)
        result: Result = Failed("diverged")
        if accuracy is not None:
            result = ChildTrained(
                losses=(1.0,) * job.epochs,
                validation_accuracy=accuracy,
                model_file="children/a.keras",
                model_sha256="0" * 64,
                seconds=1.0,
            )
        method.tell(job.id, result)
    return method


def test_a_resolution_sends_the_scale_of_most_macs() -> None:
    costs = made_up(
        (32, 0.5, 9e6),
        (32, 0.3, 9.5e6),
        (32, 0.2, 9.9e6),  # Too few keep the limit.
        (48, 1.0, 9e6),
        (64, 1.0, 5e6),  # Not close to the best.
        (16, 0.0, None),
    )
    assert finalists(costs) == (1, 3)
    assert finalists(costs, ScaleChoiceConfig(close=0.5)) == (1, 3, 4)
    assert finalists(costs, ScaleChoiceConfig(least_share=0.1)) == (2, 3)


def test_where_few_keep_the_limit_most_of_them_count() -> None:
    costs = made_up((32, 0.01, 9e6), (32, 0.02, 8e6), (48, 0.0, 9e6))
    assert finalists(costs) == (1, 2)


def test_many_resolutions_send_some_that_are_spread() -> None:
    costs = made_up(*((side, 1.0, 1e6) for side in range(8, 16)))
    assert finalists(costs, ScaleChoiceConfig(num_finalists=5)) == (
        *(0, 2, 4, 5, 7),
    )


def test_costs_speak_for_most_macs_unless_these_are_limited() -> None:
    costs = made_up((16, 1.0, 9e6), (24, 1.0, 8e6), (32, 1.0, 8.5e6))
    assert best_by_costs(costs, (0, 1, 2), Budget(params=1e6)) == 0
    assert best_by_costs(costs, (0, 1, 2), Budget(macs=1e7)) == 1


def test_the_best_mean_accuracy_decides() -> None:
    accuracies: dict[int, float | None] = {16: 0.3, 24: 0.4, 32: 0.6}
    for best in (16, 24, 32):
        found = {**accuracies, best: 0.7}
        method = done(found.__getitem__, CONFIG)
        assert sides_of(method.finalists) == [16, 24, 32]
        assert method.chosen.scale.image_size == best
        (event,) = method.noted(ScaleChosen)
        assert event.is_by_accuracy
        assert event.preset == "spos"
        assert event.taken.accuracies == (0.7, 0.7)
        assert len(event.alternatives) == len(SPACES)
        assert sum(bool(e.accuracies) for e in event.alternatives) == 3


def test_guessing_does_not_decide() -> None:
    method = done(lambda side: 0.05 + side / 1000, CONFIG)
    (event,) = method.noted(ScaleChosen)
    assert not event.is_by_accuracy
    assert event.probe_epochs == 3
    assert event.taken.image_size == 24


def test_a_training_that_failed_counts_for_nothing() -> None:
    method = done(lambda side: None if side == 32 else side / 100, CONFIG)
    assert method.chosen.scale.image_size == 24
    nothing = done(lambda side: None, CONFIG)
    assert not nothing.noted(ScaleChosen)[0].is_by_accuracy


def test_without_epochs_nothing_is_trained() -> None:
    method = ScaleChoice(COSTS, LIMIT)
    assert isinstance(method.ask(), Done)
    assert method.chosen.scale.image_size == 24
    assert method.noted(ScaleChosen)[0].probe_epochs == 0


def test_a_choice_resumes_where_it_was() -> None:
    whole = done(lambda side: side / 100, CONFIG)
    first = ScaleChoice(COSTS, LIMIT, CONFIG)
    with pytest.raises(ValueError, match="not chosen yet"):
        _ = first.chosen
    job = first.ask()
    assert isinstance(job, TrainChild)
    state = first.get_state()
    resumed = ScaleChoice(COSTS, LIMIT, CONFIG)
    resumed.set_state(state)
    assert resumed.out == (job,)
    other = ScaleChoice(COSTS, LIMIT, dataclasses.replace(CONFIG, seed=5))
    with pytest.raises(ValueError, match="another search"):
        other.set_state(state)
    resumed.set_state(whole.get_state())
    assert resumed.history == whole.history


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("probe_epochs", -1),
        ("num_finalists", 0),
        ("num_probed", 0),
        ("least_share", 1.5),
        ("close", -0.5),
    ],
)
def test_numbers_out_of_range_are_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"`{name}` must.*{value}"):
        dataclasses.replace(ScaleChoiceConfig(), **{name: value})


def test_a_scale_is_chosen_in_a_line_of_python() -> None:
    chosen = choose_scale(
        "spos",
        Budget(macs=8e6, latency_ms=1.0),
        image_size=32,
        num_classes=10,
        sides=(16, 24, 32),
        widths=(0.2, 0.25, 0.35, 0.5),
        depths=(0.5,),
    )
    assert chosen.scale.image_size == 24
    assert (
        chosen.space
        == ScaleChoice(COSTS, LIMIT)
        .costs[[each.scale for each in SPACES].index(chosen.scale)]
        .scaled.space
    )
    assert len(chosen.alternatives) == len(SPACES)


def test_a_probe_of_one_s_own_decides() -> None:
    asked: list[Genotype] = []

    def probe(space: SearchSpace, genotype: Genotype) -> float:
        space.require(genotype)
        asked.append(genotype)
        return float(space.skeleton.image_size[0])

    chosen = choose_scale(
        "spos",
        LIMIT,
        image_size=32,
        num_classes=10,
        sides=(16, 24, 32),
        widths=(0.2, 0.25, 0.35, 0.5),
        depths=(0.5,),
        probe=probe,
    )
    assert chosen.scale.image_size == 32
    assert len(asked) == 6
    taken = [
        each
        for each in chosen.alternatives
        if (each.image_size, each.width) == (32, chosen.scale.width)
    ]
    assert [each.accuracies for each in taken] == [(32.0, 32.0)]
