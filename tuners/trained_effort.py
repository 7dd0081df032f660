"""How much a search does that starts from a trained network."""

import dataclasses

from nse_tf.tuners.efforts import Effort

BATCH_SIZE = 32
# Steps of the shared weights, of what may win, and of what checks a ranking.
SEARCH_STEPS, CHILD_STEPS, CHECK_STEPS = 250, 750, 150
# A start is worth some epochs of however many images.
_LEAST_EPOCHS, _SUPPOSED_IMAGES = 3, 1_000
_RATE, _LAST_RATE = 0.03, 1e-3
_LABEL_SMOOTHING, _WEIGHT_DECAY, _DROPOUT = 0.1, 4e-5, 0.2


def from_trained(effort: Effort, num_images: int | None) -> Effort:
    """Returns an effort for weights that were trained on other images.

    They need few steps at low rates, one rate for all layers. Nothing is
    shrunk, since angles from trained weights are small and untried as scores,
    and what may win goes on from the weights that it has in the supernet.

    Args:
        effort: How much to explore.
        num_images: Training images without those to validate on; None for a
            thousand.
    """
    images = _SUPPOSED_IMAGES if num_images is None else num_images

    def epochs(steps: int) -> int:
        return max(_LEAST_EPOCHS, round(steps * BATCH_SIZE / images))

    return dataclasses.replace(
        effort,
        search=dataclasses.replace(
            effort.search,
            shrinking=None,
            learning_rates=(_RATE, _LAST_RATE),
            child_start="inherited",
            search_epochs=epochs(SEARCH_STEPS),
            child_epochs=epochs(CHILD_STEPS),
            rank_check_epochs=epochs(CHECK_STEPS),
        ),
        supernet=dataclasses.replace(
            effort.supernet,
            batch_size=BATCH_SIZE,
            label_smoothing=_LABEL_SMOOTHING,
            weight_decay=_WEIGHT_DECAY,
        ),
        child=dataclasses.replace(
            effort.child,
            batch_size=BATCH_SIZE,
            learning_rate=_RATE,
            warmup_epochs=1.0,
            label_smoothing=_LABEL_SMOOTHING,
            weight_decay=_WEIGHT_DECAY,
            dropout=_DROPOUT,
        ),
    )
