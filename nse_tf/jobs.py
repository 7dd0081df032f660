"""Jobs and their results: all that methods and workers say to each other.

A method asks for jobs and never trains; a worker does jobs and never decides.
Both sides of the talk are plain data with an exact JSON form, so it can cross
processes and machines, and be replayed.
"""

import dataclasses
import hashlib
import json
import math
from typing import Any, ClassVar

Genes = tuple[tuple[int, ...], ...]


@dataclasses.dataclass(frozen=True)
class TrainSupernet:
    """Trains the shared weights for some epochs.

    Attributes:
        id: Unique within a search, in the order of asking.
        active: The candidates that are drawn from, place by place.
        epochs: Passes over the training part.
        learning_rates: At the first and after the last step, linear between.
        start_from: `fresh` draws new weights, `previous` goes on from the last
            `TrainSupernet` job.
        base: What angles of this and later jobs are measured from: `initial`
            takes the weights that the training started from, `previous` keeps
            the base there was, `reset` takes the weights at this job's start.
        seed: Of fresh weights, the draw of paths and the order of data.
        previous: Reference of the weights that it goes on from, see
            `weights_of`; None takes those of the last job that was finished.
        architecture: Whether architecture parameters are trained beside, which
            `SupernetTrained.magnitudes` then tells.

    Raises:
        ValueError: If `start_from` or `base` is none of these, or a fresh start
            keeps a previous base.
    """

    KIND: ClassVar[str] = "train_supernet"

    id: str
    active: Genes
    epochs: int
    learning_rates: tuple[float, float]
    start_from: str
    base: str
    seed: int
    previous: str | None = None
    architecture: bool = False

    def __post_init__(self) -> None:
        if self.start_from not in ("fresh", "previous"):
            raise ValueError(
                "`start_from` must be 'fresh' or 'previous', not "
                f"{self.start_from!r}."
            )
        if self.base not in ("initial", "previous", "reset"):
            raise ValueError(
                "`base` must be 'initial', 'previous' or 'reset', not "
                f"{self.base!r}."
            )
        if (self.start_from, self.base) == ("fresh", "previous"):
            raise ValueError(
                "With `start_from` 'fresh' there are no previous base weights; "
                "`base` must be 'initial'."
            )


@dataclasses.dataclass(frozen=True)
class EvaluateChildren:
    """Tells the accuracy of children with inherited weights.

    Attributes:
        id: Unique within a search, in the order of asking.
        children: The genes of each child.
        calibration_images: Training images for each child's batch norm; 0
            takes the supernet's running statistics.
        generation: Which one of the search's generations they are of.
        supernet: Reference of the weights that are inherited, see
            `weights_of`; None takes those of the last job that was finished.
    """

    KIND: ClassVar[str] = "evaluate_children"

    id: str
    children: tuple[Genes, ...]
    calibration_images: int
    generation: int = 0
    supernet: str | None = None


@dataclasses.dataclass(frozen=True)
class MeasureChildren:
    """Converts children and measures them whole; runs alone on its machine.

    Attributes:
        id: Unique within a search, in the order of asking.
        children: The genes of each child.
        precision: Of the `.tflite` file: `fp32`, `fp16` or `int8`.
        num_threads: Of the interpreter.
    """

    KIND: ClassVar[str] = "measure_children"

    id: str
    children: tuple[Genes, ...]
    precision: str
    num_threads: int


@dataclasses.dataclass(frozen=True)
class TrainChild:
    """Trains one child alone, from fresh weights.

    Attributes:
        id: Unique within a search, in the order of asking.
        child: Its genes.
        epochs: Passes over the data.
        uses_validation: Whether the validation part is trained on as well; then
            there is no honest validation accuracy but the inherited one.
        inherited_accuracy: What the child reached with the supernet's weights.
        seed: Of its weights and the order of data.
    """

    KIND: ClassVar[str] = "train_child"

    id: str
    child: Genes
    epochs: int
    uses_validation: bool
    inherited_accuracy: float
    seed: int


Job = TrainSupernet | EvaluateChildren | MeasureChildren | TrainChild
JOBS: dict[str, type[Any]] = {
    kind.KIND: kind
    for kind in (TrainSupernet, EvaluateChildren, MeasureChildren, TrainChild)
}


@dataclasses.dataclass(frozen=True)
class SupernetTrained:
    """What `TrainSupernet` comes back with.

    Attributes:
        losses: Mean training loss of each epoch.
        angle_sums: For each place and candidate ⟨w0, w⟩, ‖w0‖² and ‖w‖² over
            its kernels, `(num_places, max_candidates, 3)`.
        fixed_sums: The same three for the fixed part.
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
    fixed_sums: tuple[float, float, float]
    seconds: float
    weights_sha256: str = ""
    unit_sums: tuple[tuple[tuple[float, float, float], ...], ...] = ()
    magnitudes: tuple[tuple[float, ...], ...] = ()


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
    """

    losses: tuple[float, ...]
    validation_accuracy: float
    model_file: str
    model_sha256: str
    seconds: float


@dataclasses.dataclass(frozen=True)
class Failed:
    """What any job comes back with that could not be done.

    Attributes:
        error: What went wrong, for people.
    """

    error: str


Result = (
    SupernetTrained
    | ChildrenEvaluated
    | ChildrenMeasured
    | ChildTrained
    | Failed
)
RESULTS: dict[str, type[Any]] = {
    "supernet_trained": SupernetTrained,
    "children_evaluated": ChildrenEvaluated,
    "children_measured": ChildrenMeasured,
    "child_trained": ChildTrained,
    "failed": Failed,
}


def weights_of(job_id: str, result: SupernetTrained) -> str:
    """Returns a reference of the weights that a training came to.

    It names the job and the weights' hash, so that another process can tell
    whether the ones it finds are meant.
    """
    return f"{job_id}#{result.weights_sha256}"


def digest_of(job: Job) -> str:
    """Returns a short digest of all that a job says."""
    text = json.dumps(job_to_json(job), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    """Returns a value with what JSON lacks, NaN and infinities, spelt out."""
    try:  # Nearly always; a hundred times as fast as what follows.
        return json.loads(json.dumps(value, allow_nan=False))
    except ValueError:
        return _spelt_out(value)


def _spelt_out(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, tuple):
        return [_spelt_out(each) for each in value]
    return value


def _unplain(value: Any) -> Any:
    """Returns what `_plain` was given."""
    if isinstance(value, dict) and value.keys() == {"float"}:
        return float(value["float"])
    if isinstance(value, list):
        return tuple(_unplain(each) for each in value)
    return value


def _to_json(value: Any, kind: str) -> dict[str, Any]:
    fields = dataclasses.fields(value)
    plain = {each.name: _plain(getattr(value, each.name)) for each in fields}
    return {"kind": kind, **plain}


def _from_json(value: Any, kinds: dict[str, type[Any]], what: str) -> Any:
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise ValueError(
            f"Not a {what} of a known kind: {kind!r}; known are "
            f"{', '.join(kinds)}."
        )
    fields = {
        name: _unplain(each) for name, each in value.items() if name != "kind"
    }
    try:
        return kinds[kind](**fields)
    except TypeError as error:
        raise ValueError(
            f"The {what} {kind!r} does not read: {error}."
        ) from error


def job_to_json(job: Job) -> dict[str, Any]:
    """Returns a job as a JSON value."""
    return _to_json(job, job.KIND)


def job_from_json(value: Any) -> Job:
    """Returns the job that `job_to_json` wrote.

    Raises:
        ValueError: If it is no job, or fields are missing or unknown.
    """
    job: Job = _from_json(value, JOBS, "job")
    return job


def result_to_json(result: Result) -> dict[str, Any]:
    """Returns a result as a JSON value; its numbers are exact.

    Also those of a training that diverged, NaN and infinities.
    """
    kinds = {kind: name for name, kind in RESULTS.items()}
    return _to_json(result, kinds[type(result)])


def result_from_json(value: Any) -> Result:
    """Returns the result that `result_to_json` wrote.

    Raises:
        ValueError: If it is no result, or fields are missing or unknown.
    """
    result: Result = _from_json(value, RESULTS, "result")
    return result
