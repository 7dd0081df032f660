"""RandAugment, MixUp and CutMix by Keras's layers, exact by a step's seed.

Keras's layers draw from a generator that moves with every call. Here its state
is set from the seed of the step before each one, so that a training that was
stopped draws what it would have drawn.
"""

from typing import Any

import keras
import tensorflow as tf


class BatchMixing:
    """Changes and mixes the images of a batch.

    Args:
        num_classes: Number of classes.
        rand_augment: How many random changes each batch gets; 0 for none.
        strength: How strong these are, up to 1.
        mixup: Parameter of the Beta distribution of MixUp's shares; 0 mixes
            none.
        cutmix: That of CutMix's. With both, each batch takes either one.

    References:
        Cubuk et al., RandAugment (2020): https://arxiv.org/abs/1909.13719.
        Zhang et al., mixup (2018): https://arxiv.org/abs/1710.09412. Yun et
        al., CutMix (2019): https://arxiv.org/abs/1905.04899. All as Keras has
        them: RandAugment draws its changes for a batch, not for an image.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        rand_augment: int = 0,
        strength: float = 0.5,
        mixup: float = 0.0,
        cutmix: float = 0.0,
    ) -> None:
        layers = keras.layers
        self._num_classes = num_classes
        self._changing: list[Any] = []
        if rand_augment:
            self._changing.append(
                layers.RandAugment(
                    value_range=(0, 255),
                    num_ops=rand_augment,
                    factor=strength,
                    seed=0,
                )
            )
        self._mixing: list[Any] = []
        if mixup:
            self._mixing.append(layers.MixUp(mixup, seed=0))
        if cutmix:
            # A single number would be the end of a range, and another drawn.
            self._mixing.append(layers.CutMix((cutmix, cutmix), seed=0))

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._changing or self._mixing)

    def __call__(
        self, images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns images, and labels or shares of them.

        Args:
            images: `(batch, height, width, channels)`, float32 in 0..255.
            labels: `(batch,)`, integers.
            seed: int32, `(2,)`.

        Returns:
            Images of the same shape; `labels`, or where labels are mixed
            float32 `(batch, num_classes)`.
        """
        shape = images.shape
        for layer in self._changing:
            _set_state(layer, seed, 0)
            images = layer(images, training=True)
        images = tf.ensure_shape(images, shape)
        if not self._mixing:
            return images, labels
        shares = tf.one_hot(labels, self._num_classes)

        def mixed(layer: Any) -> tuple[tf.Tensor, tf.Tensor]:
            _set_state(layer, seed, 1)
            both = layer({"images": images, "labels": shares}, training=True)
            return tf.ensure_shape(both["images"], shape), both["labels"]

        if len(self._mixing) == 1:
            return mixed(self._mixing[0])
        coin = tf.random.stateless_uniform((), seed, alg="philox") < 0.5
        first, second = self._mixing
        chosen: tuple[tf.Tensor, tf.Tensor] = tf.cond(
            coin, lambda: mixed(first), lambda: mixed(second)
        )
        return chosen


def _set_state(layer: Any, seed: tf.Tensor, number: int) -> None:
    """Sets a layer's generator; numbers tell the layers of a step apart."""
    state = layer.generator.state
    own = seed + tf.constant([0, number], seed.dtype)
    state.assign(tf.cast(own, state.dtype))
