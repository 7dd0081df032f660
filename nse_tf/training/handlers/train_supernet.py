"""Does `TrainSupernet` jobs: every search trains its weights here."""

import time

from nse_tf.jobs import SupernetTrained, TrainSupernet, job_to_json
from nse_tf.training.config_digests import (
    config_digest_of,
    require_config_digest,
)
from nse_tf.training.handlers.context import WorkerContext
from nse_tf.training.progress import Progress
from nse_tf.training.supernet_training import SupernetTraining


def train_supernet(
    context: WorkerContext, job: TrainSupernet
) -> SupernetTrained:
    """Trains shared weights to the job's last epoch, and keeps them.

    Raises:
        ValueError: If the job does not fit the space or the folder, or the
            training diverges.
        LostWeightsError: If it starts from weights whose file is gone.
    """
    started = time.monotonic()
    config_digest = config_digest_of(context.trainings, job)
    trainer = context.held.trainer_for(job)
    training = context.trainings.supernet_training(job, trainer)
    _begin(context, training, config_digest)
    context.peers.tell(job_to_json(job))
    context.peers.send(lambda: training.checkpoint(config_digest))
    with Progress(
        f"training the supernet ({job.id})",
        job.epochs,
        "epochs",
        done=len(trainer.losses),
    ) as bar:
        training.run(
            context.after_epoch(
                bar,
                context.held.files,
                lambda: training.checkpoint(config_digest),
            )
        )
    weights = training.checkpoint(config_digest)
    context.held.files.keep(weights, is_finished=True)
    context.held.hold(trainer, weights)
    return training.result(time.monotonic() - started, weights.digest)


def _begin(
    context: WorkerContext, training: SupernetTraining, config_digest: str
) -> None:
    """Brings a training to where its job starts, or was broken off.

    Whatever resumes does so from the file, so that a process that was started
    again and one that was not train the same.
    """
    job, held = training.job, context.held
    kept = held.files.load(job.id)
    if kept is not None:
        require_config_digest(kept, job, config_digest)
        training.resume(kept)
    elif job.start.source == "fresh":
        training.start_fresh()
    else:
        earlier = held.kept(job.start.weights)
        if job.start.source == "pieces":
            earlier = context.trainings.carried_over(
                training.trainer, job, earlier
            )
        training.start_from(earlier)
