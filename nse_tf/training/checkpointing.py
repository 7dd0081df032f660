"""What happens after each epoch: a bar advances, a checkpoint is kept."""

import math
import time
from collections.abc import Callable

from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.progress import Progress
from nse_tf.training.weight_files import WeightFiles


def after_epoch(
    bar: Progress,
    files: WeightFiles,
    checkpoint: Callable[[], Checkpoint],
    least_seconds: float,
) -> Callable[[float], None]:
    """Returns what advances a bar, and keeps a checkpoint when it is time.

    The first comes after the first epoch: it shows early that the disk takes
    it.

    Args:
        bar: Is told each epoch's loss.
        files: Where checkpoints go.
        checkpoint: Makes one.
        least_seconds: Between two of them.
    """
    saved = -math.inf

    def advance(loss: float) -> None:
        nonlocal saved
        bar.advance(loss=loss)
        if time.monotonic() - saved >= least_seconds:
            files.keep(checkpoint(), is_finished=False)
            saved = time.monotonic()

    return advance
