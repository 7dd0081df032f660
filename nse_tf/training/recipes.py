"""Training recipes: the numbers of a step, apart from its code."""

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class SupernetRecipe:
    """How shared weights are trained.

    Attributes:
        batch_size: Images a step.
        momentum: Of SGD.
        nesterov: Whether SGD looks ahead.
        weight_decay: On kernels only.
        label_smoothing: Share of the label spread over all classes.
        clip_norm: Longest gradient; None leaves it.
        augmentation: Name of a policy of `datasets.POLICIES`.
    """

    batch_size: int = 64
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 4e-5
    label_smoothing: float = 0.1
    clip_norm: float | None = 5.0
    augmentation: str = "none"


@dataclasses.dataclass(frozen=True)
class ChildRecipe:
    """How one child is trained alone: warm-up, then a cosine to zero.

    Attributes:
        batch_size: Images a step.
        learning_rate: At the end of the warm-up.
        warmup_epochs: Over which it rises from zero.
        momentum: Of SGD.
        nesterov: Whether SGD looks ahead.
        weight_decay: On kernels only.
        label_smoothing: Share of the label spread over all classes.
        clip_norm: Longest gradient; None leaves it.
        dropout: Share of features dropped before the classifier.
        augmentation: Name of a policy of `datasets.POLICIES`.
    """

    batch_size: int = 64
    learning_rate: float = 0.1
    warmup_epochs: float = 3.0
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 1e-4
    label_smoothing: float = 0.1
    clip_norm: float | None = 5.0
    dropout: float = 0.0
    augmentation: str = "none"

    def rate_at(self, epoch: float, epochs: int) -> float:
        """Returns the learning rate after that many epochs, whole or part."""
        warmup = min(self.warmup_epochs, epochs / 2)
        if epoch < warmup:
            return self.learning_rate * epoch / warmup
        done = (epoch - warmup) / (epochs - warmup)
        return (
            self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        )
