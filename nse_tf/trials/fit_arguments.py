"""The arguments of `search`, which are those of `keras.Model.fit`, checked."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nse_tf.datasets import ImageData, ImageSet, as_image_set
from nse_tf.spaces import Skeleton
from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.training.epoch_callbacks import copied


@dataclasses.dataclass(frozen=True, kw_only=True)
class FitArguments:
    """The arguments of a search on shared weights.

    Attributes:
        train: The training part.
        validation: The validation part.
        epochs: Epochs of each child that is trained alone, or None for the
            number of the method.
        batch_size: Images a step in all training, or None for the number of the
            recipes.
        class_weights: A factor on the loss of each class; empty for ones.
        balanced_classes: Whether all classes are drawn equally often.
        callbacks: Keras callbacks of each child that is trained alone.
    """

    train: ImageSet
    validation: ImageSet
    epochs: int | None = None
    batch_size: int | None = None
    class_weights: tuple[float, ...] = ()
    balanced_classes: bool = False
    callbacks: tuple[Any, ...] = ()

    def recipes(
        self, supernet: SupernetRecipe, child: ChildRecipe
    ) -> tuple[SupernetRecipe, ChildRecipe]:
        """Returns the recipes, changed by what `search` was given."""
        changes: dict[str, Any] = {}
        if self.batch_size is not None:
            changes["batch_size"] = self.batch_size
        if self.class_weights:
            changes["class_weights"] = self.class_weights
        if self.balanced_classes:
            changes["balanced_classes"] = True
        return (
            dataclasses.replace(supernet, **changes),
            dataclasses.replace(child, **changes),
        )

    def data_for(self, skeleton: Skeleton) -> ImageData:
        """Returns the data of a search whose test part stays with the caller.

        Raises:
            ValueError: If images or labels do not fit the skeleton.
        """
        shape = (*skeleton.image_size, skeleton.image_channels)
        parts = (("training", self.train), ("validation", self.validation))
        for name, part in parts:
            if part.images.shape[1:] != shape:
                raise ValueError(
                    f"The space takes images of shape {shape}; the {name} "
                    f"images have {part.images.shape[1:]}. Make the space for "
                    "them, or resize them."
                )
            if part.labels.max() >= skeleton.num_classes:
                raise ValueError(
                    f"The space has {skeleton.num_classes} classes; a {name} "
                    f"label is {part.labels.max()}."
                )
        names = tuple(str(label) for label in range(skeleton.num_classes))
        # The test part is not looked at.
        return ImageData(
            name="search",
            train=self.train,
            validation=self.validation,
            test=self.validation,
            class_names=names,
        )


def read_fit_arguments(
    num_classes: int,
    x: Any,
    y: Any = None,
    *,
    validation_data: Any = None,
    validation_split: float = 0.0,
    epochs: int | None = None,
    batch_size: int | None = None,
    class_weight: Mapping[int, float] | str | None = None,
    callbacks: Sequence[Any] | None = None,
    **others: Any,
) -> FitArguments:
    """Returns the arguments of `search`, checked.

    Args:
        num_classes: Classes of the space.
        x: See `SupernetTuner.search`, also for what follows.
        y: Labels, or None.
        validation_data: The validation part, or None.
        validation_split: Share of the end of the training part, or 0.
        epochs: Epochs of children trained alone.
        batch_size: Images a step in all training.
        class_weight: Factor on the loss by label, 1 for those left out; or
            `balanced`, which draws all classes equally often.
        callbacks: Keras callbacks of children trained alone.
        **others: Other arguments, all of which are refused.

    Raises:
        TypeError: If there is an argument that has no use here.
        ValueError: If there is no validation part or there are two, a number
            is out of range, or a callback cannot be copied.
    """
    _refuse_others(others)
    train = as_image_set(x if y is None else (x, y))
    if (validation_data is None) == (not validation_split):
        raise ValueError(
            "Networks are ranked on a validation part: give either "
            "`validation_data` or a `validation_split` such as 0.2."
        )
    if validation_data is None:
        train, validation = _split(train, validation_split)
    else:
        validation = as_image_set(validation_data)
    _require_classes(train, validation, validation_split)
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if value is not None and value < 1:
            raise ValueError(f"`{name}` must be at least 1, not {value}.")
    copied(callbacks or ())  # Refused now, and not before the last training.
    return FitArguments(
        train=train,
        validation=validation,
        epochs=epochs,
        batch_size=batch_size,
        class_weights=_class_weights(class_weight, num_classes),
        balanced_classes=class_weight == "balanced",
        callbacks=tuple(callbacks or ()),
    )


def _refuse_others(others: Mapping[str, Any]) -> None:
    if others:
        raise TypeError(
            f"`search` has no use for {sorted(others)} here: it takes epochs, "
            "batch_size, class_weight, callbacks, validation_data, "
            "validation_split and verbose; augmentation is set in the recipes."
        )


def _require_classes(
    train: ImageSet, validation: ImageSet, split: float
) -> None:
    """Refuses parts that no network can be ranked on.

    Raises:
        ValueError: If all training images are of one class, or a split was
            taken of images that lie sorted by class.
    """
    known, asked = set(train.labels.tolist()), set(validation.labels.tolist())
    if split and (unknown := sorted(asked - known)):
        raise ValueError(
            f"`validation_split` {split} takes the last {len(validation)} "
            f"images, among them all of class {unknown[0]}: the images lie "
            "sorted by class. Shuffle them first, or give `validation_data`."
        )
    if len(known) < 2:
        raise ValueError(
            f"All {len(train)} training images have the label "
            f"{known.pop()}: there is nothing to tell apart."
        )


def _split(images: ImageSet, share: float) -> tuple[ImageSet, ImageSet]:
    """Splits the end off, unshuffled, as `keras.Model.fit` does.

    Raises:
        ValueError: If nothing would be left of one of the two.
    """
    first = int(len(images) * (1.0 - share))
    if not 0 < first < len(images):
        raise ValueError(
            f"`validation_split` {share} leaves {first} of {len(images)} "
            "images to train on; it must lie between 0 and 1."
        )
    rows = np.arange(len(images))
    return images.subset(rows[:first]), images.subset(rows[first:])


def _class_weights(
    weights: Mapping[int, float] | str | None,
    num_classes: int,
) -> tuple[float, ...]:
    """Returns a factor for each class, or nothing where all are one.

    Raises:
        ValueError: If a class does not exist, a factor is negative, or the
            rule is unknown.
    """
    if weights == "balanced":
        return ()  # Drawn equally often instead.
    if isinstance(weights, str):
        raise ValueError(
            f"`class_weight` is {weights!r}; give 'balanced', or a factor for "
            "each class."
        )
    weights = weights or {}
    for label, weight in weights.items():
        if label not in range(num_classes) or not weight >= 0:
            raise ValueError(
                f"`class_weight` gives class {label!r} the weight {weight}; "
                f"classes are 0 to {num_classes - 1}, weights not negative."
            )
    found = tuple(float(weights.get(c, 1.0)) for c in range(num_classes))
    return found if weights else ()
