"""Steps of plans that score operators, one interface for every score.

Children are drawn around every operator, each child gets a number, and an
operator's score is the mean of its children's. Only the number differs: an
angle costs arithmetic, an accuracy jobs. `magnitude` alone scores operators
directly, by the architecture parameters that were trained with the supernet.
"""

import dataclasses

import numpy as np

from nse_tf.costs import Budget, CostModel
from nse_tf.jobs import ArchitectureRule, SupernetTrained
from nse_tf.methods.evaluating import (
    Evaluating,
    evaluate_children,
    genes_of,
)
from nse_tf.methods.method import Method, SearchError, Steps
from nse_tf.methods.supernet_training import Trained
from nse_tf.shrinking import (
    ANGLE_SCORES,
    angle_sums,
    draw_children,
    operator_means,
    those_that_count,
)

SCORES = (*ANGLE_SCORES, "accuracy", "magnitude", "add")


@dataclasses.dataclass(frozen=True)
class OperatorScoring:
    """How operators are scored.

    Attributes:
        score: One of `SCORES`. `add` is the sum of the ranks by angle and by
            accuracy.
        children_per_operator: How many children score an operator; None takes
            all children of the space, which must be few.
        evaluating: How the accuracy of a child is found, where it scores.

    Raises:
        ValueError: If there is no such score.

    References:
        Hu et al., ABS (2020), sections 2.1 and 3 and code:
        https://arxiv.org/abs/2004.13431. `add` is in the figures of its ranking
        study; how it is made is our reading.
    """

    score: str = "angle"
    children_per_operator: int | None = 1000
    evaluating: Evaluating = Evaluating(calibration_images=0)

    def __post_init__(self) -> None:
        if self.score not in SCORES:
            raise ValueError(
                f"`score` must be one of {', '.join(SCORES)}, not "
                f"{self.score!r}."
            )

    @property
    def architecture(self) -> ArchitectureRule | None:
        """What trains the architecture parameters that it needs, if any."""
        return (
            ArchitectureRule(rule="beside")
            if self.score == "magnitude"
            else None
        )

    def steps(
        self,
        method: Method,
        model: CostModel,
        budget: Budget,
        trained: Trained,
        rng: np.random.Generator,
        stage: int,
    ) -> Steps[np.ndarray]:
        """Returns the score of every operator, `(num_blocks, candidates)`.

        Args:
            method: Whose plan it is; gets the jobs and events.
            model: Cost model of the space as it stands.
            budget: What children must fit.
            trained: What the supernet's training came to.
            rng: Draws the children.
            stage: Stage of shrinking. Children that are evaluated here belong
                to generation `-1 - stage`.

        Raises:
            BudgetError: If no child fits the budget.
            SearchError: If no child could be evaluated.
            ValueError: If sums are not finite or a child has no weights.
        """
        if self.score == "magnitude":
            return _magnitudes(model, trained.result)
        paths = those_that_count(
            model.space,
            draw_children(model, budget, rng, self.children_per_operator),
            self.children_per_operator,
        )
        values = []
        if self.score in (*ANGLE_SCORES, "add"):
            angle = "angle" if self.score == "add" else self.score
            sums = angle_sums(model.space, trained.result, angle)
            values.append(sums.angles(paths))
        if self.score in ("accuracy", "add"):
            accuracies = yield from evaluate_children(
                method,
                genes_of(paths),
                trained.weights,
                self.evaluating,
                generation=-1 - stage,
            )
            evaluated = np.isfinite(accuracies)
            if not evaluated.any():
                raise SearchError(
                    "No child could be evaluated, so no operator can be "
                    "scored; see the failed jobs."
                )
            paths = paths[evaluated]
            values = [
                *(each[evaluated] for each in values),
                accuracies[evaluated],
            ]
        return operator_means(
            model.space, paths, _added(values), self.children_per_operator
        )


def _added(values: list[np.ndarray]) -> np.ndarray:
    """Returns the one score of children, or the sum of their ranks by each."""
    if len(values) == 1:
        return values[0]
    from scipy import stats  # Takes half a second, which others can save.

    ranks: np.ndarray = np.sum(
        [stats.rankdata(each) for each in values], axis=0
    )
    return ranks


def _magnitudes(model: CostModel, trained: SupernetTrained) -> np.ndarray:
    """Returns the magnitude of every active operator; NaN for the others."""
    space = model.space
    scores = np.full((len(space.blocks), space.max_candidates), np.nan)
    if trained.architecture is None:
        raise SearchError(
            "The supernet was trained without architecture parameters, so "
            "there are no magnitudes."
        )
    magnitudes = np.array(trained.architecture.probabilities)
    for block, index in space.operators:
        scores[block, index] = magnitudes[block, index]
    return scores
