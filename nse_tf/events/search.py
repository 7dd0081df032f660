"""Events of every search: its space, its children, its winner."""

import dataclasses

from nse_tf.events.event import Event, JobDone
from nse_tf.spaces.genotype import Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class PoolState:
    """How an evolving space divides its pool of ops; indices, a cell each.

    Attributes:
        locked: Active ops that were inherited from the round before.
        entered: Active ops that are new.
        num_pending: How many ops are yet to be seen.
    """

    locked: tuple[tuple[int, ...], ...]
    entered: tuple[tuple[int, ...], ...]
    num_pending: tuple[int, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpaceAtStage(Event):
    """The space as it stands at the start of a stage or round.

    Attributes:
        stage: Stage of shrinking or round of evolution; 0 is the first.
        active: Active candidate indices, a choice block each.
        size: How many networks it holds.
        num_operators: How many candidates are active.
        dropped: `(block, candidate)` of each operator that the stage before
            dropped.
        pools: Where the space evolves, how it divides its ops.
    """

    stage: int
    active: tuple[tuple[int, ...], ...]
    size: int
    num_operators: int
    dropped: tuple[tuple[int, int], ...] = ()
    pools: PoolState | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class OperatorsScored(Event):
    """The operators of a stage of shrinking were scored.

    Attributes:
        stage: The stage, from 0 on.
        score: What they were scored by, such as `angle`.
        scores: `(num_blocks, max_candidates)`; None where there is no score.
    """

    stage: int
    score: str
    scores: tuple[tuple[float | None, ...], ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class JobFailed(Event):
    """A job could not be done, and the search continues without it.

    Attributes:
        job: Id of the job.
        error: What went wrong, for people.
    """

    job: str
    error: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluationFinished(JobDone):
    """A job evaluated some children with inherited weights.

    Attributes:
        num_children: How many.
        chance: What always guessing the most frequent class gets; None if it
            is not known.
        num_images: Validation images that they were evaluated on, where
            `chance` is known.
    """

    num_children: int
    chance: float | None = None
    num_images: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class SupernetJudged(Event):
    """Children were held against chance: whether their supernet has learned.

    Attributes:
        trainings: How often it was trained till then, one after another.
        num_children: How many children.
        mean_accuracy: Of these, with inherited weights, on the validation part.
        chance: What always guessing the most frequent class gets there.
        bound: What guessing stays below with 97.5 % probability.
        num_images: Images of the validation part.
        has_learned: Whether the mean is above the bound.
    """

    trainings: int
    num_children: int
    mean_accuracy: float
    chance: float
    bound: float
    num_images: int
    has_learned: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChildrenRanked(Event):
    """All explored children were ranked; the first ones are trained alone.

    Attributes:
        by: `accuracy` with inherited weights, or the angle that took its place
            since the supernet had not left chance, such as `angle`.
        num_children: How many.
        num_alike: How many of them the accuracies do not tell from the best
            one, which is counted; all of them where an angle ranks.
        num_images: Validation images that accuracies are told on.
    """

    by: str
    num_children: int
    num_alike: int
    num_images: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class GenerationEvaluated(Event):
    """A generation of children was evaluated with inherited weights.

    Attributes:
        generation: Its number, from 0 on.
        paths: Candidate indices of each child.
        accuracies: On the validation part, `(count,)`; None where the
            evaluation failed.
        costs: Each cost of the children, `(count,)`, by its name in `COSTS`.
    """

    generation: int
    paths: tuple[Path, ...]
    accuracies: tuple[float | None, ...]
    costs: dict[str, tuple[float, ...]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FrontFound(Event):
    """The Pareto front of all evaluated children.

    Attributes:
        paths: Candidate indices of each child on it, by rising MACs.
    """

    paths: tuple[Path, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChildMeasured(Event):
    """A candidate for final training was converted and measured whole.

    Attributes:
        path: Candidate indices, a choice block each.
        predicted: Costs by the cost model, by name.
        costs: The same with latency and size as measured.
    """

    path: Path
    predicted: dict[str, float]
    costs: dict[str, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FinalistsRanked(Event):
    """Finalists were ranked by their files, not by their Keras networks.

    Attributes:
        file: Precision of the files, such as `int8`.
        accuracies: Accuracies of the networks, by falling inherited rank; None
            where training diverged.
        file_accuracies: Accuracies of their files, on the same images.
        num_pairs: How many pairs of finalists there are.
        num_otherwise: How many pairs the files order the other way round.
    """

    file: str
    accuracies: tuple[float | None, ...]
    file_accuracies: tuple[float | None, ...]
    num_pairs: int
    num_otherwise: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class WinnerChosen(Event):
    """The network that the search came to.

    Attributes:
        path: Candidate indices, a choice block each.
        inherited_accuracy: On the validation part, with the supernet's
            weights; None if it is not known.
        validation_accuracy: On the validation part, trained alone; the
            inherited accuracy where that part was trained on.
        model_file: The `.keras` file, relative to the run's folder.
        costs: Costs by the cost model, by name.
        num_cells: How many cells it has; None for those of the space.
        channels: Width of the first of them; None for that of the space.
    """

    path: Path
    inherited_accuracy: float | None
    validation_accuracy: float | None
    model_file: str
    costs: dict[str, float]
    num_cells: int | None = None
    channels: int | None = None
