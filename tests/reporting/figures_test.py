"""Which curves the figures of a run have."""

from typing import Any

from nse_tf.reporting.figures import training_figures
from nse_tf.reporting.run_record import RunRecord


def trained(event: str, losses: list[float], **facts: Any) -> dict[str, Any]:
    return {"event": event, "losses": losses, **facts}


def test_a_warm_up_is_one_curve_before_shrinking_and_search() -> None:
    record = RunRecord(
        "made up",
        events=(
            trained("supernet_warmed_up", [2.0, 1.9], num_cells=3),
            trained("supernet_warmed_up", [1.8, 1.7], num_cells=4),
            trained("supernet_trained", [1.6, 1.5], stage=0),
            {"event": "scored", "stage": 0},
            trained("supernet_trained", [1.4, 1.3], stage=1),
            trained("supernet_trained", [2.1, 1.2], stage=0),
        ),
    )
    (drawing,) = training_figures(record)
    labels = [key.text for key in drawing.keys]
    assert labels == ["while warming up", "while shrinking", "for the search"]
