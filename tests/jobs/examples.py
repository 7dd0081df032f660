"""A job and a result of every kind, for tests."""

import dataclasses

from nse_tf.jobs import (
    ArchitectureRule,
    ArchitectureTrained,
    ChildrenEvaluated,
    ChildrenMeasured,
    ChildTrained,
    CostPenalty,
    EvaluateChildren,
    Failed,
    Job,
    MeasureChildren,
    RateSchedule,
    Result,
    Seats,
    Start,
    SupernetTrained,
    Teacher,
    TrainChild,
    TrainSupernet,
    WeightRule,
)

CHILD = ((0,), (1, 3))
TRAINING = TrainSupernet(
    id="0_train",
    active=CHILD,
    epochs=5,
    schedule=RateSchedule(first=0.25, last=5e-4),
    seed=0,
)
DEEPENING = dataclasses.replace(
    TRAINING,
    id="1_deepen",
    start=Start(source="pieces", weights="0_train#ab", num_cells=3),
    base="reset",
    num_cells=4,
)
PENALTY = CostPenalty(
    cost="macs",
    target=300.0,
    coefficient=1e-5,
    backbone_cost=22.5,
    op_costs=((1.5, 0.0, 2.5), (0.1, 0.2, 0.3)),
)
TWO_SUBSETS = ArchitectureRule(
    rule="two_subsets",
    rate=5e-3,
    betas=(0.0, 0.999),
    weight_decay=0.0,
    deviation=0.0,
    period=2,
    penalties=(PENALTY,),
    drop_below=-2.0,
    locked=((2,), ()),
)
EVOLVING = dataclasses.replace(
    TRAINING,
    id="2_branches",
    active=((0, 2), ()),
    schedule=RateSchedule(
        kind="warm_cosine", first=0.1, peak=0.4, warmup_epochs=0.5
    ),
    weights=WeightRule(rule="balanced", open_rate=0.25),
    architecture=TWO_SUBSETS,
    only_active=True,
)
JOBS: tuple[Job, ...] = (
    TRAINING,
    DEEPENING,
    EVOLVING,
    dataclasses.replace(
        TRAINING,
        id="0_slots",
        weights=WeightRule(rule="mixed"),
        architecture=ArchitectureRule(
            rule="first_order",
            penalties=(PENALTY,),
            loss_images=64,
            distance_images=32,
        ),
        seats=Seats(
            cells=(("motif_0.2.00.12.112",), ("motif_1.2.00.12.112",) * 2),
            parents=(("",), ("", "motif_0.2.00.12.112")),
            bench=((), ("motif_2.2.00.12.112",)),
            draws_all=True,
        ),
    ),
    EvaluateChildren(
        id="1_evaluate", children=(CHILD, ((2,), (0,))), calibration_images=0
    ),
    MeasureChildren(
        id="2_measure", children=(CHILD,), precision="int8", num_threads=4
    ),
    TrainChild(
        id="3_train",
        child=CHILD,
        epochs=240,
        uses_validation=True,
        inherited_accuracy=0.1 + 0.2,
        seed=7,
    ),
    TrainChild(
        id="4_taught",
        child=CHILD,
        epochs=240,
        uses_validation=True,
        inherited_accuracy=0.5,
        seed=7,
        inherits="0_train#ab",
        teacher=Teacher(
            source="supernet",
            child=CHILD,
            weights="0_train#ab",
            calibration_images=64,
        ),
    ),
)
SUMS = (((0.1, 1 / 3, 1e-300), (0.0, 0.0, 0.0)), ((5e-324, 1.0, 2.0),) * 2)
TRAINED = SupernetTrained(
    losses=(2.5, 1 / 3),
    angle_sums=SUMS,
    backbone_sums=(0.1, 0.2, 0.3),
    seconds=12.0,
)
RESULTS: tuple[Result, ...] = (
    TRAINED,
    dataclasses.replace(
        TRAINED,
        weights_sha256="ab" * 32,
        unit_sums=SUMS,
        architecture=ArchitectureTrained(
            losses=(2.0, 1.0),
            parameters=((0.1, -2.1, 0.0), (0.0, 0.0, 0.0)),
            probabilities=((0.5, 1 / 3, 0.0), (0.0, 0.0, 0.0)),
            left=((0,), ()),
            drops=((0, 7, 0, 2),),
            history=(((0.5, 1 / 3), ()),),
            candidate_losses=((0.25, 1 / 3, 0.0), (0.0, 0.0, 0.0)),
            candidate_distances=((0.5, 2 / 3, 0.0), (0.0, 0.0, 0.0)),
        ),
    ),
    ChildrenEvaluated(accuracies=(0.1 + 0.2, 1.0), seconds=3.0),
    ChildrenMeasured(latencies_ms=(1.25,), sizes_bytes=(81_234,), seconds=3.0),
    ChildTrained(
        losses=(),
        validation_accuracy=0.9,
        model_file="children/a.keras",
        model_sha256="ab" * 32,
        seconds=60.0,
    ),
    Failed("out of memory"),
)
