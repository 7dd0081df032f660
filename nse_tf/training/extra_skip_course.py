"""The extra skips of one training job, which fade away."""

import tensorflow as tf

from nse_tf.supernet import ExtraSkips, MixedTrainingSupernet
from nse_tf.training.lazy_sgd import LazySGD


class ExtraSkipCourse:
    """Holds the extra skips of a job, and knows what they count for.

    Their kernels train as the weights of the supernet do, in whose checkpoint
    they are not: nothing of them is left at the end.

    Args:
        supernet: Whose mixtures they are added to.
        epochs: Epochs of the job, two at least.
        seed: Seed of their kernels.

    References:
        Chu et al., DARTS- (2021): https://arxiv.org/abs/2009.01027
    """

    def __init__(
        self, supernet: MixedTrainingSupernet, epochs: int, seed: int
    ) -> None:
        self._epochs = epochs
        self._kernels = supernet.new_extra_kernels(seed)
        # Of the epoch at hand; a variable, so that one trace serves all.
        self._share = tf.Variable(0.0, trainable=False)
        self._momenta: list[tf.Variable] = []

    def share_in(self, epoch: int) -> float:
        """Returns the share in an epoch, counted from 0.

        It falls linearly from 1 in the first one to 0 in the last.
        """
        return 1.0 - epoch / (self._epochs - 1)

    def begin_epoch(self, epoch: int) -> None:
        """Sets the share of an epoch, counted from 0."""
        self._share.assign(self.share_in(epoch))

    def trained_by(self, optimizer: LazySGD) -> LazySGD:
        """Returns an optimizer that moves the kernels, too.

        Args:
            optimizer: That of the supernet's weights.
        """
        together = optimizer.with_more(list(self._kernels.values()))
        self._momenta = together.momenta[len(optimizer.momenta) :]
        return together

    @property
    def variables(self) -> list[tf.Variable]:
        """The kernels and their momenta."""
        kernels = [kernel.value for kernel in self._kernels.values()]
        return [*kernels, *self._momenta]

    @property
    def now(self) -> ExtraSkips:
        """The skips as they are in the epoch at hand."""
        return ExtraSkips(
            self._share.value(),
            {
                number: kernel.value.value()
                for number, kernel in self._kernels.items()
            },
        )
