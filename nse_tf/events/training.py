"""Events of trainings: of the supernet, and of networks on their own."""

import dataclasses
import enum

from nse_tf.events.event import Event, JobDone
from nse_tf.spaces.genotype import Path


class Purpose(enum.Enum):
    """Why a network is trained alone: to be exported, or to be compared."""

    FINAL = "final"
    RANK_CHECK = "rank_check"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SupernetWarmedUp(JobDone):
    """A supernet was trained that does not have all of its cells yet.

    Attributes:
        num_cells: How many cells it had.
        losses: Mean training loss of each epoch.
    """

    num_cells: int
    losses: tuple[float, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class StageTrained(JobDone):
    """The supernet was trained for a stage of shrinking, a round, or a search.

    Attributes:
        stage: Stage of shrinking or round of evolution, from 0 on; the
            training of the supernet that is explored is stage 0 again.
        losses: Mean training loss of each epoch.
    """

    stage: int
    losses: tuple[float, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class IndicatorsTrained(Event):
    """Fitness indicators were trained beside the weights of a round.

    Attributes:
        stage: The round, from 0 on.
        architecture_losses: Mean loss of the indicators' steps of each epoch,
            with penalties.
        active: Candidate indices that the round began with, a cell each.
        left: Those of them that were not dropped.
        drops: `(epoch, step, cell, candidate)` of each op that was dropped.
        history: Indicators of the active ops after each epoch, cell by cell.
    """

    stage: int
    architecture_losses: tuple[float, ...]
    active: tuple[tuple[int, ...], ...]
    left: tuple[tuple[int, ...], ...]
    drops: tuple[tuple[int, int, int, int], ...]
    history: tuple[tuple[tuple[float, ...], ...], ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainedAlone(JobDone):
    """A network was trained from fresh weights, on its own.

    Attributes:
        path: Candidate indices, a choice block each.
        purpose: Why it was trained.
        uses_validation: Whether the validation part was trained on as well.
        inherited_accuracy: On the validation part, with the supernet's
            weights.
        validation_accuracy: On the validation part, after this training; the
            inherited accuracy where that part was trained on. None where it is
            not finite.
        losses: Mean training loss of each epoch.
        model_file: The `.keras` file, relative to the run's folder.
        model_sha256: Checksum of that file.
        file_accuracy: Accuracy of the `.tflite` file that was asked for, on
            the validation part; None if none was, or it is not known.
    """

    path: Path
    purpose: Purpose
    uses_validation: bool
    inherited_accuracy: float | None
    validation_accuracy: float | None
    losses: tuple[float, ...]
    model_file: str
    model_sha256: str
    file_accuracy: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class BaselineTrained(JobDone):
    """A network was trained that nobody searched for, to compare the winner.

    Attributes:
        name: What it is called.
        costs: What it costs, by name.
        uses_validation: Whether the validation part was trained on as well.
        validation_accuracy: On the validation part; None where that was trained
            on, or it is not finite.
        losses: Mean training loss of each epoch.
        model_file: The `.keras` file, relative to the run's folder.
        model_sha256: Checksum of that file.
    """

    name: str
    costs: dict[str, float]
    uses_validation: bool
    validation_accuracy: float | None
    losses: tuple[float, ...]
    model_file: str
    model_sha256: str
