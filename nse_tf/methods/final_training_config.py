"""The numbers of the final training, which ends every search."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from nse_tf.costs import CostModel, base_cost
from nse_tf.jobs import Teacher
from nse_tf.jobs.built import CHOICES

PRECISIONS = ("fp32", "fp16", "int8")
RANKINGS = ("keras", "int8")
WANTED_BASELINES = ("never", "cheap", "always")
LARGEST = "largest"
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FinalTrainingConfig:
    """The numbers of the final training, a part of every search's config.

    Attributes:
        num_finalists: How many children are trained alone; the best is kept.
        child_epochs: Epochs of such a training.
        final_cells: How many cells the networks have that are trained alone,
            where networks are made of equal cells; None for as many as were
            searched. What is handed over is such a network, so a budget counts
            its costs.
        final_channels: Width of the first of them; None for that searched.
        num_rank_checks: How many evaluated children, spread evenly over the
            ranks, are trained alone only to measure how far the ranking by
            inherited weights can be trusted; they cannot win. 0 for none.
        rank_check_epochs: Epochs of such a training.
        retrain_on_all: Whether the winner's training takes in the validation
            part, which the search no longer needs.
        measured_at_once: How many candidates are measured whole at a time,
            where the budget limits latency or size.
        precision: Precision of the file that such a limit applies to: `fp32`,
            `fp16` or `int8`.
        rank_by: What the finalists are ranked by: the accuracy of `keras`, the
            trained network, or of its `int8` file, calibrated on training
            images. Either is that on the validation part.
        baselines: Whether networks that nobody searched for are trained, too,
            as the winner is, to hold it against: `never`, `always`, or if that
            is `cheap`, a fifth of the run's epochs at most.
        num_threads: Threads of the interpreter that a latency limit applies
            to.
        objective: What evaluated children and finalists are compared by: the
            `accuracy` on the validation part, or `balanced_accuracy`,
            `macro_f1` or `auc`; see `nse_tf.classification`.
        teacher: Who teaches finalists and baselines, beside the labels: the
            SHA-256 of the file of a classifier, or `largest`, the largest
            network of a nested supernet that was explored; None is nobody.
        seed: Seed of everything drawn; 0 is a seed like any other.

    Raises:
        ValueError: If a name is unknown, a whole number below its least, one
            finalist is to be ranked by its file, or the teacher is nobody whom
            the search has.
    """

    num_finalists: int = 1
    child_epochs: int = 240
    final_cells: int | None = None
    final_channels: int | None = None
    num_rank_checks: int = 0
    rank_check_epochs: int = 30
    retrain_on_all: bool = True
    measured_at_once: int = 5
    precision: str = "fp32"
    rank_by: str = "keras"
    baselines: str = "never"
    num_threads: int = 1
    objective: str = "accuracy"
    teacher: str | None = None
    seed: int = 0

    # Fields that hold a name, and the names that there are.
    NAMES: ClassVar[Mapping[str, Sequence[str]]] = {
        "precision": PRECISIONS,
        "rank_by": RANKINGS,
        "baselines": WANTED_BASELINES,
        "objective": CHOICES["objective"],
    }
    # Whether the search has a supernet whose largest network may teach.
    HAS_LARGEST: ClassVar[bool] = False
    # Whole numbers that may be 0; all others are at least 1.
    MAY_BE_ZERO: ClassVar[tuple[str, ...]] = ("seed", "num_rank_checks")

    def __post_init__(self) -> None:
        for name, known in self.NAMES.items():
            # A latency may be that on one of several devices.
            if base_cost(str(getattr(self, name))) not in known:
                raise ValueError(
                    f"`{name}` must be one of {', '.join(known)}, not "
                    f"{getattr(self, name)!r}."
                )
        if self.rank_by != "keras" and self.num_finalists < 2:
            raise ValueError(
                f"`rank_by` {self.rank_by} compares finalists, but "
                f"`num_finalists` is {self.num_finalists}: train 2 or more."
            )
        self._check_teacher()
        for field in dataclasses.fields(self):
            least = 0 if field.name in self.MAY_BE_ZERO else 1
            value = getattr(self, field.name)
            if type(value) is int and value < least:
                raise ValueError(
                    f"`{field.name}` must be at least {least}, not {value}."
                )

    def _check_teacher(self) -> None:
        """Refuses a teacher that is neither a digest nor there.

        Raises:
            ValueError: If it is.
        """
        if self.teacher == LARGEST:
            if self.HAS_LARGEST:
                return
            raise ValueError(
                "`teacher` is 'largest', but only one-shot searches, SPOS and "
                "FairNAS, have a supernet of nested networks: give a file."
            )
        if self.teacher is not None and not _SHA256.fullmatch(self.teacher):
            raise ValueError(
                "`teacher` must be 'largest' or the SHA-256 of a file, not "
                f"{self.teacher!r}."
            )

    @property
    def file_teacher(self) -> Teacher | None:
        """The teacher that is a file, if there is one."""
        if self.teacher in (None, LARGEST):
            return None
        return Teacher(source="file", sha256=self.teacher)

    def final_costs(self, model: CostModel) -> CostModel:
        """Returns a model of what networks cost as they are handed over.

        Args:
            model: Costs in the space that is searched.

        Raises:
            ValueError: If its networks cannot have other sizes, or not these.
        """
        cells, channels = self.final_cells, self.final_channels
        if cells is None and channels is None:
            return model
        try:
            final = model.space.resized(cells, channels)
        except ValueError as error:
            raise ValueError(
                f"`final_cells` is {cells} and `final_channels` {channels}: "
                f"{error}. Leave them out, or choose others."
            ) from error
        return dataclasses.replace(model, final=final)
