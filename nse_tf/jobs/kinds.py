"""What a method can ask for."""

import dataclasses
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
        num_cells: How many cells the supernet has, while it grows to those of
            its space; None trains all of them.
        inserts_cell: Whether the supernet that it goes on from has one cell
            fewer.

    Raises:
        ValueError: If `start_from` or `base` is none of these, a fresh start
            keeps a previous base, or a cell is inserted into nothing.
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
    num_cells: int | None = None
    inserts_cell: bool = False

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
        if self.inserts_cell and (self.start_from, self.base) != (
            "previous",
            "reset",
        ):
            raise ValueError(
                "With `inserts_cell` `start_from` must be 'previous' and "
                f"`base` 'reset', not {self.start_from!r} and {self.base!r}: "
                "there are no earlier weights of the inserted cell."
            )


@dataclasses.dataclass(frozen=True)
class TrainBranches:
    """Trains multi-branch cells and the indicators of their ops, side by side.

    Weights are fresh. Each step of the weights opens every active op with one
    probability; each step of the indicators holds two subsets of every cell
    against each other. An op whose parameter falls below a threshold is dropped
    for good.

    Attributes:
        id: Unique within a search, in the order of asking.
        active: The ops of each cell that are trained.
        locked: Those of them that are not dropped.
        epochs: Passes over the training part.
        learning_rates: Of the weights, at the first step and after the warm-up;
            from there it falls to zero as a cosine.
        warmup_epochs: Over which it rises linearly.
        seed: Of fresh weights, the draws of subsets and the order of data.
        architecture_every: Steps of the weights to each one of the indicators.
        architecture_rate: Adam's learning rate there.
        architecture_betas: Adam's decay of means.
        open_rate: Probability of an op to be open in a step of the weights.
        drop_below: Least parameter of an op that stays.
        penalties: `(cost, target, coefficient, exponent)` each: the indicators'
            loss grows by `coefficient · (expected - target) ** exponent`. MACs
            and parameters count in millions, latency in milliseconds.
        op_costs: For each penalty the cost of the backbone and of each op of
            each cell, in its units.
        other_moves_statistics: Whether the subset that only runs forward moves
            batch norm's statistics, too.
        locked_rate: Share of the indicators' steps in which each cell's locked
            ops, all together, are one of its two subsets.

    Raises:
        ValueError: If a number is out of range, or there are not as many prices
            as penalties.

    References:
        Ci et al., NSE (2021), code of the search:
        https://arxiv.org/abs/2011.10904
    """

    KIND: ClassVar[str] = "train_branches"

    id: str
    active: Genes
    locked: Genes
    epochs: int
    learning_rates: tuple[float, float]
    warmup_epochs: float
    seed: int
    architecture_every: int = 2
    architecture_rate: float = 5e-3
    architecture_betas: tuple[float, float] = (0.0, 0.999)
    open_rate: float = 0.5
    drop_below: float = -2.0
    penalties: tuple[tuple[str, float, float, float], ...] = ()
    op_costs: tuple[tuple[float, tuple[tuple[float, ...], ...]], ...] = ()
    other_moves_statistics: bool = True
    locked_rate: float = 0.0

    def __post_init__(self) -> None:
        if len(self.penalties) != len(self.op_costs):
            raise ValueError(
                f"There are {len(self.penalties)} `penalties`, but `op_costs` "
                f"of {len(self.op_costs)}."
            )
        if self.architecture_every < 1 or not 0 < self.open_rate <= 1:
            raise ValueError(
                "`architecture_every` must be at least 1 and `open_rate` above "
                f"0 and at most 1, not {self.architecture_every} and "
                f"{self.open_rate}."
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
        file: Precision of a `.tflite` file whose accuracy is asked for, too;
            None asks for none.
    """

    KIND: ClassVar[str] = "train_child"

    id: str
    child: Genes
    epochs: int
    uses_validation: bool
    inherited_accuracy: float
    seed: int
    file: str | None = None


Job = (
    TrainSupernet
    | TrainBranches
    | EvaluateChildren
    | MeasureChildren
    | TrainChild
)
JOBS: dict[str, type[Any]] = {
    kind.KIND: kind
    for kind in (
        TrainSupernet,
        TrainBranches,
        EvaluateChildren,
        MeasureChildren,
        TrainChild,
    )
}
