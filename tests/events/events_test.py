"""Events travel as JSON, exact both ways."""

import dataclasses
import json
import math
from typing import Any

import pytest

import nse_tf.events
from nse_tf.events import (
    EVENTS,
    BaselineTrained,
    CellDrawn,
    CellsScored,
    ChildMeasured,
    ChildrenRanked,
    Entry,
    EvaluationFinished,
    Event,
    FinalistsRanked,
    FrontEvolved,
    FrontFound,
    GenerationEvaluated,
    IndicatorsTrained,
    JobDone,
    JobFailed,
    MixtureTrained,
    NetworkDerived,
    NetworksProposed,
    OperatorsScored,
    OpsInherited,
    ParametersTrained,
    PoolState,
    Purpose,
    RunFailed,
    RunFinished,
    ScaleAlternative,
    ScaleChosen,
    SkipsLimited,
    SpaceAtStage,
    SpaceLearned,
    StageTimed,
    StageTrained,
    SupernetJudged,
    SupernetWarmedUp,
    TrainedAlone,
    WinnerChosen,
    all_known,
    known,
    new_entry,
    table_of_known,
)

CELLS = ((0, 2), (), (1,))
SAMPLES: dict[str, Event] = {
    "space": SpaceAtStage(
        stage=1,
        active=CELLS,
        size=10**30,
        num_operators=3,
        dropped=((0, 1),),
        pools=PoolState(locked=CELLS, entered=CELLS, num_pending=(1, 0, 2)),
    ),
    "supernet_warmed_up": SupernetWarmedUp(
        job="a", seconds=1.5, num_cells=3, losses=(1 / 3,)
    ),
    "supernet_trained": StageTrained(
        job="a", seconds=1.5, stage=2, losses=(2.0, 0.1)
    ),
    "mixture": MixtureTrained(
        architecture_losses=(1.5,),
        active=CELLS,
        history=(((0.25, 0.75), (), (1.0,)),),
        cell_kinds=("normal", "reduce"),
        skip_shares=((0.5, 1 / 3),),
        eigenvalues=((0, 0.1), (2, None)),
        kept_epoch=0,
        cost="params",
        drawn_costs=(1.5e6,),
        limit=2e6,
    ),
    "cell_drawn": CellDrawn(
        path=(0, 1, 1),
        likeliest=(0, 1, 2),
        bend=None,
        costs={"macs": 1e6},
        cell_kinds=("normal", "reduce"),
        skip_shares=(0.75, 0.0),
        collapsed=("normal",),
    ),
    "skips_limited": SkipsLimited(
        cell_kind="normal",
        chosen=2,
        limits=(1, 0),
        paths=((0, 1, 1), (0, 1, 2)),
        num_skips=(1, 0),
        genotypes=("|skip_connect~0|", "|avg_pool_3x3~0|"),
    ),
    "indicators": IndicatorsTrained(
        stage=0,
        architecture_losses=(1.0,),
        active=CELLS,
        left=((0,), (), (1,)),
        drops=((0, 5, 0, 2),),
        history=(((0.5, 0.25), (), (0.75,)),),
    ),
    "parameters": ParametersTrained(
        job="a",
        active=CELLS,
        losses=(1.0,),
        history=(((0.5, 0.5), (), (1.0,)),) * 2,
        cost="macs",
        target=None,
        expected=(1.5e6, 1 / 3),
    ),
    "derived": NetworkDerived(
        likeliest=(0, 1),
        path=(2, 1),
        likeliest_costs={"macs": 3.0},
        costs={"macs": 2.0},
        log_odds=-0.1,
        is_proven=False,
    ),
    "scored": OperatorsScored(
        stage=0, score="angle", scores=((0.5, None), (None, 1 / 7))
    ),
    "children_evaluated": EvaluationFinished(
        job="a", seconds=0.0, num_children=5
    ),
    "baseline_trained": BaselineTrained(
        job="a",
        seconds=1.5,
        name="MobileNetV2, width 0.35",
        costs={"macs": 2e6, "params": 1e5},
        uses_validation=True,
        validation_accuracy=None,
        losses=(1.0, 0.5),
        model_file="children/a.keras",
        model_sha256="0" * 64,
    ),
    "supernet_judged": SupernetJudged(
        trainings=2,
        num_children=10,
        mean_accuracy=0.1,
        chance=0.1,
        bound=0.12,
        num_images=1000,
        has_learned=False,
    ),
    "children_ranked": ChildrenRanked(
        by="angle", num_children=20, num_alike=20, num_images=1000
    ),
    "failed": JobFailed(job="a", error="no space\n“left”"),
    "generation": GenerationEvaluated(
        generation=0,
        paths=((0, 1), ((0, 2), ())),
        accuracies=(0.5, None),
        costs={"macs": (10.0, 20.0), "latency_ms": (0.1, 0.3)},
    ),
    "front": FrontFound(paths=((0, 1),)),
    "cells_scored": CellsScored(
        stage=1,
        tested=(("motif_0.2.00.12.112",),),
        parents=(("",),),
        evidence=((None,),),
        population=(("motif_0.2.00.12.112",),),
        scores=((0.25,),),
        visits=((3,),),
        removed=((),),
        cost="macs",
        expected_cost=1.5e6,
        target=1e6,
    ),
    "scale_chosen": ScaleChosen(
        preset="spos",
        alternatives=(
            ScaleAlternative(
                image_size=32,
                width=0.25,
                depth=1 / 3,
                share=0.5,
                mean_macs=1.5e6,
                accuracies=(0.5, None),
            ),
            ScaleAlternative(
                image_size=48,
                width=None,
                depth=None,
                share=0.0,
                mean_macs=None,
            ),
        ),
        chosen=0,
        probe_epochs=2,
        least_share=0.25,
        is_by_accuracy=True,
    ),
    "space_learned": SpaceLearned(
        groups=((0, 1),),
        cells=(("motif_0.2.00.12.112",),),
        scores=((1 / 3,),),
        references=("motif_2.5.00.12.112",),
        candidates=(("identity",), ("mbconv_k3_e3",)),
        size=1,
    ),
    "proposed": NetworksProposed(
        stage=0, num_proposals=9, bend=0.0, shift=0.1, window=(None, 5.0)
    ),
    "evolved": FrontEvolved(
        stage=0,
        front=(CELLS,),
        cost="macs",
        costs=(1.0,),
        accuracies=(0.5,),
        num_new=1,
        num_extra=0,
        num_old=0,
        num_left_behind=0,
        is_overruled=False,
    ),
    "inherited": OpsInherited(stage=0, kept=CELLS, angles=((None, 0.5),)),
    "measured": ChildMeasured(
        path=(0, 1), predicted={"macs": 5.0}, costs={"macs": 6.0}
    ),
    "child_trained": TrainedAlone(
        job="a",
        seconds=3.0,
        path=(0, (1, 2)),
        purpose=Purpose.RANK_CHECK,
        uses_validation=True,
        inherited_accuracy=None,
        validation_accuracy=0.5,
        losses=(0.5,),
        model_file="children/a.keras",
        model_sha256="0" * 64,
        file_accuracy=0.25,
    ),
    "ranked_by_file": FinalistsRanked(
        file="int8",
        accuracies=(0.5, None),
        file_accuracies=(None, 0.5),
        num_pairs=1,
        num_otherwise=0,
    ),
    "winner": WinnerChosen(
        path=(0, 1),
        inherited_accuracy=0.5,
        validation_accuracy=None,
        model_file="a.keras",
        costs={"macs": 5.0},
    ),
    "stage": StageTimed(name="search", seconds=1.0),
    "error": RunFailed(error="no space left"),
    "finished": RunFinished(),
}
ABSTRACT = (Event, JobDone)


@pytest.mark.parametrize("kind", SAMPLES)
def test_an_event_comes_back_from_json_text(kind: str) -> None:
    entry = new_entry("00007", SAMPLES[kind])
    assert entry.id == f"00007_{kind}"
    text = json.dumps(entry.to_json(), allow_nan=False)
    assert json.loads(text)["event"] == kind
    assert Entry.from_json(json.loads(text)) == entry


def test_every_public_kind_of_event_has_a_name_and_a_sample() -> None:
    public = {
        kind
        for kind in vars(nse_tf.events).values()
        if isinstance(kind, type) and issubclass(kind, Event)
    }
    assert public - {*ABSTRACT} == {type(each) for each in SAMPLES.values()}


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_field_is_documented_and_named_in_calls(kind: str) -> None:
    event: Any = SAMPLES[kind]
    documented = "".join(each.__doc__ or "" for each in type(event).__mro__)
    for field in dataclasses.fields(event):
        assert field.kw_only
        assert f"        {field.name}: " in documented


def test_a_line_leaves_out_what_is_default() -> None:
    event = SpaceAtStage(stage=0, active=((0,),), size=1, num_operators=1)
    text = json.dumps(Entry("a", event).to_json())
    assert json.loads(text) == {
        "id": "a",
        "event": "space",
        "stage": 0,
        "active": [[0]],
        "size": 1,
        "num_operators": 1,
    }


def test_a_purpose_comes_back_as_one() -> None:
    entry = Entry("a", SAMPLES["child_trained"])
    again = Entry.from_json(json.loads(json.dumps(entry.to_json()))).event
    assert isinstance(again, TrainedAlone)
    assert again.purpose is Purpose.RANK_CHECK


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"event": "evaluated"}, "known kind: 'evaluated'"),
        ({"purpose": "fun"}, "'fun' is not a valid Purpose"),
        ({"path": [0, "1"]}, "'1' is no int"),
        ({"path": [0, [True]]}, "True is no int"),
        ({"losses": [None]}, "None is no number"),
        ({"score": 1}, "unknown fields score"),
        ({"id": 3}, "for lack of the texts"),
    ],
)
def test_what_is_no_event_is_refused_with_the_reason(
    changes: dict[str, Any], reason: str
) -> None:
    value = Entry("a", SAMPLES["child_trained"]).to_json()
    value = {**json.loads(json.dumps(value)), **changes}
    with pytest.raises(ValueError, match=reason):
        Entry.from_json(value)


def test_a_missing_field_is_refused_by_name() -> None:
    value = json.loads(json.dumps(Entry("a", SAMPLES["winner"]).to_json()))
    del value["model_file"]
    with pytest.raises(ValueError, match="'model_file' is missing"):
        Entry.from_json(value)


def test_numbers_that_are_not_finite_are_not_known() -> None:
    assert known(0.5) == 0.5
    assert all_known([1.0, math.nan, -math.inf]) == (1.0, None, None)
    assert table_of_known([[math.inf], [2.0, 3.0]]) == ((None,), (2.0, 3.0))


def test_kinds_are_those_of_the_samples() -> None:
    assert {EVENTS.name_of(event) for event in SAMPLES.values()} == {*SAMPLES}
