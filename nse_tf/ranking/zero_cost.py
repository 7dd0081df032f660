"""Scores of untrained networks, from a batch of images or none.

They need a fresh child and half a second. None of them uses a label.
"""

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.supernet import build_child, stage_ends

_LEAST_SHARE = 1e-6


@dataclasses.dataclass(frozen=True)
class ZeroCost:
    """Scores the cells of a space without training.

    Attributes:
        space: A space with the skeleton of NAS-Bench-201.
        images: Two or more images for features and activations, `(count,
            height, width, channels)`, pixels in 0..255.
        seed: Seed of each child's fresh weights.
    """

    space: SearchSpace
    images: np.ndarray
    seed: int = 0

    def scores(self, genotype: Genotype) -> dict[str, float]:
        """Returns the scores of one cell; more is better in all of them.

        `naswot`, `log_synflow`, `expressivity` (the sum of `feature_entropies`
        of stem and stages), `progressivity` (the least that a stage adds to
        the entropy of the one before it) and `growth` (`feature_growth`).

        References:
            Lee and Ham, AZ-NAS (2024), for expressivity and progressivity,
            which are taken there after every block:
            https://arxiv.org/abs/2403.19232
        """
        child = build_child(self.space, genotype, seed=self.seed, fast=False)
        activations = [
            layer.output
            for layer in child.layers
            if isinstance(layer, keras.layers.ReLU)
        ]
        observed = keras.Model(child.inputs, [activations, stage_ends(child)])
        # In training mode: moving statistics of a fresh network fit nothing.
        active, features = observed(
            tf.constant(self.images, tf.float32), training=True
        )
        features = [each.numpy() for each in features]
        entropies = feature_entropies(features)
        return {
            "naswot": naswot([each.numpy() for each in active]),
            "log_synflow": log_synflow(child),
            "expressivity": float(entropies.sum()),
            "progressivity": float(np.diff(entropies).min()),
            "growth": feature_growth(features),
        }

    def growth(self, genotype: Genotype) -> float:
        """Returns only the growth of one cell, in less time than all scores."""
        child = build_child(self.space, genotype, seed=self.seed, fast=False)
        features = keras.Model(child.inputs, stage_ends(child))(
            tf.constant(self.images, tf.float32), training=True
        )
        return feature_growth([each.numpy() for each in features])


def naswot(activations: Sequence[np.ndarray]) -> float:
    """Returns how well a network's ReLUs distinguish images.

    The matrix holds, for two images each, the number of ReLUs that are on for
    both or off for both. The score is the logarithm of its determinant. One is
    added to the diagonal, so that images that agree in all ReLUs still give a
    number.

    Args:
        activations: Outputs of each layer of ReLUs, `(count, …)`.

    References:
        Mellor et al., Neural Architecture Search without Training (2021):
        https://arxiv.org/abs/2006.04647, without the added one.
    """
    codes = np.concatenate(
        [(each > 0).reshape(len(each), -1) for each in activations], axis=1
    ).astype(np.float32)
    agreeing = codes @ codes.T + (1 - codes) @ (1 - codes).T
    matrix = agreeing.astype(np.float64) + np.eye(len(codes))
    # The determinant itself would overflow.
    return float(np.linalg.slogdet(matrix).logabsdet)


def feature_entropies(features: Sequence[np.ndarray]) -> np.ndarray:
    """Returns how evenly features spread over their principal directions.

    The entropy, in nats, of the shares of variance along each direction: the
    logarithm of the number of channels where all directions have the same
    variance, 0 where there is only one or nothing varies.

    Args:
        features: Feature maps, each `(count, height, width, channels)`.

    References:
        Lee and Ham, AZ-NAS (2024): https://arxiv.org/abs/2403.19232
    """
    return np.array([_entropy(each) for each in features])


def _entropy(features: np.ndarray) -> float:
    points = features.reshape(-1, features.shape[-1]).astype(np.float64)
    points -= points.mean(axis=0)
    # Not divided by the number of points, as shares do not depend on it;
    # rounding brings some a little below zero.
    variances = np.linalg.eigvalsh(points.T @ points).clip(0)
    if variances.sum() == 0:
        return 0.0
    shares = variances[variances > 0] / variances.sum()
    return float(-(shares * np.log(shares)).sum())


def feature_growth(features: Sequence[np.ndarray]) -> float:
    """Returns how much larger features become from the stem to a stage's end.

    The score is the mean over stages of the logarithm of their standard
    deviation relative to the stem's. Where nodes sum branches that batch norm
    has brought to one size, every cell's output is as large as its input; where
    one of these branches passes the input on, each cell adds to it. So growth
    identifies networks whose inputs reach their outputs past all convolutions,
    which keeps a deep network trainable. It hardly ranks all cells, but it
    ranks those that other scores put first.

    Args:
        features: Feature maps of the stem and of the end of each stage,
            `(count, height, width, channels)`. Where nothing varies, the
            deviation counts as 1e-6 of the stem's.

    References:
        De and Smith, Batch Normalization Biases Residual Blocks (2020), for
        why growing features train well: https://arxiv.org/abs/2002.10444. As
        a score of cells it is ours.
    """
    deviations = np.array([each.std(dtype=np.float64) for each in features])
    shares = deviations[1:] / deviations[0]
    return float(np.log(shares.clip(_LEAST_SHARE)).mean())


def log_synflow(child: keras.Model) -> float:
    """Returns how much weight the paths of a fresh network carry.

    All weights are made positive, and the input is one image of ones. The score
    is the sum over kernels of weight times log(1 + gradient of the summed
    outputs). The child is left unchanged; its batch norms must be fresh.

    Args:
        child: A network of stock layers, from pixels in 0..255 to logits.

    References:
        Tanaka et al., SynFlow (2020): https://arxiv.org/abs/2006.05467; the
        logarithm is of Cavagnero et al., FreeREA (2022):
        https://arxiv.org/abs/2207.05135
    """
    kept = child.get_weights()
    ones = tf.fill((1, *child.input_shape[1:]), 255.0)  # Rescaled to 1.
    kernels = [
        weight.value
        for weight in child.trainable_weights
        if len(weight.shape) > 1
    ]
    try:
        child.set_weights([np.abs(value) for value in kept])
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(child(ones, training=False))
        # Kernels on a path that `none` breaks have no gradient.
        gradients = tape.gradient(total, kernels, unconnected_gradients="zero")
        return sum(
            float(tf.reduce_sum(kernel * tf.math.log1p(gradient)))
            for kernel, gradient in zip(kernels, gradients, strict=True)
        )
    finally:
        child.set_weights(kept)
