"""How well images are classified: by class, and in one number."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from nse_tf.significance import CONFIDENCE

Labels = npt.NDArray[np.integer]
Matrix = npt.NDArray[np.int64]


def confusion_matrix(
    labels: Labels, predicted: Labels, num_classes: int
) -> Matrix:
    """Returns how many images of each class were taken for each class.

    Args:
        labels: True classes `(n,)`, from 0.
        predicted: Predicted classes `(n,)`.
        num_classes: How many classes there are.

    Returns:
        `(num_classes, num_classes)`: a row for each true class, a column for
        each predicted one.
    """
    cells = np.asarray(labels, np.int64) * num_classes + predicted
    counts = np.bincount(cells, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes).astype(np.int64)


def accuracy_of(matrix: Matrix) -> float:
    """Returns the share of images that are right."""
    return int(np.trace(matrix)) / int(matrix.sum())


def balanced_accuracy_of(matrix: Matrix) -> float:
    """Returns the mean accuracy of the classes that have images."""
    totals = matrix.sum(axis=1)
    known = totals > 0
    return float((np.diag(matrix)[known] / totals[known]).mean())


def macro_f1_of(matrix: Matrix) -> float:
    """Returns the mean F1 of the classes.

    F1 is the harmonic mean of precision and recall, 0 where a class that has
    images is never found. Classes that neither have images nor were predicted
    are left out.
    """
    totals = matrix.sum(axis=0) + matrix.sum(axis=1)
    known = totals > 0
    return float((2 * np.diag(matrix)[known] / totals[known]).mean())


def majority_of(matrix: Matrix) -> tuple[int, float]:
    """Returns the most frequent class, and its share of the images.

    That share is the accuracy of a network that always says this class.
    """
    totals = matrix.sum(axis=1)
    return int(totals.argmax()), float(totals.max() / totals.sum())


def interval_of(num_right: int, count: int) -> tuple[float, float]:
    """Returns the 95 % interval of a share, by Wilson's score.

    Args:
        num_right: How many are right.
        count: Of how many; 0 tells nothing, so that the interval is all.

    References:
        Wilson (1927): https://doi.org/10.1080/01621459.1927.10502953
    """
    if count == 0:
        return 0.0, 1.0
    found = stats.binomtest(num_right, count).proportion_ci(
        CONFIDENCE, method="wilson"
    )
    return float(found.low), float(found.high)


def auc_of(scores: npt.NDArray[np.floating], labels: Labels) -> float:
    """Returns the mean area under the ROC curves of the classes.

    That of a class, against all others, is the probability that an image of it
    has a higher softmax for it than one of another class; ties count half.
    Classes that no image has, or all have, are left out.

    Args:
        scores: Logits `(n, num_classes)`.
        labels: True classes `(n,)`.

    Returns:
        The mean; 0.5, which is chance, where no class can be told, or a logit
        is no number.
    """
    if not np.isfinite(scores).all():
        return 0.5
    shares = special.softmax(np.asarray(scores, np.float64), axis=1)
    areas = []
    for label in range(shares.shape[1]):
        is_of = labels == label
        ours, others = int(is_of.sum()), int((~is_of).sum())
        if ours and others:
            ranks = stats.rankdata(shares[:, label])
            wins = ranks[is_of].sum() - ours * (ours + 1) / 2
            areas.append(wins / (ours * others))
    return float(np.mean(areas)) if areas else 0.5


def _of_matrix(
    number: Callable[[Matrix], float],
) -> Callable[[npt.NDArray[np.floating], Labels], float]:
    """Returns a number of the confusion matrix as one of logits."""

    def of_scores(scores: npt.NDArray[np.floating], labels: Labels) -> float:
        predicted = scores.argmax(axis=1)
        return number(confusion_matrix(labels, predicted, scores.shape[1]))

    return of_scores


# What a search can seek the most of, from logits `(n, num_classes)` and labels
# `(n,)`: each from 0 to 1.
OBJECTIVES: Mapping[
    str, Callable[[npt.NDArray[np.floating], Labels], float]
] = {
    "accuracy": _of_matrix(accuracy_of),
    "balanced_accuracy": _of_matrix(balanced_accuracy_of),
    "macro_f1": _of_matrix(macro_f1_of),
    "auc": auc_of,
}


def objective_value(
    objective: str, scores: npt.NDArray[np.floating], labels: Labels
) -> float:
    """Returns what logits come to by an objective.

    Args:
        objective: A name of `OBJECTIVES`.
        scores: Logits `(n, num_classes)`.
        labels: True classes `(n,)`, from 0.
    """
    return OBJECTIVES[objective](scores, labels)


def chance_of(objective: str, labels: Labels) -> float:
    """Returns what always guessing the most frequent class comes to.

    Args:
        objective: A name of `OBJECTIVES`.
        labels: True classes `(n,)`, from 0.
    """
    counts = np.bincount(labels)
    guesses = np.tile(counts == counts.max(), (len(labels), 1)).astype(float)
    return objective_value(objective, guesses, labels)
