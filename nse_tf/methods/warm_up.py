"""Warms up a supernet of progressive depth: it gains cells in training."""

import dataclasses

from nse_tf.events import SupernetWarmedUp
from nse_tf.jobs import Start, SupernetTrained, weights_of
from nse_tf.methods.method import Method, Steps, require
from nse_tf.methods.supernet_training import Stretch, SupernetTraining
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.spaces import SearchSpace


def require_progressive_depth(
    space: SearchSpace, schedule: ShrinkSchedule | None
) -> None:
    """Refuses a warm-up of a space without progressive depth.

    Args:
        space: The whole space.
        schedule: How it is shrunk; None for not at all.

    Raises:
        ValueError: If the schedule has a warm-up, but the space's networks
            have all cells from the start.
    """
    epochs = schedule.warmup_epochs if schedule else 0
    if epochs and not space.skeleton.partial_depths:
        raise ValueError(
            f"`warmup_epochs` is {epochs}, but networks of space "
            f"{space.name!r} do not grow cell by cell: only those of DARTS's "
            "skeleton do. Leave the warm-up out: --shrink_warmup_epochs=0."
        )


def warm_up(
    method: Method,
    space: SearchSpace,
    schedule: ShrinkSchedule,
    training: SupernetTraining,
) -> Steps[Start]:
    """Trains three cells, inserts one, trains on, until one is lacking.

    The learning rate stays at its first value. The training that comes next
    inserts the last cell, and measures angles from the weights right after.

    Args:
        method: Whose plan it is; gets the jobs and events.
        space: The whole space.
        schedule: How many epochs each number of cells is trained for.
        training: How the supernet is trained; architecture parameters are not.

    Returns:
        What the next training starts from; fresh weights if the schedule has
        no warm-up.

    Raises:
        SearchError: If a training failed.
        ValueError: See `require_progressive_depth`.

    References:
        Hu et al., ABS (2020), code of the DARTS space:
        https://arxiv.org/abs/2004.13431
    """
    require_progressive_depth(space, schedule)
    start = Start()
    if not schedule.warmup_epochs:
        return start
    rate = training.learning_rates[0]
    plain = dataclasses.replace(training, architecture=None)
    for num_cells in space.skeleton.partial_depths:
        stretch = Stretch(
            epochs=schedule.warmup_epochs,
            learning_rates=(rate, rate),
            start=start,
            base="initial" if start.source == "fresh" else "reset",
            num_cells=num_cells,
        )
        job = plain.job(method, space, stretch)
        (result,) = yield [job]
        trained = require(result, SupernetTrained, job)
        method.note(
            SupernetWarmedUp(
                job=job.id,
                num_cells=num_cells,
                losses=trained.losses,
                seconds=trained.seconds,
            )
        )
        start = Start(
            source="pieces",
            weights=weights_of(job.id, trained),
            num_cells=num_cells,
        )
    return start
