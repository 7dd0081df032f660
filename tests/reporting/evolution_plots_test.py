"""Figures of a search whose space evolved."""

import dataclasses

import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.events import (
    FrontEvolved,
    IndicatorsTrained,
    OpsInherited,
    PoolState,
    SpaceAtStage,
)
from nse_tf.methods import SpaceEvolution, SpaceEvolutionConfig
from nse_tf.reporting.evolution_plots import (
    fates,
    plot_fates,
    plot_fitness_indicators,
    plot_fronts,
)
from nse_tf.spaces import make_preset
from nse_tf.testing import FormulaWorker
from tests.methods.plans import do_all

Cells = tuple[tuple[int, ...], ...]

SPACE = make_preset(
    "nse_tiny", image_size=(8, 8), image_channels=1, num_classes=10
)
ACTIVE = ((0, 2, 5), (1, 3))


def round_of(stage: int, active: Cells, locked: Cells) -> SpaceAtStage:
    pools = PoolState(locked=locked, entered=((), ()), num_pending=(0, 0))
    return SpaceAtStage(
        stage=stage, active=active, size=1, num_operators=1, pools=pools
    )


ROUNDS = [
    round_of(0, ACTIVE, ((), ())),
    round_of(1, ((0, 1), (3, 4)), ((0,), (3,))),
    round_of(2, ((0,), (4,)), ((0,), (4,))),
]
INDICATORS = [
    IndicatorsTrained(
        stage=0,
        architecture_losses=(1.0,) * 3,
        active=ACTIVE,
        left=((0, 2), (1, 3)),
        drops=(),
        history=(((0.6, 0.5, 0.2), (0.4, 0.7)),) * 3,
    )
]
INHERITED = [
    OpsInherited(stage=0, kept=((0,), (3,))),
    OpsInherited(stage=1, kept=((0,), (4,))),
]


@pytest.fixture(scope="module")
def method() -> SpaceEvolution:
    config = SpaceEvolutionConfig(
        num_active=4, round_epochs=2, num_proposals=20, num_extra=2
    )
    model = CostModel(SPACE)
    method = SpaceEvolution(
        model, Budget(macs=1.2e6), dataclasses.replace(config, max_rounds=3)
    )
    do_all(method, FormulaWorker(model).run)
    return method


def test_fates_of_ops_by_hand() -> None:
    assert fates(ROUNDS, INHERITED, INDICATORS) == [
        [{0: "kept", 2: "left", 5: "dropped"}, {1: "left", 3: "kept"}],
        [{0: "locked", 1: "left"}, {3: "left", 4: "kept"}],
    ]


def test_the_figure_of_fates_describes_them_in_words(
    method: SpaceEvolution,
) -> None:
    found = fates(
        method.noted(SpaceAtStage),
        method.noted(OpsInherited),
        method.noted(IndicatorsTrained),
    )
    assert len(found) == 3
    drawing = plot_fates(found, SPACE)
    for number, cells in enumerate(found, 1):
        count = sum(len(cell) for cell in cells)
        assert f"Round {number}: {count} active ops" in drawing.svg
    assert f"{SPACE.blocks[-1].name}: " in drawing.svg
    assert [key.mark for key in drawing.keys] == ["■"] * 4


def test_every_round_has_its_front(method: SpaceEvolution) -> None:
    drawing = plot_fronts(method.noted(FrontEvolved))
    assert [key.text.split(" (")[0] for key in drawing.keys] == [
        "round 1",
        "round 2",
        "round 3",
    ]
    assert "round 3 has" in drawing.svg


def test_indicators_start_at_one_half_and_end_as_recorded() -> None:
    drawing = plot_fitness_indicators(INDICATORS, INHERITED)
    assert "over 3 epochs of 1 round, each from 0.5 on" in drawing.svg
    # Ops 0 of the first cell and 3 of the second were passed on: .6 and .7.
    assert "end at 0.65 in the mean" in drawing.svg


def test_a_round_that_is_not_over_can_be_drawn() -> None:
    drawing = plot_fitness_indicators(INDICATORS, [])
    assert "in the mean" not in drawing.svg
    assert fates(ROUNDS, [], INDICATORS) == []
