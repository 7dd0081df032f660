"""What the expected cost of networks adds to a loss."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from nse_tf.jobs import CostPenalty


def penalized(
    loss: tf.Tensor, expected: tf.Tensor, penalty: CostPenalty
) -> tf.Tensor:
    """Returns a loss with its penalty.

    Args:
        loss: Scalar.
        expected: Expected cost, in the units of the penalty; scalar.
        penalty: Its form, target and numbers.

    References:
        `power`: Ci et al., NSE (2021): https://arxiv.org/abs/2011.10904.
        `relative` and `log_factor`: Cai et al., ProxylessNAS (2019), code:
        https://arxiv.org/abs/1812.00332
    """
    match penalty.form:
        case "relative":
            excess = expected / penalty.target - 1.0
            return loss + penalty.coefficient * excess
        case "log_factor":
            ratio = tf.math.log(expected) / np.log(penalty.target)
            return penalty.coefficient * loss * ratio**penalty.exponent
        case _:
            excess = expected - penalty.target
            return loss + penalty.coefficient * excess**penalty.exponent


def cost_table(penalty: CostPenalty, max_candidates: int) -> np.ndarray:
    """Returns the costs of candidates, `(num_blocks, max_candidates)`."""
    return np.array([_padded(row, max_candidates) for row in penalty.op_costs])


def _padded(row: Sequence[float], length: int) -> np.ndarray:
    return np.pad(np.array(row, np.float64), (0, length - len(row)))
