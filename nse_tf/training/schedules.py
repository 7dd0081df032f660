"""Learning rates over time, for supernets and children alike."""

import math

from nse_tf.jobs import RateSchedule


def rate_at(schedule: RateSchedule, epoch: float, epochs: int) -> float:
    """Returns the learning rate that a schedule has at some time.

    Args:
        schedule: Which course the rate takes.
        epoch: How many epochs are done, whole or part.
        epochs: How many there are.
    """
    first, last = schedule.first, schedule.last
    if schedule.kind == "linear":
        return first + (last - first) * (epoch / epochs)
    peak = first if schedule.peak is None else schedule.peak
    return warm_cosine(
        epoch,
        epochs,
        first=first,
        peak=peak,
        last=last,
        warmup_epochs=schedule.warmup_epochs,
    )


def warm_cosine(
    epoch: float,
    epochs: int,
    *,
    first: float = 0.0,
    peak: float,
    last: float = 0.0,
    warmup_epochs: float,
) -> float:
    """Returns a rate that rises linearly, then falls as a cosine.

    Args:
        epoch: How many epochs are done, whole or part.
        epochs: How many there are.
        first: Rate at the start.
        peak: Rate after the warm-up.
        last: Rate at the end.
        warmup_epochs: Length of the warm-up; half of all epochs at most.
    """
    warmup = min(warmup_epochs, epochs / 2)
    if epoch < warmup:
        return first + (peak - first) * epoch / warmup
    done = min((epoch - warmup) / (epochs - warmup), 1.0)
    return last + (peak - last) * 0.5 * (1.0 + math.cos(math.pi * done))
