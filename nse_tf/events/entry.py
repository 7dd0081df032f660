"""Events with an id, as histories and logs hold them."""

import dataclasses
from typing import Any

from nse_tf.events.cells import CellsScored, SpaceLearned
from nse_tf.events.event import Event
from nse_tf.events.evolution import (
    FrontEvolved,
    NetworksProposed,
    OpsInherited,
)
from nse_tf.events.gates import NetworkDerived, ParametersTrained
from nse_tf.events.mixtures import CellDrawn, MixtureTrained, SkipsLimited
from nse_tf.events.runs import RunFailed, RunFinished, StageTimed
from nse_tf.events.scales import ScaleChosen
from nse_tf.events.search import (
    ChildMeasured,
    ChildrenRanked,
    EvaluationFinished,
    FinalistsRanked,
    FrontFound,
    GenerationEvaluated,
    JobFailed,
    OperatorsScored,
    SpaceAtStage,
    SupernetJudged,
    WinnerChosen,
)
from nse_tf.events.training import (
    BaselineTrained,
    IndicatorsTrained,
    StageTrained,
    SupernetWarmedUp,
    TrainedAlone,
)
from nse_tf.records import RecordKinds

EVENTS: RecordKinds[Event] = RecordKinds(
    "log event",
    {
        "space": SpaceAtStage,
        "supernet_warmed_up": SupernetWarmedUp,
        "supernet_trained": StageTrained,
        "indicators": IndicatorsTrained,
        "parameters": ParametersTrained,
        "mixture": MixtureTrained,
        "cell_drawn": CellDrawn,
        "skips_limited": SkipsLimited,
        "scored": OperatorsScored,
        "children_evaluated": EvaluationFinished,
        "failed": JobFailed,
        "supernet_judged": SupernetJudged,
        "generation": GenerationEvaluated,
        "children_ranked": ChildrenRanked,
        "front": FrontFound,
        "derived": NetworkDerived,
        "proposed": NetworksProposed,
        "evolved": FrontEvolved,
        "inherited": OpsInherited,
        "cells_scored": CellsScored,
        "space_learned": SpaceLearned,
        "scale_chosen": ScaleChosen,
        "measured": ChildMeasured,
        "child_trained": TrainedAlone,
        "baseline_trained": BaselineTrained,
        "ranked_by_file": FinalistsRanked,
        "winner": WinnerChosen,
        "stage": StageTimed,
        "error": RunFailed,
        "finished": RunFinished,
    },
)


@dataclasses.dataclass(frozen=True)
class Entry:
    """An event and its id.

    Attributes:
        id: Unique within a history or log.
        event: What happened.
    """

    id: str
    event: Event

    def to_json(self) -> dict[str, Any]:
        """Returns a JSON value: `id`, the kind as `event`, and the fields."""
        fields = EVENTS.to_json(self.event)
        return {"id": self.id, "event": fields.pop("kind"), **fields}

    @classmethod
    def from_json(cls, value: Any) -> "Entry":
        """Returns the entry that `to_json` wrote.

        Raises:
            ValueError: If it lacks its `id` or `event`, the kind of event is
                not known, or its fields do not read; says which.
        """
        if not isinstance(value, dict) or not all(
            isinstance(value.get(name), str) for name in ("id", "event")
        ):
            raise ValueError(
                "it is no event, for lack of the texts `id` and `event`"
            )
        fields = {key: each for key, each in value.items() if key != "id"}
        kind = fields.pop("event")
        return cls(value["id"], EVENTS.from_json({"kind": kind, **fields}))


def new_entry(prefix: str, event: Event) -> Entry:
    """Returns an entry whose id is a prefix and the kind of its event.

    Args:
        prefix: A number or a time that no other entry has.
        event: What happened.
    """
    return Entry(f"{prefix}_{EVENTS.name_of(event)}", event)
