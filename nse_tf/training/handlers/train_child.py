"""Does `TrainChild` jobs."""

import dataclasses
import pathlib
import time

import keras
import numpy as np

from nse_tf.classification import objective_value
from nse_tf.jobs import ChildTrained, TrainChild, job_to_json
from nse_tf.training.best_weights import BestWeights, has_ended
from nse_tf.training.callbacks import file_accuracy
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.child_trainer import ChildTrainer, logits_of
from nse_tf.training.config_digests import (
    config_digest_of,
    require_config_digest,
)
from nse_tf.training.epoch_callbacks import EpochCallbacks
from nse_tf.training.handlers.context import WorkerContext
from nse_tf.training.progress import Progress
from nse_tf.training.weight_files import save_model

# What people are told of a training, by its purpose.
_STAGES = {
    "final": "training one child alone",
    "rank_check": "rank check: training one child alone",
    "baseline": "baseline: training a network alone",
    "probe": "choosing a scale: training a network alone",
}


def train_child(context: WorkerContext, job: TrainChild) -> ChildTrained:
    """Trains a child alone, and writes it as a `.keras` file.

    Raises:
        LostWeightsError: If the file of the weights that it inherits, or is
            taught by, is gone.
        ValueError: If the job does not fit the space or the folder, the
            training diverges, nothing can evaluate the file asked for, or its
            teacher is not there or cannot teach it.
    """
    started, trainings = time.monotonic(), context.trainings
    inherited = _inherited(context, job)
    teacher = _teacher(context, job)
    context.peers.tell(job_to_json(job))
    child, trainer = trainings.child_trainer(job, teacher)
    if inherited is not None:
        child.set_weights(inherited)
    _train(context, job, child, trainer)
    networks, genotype = trainings.networks_for(job)
    stock = networks.with_stock_layers(genotype, child)
    validation = trainings.data.validation
    model_file = pathlib.Path("children") / f"{job.id}.keras"
    validation_accuracy = (
        job.inherited_accuracy
        if job.uses_validation
        else objective_value(
            job.objective, logits_of(stock, validation), validation.labels
        )
    )
    digest = save_model(stock, context.folder / model_file)
    context.children.drop_partial(job.id)
    return ChildTrained(
        losses=tuple(trainer.losses),
        validation_accuracy=validation_accuracy,
        model_file=str(model_file),
        model_sha256=digest,
        seconds=time.monotonic() - started,
        file_accuracy=file_accuracy(
            context.evaluate_file, job, stock, trainings.data
        ),
    )


def _inherited(
    context: WorkerContext, job: TrainChild
) -> list[np.ndarray] | None:
    """Returns the weights that a child starts from, unless it has begun.

    None stands for fresh ones, too.
    """
    if job.inherits is None or context.children.load(job.id) is not None:
        return None
    genotype = context.trainings.genotype(job.child)
    child = context.held.supernet(job.inherits).cut_out(genotype)
    weights: list[np.ndarray] = child.get_weights()
    return weights


def _teacher(context: WorkerContext, job: TrainChild) -> keras.Model | None:
    """Returns who teaches a child, where that is a network of the supernet."""
    teacher = job.teacher
    if teacher is None or teacher.child is None:
        return None
    return context.held.evaluator(teacher.weights).child(
        context.trainings.genotype(teacher.child), teacher.calibration_images
    )


def _train(
    context: WorkerContext,
    job: TrainChild,
    child: keras.Model,
    trainer: ChildTrainer,
) -> None:
    """Trains on to the job's last epoch, with checkpoints on the way."""
    trainings, peers = context.trainings, context.peers
    config_digest = config_digest_of(trainings, job)
    kept = context.children.load(job.id)
    patience = trainings.child_recipe.patience
    best = _best_weights(context, job, child, trainer) if patience else None
    if kept is not None:
        require_config_digest(kept, job, config_digest)
        trainer.restore(kept)
        if best is not None:
            best.restore(kept.best)

    def checkpoint() -> Checkpoint:
        made = trainer.checkpoint(
            job.id, config_digest, trainings.space.fingerprint
        )
        if best is not None and trainer.losses:
            made = dataclasses.replace(made, best=best.arrays())
        return made

    peers.send(checkpoint)
    watch = EpochCallbacks(
        context.callbacks,
        child,
        trainings.data.validation,
        job.epochs,
        first_epoch=len(trainer.losses),
    )
    with Progress(
        f"{_STAGES[job.purpose]} ({job.id})",
        job.epochs,
        "epochs",
        done=len(trainer.losses),
    ) as bar:
        keep = context.after_epoch(bar, context.children, checkpoint)

        def after_epoch(loss: float) -> bool:
            if best is not None:
                best.look()
            keep(loss)
            goes_on = watch.after_epoch(loss)
            return peers.agreed(goes_on and not (best and best.is_over))

        if kept is None or not has_ended(kept, patience):
            trainer.train(job.epochs, job.seed, after_epoch, job.id)
    watch.end()
    if best is not None:
        best.hand_over(job.id, job.epochs)


def _best_weights(
    context: WorkerContext,
    job: TrainChild,
    child: keras.Model,
    trainer: ChildTrainer,
) -> BestWeights:
    """Returns what ends a training early, by the validation part."""
    trainings = context.trainings
    return BestWeights(
        child,
        trainer,
        trainings.data.validation,
        trainings.child_recipe.patience,
        job.objective,
    )
