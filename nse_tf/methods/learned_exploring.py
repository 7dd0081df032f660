"""Steps of plans that explore a supernet once it has left chance.

The first generation tells whether the supernet has learned anything. If not, it
trains on, as long again, a few times at most. Then children are ranked by
what has moved all the same: the angle of their weights since the start.
"""

import dataclasses

import numpy as np

from nse_tf.costs import Budget, CostModel
from nse_tf.events import ChildrenRanked, EvaluationFinished
from nse_tf.evolution import Exploration
from nse_tf.jobs import Start
from nse_tf.methods.chance import judge_supernet, num_alike
from nse_tf.methods.evaluating import EvaluatedChild
from nse_tf.methods.exploring_steps import (
    Judge,
    evaluate_paths,
    explore_children,
    ranked_children,
)
from nse_tf.methods.method import Method, Steps
from nse_tf.methods.one_shot_config import OneShotConfig
from nse_tf.methods.supernet_training import (
    EarlierSupernet,
    Stretch,
    SupernetTraining,
    Trained,
)
from nse_tf.shrinking import angle_sums
from nse_tf.spaces.genotype import Path


class _AtChanceError(Exception):
    """Ends an exploration whose first generation is no better than guessing."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LearnedExploring:
    """An exploration of a supernet that it trains, or that is trained already.

    Attributes:
        method: Whose plan it is; gets the jobs and events.
        model: Cost model of the space to explore.
        budget: What children must fit.
        config: How to explore, and how often to train.
    """

    method: Method
    model: CostModel
    budget: Budget
    config: OneShotConfig
    # Of each path that was evaluated.
    _accuracies: dict[Path, float] = dataclasses.field(
        default_factory=dict, init=False
    )

    def steps(
        self, training: SupernetTraining, stretch: Stretch
    ) -> Steps[tuple[list[EvaluatedChild], str]]:
        """Trains a supernet until it is above chance, and explores it.

        Args:
            training: How the supernet is trained.
            stretch: Its first training, and how long each further one is.

        Returns:
            Children, best first, and a reference of the weights.

        Raises:
            SearchError: If a training failed, or no child could be evaluated.
        """
        for trainings in range(1, self.config.max_trainings + 1):
            trained = yield from training.steps(
                self.method, self.model.space, stretch
            )
            start = Start(source="previous", weights=trained.weights)
            # The base of angles stays that of the first training.
            stretch = dataclasses.replace(stretch, start=start, base="previous")
            ranked = yield from self._unless_at_chance(
                trained.weights, trainings
            )
            if ranked is not None:
                return ranked, trained.weights
        ranked = yield from self._in_spite_of_chance(trained)
        return ranked, trained.weights

    def again(self, earlier: EarlierSupernet) -> Steps[list[EvaluatedChild]]:
        """Returns children of a trained supernet, best first.

        Where they are at chance they are ranked as `steps` does in the end:
        nothing is trained.

        Raises:
            SearchError: If no child could be evaluated.
        """
        trained = earlier.trained
        ranked = yield from self._unless_at_chance(
            trained.weights, earlier.trainings
        )
        if ranked is None:
            ranked = yield from self._in_spite_of_chance(trained)
        return ranked

    def _unless_at_chance(
        self, weights: str, trainings: int
    ) -> Steps[list[EvaluatedChild] | None]:
        """Returns children by accuracy; None where the first ones guess."""
        try:
            explored = yield from self._explored(
                self._by_accuracy(weights, trainings)
            )
        except _AtChanceError:
            return None
        return self._ranked(explored, "accuracy")

    def _in_spite_of_chance(
        self, trained: Trained
    ) -> Steps[list[EvaluatedChild]]:
        """Returns children by angle, which needs no accuracy."""
        name = (
            "angle_of_unit_kernels"
            if self.model.space.skeleton.cell_kinds and trained.result.unit_sums
            else "angle"
        )
        explored = yield from self._explored(self._by_angle(trained, name))
        return self._ranked(explored, name)

    def _explored(self, judge: Judge) -> Steps[Exploration]:
        config = self.config
        return explore_children(
            self.method,
            self.model,
            self.budget,
            judge,
            explorer=config.explorer,
            exploring=config.exploring,
            seed=config.seed,
        )

    def _evaluated(
        self, paths: np.ndarray, weights: str, generation: int
    ) -> Steps[np.ndarray]:
        """Returns accuracies of a generation, and keeps them."""
        accuracies = yield from evaluate_paths(
            self.method,
            self.model,
            paths,
            weights,
            self.config.evaluating,
            generation=generation,
        )
        # Explorers refuse another number of them than of paths.
        self._accuracies.update(
            zip(map(tuple, paths.tolist()), accuracies.tolist(), strict=False)
        )
        return accuracies

    def _by_accuracy(self, weights: str, trainings: int) -> Judge:
        """Returns what ends an exploration whose first children guess."""

        def judge(paths: np.ndarray, generation: int) -> Steps[np.ndarray]:
            found = yield from self._evaluated(paths, weights, generation)
            if generation == 0 and not judge_supernet(
                self.method, found, trainings
            ):
                raise _AtChanceError
            return found

        return judge

    def _by_angle(self, trained: Trained, name: str) -> Judge:
        """Returns what evaluates children, but lets their angles decide."""
        sums = angle_sums(self.model.space, trained.result, name)

        def judge(paths: np.ndarray, generation: int) -> Steps[np.ndarray]:
            yield from self._evaluated(paths, trained.weights, generation)
            return sums.angles(paths, empty_rad=0.0)

        return judge

    def _ranked(self, explored: Exploration, by: str) -> list[EvaluatedChild]:
        """Returns children in order; notes what it goes by, and how surely."""
        ranked = ranked_children(self.method, explored, self._accuracies)
        finished = self.method.noted(EvaluationFinished)
        num_images = finished[-1].num_images if finished else 0
        if num_images:
            accuracies = np.array([child.accuracy for child in ranked])
            is_by_accuracy = by == "accuracy"
            self.method.note(
                ChildrenRanked(
                    by=by,
                    num_children=len(ranked),
                    num_alike=num_alike(accuracies, num_images)
                    if is_by_accuracy
                    else len(ranked),
                    num_images=num_images,
                )
            )
        return ranked
