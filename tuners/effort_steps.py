"""Efforts count optimizer steps: how many epochs these are on a data set.

An effort's epochs were chosen on one data set. On another it takes as many
steps, so that few images are passed over more often and many less often, once
at least. A network that is trained alone learns its images by heart sooner or
later: it makes at most `MOST_ALONE` passes, or what its effort says.
"""

import dataclasses
from typing import Any, TypeVar

Numbers = TypeVar("Numbers")

# Most epochs that a network is trained alone for the sake of steps.
MOST_ALONE = 200
_ALONE = ("child_epochs", "rank_check_epochs")
_WITHOUT = "epochs_without"
_OF_WITHOUT = ("search_epochs", "stage_epochs")


@dataclasses.dataclass(frozen=True)
class EpochFactors:
    """By how much other images change the number of epochs.

    Attributes:
        shared: Epochs of shared weights, of shrinking and of evolution.
        alone: Epochs of networks that are trained alone.
    """

    shared: float
    alone: float

    @classmethod
    def between(
        cls, images: int, num_images: int, batch_size: int, child_epochs: int
    ) -> "EpochFactors":
        """Returns the factors that keep the number of steps.

        Args:
            images: Training images that epochs were chosen on.
            num_images: Training images that there are.
            batch_size: Images of a step; fewer make a step of their own.
            child_epochs: Epochs that a network is trained alone on `images`.
        """
        shared = images / max(num_images, batch_size)
        return cls(shared, min(shared, max(1.0, MOST_ALONE / child_epochs)))


def in_steps(numbers: Numbers, factors: EpochFactors) -> Numbers:
    """Returns numbers with other epochs.

    Every field that counts epochs changes, those of records within as well.
    Whole epochs stay whole and at least one; 0 stays 0, and at least one epoch
    trains architecture parameters where some do.

    Args:
        numbers: A frozen record.
        factors: What epochs are multiplied by.
    """
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(numbers):  # type: ignore[arg-type]
        name, value = field.name, getattr(numbers, field.name)
        if dataclasses.is_dataclass(value):
            changes[name] = in_steps(value, factors)
        elif value and name.endswith(("_epochs", _WITHOUT)):
            factor = factors.alone if name in _ALONE else factors.shared
            changes[name] = _times(value, factor)
    if _WITHOUT in changes:
        most = min(changes[name] for name in _OF_WITHOUT if name in changes)
        changes[_WITHOUT] = min(changes[_WITHOUT], most - 1)
    return dataclasses.replace(numbers, **changes)  # type: ignore[type-var]


def _times(epochs: int | float, factor: float) -> int | float:
    """Returns epochs, whole ones as whole ones, times a factor."""
    if isinstance(epochs, float):
        return epochs * factor
    return max(1, round(epochs * factor))
