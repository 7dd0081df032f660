"""How well a network classifies its test images, class by class."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nse_tf.classification import (
    auc_of,
    balanced_accuracy_of,
    confusion_matrix,
    interval_of,
    macro_f1_of,
    majority_of,
)

# What a search compares networks by, for people.
OBJECTIVE_NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "auc": "AUC",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassFacts:
    """One class.

    Attributes:
        name: Its name.
        images: How many test images it has.
        right: How many of them are right.
        low: Lower end of the 95 % interval of its accuracy.
        high: Upper end.
    """

    name: str
    images: int
    right: int
    low: float
    high: float

    @property
    def accuracy(self) -> float | None:
        """Share of its images that are right; None where it has none."""
        return self.right / self.images if self.images else None


@dataclasses.dataclass(frozen=True, kw_only=True)
class ErrorFacts:
    """A test image that is classified wrongly.

    Attributes:
        file: Name of its picture in `best/`.
        image: Its number in the test part, from 0.
        label: Its class.
        predicted: The class that it was taken for.
        confidence: The softmax of that class.
    """

    file: str
    image: int
    label: int
    predicted: int
    confidence: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Classified:
    """What a network makes of the test images.

    Attributes:
        macro_f1: Mean F1 of the classes.
        balanced_accuracy: Mean accuracy of the classes.
        auc: Mean area under the ROC curves of the classes.
        majority_class: The most frequent class.
        majority_share: Accuracy of a network that always says that class.
        low: Lower end of the 95 % interval of the accuracy.
        high: Upper end.
        classes: Each class.
        confusion: Images by true class (rows) and predicted one (columns).
        errors: The most confident errors, that one first.
        seen: Names of pictures in `best/` of training images, as the network
            gets them.
    """

    macro_f1: float
    balanced_accuracy: float
    auc: float
    majority_class: int
    majority_share: float
    low: float
    high: float
    classes: tuple[ClassFacts, ...]
    confusion: tuple[tuple[int, ...], ...]
    errors: tuple[ErrorFacts, ...] = ()
    seen: tuple[str, ...] = ()

    @property
    def matrix(self) -> npt.NDArray[np.int64]:
        """`confusion` as an array."""
        return np.array(self.confusion, np.int64)

    @property
    def present(self) -> list[int]:
        """The classes that have test images."""
        return [i for i, each in enumerate(self.classes) if each.images]

    @property
    def never_found(self) -> list[str]:
        """Names of classes that have images, none of which is right."""
        return [
            each.name for each in self.classes if each.images and not each.right
        ]

    @property
    def beats_majority(self) -> bool:
        """Whether it is surely more accurate than one answer for all."""
        return self.low > self.majority_share

    def taken_for(self, label: int) -> tuple[str, int] | None:
        """Returns what a class is taken for most often, if ever wrongly."""
        row = self.matrix[label]
        row[label] = 0
        other = int(row.argmax())
        if not row[other]:
            return None
        return self.classes[other].name, int(row[other])


def classified(
    logits: npt.NDArray[np.floating],
    labels: npt.NDArray[np.integer],
    class_names: Sequence[str],
) -> Classified:
    """Returns what logits make of test images, without pictures.

    Args:
        logits: `(n, num_classes)`.
        labels: True classes `(n,)`.
        class_names: Names of the labels.
    """
    matrix = confusion_matrix(labels, logits.argmax(axis=1), len(class_names))
    right = np.diag(matrix)
    majority, share = majority_of(matrix)
    low, high = interval_of(int(right.sum()), int(matrix.sum()))
    classes = []
    for label, name in enumerate(class_names):
        count, hits = int(matrix[label].sum()), int(right[label])
        interval = interval_of(hits, count)
        classes.append(
            ClassFacts(
                name=name,
                images=count,
                right=hits,
                low=interval[0],
                high=interval[1],
            )
        )
    return Classified(
        macro_f1=macro_f1_of(matrix),
        balanced_accuracy=balanced_accuracy_of(matrix),
        auc=auc_of(logits, labels),
        majority_class=majority,
        majority_share=share,
        low=low,
        high=high,
        classes=tuple(classes),
        confusion=tuple(tuple(row) for row in matrix.tolist()),
    )


def objective_name(settings: dict[str, Any]) -> str:
    """Returns what a run compared networks by, for people."""
    name = settings.get("objective") or "accuracy"
    return OBJECTIVE_NAMES.get(name, name)
