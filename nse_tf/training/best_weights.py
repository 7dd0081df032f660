"""Early stopping: a training ends when it gets no better, with its best."""

import logging
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from nse_tf.classification import objective_value
from nse_tf.datasets import ImageSet
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.child_trainer import ChildTrainer, logits_of

LOGGER = logging.getLogger("nse_tf")

# How good weights are: what is sought, then, where that is equal, minus the
# loss. A small validation part has few accuracies.
Score = tuple[float, float]


class BestWeights:
    """Keeps the weights that did best on the validation part, epoch by epoch.

    They are those that would be handed over: averages, where weights are
    averaged. The validation part must not be trained on.

    Args:
        child: The network in training.
        trainer: Trains it.
        validation: What it is judged on.
        patience: So many epochs may go by without a better one; above 0.
        objective: What is sought, a name of `classification.OBJECTIVES`; of
            equal ones the lower cross entropy is the better.

    References:
        Prechelt, Early Stopping - But When? (1998):
        https://doi.org/10.1007/3-540-49430-8_3
    """

    def __init__(
        self,
        child: keras.Model,
        trainer: ChildTrainer,
        validation: ImageSet,
        patience: int,
        objective: str,
    ) -> None:
        self._child, self._trainer = child, trainer
        self._validation = validation
        self._patience, self._objective = patience, objective
        self._score: Score = (-np.inf, -np.inf)
        self._epoch = 0  # The best one, from 1; 0 before there is one.
        self._weights: list[np.ndarray] = []

    @property
    def is_over(self) -> bool:
        """Whether as many epochs as are allowed in a row were no better."""
        return self._trained - self._epoch >= self._patience

    @property
    def _trained(self) -> int:
        return len(self._trainer.losses)

    def look(self) -> None:
        """Keeps the weights after an epoch if they are the best so far."""
        with self._trainer.as_handed_over():
            score = self._present_score()
            if score > self._score or not self._weights:
                self._score, self._epoch = score, self._trained
                self._weights = self._child.get_weights()

    def _present_score(self) -> Score:
        labels = self._validation.labels
        logits = logits_of(self._child, self._validation)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = float(tf.reduce_mean(losses))
        found = objective_value(self._objective, logits, labels)
        # Some are not known where a class has no images.
        return (-np.inf if np.isnan(found) else found), -loss

    def hand_over(self, job_id: str, epochs: int) -> None:
        """Gives the child its best weights; says so.

        Args:
            job_id: Id of the job, for the log.
            epochs: How many the training could have had.
        """
        self._child.set_weights(self._weights)
        ended = (
            f"stopped after epoch {self._trained} of {epochs}, as "
            f"{self._patience} in a row were no better"
            if self.is_over
            else f"trained for all {epochs} epochs"
        )
        LOGGER.info(
            "%s: %s; the weights of epoch %d are kept (%s %.4f on the "
            "validation part)",
            *(job_id, ended, self._epoch, self._objective, self._score[0]),
        )

    def arrays(self) -> list[np.ndarray]:
        """Returns the state after an epoch, as `restore` takes it."""
        return [np.array([*self._score, self._epoch]), *self._weights]

    def restore(self, arrays: Sequence[np.ndarray]) -> None:
        """Goes on from a state."""
        (first, second, epoch), *weights = arrays
        self._score = float(first), float(second)
        self._epoch, self._weights = int(epoch), list(weights)


def has_ended(checkpoint: Checkpoint, patience: int) -> bool:
    """Whether a training was over, but for its result, when it was stopped."""
    if not checkpoint.best:
        return False
    best_epoch = int(checkpoint.best[0][2])
    return len(checkpoint.losses) - best_epoch >= patience
