"""What a method can ask for."""

import dataclasses
from typing import ClassVar

from nse_tf.jobs.built import require_choice, require_together
from nse_tf.jobs.rules import (
    ArchitectureRule,
    Genes,
    RateSchedule,
    Seats,
    Start,
    WeightRule,
)
from nse_tf.jobs.teachers import Teacher


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainSupernet:
    """Trains shared weights, and architecture parameters if asked for.

    Every search trains by this one job. It differs in the rule by which weights
    are trained and in the rule for the architecture parameters.

    Attributes:
        id: Unique within a search, in the order of asking.
        active: The candidates that are trained, choice block by choice block.
        epochs: Passes over the training part.
        schedule: Learning rate of the weights.
        seed: Seed of fresh weights, of drawn paths and of the order of data.
        weights: How the path of each step is drawn.
        architecture: What trains the architecture parameters; None trains none.
        start: The weights that it starts from.
        base: What angles of this and later jobs are measured from: `initial`
            takes the weights that the training started from, `previous` keeps
            the base there was, `reset` takes the weights at this job's start.
        num_cells: How many cells the supernet has, where it has fewer than its
            space: while it deepens, or because it is another one; None trains
            all of them.
        only_active: Whether the supernet has weights for the active candidates
            only, where those of the whole space fit no memory.
        seats: Which cells sit in the slots, where candidates are slots; None
            where they are none.

    Raises:
        ValueError: If settings do not fit together or are not built; see
            `nse_tf.jobs.built`.
    """

    KIND: ClassVar[str] = "train_supernet"

    id: str
    active: Genes
    epochs: int
    schedule: RateSchedule
    seed: int
    weights: WeightRule = WeightRule()  # noqa: RUF009 - frozen
    architecture: ArchitectureRule | None = None
    start: Start = Start()  # noqa: RUF009 - frozen
    base: str = "initial"
    num_cells: int | None = None
    only_active: bool = False
    seats: Seats | None = None

    def __post_init__(self) -> None:
        rule = self.architecture.rule if self.architecture else None
        require_together(self.weights.rule, rule)
        self._require_base()
        if self.only_active and self.start.source != "fresh":
            raise ValueError(
                "With `only_active` `start.source` must be 'fresh', not "
                f"{self.start.source!r}: earlier weights may be those of other "
                "candidates."
            )
        if self.only_active and self.num_cells is not None:
            raise ValueError(
                f"`num_cells` is {self.num_cells}, but a supernet with "
                "`only_active` does not deepen: it must be None."
            )
        if self.architecture and self.architecture.extra_skip:
            self._require_fall()
        if self.seats is not None:
            self._require_seats(self.seats)
        else:
            self._require_no_slots()
        locked = self.architecture.locked if self.architecture else ()
        if locked and len(locked) != len(self.active):
            raise ValueError(
                f"`architecture.locked` names {len(locked)} choice blocks, but "
                f"`active` {len(self.active)}."
            )

    def _require_fall(self) -> None:
        """Refuses a training too short for extra skips to fade away.

        Raises:
            ValueError: If it is.
        """
        if self.epochs < 2:
            raise ValueError(
                "`architecture.extra_skip` fades from the first epoch to the "
                f"last, but `epochs` is {self.epochs}: train 2 or more, or "
                "leave it out."
            )

    def _require_seats(self, seats: Seats) -> None:
        """Refuses cells that do not sit in the slots of the job.

        Raises:
            ValueError: If they do not.
        """
        if [len(cells) for cells in seats.cells] != [
            len(indices) for indices in self.active
        ]:
            raise ValueError(
                "`seats.cells` must name a cell for each slot of `active`."
            )
        if self.start.source == "previous" and self.base != "reset":
            raise ValueError(
                "With `seats` some cells have no earlier weights: `base` must "
                f"be 'reset', not {self.base!r}."
            )

    def _require_no_slots(self) -> None:
        """Refuses what only a mixture of slots is built for.

        Raises:
            ValueError: If it is asked for.
        """
        rule = self.architecture
        if rule is None or rule.rule != "first_order":
            return
        if rule.penalties or rule.loss_images or rule.distance_images:
            raise ValueError(
                "`architecture.penalties`, `architecture.loss_images` and "
                "`architecture.distance_images` with `architecture.rule` "
                "'first_order' are built for slots only: give `seats`, or "
                "leave them out."
            )

    def _require_base(self) -> None:
        """Refuses a base that is not there.

        Raises:
            ValueError: If it is not.
        """
        require_choice("base", self.base)
        source = self.start.source
        if (source, self.base) == ("fresh", "previous"):
            raise ValueError(
                "With `start.source` 'fresh' there are no previous base "
                "weights: `base` must be 'initial' or 'reset', not 'previous'."
            )
        if (source, self.base) == ("previous", "initial"):
            raise ValueError(
                "With `start.source` 'previous' the initial weights are gone: "
                "`base` must be 'previous' or 'reset', not 'initial'."
            )
        if source == "pieces" and self.base != "reset":
            raise ValueError(
                "With `start.source` 'pieces' there are no earlier weights of "
                "the new cells: `base` must be 'reset', not "
                f"{self.base!r}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluateChildren:
    """Evaluates children with inherited weights.

    Attributes:
        id: Unique within a search, in the order of asking.
        children: The genes of each child.
        calibration_images: Training images for each child's batch norm; 0
            takes the supernet's running statistics.
        generation: Which one of the search's generations they are of.
        supernet: Reference of the weights that are inherited, see
            `weights_of`; None takes those of the last job that was finished.
        objective: What their `accuracies` are, on the validation part; one of
            `CHOICES["objective"]`.

    Raises:
        ValueError: If the objective is unknown.
    """

    KIND: ClassVar[str] = "evaluate_children"

    id: str
    children: tuple[Genes, ...]
    calibration_images: int
    generation: int = 0
    supernet: str | None = None
    objective: str = "accuracy"

    def __post_init__(self) -> None:
        require_choice("objective", self.objective)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MeasureChildren:
    """Converts children and measures them whole; runs alone on its machine.

    Attributes:
        id: Unique within a search, in the order of asking.
        children: The genes of each child.
        precision: Precision of the `.tflite` file: `fp32`, `fp16` or `int8`.
        num_threads: Threads of the interpreter.
        file: Whether that file's latency and size are wanted.
        memory: Whether RAM and flash of the int8 file on a microcontroller are.
        num_cells: See `TrainChild`; so is `channels`.
        channels: See `TrainChild`.
    """

    KIND: ClassVar[str] = "measure_children"

    id: str
    children: tuple[Genes, ...]
    precision: str
    num_threads: int
    file: bool = True
    memory: bool = False
    num_cells: int | None = None
    channels: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainChild:
    """Trains one child alone, from fresh weights or from inherited ones.

    Attributes:
        id: Unique within a search, in the order of asking.
        child: Its genes.
        epochs: Passes over the data.
        uses_validation: Whether the validation part is trained on as well; then
            there is no honest validation accuracy but the inherited one.
        inherited_accuracy: What the child reached with the supernet's weights.
        seed: Seed of its weights and of the order of data.
        file: Precision of a `.tflite` file whose accuracy is asked for, too;
            None asks for none.
        num_cells: How many cells it has; None for those of the space.
        channels: Width of the first of them; None for that of the space.
        inherits: Reference of the supernet's weights that it starts from, see
            `weights_of`; None for fresh ones, drawn by the seed.
        space: The space that its genes are of, as `space_to_text` writes it,
            where that is not the one that is searched.
        objective: What its `validation_accuracy` and `file_accuracy` are; see
            `EvaluateChildren`.
        purpose: Why it is trained, one of `CHOICES["purpose"]`: for the answer,
            to test a ranking, to hold the answer against it, or to choose a
            scale. It changes nothing but what people are told.
        teacher: Who teaches it; None leaves it to the labels.

    Raises:
        ValueError: If a child of other cells or of another space is to inherit
            weights, or one of another space to have other cells, or the
            objective or the purpose is unknown.
    """

    KIND: ClassVar[str] = "train_child"

    id: str
    child: Genes
    epochs: int
    uses_validation: bool
    inherited_accuracy: float
    seed: int
    file: str | None = None
    num_cells: int | None = None
    channels: int | None = None
    inherits: str | None = None
    space: str | None = None
    objective: str = "accuracy"
    purpose: str = "final"
    teacher: Teacher | None = None

    def __post_init__(self) -> None:
        require_choice("objective", self.objective)
        require_choice("purpose", self.purpose)
        sizes = self.num_cells, self.channels
        if self.inherits is not None and sizes != (None, None):
            raise ValueError(
                f"`inherits` is {self.inherits!r}, but a child of `num_cells` "
                f"{sizes[0]} and `channels` {sizes[1]} is in no supernet: "
                "leave out `inherits`, or both of these."
            )
        if self.space is not None and (
            self.inherits is not None or sizes != (None, None)
        ):
            raise ValueError(
                "A child of another `space` has its own cells and is in no "
                "supernet: leave out `inherits`, `num_cells` and `channels`."
            )


Job = TrainSupernet | EvaluateChildren | MeasureChildren | TrainChild
JOBS: dict[str, type[Job]] = {
    kind.KIND: kind
    for kind in (TrainSupernet, EvaluateChildren, MeasureChildren, TrainChild)
}
