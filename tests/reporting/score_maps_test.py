import dataclasses
import re

from nse_tf.events import OperatorsScored, SpaceAtStage
from nse_tf.reporting.drawing import DOTS, INK, WINNER
from nse_tf.reporting.score_maps import (
    ScoredStage,
    plot_scores,
    scored_stages,
)
from tests.reporting.made_up_run import SPACE

SPACES = [
    SpaceAtStage(stage=0, active=((0, 1), (0, 1, 2)), size=6, num_operators=5),
    SpaceAtStage(
        stage=1,
        active=((0,), (0, 2)),
        size=2,
        num_operators=3,
        dropped=((0, 1), (1, 1)),
    ),
]
SCORES = ((0.5, 0.25, None), (1.0, None, 0.75))
SCORED = [OperatorsScored(stage=0, score="angle", scores=SCORES)]


def test_a_stage_knows_what_competed_and_what_went() -> None:
    (stage,) = scored_stages(SPACES, SCORED)
    assert stage.active == ((0, 1), (0, 1, 2))
    assert stage.dropped == frozenset({(0, 1), (1, 1)})
    assert stage.known == [0.5, 0.25, 1.0, 0.75]


def test_before_the_decision_nothing_is_crossed_out() -> None:
    (stage,) = scored_stages(SPACES[:1], SCORED)
    assert stage.dropped is None


def make_stage(dropped: frozenset[tuple[int, int]] | None) -> ScoredStage:
    """Returns a stage where candidate i of block p scores p + i / 10."""
    scores = [
        [
            p + i / 10 if (p, i) in SPACE.operators else None
            for i in range(SPACE.max_candidates)
        ]
        for p in range(len(SPACE.blocks))
    ]
    return ScoredStage(
        stage=4,
        score="angle",
        scores=scores,
        active=SPACE.active,
        dropped=dropped,
    )


def test_every_score_stands_in_its_cell() -> None:
    drawing = plot_scores(make_stage(None), SPACE)
    for block, index in SPACE.operators:
        assert f">{block + index / 10:.3f}</text>" in drawing.svg
    assert drawing.title == "Operator scores by angle, stage 4"
    assert [key.color for key in drawing.keys] == [DOTS]


def test_dropped_operators_are_crossed_out_and_named() -> None:
    drawing = plot_scores(make_stage(frozenset({(0, 1), (2, 0)})), SPACE)
    assert drawing.svg.count("--winner") == 4
    assert "Dropped: mbconv_k3_e6 of stage0_block0, mbconv_k3_e3 of " in (
        drawing.svg
    )
    assert [(key.color, key.text) for key in drawing.keys][1] == (
        WINNER,
        "dropped (2)",
    )


def test_an_operator_without_a_score_is_an_empty_cell() -> None:
    stage = make_stage(None)
    scores = [list(row) for row in stage.scores]
    scores[0][1] = None
    drawing = plot_scores(
        dataclasses.replace(make_stage(None), scores=scores), SPACE
    )
    assert ">0.100</text>" not in drawing.svg
    assert drawing.keys[-1].color == INK
    assert f"{len(SPACE.operators) - 1} scores from 0.000" in drawing.svg


def test_equal_scores_have_one_shade() -> None:
    scores = [[0.5] * SPACE.max_candidates] * len(SPACE.blocks)
    drawing = plot_scores(
        dataclasses.replace(make_stage(None), scores=scores), SPACE
    )
    cells = re.findall(r"opacity:([\d.]+)", drawing.svg)
    assert len(cells) == len(SPACE.operators)
    assert set(cells) == {"0.06"}
