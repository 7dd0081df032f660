"""Steps of plans that train a supernet, at once or stretch by stretch."""

import dataclasses
from typing import NamedTuple

from nse_tf.events import StageTrained
from nse_tf.jobs import (
    ArchitectureRule,
    Genes,
    RateSchedule,
    Start,
    SupernetTrained,
    TrainSupernet,
    WeightRule,
    weights_of,
)
from nse_tf.methods.method import Method, Steps, require
from nse_tf.spaces import SearchSpace


class Trained(NamedTuple):
    """What a training came back with, and a reference of its weights."""

    result: SupernetTrained
    weights: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class EarlierSupernet:
    """The supernet that an earlier search trained last, and explored.

    Attributes:
        active: The candidates that were left to explore, a choice block each.
        trained: Its weights, and what their last training came back with.
        trainings: How often it was trained, one training after another.
    """

    active: Genes
    trained: Trained
    trainings: int = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stretch:
    """One training of a supernet, which may continue an earlier one.

    Attributes:
        epochs: Passes over the training part.
        stage: The stage of shrinking or round of evolution, or 0.
        learning_rates: At the first and after the last step, linear between;
            None takes those of the whole training.
        start: The weights to start from.
        base: What angles are measured from, as `TrainSupernet` says.
        num_cells: How many cells the supernet has; None for all of them.
    """

    epochs: int
    stage: int = 0
    learning_rates: tuple[float, float] | None = None
    start: Start = Start()  # noqa: RUF009 - frozen
    base: str = "initial"
    num_cells: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SupernetTraining:
    """How a method trains its supernet.

    Attributes:
        learning_rates: At the start and the end of the whole training.
        schedule: Kind of the way between them; `linear` or `cosine`.
        seed: Seed of fresh weights, the draw of paths and the order of data.
        weights: How the path of each step is drawn.
        architecture: What trains architecture parameters; None trains none.
    """

    learning_rates: tuple[float, float]
    schedule: str = "linear"
    seed: int = 0
    weights: WeightRule = WeightRule()  # noqa: RUF009 - frozen
    architecture: ArchitectureRule | None = None

    def rates_between(self, start: float, end: float) -> tuple[float, float]:
        """Returns the learning rates of a part of one linear schedule.

        Args:
            start: Share of the whole training that was done before.
            end: Share that is done after; above 1 the last rate stays.
        """
        first, last = self.learning_rates
        start, end = min(start, 1.0), min(end, 1.0)
        return first + (last - first) * start, first + (last - first) * end

    def job(
        self, method: Method, space: SearchSpace, stretch: Stretch
    ) -> TrainSupernet:
        """Returns the job that trains a stretch; for plans."""
        first, last = stretch.learning_rates or self.learning_rates
        return TrainSupernet(
            id=method.new_job_id(TrainSupernet.KIND),
            active=space.active,
            epochs=stretch.epochs,
            schedule=RateSchedule(kind=self.schedule, first=first, last=last),
            seed=self.seed,
            weights=self.weights,
            architecture=self.architecture,
            start=stretch.start,
            base=stretch.base,
            num_cells=stretch.num_cells,
        )

    def steps(
        self, method: Method, space: SearchSpace, stretch: Stretch
    ) -> Steps[Trained]:
        """Trains the supernet, from fresh or earlier weights; for plans.

        Raises:
            SearchError: If the training failed.
        """
        job = self.job(method, space, stretch)
        (result,) = yield [job]
        trained = require(result, SupernetTrained, job)
        note_stage(method, job, trained, stretch.stage)
        return Trained(trained, weights_of(job.id, trained))


def note_stage(
    method: Method, job: TrainSupernet, trained: SupernetTrained, stage: int
) -> None:
    """Notes the training of a stage or round; for plans."""
    method.note(
        StageTrained(
            job=job.id,
            stage=stage,
            losses=trained.losses,
            seconds=trained.seconds,
        )
    )
