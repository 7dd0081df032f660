"""What a worker comes back with."""

import dataclasses

from nse_tf.jobs.rules import Genes


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArchitectureTrained:
    """What the training of architecture parameters came to.

    Attributes:
        losses: Mean loss of the parameters' steps of each epoch that has some,
            with penalties; with `reinforce` the mean reward, negative.
        parameters: Parameter of each candidate of each choice block,
            `(num_blocks, max_candidates)`.
        probabilities: What the parameters say of each candidate, 0 where it is
            not active, `(num_blocks, max_candidates)`: its share in the softmax
            of its block (its magnitude in ABS), or with `two_subsets` its
            fitness indicator, the probability of being open.
        left: The active candidates of each block that were not dropped.
        drops: `(epoch, step, block, candidate)` of each one that was.
        history: The probabilities of the job's active candidates after each
            epoch, block by block.
        eigenvalues: After which epochs, from 0, the sharpness of the minimum
            was measured, and the dominant eigenvalue each time; see
            `EarlyStop`.
        kept_epoch: The epoch of `history` that counts, where the training
            ended early; None where it is the last one.
        candidate_losses: Validation loss at the end, with penalties, of each
            candidate alone in its block while all others are mixed,
            `(num_blocks, max_candidates)`; empty where not asked for.
        candidate_distances: Distance at the end of each slot's outputs to those
            of its block's last one, `(num_blocks, max_candidates)`; empty where
            not asked for.
    """

    losses: tuple[float, ...]
    parameters: tuple[tuple[float, ...], ...]
    probabilities: tuple[tuple[float, ...], ...]
    left: Genes
    drops: tuple[tuple[int, int, int, int], ...] = ()
    history: tuple[tuple[tuple[float, ...], ...], ...] = ()
    eigenvalues: tuple[tuple[int, float], ...] = ()
    kept_epoch: int | None = None
    candidate_losses: tuple[tuple[float, ...], ...] = ()
    candidate_distances: tuple[tuple[float, ...], ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class SupernetTrained:
    """What `TrainSupernet` comes back with.

    Attributes:
        losses: Mean training loss of each epoch.
        angle_sums: For each choice block and candidate ⟨w0, w⟩, ‖w0‖² and ‖w‖²
            over its kernels, `(num_blocks, max_candidates, 3)`; zeros for
            candidates that have no weights.
        backbone_sums: The same three for the backbone.
        seconds: Time it took.
        weights_sha256: SHA-256 of the weights and all else that training
            resumes from.
        unit_sums: As `angle_sums`, but as if each kernel had length one; empty
            where the worker did not report it.
        architecture: What the architecture parameters came to; None where none
            were trained.
    """

    losses: tuple[float, ...]
    angle_sums: tuple[tuple[tuple[float, float, float], ...], ...]
    backbone_sums: tuple[float, float, float]
    seconds: float
    weights_sha256: str = ""
    unit_sums: tuple[tuple[tuple[float, float, float], ...], ...] = ()
    architecture: ArchitectureTrained | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChildrenEvaluated:
    """What `EvaluateChildren` comes back with.

    Attributes:
        accuracies: Share of the validation part that each child gets right;
            with another objective of the job, what it comes to by that.
        seconds: Time it took.
        chance: What always guessing its most frequent class comes to by that;
            None where the worker did not report it.
        num_images: Images of that part, where `chance` is reported.
    """

    accuracies: tuple[float, ...]
    seconds: float
    chance: float | None = None
    num_images: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChildrenMeasured:
    """What `MeasureChildren` comes back with.

    Attributes:
        latencies_ms: Median latency of each child's file.
        sizes_bytes: Size of each child's file.
        seconds: Time it took.
        rams_bytes: Tensor arena of each child's int8 file on a microcontroller.
        flashes_bytes: Size of that file.

    What was not asked for is empty.
    """

    latencies_ms: tuple[float, ...]
    sizes_bytes: tuple[int, ...]
    seconds: float
    rams_bytes: tuple[int, ...] = ()
    flashes_bytes: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChildTrained:
    """What `TrainChild` comes back with.

    Attributes:
        losses: Mean training loss of each epoch.
        validation_accuracy: On the validation part, by the job's objective; the
            inherited accuracy where that part was trained on.
        model_file: The `.keras` file, relative to the run's folder.
        model_sha256: SHA-256 of that file.
        seconds: Time it took.
        file_accuracy: That of the `.tflite` file that was asked for, by the
            same objective; None if none was.
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
    | ChildrenEvaluated
    | ChildrenMeasured
    | ChildTrained
    | Failed
)
RESULTS: dict[str, type[Result]] = {
    "supernet_trained": SupernetTrained,
    "children_evaluated": ChildrenEvaluated,
    "children_measured": ChildrenMeasured,
    "child_trained": ChildTrained,
    "failed": Failed,
}
