"""The dropout of a mixture's skip connections in one training job."""

import math

import tensorflow as tf

from nse_tf.jobs import TrainSupernet
from nse_tf.supernet import SkipDropout

# Of the exponential fall per epoch, once architecture parameters are trained.
_DECAY = 0.2
# What a step drops out in; each draws by itself.
_PARAMETERS, _WEIGHTS = range(2)


class DropoutCourse:
    """Knows how much drops out after skip connections, step by step.

    What drops out follows from the seed of the step, that is from (seed, job,
    epoch, step), and nothing is kept from one step to the next.

    Args:
        first: Rate of the dropout before the first epoch.
        epochs: Epochs of the job.
        epochs_without: Epochs at its start that train the weights only.

    References:
        Chen et al., P-DARTS (2019) and its code:
        https://arxiv.org/abs/1904.12760
    """

    def __init__(self, first: float, epochs: int, epochs_without: int) -> None:
        self._first, self._epochs = first, epochs
        self._epochs_without = epochs_without
        # Of the step at hand; variables, so that one trace serves all steps.
        self._rate = tf.Variable(0.0)
        self._seed = tf.Variable([0, 0], dtype=tf.int32)

    @classmethod
    def of(cls, job: TrainSupernet) -> "DropoutCourse | None":
        """Returns that of a job; None if nothing drops out in it."""
        if not job.weights.skip_dropout:
            return None
        rule = job.architecture
        return cls(
            job.weights.skip_dropout,
            job.epochs,
            rule.epochs_without if rule else 0,
        )

    def rate_in(self, epoch: int) -> float:
        """Returns the rate in an epoch, counted from 0.

        It falls linearly while only the weights are trained. When architecture
        parameters are, it begins again at the first rate, as in the published
        code, and falls exponentially.
        """
        if epoch < self._epochs_without:
            return self._first * (self._epochs - epoch - 1) / self._epochs
        return self._first * math.exp(-_DECAY * (epoch - self._epochs_without))

    def begin_step(self, epoch: int, seed: tuple[int, int]) -> None:
        """Draws anew, for the next step of parameters and weights.

        Args:
            epoch: The step's epoch, counted from 0.
            seed: Seed of all that the step draws.
        """
        self._rate.assign(self.rate_in(epoch))
        self._seed.assign(seed)

    @property
    def of_parameters(self) -> SkipDropout:
        """What drops out when the architecture parameters move."""
        return self._part(_PARAMETERS)

    @property
    def of_weights(self) -> SkipDropout:
        """What drops out when the weights move."""
        return self._part(_WEIGHTS)

    def _part(self, number: int) -> SkipDropout:
        return SkipDropout(self._rate.value(), self._seed.value()).at(number)
