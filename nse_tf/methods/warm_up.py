"""Warms a supernet of DARTS's cells up: it grows while it is trained."""

from nse_tf.jobs import (
    RateSchedule,
    Start,
    SupernetTrained,
    TrainSupernet,
    weights_of,
)
from nse_tf.methods.method import Method, Steps, require
from nse_tf.methods.one_shot_config import OneShotConfig
from nse_tf.spaces import SearchSpace


def require_progressive_depth(
    space: SearchSpace, config: OneShotConfig
) -> None:
    """Refuses a warm-up of what cannot grow.

    Raises:
        ValueError: If a warm-up is asked for, but the space has not the
            skeleton of DARTS.
    """
    epochs = config.shrinking.warmup_epochs if config.shrinking else 0
    if epochs and not space.skeleton.partial_depths:
        raise ValueError(
            f"`warmup_epochs` is {epochs}, but networks of space "
            f"{space.name!r} do not grow cell by cell: only those of DARTS's "
            "skeleton do. Leave the warm-up out: --shrink_warmup_epochs=0."
        )


def warm_up(
    method: Method, space: SearchSpace, config: OneShotConfig
) -> Steps[Start]:
    """Trains three cells, inserts one, trains on, until one is lacking.

    The learning rate stays at its first value. The training that comes next
    inserts the last cell, and measures angles from the weights right after.

    Args:
        method: Asks for the jobs.
        space: The whole space.
        config: Of the search.

    Returns:
        What the next training starts from; fresh weights where there was
        nothing to warm up.

    References:
        Hu et al., ABS (2020), code of the DARTS space:
        https://arxiv.org/abs/2004.13431
    """
    schedule = config.shrinking
    start = Start()
    if schedule is None or not schedule.warmup_epochs:
        return start
    rate = config.learning_rates[0]
    for num_cells in space.skeleton.partial_depths:
        job = TrainSupernet(
            id=method.new_job_id(TrainSupernet.KIND),
            active=space.active,
            epochs=schedule.warmup_epochs,
            schedule=RateSchedule(first=rate, last=rate),
            seed=config.seed,
            start=start,
            base="initial" if start.source == "fresh" else "reset",
            num_cells=num_cells,
        )
        (result,) = yield [job]
        trained = require(result, SupernetTrained, job)
        method.note(
            "supernet_warmed_up",
            job=job.id,
            num_cells=num_cells,
            losses=trained.losses,
            seconds=trained.seconds,
        )
        start = Start(
            source="pieces",
            weights=weights_of(job.id, trained),
            num_cells=num_cells,
        )
    return start
