"""Teachers: classifiers that say what a child in training should say."""

import dataclasses
import hashlib
import pathlib
import tempfile
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.model_files import read_model_file
from nse_tf.spaces import SearchSpace
from nse_tf.training.losses import distillation_loss
from nse_tf.training.recipes import PIXELS, ChildRecipe

_SCALING_LAYERS = (keras.layers.Rescaling, keras.layers.Normalization)
# A teacher says something of so many images of noise, to tell what it is.
_PROBES = 4
_TOLERANCE = 1e-3


@dataclasses.dataclass(frozen=True)
class TeacherFile:
    """A classifier in a file that others made.

    It is kept whole: a search that runs for days does not depend on the file
    any more, and workers elsewhere are sent it.

    Attributes:
        name: Path of the file, for messages.
        content: The bytes of the file.
    """

    name: str
    content: bytes = dataclasses.field(repr=False)

    @classmethod
    def read(cls, path: pathlib.Path) -> "TeacherFile":
        """Returns a file.

        Raises:
            ValueError: If it is not there or cannot be read.
        """
        try:
            return cls(str(path), path.read_bytes())
        except OSError as error:
            raise ValueError(
                f"`teacher` {path} cannot be read ({error.strerror}): give a "
                ".keras file that is there, the same one to resume."
            ) from error

    @property
    def sha256(self) -> str:
        """Digest of the content, which tells teachers apart."""
        return hashlib.sha256(self.content).hexdigest()

    def model(self) -> keras.Model:
        """Returns the model; nothing in the file is run.

        Raises:
            ValueError: If it holds no model that can be loaded here.
        """
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / pathlib.Path(self.name).name
            copy.write_bytes(self.content)
            try:
                return read_model_file(copy)
            except ValueError as error:
                reason = str(error).replace(str(copy), self.name)
                raise ValueError(f"`teacher` {reason}") from error

    def teaching(self, space: SearchSpace, recipe: ChildRecipe) -> "Teaching":
        """Returns how it teaches children of a space; see `taught_by`.

        Raises:
            ValueError: If it cannot; see `model` and `Teaching`.
        """
        return taught_by(
            self.model(),
            space,
            recipe,
            name=self.name,
            pixels=recipe.teacher_pixels,
        )


def taught_by(
    model: keras.Model,
    space: SearchSpace,
    recipe: ChildRecipe,
    *,
    name: str,
    pixels: str | None,
) -> "Teaching":
    """Returns how a model teaches children of a space, as a recipe says.

    Args:
        model: See `Teaching`; so are the last two.
        space: Has the images and classes.
        recipe: Has the numbers.
        name: What messages call it.
        pixels: See `Teaching`.

    Raises:
        ValueError: See `Teaching`.
    """
    skeleton = space.skeleton
    return Teaching(
        model,
        (*skeleton.image_size, skeleton.image_channels),
        skeleton.num_classes,
        weight=recipe.teacher_weight,
        temperature=recipe.teacher_temperature,
        pixels=pixels,
        name=name,
    )


class Teaching:
    """What a teacher adds to the loss of a step.

    The teacher is not trained: it infers, batch norms by their moving
    statistics, and gets no gradient. It sees the images that the step trains
    on, augmented and mixed, resized to its own input.

    Args:
        model: A classifier of the same classes, of one input and one output:
            logits, or probabilities of classes that exclude each other.
        image_shape: Height, width and channels of the step's images.
        num_classes: Number of classes.
        weight: Share of the teacher in the loss; labels have the rest.
        temperature: See `distillation_loss`.
        pixels: The range of pixels that it takes, one of `PIXELS`; None trusts
            its first layer, which must scale pixels in 0..255 itself.
        name: What messages call it.

    Raises:
        ValueError: If it is no such classifier, or nobody knows which pixels it
            takes.

    References:
        Hinton et al., Distilling the Knowledge in a Neural Network (2015):
        https://arxiv.org/abs/1503.02531. Beyer et al., Knowledge distillation:
        A good teacher is patient and consistent (2022):
        https://arxiv.org/abs/2106.05237, for the same images for both.
    """

    def __init__(
        self,
        model: keras.Model,
        image_shape: tuple[int, int, int],
        num_classes: int,
        *,
        weight: float,
        temperature: float,
        pixels: str | None = None,
        name: str = "teacher",
    ) -> None:
        _require_classifier(model, image_shape[2], num_classes, name)
        if pixels is None and not _scales_itself(model):
            raise ValueError(
                f"`teacher` {name} does not begin with a Rescaling or "
                "Normalization layer, so that nobody knows which pixels it "
                f"takes: say so by `teacher_pixels`, one of {', '.join(PIXELS)}"
                "."
            )
        self._model = model
        self._size = model.input_shape[1:3]
        self._scale, self._offset = PIXELS[pixels or "0..255"]
        self._weight, self._temperature = weight, temperature
        self._is_softmax = False
        self._is_softmax = self._says_shares(image_shape, name)

    def logits(self, images: tf.Tensor) -> tf.Tensor:
        """Returns what the teacher says, `(batch, num_classes)`.

        Args:
            images: `(batch, height, width, channels)`, float32 in 0..255.
        """
        size = [
            wanted or there
            for wanted, there in zip(self._size, images.shape[1:3], strict=True)
        ]
        if size != list(images.shape[1:3]):
            # Antialiased, so that a smaller teacher sees what was there.
            images = tf.image.resize(images, size, antialias=True)
        said = self._model(images * self._scale + self._offset, training=False)
        said = tf.cast(said, tf.float32)
        if self._is_softmax:
            # The softmax of these is what the teacher says.
            said = tf.math.log(tf.maximum(said, keras.config.epsilon()))
        return tf.stop_gradient(said)

    def loss(
        self, taught: tf.Tensor, logits: tf.Tensor, of_labels: tf.Tensor
    ) -> tf.Tensor:
        """Returns the loss of labels and teacher together.

        Args:
            taught: What `logits` returned of the images.
            logits: What the network in training says.
            of_labels: Its loss by labels.
        """
        return (1.0 - self._weight) * of_labels + self._weight * (
            distillation_loss(taught, logits, self._temperature)
        )

    def _says_shares(self, image_shape: tuple[int, ...], name: str) -> bool:
        """Whether it says shares of classes, not logits.

        Raises:
            ValueError: If it says something else, or fails.
        """
        noise = np.random.default_rng(0).uniform(
            0, 255, (_PROBES, *image_shape)
        )
        try:
            said = self.logits(tf.constant(noise, tf.float32)).numpy()
        except (tf.errors.OpError, ValueError, TypeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(
                f"`teacher` {name} does not take images of {image_shape} "
                f"({reason}): give one that does."
            ) from error
        if not np.isfinite(said).all():
            raise ValueError(
                f"`teacher` {name} says {said.ravel()[:3]} of noise, which is "
                "not finite: give one that was trained."
            )
        if said.min() < 0 or said.max() > 1:
            return False
        if np.abs(said.sum(axis=1) - 1).max() < _TOLERANCE:
            return True
        raise ValueError(
            f"`teacher` {name} says numbers from 0 to 1 that do not add up to "
            "1, so that they are neither logits nor shares of classes that "
            "exclude each other: let it end in a softmax, or without."
        )


def _require_classifier(
    model: Any, channels: int, num_classes: int, name: str
) -> None:
    """Refuses what classifies no such images, or into other classes.

    Raises:
        ValueError: If it does not.
    """
    inputs, outputs = (
        getattr(model, each, None) for each in ("input_shape", "output_shape")
    )
    if not isinstance(inputs, tuple) or len(inputs) != 4:
        raise ValueError(
            f"`teacher` {name} takes {inputs}, not images (batch, height, "
            "width, channels): give a classifier of images."
        )
    if not isinstance(outputs, tuple) or len(outputs) != 2:
        raise ValueError(
            f"`teacher` {name} puts out {outputs}, not a number for each class "
            "(batch, classes): give a classifier."
        )
    if inputs[3] != channels:
        raise ValueError(
            f"`teacher` {name} takes images of {inputs[3]} channels, and these "
            f"have {channels}: read them with `image_channels` {inputs[3]}, or "
            "give another teacher."
        )
    if outputs[1] != num_classes:
        raise ValueError(
            f"`teacher` {name} knows {outputs[1]} classes, and these images "
            f"have {num_classes}: give one of the same classes, in the same "
            "order."
        )


def _scales_itself(model: Any) -> bool:
    """Whether the first layer of a model, however deep, scales pixels."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        if isinstance(layer, keras.Model):
            return _scales_itself(layer)
        return isinstance(layer, _SCALING_LAYERS)
    return False
