"""The JSON files of a run's folder, as records."""

import dataclasses
import pathlib
from typing import Any, TypeVar

import cattrs

from nse_tf.reporting.classified import Classified
from nse_tf.spaces.files import read_json

Read = TypeVar("Read")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataFacts:
    """The data set of a run; None is what an older run did not write.

    Attributes:
        name: Name of the data set.
        train: Number of training images.
        validation: Number of validation images.
        test: Number of test images.
        classes: Names of the classes.
        image_shape: Height, width and channels.
        unreadable: How many files could not be read as images.
        fingerprint: Tells other images, or other parts of them, apart.
    """

    name: str
    train: int
    validation: int
    test: int
    classes: tuple[str, ...]
    image_shape: tuple[int, ...]
    unreadable: int | None = None
    fingerprint: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunConfig:
    """`config.json`: what a run was started with.

    Attributes:
        settings: Values by flag.
        data: The data set.
        space: Name of the search space.
        started: Date and time, in ISO format.
        versions: Versions of packages, by name.
    """

    settings: dict[str, Any]
    data: DataFacts
    space: str
    started: str
    versions: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BaselineResult:
    """A network that nobody searched for, after its test.

    Attributes:
        name: What it is called.
        costs: Its costs, by name.
        test_accuracy: On the test part.
        lead: By how much the winner's accuracy is higher; negative if lower.
        half_interval: Half of the 95 % interval of `lead`, over test images.
    """

    name: str
    costs: dict[str, float]
    test_accuracy: float
    lead: float
    half_interval: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunResult:
    """`best/result.json`: the winner after its test.

    Attributes:
        genotype: JSON value of its genotype.
        path: Its candidate indices.
        costs: Its costs by the cost model, by name.
        test_accuracy: On the test part.
        test_errors: How many test images it classifies wrongly.
        test_images: How many test images there are.
        budget: The limits of the run, by cost; None where there is none.
        here: Which of several devices files were measured on; None if none.
        seconds: Time that the run took; None if it is not known.
        choice: What the winner was chosen by, how many children it is not told
            from, and whether their supernet was above chance: the fields of
            `ChildrenRanked` and `SupernetJudged` as the search had them.
        baselines: What the winner is held against.
        classified: What it makes of each class; None in an older run.
    """

    genotype: dict[str, Any]
    path: list[Any]
    costs: dict[str, float]
    test_accuracy: float
    test_errors: int
    test_images: int
    budget: dict[str, float | None]
    here: str | None = None
    seconds: float | None = None
    choice: dict[str, Any] = dataclasses.field(default_factory=dict)
    baselines: tuple[BaselineResult, ...] = ()
    classified: Classified | None = None


@dataclasses.dataclass(frozen=True)
class IntegerShares:
    """Which share of a file's tensors are integers, in 0..1.

    Attributes:
        weights: Share of the weights.
        activations: Share of the activations.
    """

    weights: float
    activations: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class FileCheck:
    """A `.tflite` file compared with its Keras model on the test part.

    Attributes:
        size_bytes: Size of the file.
        num_images: How many images were classified.
        num_errors: How many of them wrongly.
        accuracy: Share that is right.
        agreement: Share that gets the same class as from Keras.
        largest_difference: Largest difference of a score from Keras's.
        integer_shares: How much of the file computes in integers.
    """

    size_bytes: int
    num_images: int
    num_errors: int
    accuracy: float
    agreement: float
    largest_difference: float
    integer_shares: IntegerShares


@dataclasses.dataclass(frozen=True, kw_only=True)
class Machine:
    """What a latency was measured on.

    Attributes:
        device: Name of the device.
        cpu: Its processor.
        governor: How the processor's frequency is governed.
        runtime: The interpreter's package.
        runtime_version: Version of that package.
    """

    device: str
    cpu: str
    governor: str
    runtime: str
    runtime_version: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class FileLatency:
    """How long one inference of a `.tflite` file takes.

    Attributes:
        median_ms: Median of all runs.
        p25_ms: Lower quartile.
        p75_ms: Upper quartile.
        runs: How many runs were kept.
        num_threads: Threads of the interpreter.
        delegate: What computes, `none` for no delegate.
        num_ops: How many ops the file has; None if it is not known.
        delegated_ops: How many of them the delegate took.
        input: Type and shape, such as `float32 1x8x8x1`.
        machine: What it was measured on.
        date: Date and time, in ISO format.
        spread: How far the runs disagree, as a share of the median; not known
            of files of earlier versions, which say 0.
        is_steady: Whether that is little enough to rely on the median.
    """

    median_ms: float
    p25_ms: float
    p75_ms: float
    runs: int
    num_threads: int
    delegate: str
    num_ops: int | None
    delegated_ops: int | None
    input: str
    machine: Machine
    date: str
    spread: float = 0.0
    is_steady: bool = True


@dataclasses.dataclass(frozen=True)
class ExportedFacts:
    """One file of `best/export.json`.

    Attributes:
        file: Its name.
        sha256: Its checksum.
        check: Its comparison with Keras.
        faults: What is wrong with it, in sentences.
    """

    file: str
    sha256: str
    check: FileCheck
    faults: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class ExportFacts:
    """`best/export.json`: the files and how they were checked.

    Attributes:
        files: The file of each precision, in the order of export.
    """

    files: dict[str, ExportedFacts]


@dataclasses.dataclass(frozen=True)
class LatencyFacts:
    """`best/latency.json`: how long one inference takes.

    Attributes:
        files: The latency of each precision's file.
    """

    files: dict[str, FileLatency]


@dataclasses.dataclass(frozen=True, kw_only=True)
class MicroFacts:
    """`best/micro.json`: the int8 file on a microcontroller.

    Attributes:
        arena_bytes: Tensor arena as measured.
        flash_bytes: Size of the file.
        num_images: Test images whose scores were compared with LiteRT's.
        steps: Most steps of 8 bits between two scores.
        kernels: Names of its kernels.
    """

    arena_bytes: int
    flash_bytes: int
    num_images: int
    steps: int
    kernels: tuple[str, ...]

    @property
    def costs(self) -> dict[str, int]:
        """What it needs, by the names of `costs.COSTS`."""
        return {"ram_bytes": self.arena_bytes, "flash_bytes": self.flash_bytes}


def read_facts(
    path: pathlib.Path, schema: str, kind: type[Read]
) -> Read | None:
    """Returns a file as a record; None if there is no such file.

    Fields that the record does not have are left out.

    Args:
        path: The file.
        schema: What it must say of itself, such as `nse_tf.config/1`.
        kind: A dataclass.

    Raises:
        ValueError: If it is no JSON, of another schema, or a field is missing
            or of another type; names the file.
    """

    def checked(value: Any) -> Read:
        found = value.get("schema") if isinstance(value, dict) else None
        if found != schema:
            raise ValueError(f"Not of schema {schema!r}: it says {found!r}.")
        try:
            return _CONVERTER.structure(value, kind)
        except cattrs.BaseValidationError as error:
            reasons = "; ".join(cattrs.transform_error(error))
            raise ValueError(f"Damaged: {reasons}.") from error

    return read_json(path, checked) if path.exists() else None


_CONVERTER = cattrs.Converter()
