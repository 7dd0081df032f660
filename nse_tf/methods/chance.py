"""Whether a supernet has learned: its children held against chance.

A supernet that has not left chance gives children accuracies that say nothing
about them. The mean of a generation decides, not its best: the best of many
coin tosses is above chance, too.
"""

import math

import numpy as np

from nse_tf.events import EvaluationFinished, SupernetJudged
from nse_tf.methods.method import Method

# Of a normal distribution, 97.5 % lies below so many deviations: one side of
# a 95 % interval.
_DEVIATIONS = 1.96


def chance_bound(chance: float, num_images: int) -> float:
    """Returns the accuracy that guessing stays below with 97.5 % probability.

    Children answer about the same images, so that a mean of them scatters as
    one of them may.

    Args:
        chance: Accuracy of always guessing the most frequent class.
        num_images: On how many images.
    """
    variance = chance * (1.0 - chance) / num_images
    return chance + _DEVIATIONS * math.sqrt(variance)


def judge_supernet(
    method: Method, accuracies: np.ndarray, trainings: int = 1
) -> bool:
    """Whether children that were just evaluated are above chance; for plans.

    It is noted, with the numbers. Where a worker did not say what chance gets,
    or no child could be evaluated, nothing is noted and it counts as learned.

    Args:
        method: Whose plan it is; gets the event.
        accuracies: Of the children that were evaluated last; `-inf` where the
            evaluation failed.
        trainings: How often their supernet was trained, one after another.
    """
    evaluated = accuracies[np.isfinite(accuracies)]
    finished = method.noted(EvaluationFinished)
    if not len(evaluated) or finished[-1].chance is None:
        return True
    chance, num_images = finished[-1].chance, finished[-1].num_images
    mean = float(evaluated.mean())
    judged = SupernetJudged(
        trainings=trainings,
        num_children=len(evaluated),
        mean_accuracy=mean,
        chance=chance,
        bound=chance_bound(chance, num_images),
        num_images=num_images,
        has_learned=mean > chance_bound(chance, num_images),
    )
    method.note(judged)
    return judged.has_learned


def num_alike(accuracies: np.ndarray, num_images: int) -> int:
    """Returns how many children the best one is not told apart from.

    Two children are told apart by a 95 % interval of the difference of two
    shares. They answer about the same images, so it is wider than need be.

    Args:
        accuracies: Of the children, the best one among them, which is counted.
        num_images: On how many images.
    """
    best = accuracies.max()
    variances = (
        best * (1.0 - best) + accuracies * (1.0 - accuracies)
    ) / num_images
    alike = best - accuracies <= _DEVIATIONS * np.sqrt(variances)
    return int(alike.sum())
