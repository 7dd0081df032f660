"""When a training of architecture parameters ends early."""

from collections.abc import Sequence

import numpy as np

from nse_tf.jobs import EarlyStop


def epoch_to_keep(
    rule: EarlyStop, eigenvalues: Sequence[tuple[int, float]]
) -> int | None:
    """Returns the epoch to go back to, once the minimum is too sharp.

    Args:
        rule: The rule.
        eigenvalues: After which epochs the dominant eigenvalue was found, and
            the value, in order.

    Returns:
        The middle of the mean that the last one is compared with; None while
        the training goes on.
    """
    num_means = len(eigenvalues) - rule.window + 1
    earlier = num_means - 1 - rule.lag
    if earlier < 0:
        return None
    values = np.array([value for _, value in eigenvalues])
    now = values[-rule.window :].mean()
    before = values[earlier : earlier + rule.window].mean()
    middle, _ = eigenvalues[earlier + rule.window // 2]
    if middle < rule.first_epoch or not now > rule.factor * before:
        return None
    return middle
