"""Training recipes: the numbers of a step, apart from its code."""

import dataclasses
import math
from typing import Any

from nse_tf.datasets import POLICIES
from nse_tf.training.schedules import warm_cosine

# From, and below what.
_RANGES = {
    "batch_size": (1, math.inf),
    "learning_rate": (0, math.inf),
    "warmup_epochs": (0, math.inf),
    "momentum": (0, 1),
    "weight_decay": (0, math.inf),
    "label_smoothing": (0, 1),
    "dropout": (0, 1),
    "drop_path": (0, 1),
    "auxiliary_weight": (0, math.inf),
    "cutout": (0, 1),
    "rand_augment": (0, math.inf),
    "weight_average": (0, 1),
    "teacher_temperature": (0.01, math.inf),
    "patience": (0, math.inf),
    "classifier_rate": (0.01, math.inf),
}
# Fields that runs of earlier versions did not have.
_LATER = frozenset(
    {
        *("balanced_classes", "rand_augment", "rand_augment_strength"),
        *("mixup", "cutmix", "weight_average"),
        *("patience", "classifier_rate"),
        *("teacher_weight", "teacher_temperature", "teacher_pixels"),
        "compute",
    }
)
# The pixels that a teacher may take: a factor on those in 0..255, and what is
# added then.
PIXELS: dict[str, tuple[float, float]] = {
    "0..255": (1.0, 0.0),
    "0..1": (1 / 255, 0.0),
    "-1..1": (1 / 127.5, -1.0),
}
# Dtype policies of Keras that a network may be trained by.
FLOAT32 = "float32"
COMPUTE_POLICIES = (FLOAT32, "mixed_bfloat16", "mixed_float16")
# From 0 to 1, both included.
_SHARES = ("rand_augment_strength", "mixup", "cutmix", "teacher_weight")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SupernetRecipe:
    """How shared weights are trained.

    Attributes:
        batch_size: Images a step.
        momentum: Share of the past gradients in SGD.
        nesterov: Whether SGD looks ahead.
        weight_decay: On kernels only.
        label_smoothing: Share of the label spread over all classes.
        clip_norm: Longest gradient; None leaves it.
        augmentation: Name of a policy of `datasets.POLICIES`.
        class_weights: Factor on the loss of each class; empty for ones.
        balanced_classes: Whether all classes are drawn equally often; see
            `datasets.epoch_batches`.
        classifier_rate: Factor on the learning rate of the last layer, where
            the others are trained already.
    """

    batch_size: int = 64
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 4e-5
    label_smoothing: float = 0.1
    clip_norm: float | None = 5.0
    augmentation: str = "none"
    class_weights: tuple[float, ...] = ()
    balanced_classes: bool = False
    classifier_rate: float = 1.0

    def __post_init__(self) -> None:
        _check(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChildRecipe:
    """How one child is trained alone: warm-up, then a cosine to zero.

    Attributes:
        batch_size: Images a step.
        learning_rate: At the end of the warm-up.
        warmup_epochs: Over which it rises from zero.
        momentum: Share of the past gradients in SGD.
        nesterov: Whether SGD looks ahead.
        weight_decay: On kernels only.
        label_smoothing: Share of the label spread over all classes.
        clip_norm: Longest gradient; None leaves it.
        dropout: Share of features dropped before the classifier.
        drop_path: Probability, at the end, of an edge of DARTS's cells to be
            dropped for an image; it rises from 0, epoch by epoch.
        auxiliary_weight: Factor on the loss of an auxiliary classifier, which
            only the training of DARTS's cells has; 0 has none.
        augmentation: Name of a policy of `datasets.POLICIES`.
        cutout: Side of a square that is painted over in each image on top of
            the policy, as a share of the image's side.
        class_weights: Factor on the loss of each class; empty for ones.
        rand_augment: How many random changes each batch gets on top of the
            policy, by Keras's RandAugment.
        rand_augment_strength: How strong they are.
        mixup: Parameter of the Beta distribution by which images and labels
            are mixed, by Keras's MixUp; 0 mixes none.
        cutmix: That of Keras's CutMix. With both, each batch takes either one.
        weight_average: Decay of the moving averages of weights and statistics
            that the training hands over at its end; 0 hands over the last ones.
        balanced_classes: Whether all classes are drawn equally often; see
            `datasets.epoch_batches`.
        patience: Epochs without a better result on the validation part after
            which the training ends; the best weights are handed over. 0 trains
            to the end, and hands over the last ones. The learning rate is that
            of the whole training. See `BestWeights`.
        classifier_rate: Factor on the learning rate of the last layer, where
            the others are trained already or inherited.
        teacher_weight: Share of the teacher in the loss, where a job has one;
            labels have the rest. The default share and temperature are those of
            Tian et al. for small images; Hinton et al. give labels a small
            share, too.
        teacher_temperature: What logits of teacher and child are divided by
            before they are compared; see `distillation_loss`.
        teacher_pixels: The range of pixels that the teacher takes, one of
            `PIXELS`; None trusts that it begins by scaling those in 0..255.
        compute: The dtype policy of Keras that the training computes by, one of
            `COMPUTE_POLICIES`. Weights, statistics and the loss are float32 by
            each of them, and so is what is handed over.

    References:
        See `BatchMixing`, `WeightAverages`, `Teaching` and `MixedPrecision`.
        Tian et al.,
        Contrastive Representation Distillation (2020), for the numbers of
        teachers: https://arxiv.org/abs/1910.10699. Liu et al., DARTS (2019):
        https://arxiv.org/abs/1806.09055, for `drop_path` (0.2),
        `auxiliary_weight` (0.4) and `cutout` (0.5).
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
    drop_path: float = 0.0
    auxiliary_weight: float = 0.0
    augmentation: str = "none"
    cutout: float = 0.0
    class_weights: tuple[float, ...] = ()
    rand_augment: int = 0
    rand_augment_strength: float = 0.5
    mixup: float = 0.0
    cutmix: float = 0.0
    weight_average: float = 0.0
    balanced_classes: bool = False
    patience: int = 0
    classifier_rate: float = 1.0
    teacher_weight: float = 0.9
    teacher_temperature: float = 4.0
    teacher_pixels: str | None = None
    compute: str = FLOAT32

    def __post_init__(self) -> None:
        _check(self)
        if self.compute not in COMPUTE_POLICIES:
            raise ValueError(
                f"`compute` must be one of {', '.join(COMPUTE_POLICIES)}, not "
                f"{self.compute!r}."
            )
        if self.teacher_pixels not in (None, *PIXELS):
            raise ValueError(
                f"`teacher_pixels` must be one of {', '.join(PIXELS)}, not "
                f"{self.teacher_pixels!r}."
            )

    @property
    def extras(self) -> dict[str, float]:
        """What only DARTS's cells are trained with, where it is above 0."""
        named = {
            "auxiliary_weight": self.auxiliary_weight,
            "drop_path": self.drop_path,
        }
        return {name: value for name, value in named.items() if value}

    def drop_path_at(self, epoch: int, epochs: int) -> float:
        """Returns the rate of drop-path in an epoch, counted from 0."""
        return self.drop_path * epoch / epochs

    def rate_at(self, epoch: float, epochs: int) -> float:
        """Returns the learning rate after that many epochs, whole or part."""
        return warm_cosine(
            epoch,
            epochs,
            peak=self.learning_rate,
            warmup_epochs=self.warmup_epochs,
        )


def numbers_of(recipe: SupernetRecipe | ChildRecipe) -> dict[str, Any]:
    """Returns a recipe as older versions wrote it, where it is one of theirs.

    Fields that came later are left out where they have their default, so that
    digests and identities of earlier runs stay.
    """
    return {
        field.name: getattr(recipe, field.name)
        for field in dataclasses.fields(recipe)
        if field.name not in _LATER
        or getattr(recipe, field.name) != field.default
    }


def _check(recipe: SupernetRecipe | ChildRecipe) -> None:
    """Refuses numbers out of range.

    Raises:
        ValueError: Naming the number.
    """
    for name, (low, high) in _RANGES.items():
        value = getattr(recipe, name, low)
        if not low <= value < high:
            raise ValueError(
                f"`{name}` must be at least {low} and below {high}, not "
                f"{value}."
            )
    for name in _SHARES:
        if not 0 <= getattr(recipe, name, 0) <= 1:
            raise ValueError(
                f"`{name}` must be from 0 to 1, not {getattr(recipe, name)}."
            )
    if recipe.clip_norm is not None and not recipe.clip_norm > 0:
        raise ValueError(
            f"`clip_norm` must be positive, or None to leave gradients as they "
            f"are, not {recipe.clip_norm}."
        )
    if any(not 0 <= weight < math.inf for weight in recipe.class_weights):
        raise ValueError(
            "`class_weights` must not be negative or infinite, but are "
            f"{recipe.class_weights}."
        )
    if recipe.augmentation not in POLICIES:
        raise ValueError(
            f"`augmentation` {recipe.augmentation!r} is not a policy: choose "
            f"one of {', '.join(POLICIES)}."
        )


# As in the published study of NAS-Bench-201, but for the padding of crops.
NB201_RECIPE = SupernetRecipe(
    batch_size=64,
    weight_decay=5e-4,
    label_smoothing=0.0,
    clip_norm=None,
    augmentation="small_images",
)

# As published for DARTS on CIFAR-10, and for P-DARTS but for its batches.
DARTS_RECIPE = SupernetRecipe(
    batch_size=64,
    nesterov=False,
    weight_decay=3e-4,
    label_smoothing=0.0,
    clip_norm=5.0,
    augmentation="small_images",
)
PDARTS_RECIPE = dataclasses.replace(DARTS_RECIPE, batch_size=96)
