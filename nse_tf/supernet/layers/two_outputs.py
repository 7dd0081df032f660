"""One of two outputs, differentiable in the choice between them."""

import tensorflow as tf


def chosen_of_two(
    chosen: tf.Tensor, other: tf.Tensor, mixing_weight: tf.Tensor
) -> tf.Tensor:
    """Returns the chosen output, differentiable in its probability.

    With a gradient `g` of the result, that of the probability is the sum of
    `g * (chosen - other)`. The other output gets none.

    Args:
        chosen: What one candidate, or subset, makes of the inputs.
        other: What the other makes of them, in the same shape.
        mixing_weight: Probability of the chosen one; scalar.

    References:
        Cai et al., ProxylessNAS (2019), section 3.2.1:
        https://arxiv.org/abs/1812.00332
    """
    # Of value one and zero; all that counts is their gradient.
    one = mixing_weight + tf.stop_gradient(1.0 - mixing_weight)
    nothing = tf.stop_gradient(mixing_weight) - mixing_weight
    return chosen * one + tf.stop_gradient(other) * nothing
