"""Lets Keras callbacks watch the training of one child."""

import copy
from collections.abc import Sequence

import keras
import numpy as np

from nse_tf.datasets import ImageSet


def copied(
    callbacks: Sequence[keras.callbacks.Callback],
) -> list[keras.callbacks.Callback]:
    """Returns copies of callbacks, for one child.

    Raises:
        ValueError: If one cannot be copied; names it.
    """
    copies = []
    for each in callbacks:
        try:
            copies.append(copy.deepcopy(each))
        except Exception as error:
            raise ValueError(
                f"The callback {each} in `callbacks` cannot be copied for each "
                f"child: {error}. Let it open files and connections in "
                "`on_train_begin`."
            ) from error
    return copies


class EpochCallbacks:
    """Calls Keras callbacks as `keras.Model.fit` would, epoch by epoch.

    Callbacks are copied for each child, as keras-tuner does. They see `loss`,
    the loss that is trained on, `val_loss` and `val_accuracy`, and may end the
    training by `model.stop_training`. There are no calls batch by batch.

    Args:
        callbacks: The callbacks; without any, nothing is computed for them.
        child: The model that is trained.
        validation: What `val_loss` and `val_accuracy` are told on.
        epochs: How many the training has at most.
        first_epoch: Where a training that was broken off resumes.

    Raises:
        ValueError: If a callback cannot be copied.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        child: keras.Model,
        validation: ImageSet,
        epochs: int,
        first_epoch: int = 0,
    ) -> None:
        copies = copied(callbacks)
        self._child = child
        self._validation = validation
        self._epoch = first_epoch
        self._has_callbacks = bool(copies)
        self._list = keras.callbacks.CallbackList(
            copies, model=child, epochs=epochs
        )
        child.stop_training = False
        self._logs: dict[str, float] = {}
        if self._has_callbacks:
            child.compile(  # For `evaluate`, and callbacks that look for it.
                loss=keras.losses.SparseCategoricalCrossentropy(True),
                metrics=["accuracy"],
                jit_compile=False,
            )
            self._list.on_train_begin()
            self._list.on_epoch_begin(first_epoch)

    def after_epoch(self, loss: float) -> bool:
        """Reports an epoch; returns whether the training is to continue."""
        if not self._has_callbacks:
            return True
        found = self._child.evaluate(
            np.asarray(self._validation.images),
            self._validation.labels,
            batch_size=512,
            verbose=0,
            return_dict=True,
        )
        self._logs = {
            "loss": loss,
            **{f"val_{name}": value for name, value in found.items()},
        }
        self._list.on_epoch_end(self._epoch, self._logs)
        self._epoch += 1
        if self._child.stop_training:
            return False
        self._list.on_epoch_begin(self._epoch)
        return True

    def end(self) -> None:
        """Tells of the end."""
        if self._has_callbacks:
            self._list.on_train_end(self._logs)
