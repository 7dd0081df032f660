"""What a worker comes back with."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class SupernetTrained:
    """What `TrainSupernet` comes back with.

    Attributes:
        losses: Mean training loss of each epoch.
        angle_sums: For each place and candidate ⟨w0, w⟩, ‖w0‖² and ‖w‖² over
            its kernels, `(num_blocks, max_candidates, 3)`.
        backbone_sums: The same three for the fixed part.
        seconds: Time it took.
        weights_sha256: Of the weights and all else that training goes on from.
        unit_sums: As `angle_sums`, but as if each kernel had length one; empty
            where the worker did not tell.
        magnitudes: Of each candidate of each place, the softmax of the
            architecture parameters, 0 where it is not active; empty where none
            were trained.
    """

    losses: tuple[float, ...]
    angle_sums: tuple[tuple[tuple[float, float, float], ...], ...]
    backbone_sums: tuple[float, float, float]
    seconds: float
    weights_sha256: str = ""
    unit_sums: tuple[tuple[tuple[float, float, float], ...], ...] = ()
    magnitudes: tuple[tuple[float, ...], ...] = ()


@dataclasses.dataclass(frozen=True)
class BranchesTrained:
    """What `TrainBranches` comes back with.

    Attributes:
        losses: Mean training loss of each epoch.
        architecture_losses: Mean loss of the indicators' steps of each epoch,
            with penalties.
        parameters: Of each op of each cell, `(num_blocks, max_candidates)`.
        left: The active ops of each cell that were not dropped.
        drops: `(epoch, step, place, candidate)` of each op that was.
        history: The indicators of the job's active ops after each epoch, cell
            by cell.
        angle_sums: As of `SupernetTrained`; zeros for ops that are not active.
        backbone_sums: As of `SupernetTrained`.
        unit_sums: As of `SupernetTrained`.
        seconds: Time it took.
        weights_sha256: Of the weights and all else that training goes on from.
    """

    losses: tuple[float, ...]
    architecture_losses: tuple[float, ...]
    parameters: tuple[tuple[float, ...], ...]
    left: tuple[tuple[int, ...], ...]
    drops: tuple[tuple[int, int, int, int], ...]
    history: tuple[tuple[tuple[float, ...], ...], ...]
    angle_sums: tuple[tuple[tuple[float, float, float], ...], ...]
    backbone_sums: tuple[float, float, float]
    unit_sums: tuple[tuple[tuple[float, float, float], ...], ...]
    seconds: float
    weights_sha256: str = ""


@dataclasses.dataclass(frozen=True)
class ChildrenEvaluated:
    """What `EvaluateChildren` comes back with.

    Attributes:
        accuracies: Share of the validation part that each child gets right.
        seconds: Time it took.
    """

    accuracies: tuple[float, ...]
    seconds: float


@dataclasses.dataclass(frozen=True)
class ChildrenMeasured:
    """What `MeasureChildren` comes back with.

    Attributes:
        latencies_ms: Median latency of each child's file.
        sizes_bytes: Size of each child's file.
        seconds: Time it took.
    """

    latencies_ms: tuple[float, ...]
    sizes_bytes: tuple[int, ...]
    seconds: float


@dataclasses.dataclass(frozen=True)
class ChildTrained:
    """What `TrainChild` comes back with.

    Attributes:
        losses: Mean training loss of each epoch.
        validation_accuracy: On the validation part; the inherited accuracy
            where that part was trained on.
        model_file: The `.keras` file, relative to the run's folder.
        model_sha256: Of that file.
        seconds: Time it took.
        file_accuracy: Of the `.tflite` file that was asked for, on the
            validation part; None if none was.
    """

    losses: tuple[float, ...]
    validation_accuracy: float
    model_file: str
    model_sha256: str
    seconds: float
    file_accuracy: float | None = None


@dataclasses.dataclass(frozen=True)
class Failed:
    """What any job comes back with that could not be done.

    Attributes:
        error: What went wrong, for people.
    """

    error: str


Result = (
    SupernetTrained
    | BranchesTrained
    | ChildrenEvaluated
    | ChildrenMeasured
    | ChildTrained
    | Failed
)
RESULTS: dict[str, type[Any]] = {
    "supernet_trained": SupernetTrained,
    "branches_trained": BranchesTrained,
    "children_evaluated": ChildrenEvaluated,
    "children_measured": ChildrenMeasured,
    "child_trained": ChildTrained,
    "failed": Failed,
}
