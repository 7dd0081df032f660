"""Tells trainings apart: whose checkpoint is it?"""

import hashlib
import json
from typing import Any

from nse_tf.jobs import TrainChild, TrainSupernet, job_to_json
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.recipes import numbers_of
from nse_tf.training.trainings import Trainings

Training = TrainSupernet | TrainChild


def config_digest_of(trainings: Trainings, job: Training) -> str:
    """Returns a digest of all that decides how a training goes."""
    recipe = (
        trainings.child_recipe
        if isinstance(job, TrainChild)
        else trainings.supernet_recipe
    )
    config_digest: list[Any] = [
        job_to_json(job),
        numbers_of(recipe),
        trainings.space.fingerprint,
        trainings.data.fingerprint(),
    ]
    sharing = trainings.networks.sharing
    if sharing != "rows" and isinstance(job, TrainSupernet):
        config_digest.append(sharing)  # Not there in digests that are older.
    if trainings.networks.training_facts:
        config_digest.append(dict(trainings.networks.training_facts))
    return hashlib.sha256(json.dumps(config_digest).encode()).hexdigest()


def require_config_digest(
    kept: Checkpoint, job: Training, config_digest: str
) -> None:
    """Refuses the checkpoint of another training.

    Raises:
        ValueError: If it is another's.
    """
    if kept.config_digest != config_digest:
        raise ValueError(
            f"The folder holds a checkpoint of a job of the same id, "
            f"{job.id!r}, but with other numbers, images or recipe. Use "
            "another folder."
        )
