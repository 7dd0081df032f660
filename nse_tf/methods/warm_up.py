"""Warms a supernet of DARTS's cells up: it grows while it is trained."""

from nse_tf.jobs import SupernetTrained, TrainSupernet, weights_of
from nse_tf.methods.method import Method, Steps, require
from nse_tf.methods.one_shot_config import OneShotConfig
from nse_tf.spaces import DartsSkeleton, SearchSpace


def require_progressive_depth(
    space: SearchSpace, config: OneShotConfig
) -> None:
    """Refuses a warm-up of what cannot grow.

    Raises:
        ValueError: If a warm-up is asked for, but the space has not the
            skeleton of DARTS.
    """
    epochs = config.shrinking.warmup_epochs if config.shrinking else 0
    if epochs and not isinstance(space.skeleton, DartsSkeleton):
        raise ValueError(
            f"`warmup_epochs` is {epochs}, but networks of space "
            f"{space.name!r} do not grow cell by cell: only those of DARTS's "
            "skeleton do. Leave the warm-up out: --shrink_warmup_epochs=0."
        )


def warm_up(
    method: Method, space: SearchSpace, config: OneShotConfig
) -> Steps[str | None]:
    """Trains three cells, inserts one, trains on, until one is lacking.

    The learning rate stays at its first value. The training that comes next
    inserts the last cell, and measures angles from the weights right after.

    Args:
        method: Asks for the jobs.
        space: The whole space.
        config: Of the search.

    Returns:
        A reference of the weights; None where there was nothing to warm up.

    References:
        Hu et al., ABS (2020), code of the DARTS space:
        https://arxiv.org/abs/2004.13431
    """
    schedule, skeleton = config.shrinking, space.skeleton
    weights: str | None = None
    if (
        schedule is None
        or not schedule.warmup_epochs
        or not isinstance(skeleton, DartsSkeleton)
    ):
        return weights
    rate = config.learning_rates[0]
    for num_cells in range(skeleton.LEAST_CELLS, skeleton.num_cells):
        job = TrainSupernet(
            method.new_job_id(TrainSupernet.KIND),
            space.active,
            schedule.warmup_epochs,
            (rate, rate),
            "previous" if weights else "fresh",
            "reset" if weights else "initial",
            config.seed,
            weights,
            num_cells=num_cells,
            inserts_cell=weights is not None,
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
        weights = weights_of(job.id, trained)
    return weights
