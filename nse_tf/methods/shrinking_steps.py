"""Steps of plans that shrink a space before any search explores it.

A method that begins its plan with them searches what is left:

    space = yield from shrink(self, model, budget, shrinking)
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from nse_tf.costs import Budget, CostModel
from nse_tf.events import OperatorsScored, SpaceAtStage, table_of_known
from nse_tf.jobs import Start
from nse_tf.methods.method import Method, Steps
from nse_tf.methods.operator_scoring import OperatorScoring
from nse_tf.methods.supernet_training import (
    Stretch,
    SupernetTraining,
    Trained,
)
from nse_tf.methods.warm_up import require_progressive_depth, warm_up
from nse_tf.shrinking import (
    ANGLE_SCORES,
    ShrinkSchedule,
    keeps_enough,
    require_angle,
)
from nse_tf.spaces import SearchSpace

# What generators are drawn for; see `Method.new_rng`.
SCORING = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shrinking:
    """How a method shrinks its space before it searches what is left.

    Attributes:
        schedule: How much is trained and dropped, and when it ends.
        scoring: What operators are scored by.
        training: How the supernet is trained. Its learning rates span all
            stages, its seed draws the children that score operators, and its
            architecture parameters are those that `scoring` asks for.
        least_left: How many networks within the budget no stage may go below.
    """

    schedule: ShrinkSchedule
    scoring: OperatorScoring
    training: SupernetTraining
    least_left: int

    @property
    def scored_training(self) -> SupernetTraining:
        """The training with what the scoring asks for."""
        return dataclasses.replace(
            self.training, architecture=self.scoring.architecture
        )


def require_shrinkable(
    space: SearchSpace, schedule: ShrinkSchedule | None, score: str
) -> None:
    """Refuses to shrink a space that cannot be shrunk so.

    Args:
        space: The whole space.
        schedule: How it is shrunk; None for not at all.
        score: What operators are scored by, one of `SCORES`.

    Raises:
        ValueError: If its stages have widths to choose; see also
            `require_progressive_depth` and `require_angle`.
    """
    require_progressive_depth(space, schedule)
    if schedule is None:
        return
    if score in ANGLE_SCORES:
        require_angle(space, score)
    if space.skeleton.decides_widths:
        raise ValueError(
            f"Space {space.name!r} has widths by stage, which shrinking cannot "
            "rank, since its angles are those of the widest networks: let "
            "`shrinking` be None."
        )


def shrink(
    method: Method, model: CostModel, budget: Budget, shrinking: Shrinking
) -> Steps[SearchSpace]:
    """Drops operators stage by stage; returns the space that is left.

    Each stage trains the supernet, scores the operators of what is left, and
    drops those that score lowest.

    Args:
        method: Whose plan it is; gets the jobs and events.
        model: Cost model of the whole space.
        budget: What children that score operators must fit.
        shrinking: How to shrink.

    Raises:
        BudgetError: If no child fits the budget.
        SearchError: If a training failed, or no child could be evaluated.
        ValueError: If the schedule has a warm-up and the space no progressive
            depth.

    References:
        Hu et al., ABS (2020), algorithm 1: https://arxiv.org/abs/2004.13431
    """
    schedule, training = shrinking.schedule, shrinking.scored_training
    space, stage, base, num_epochs = model.space, 0, "initial", 0
    note_space(method, space, stage)
    start = Start()
    if not schedule.is_done(space, stage):
        start = yield from warm_up(method, space, schedule, training)
    if start != Start():
        base = "reset"  # The weights right after the last insertion.
    is_allowed = keeps_enough(model, budget, shrinking.least_left)
    while not schedule.is_done(space, stage):
        stretch = _stretch(shrinking, stage, num_epochs, start, base)
        trained = yield from training.steps(method, space, stretch)
        start = Start(source="previous", weights=trained.weights)
        num_epochs += stretch.epochs
        left = dataclasses.replace(model, space=space)
        scores = yield from _score(
            method, left, budget, shrinking, trained, stage
        )
        space, dropped = schedule.shrink(space, scores, is_allowed)
        if not dropped:
            break
        num_gone = len(model.space.operators) - len(space.operators)
        resets = schedule.resets_base(num_gone, len(dropped))
        base = "reset" if resets else "previous"
        stage += 1
        note_space(method, space, stage, dropped)
    return space


def _stretch(
    shrinking: Shrinking, stage: int, num_epochs: int, start: Start, base: str
) -> Stretch:
    """Returns the training of a stage, after so many epochs of shrinking."""
    schedule = shrinking.schedule
    epochs = schedule.other_epochs if stage else schedule.first_epochs
    return Stretch(
        epochs=epochs,
        stage=stage,
        learning_rates=shrinking.training.rates_between(
            num_epochs / schedule.total_epochs,
            (num_epochs + epochs) / schedule.total_epochs,
        ),
        start=start,
        base=base,
    )


def _score(
    method: Method,
    model: CostModel,
    budget: Budget,
    shrinking: Shrinking,
    trained: Trained,
    stage: int,
) -> Steps[np.ndarray]:
    """Returns the scores of a stage's operators, and notes them."""
    scores = yield from shrinking.scoring.steps(
        method,
        model,
        budget,
        trained,
        method.new_rng(shrinking.training.seed, SCORING),
        stage,
    )
    method.note(
        OperatorsScored(
            stage=stage,
            score=shrinking.scoring.score,
            scores=table_of_known(scores),
        )
    )
    return scores


def note_space(
    method: Method,
    space: SearchSpace,
    stage: int,
    dropped: Sequence[tuple[int, int]] = (),
) -> None:
    """Notes a space as it stands at the start of a stage; for plans."""
    method.note(
        SpaceAtStage(
            stage=stage,
            active=space.active,
            size=space.size,
            num_operators=len(space.operators),
            dropped=tuple(dropped),
        )
    )
