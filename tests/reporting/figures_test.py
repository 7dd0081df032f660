"""Which curves the figures of a run have."""

from nse_tf.events import OperatorsScored, StageTrained, SupernetWarmedUp
from nse_tf.reporting.figures import training_figures
from nse_tf.reporting.run_record import RunRecord


def trained(stage: int, *losses: float) -> StageTrained:
    return StageTrained(job="a", seconds=1.0, stage=stage, losses=losses)


def warmed_up(num_cells: int, *losses: float) -> SupernetWarmedUp:
    return SupernetWarmedUp(
        job="a", seconds=1.0, num_cells=num_cells, losses=losses
    )


def test_a_warm_up_is_one_curve_before_shrinking_and_search() -> None:
    record = RunRecord(
        name="made up",
        events=(
            warmed_up(3, 2.0, 1.9),
            warmed_up(4, 1.8, 1.7),
            trained(0, 1.6, 1.5),
            OperatorsScored(stage=0, score="angle", scores=()),
            trained(1, 1.4, 1.3),
            trained(0, 2.1, 1.2),
        ),
    )
    (drawing,) = training_figures(record)
    labels = [key.text for key in drawing.keys]
    assert labels == ["while warming up", "while shrinking", "for the search"]
