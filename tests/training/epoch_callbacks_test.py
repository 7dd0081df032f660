"""Keras callbacks see a child that is trained by our own loop."""

import threading
from typing import Any

import keras
import pytest

from nse_tf.spaces import Stage
from nse_tf.supernet import build_child
from nse_tf.training import ChildRecipe, train_child
from nse_tf.training.epoch_callbacks import EpochCallbacks
from tests.supernet.tiny_spaces import tiny_space
from tests.training.tiny_data import image_set

HEARD: list[Any] = []


class Listener(keras.callbacks.Callback):
    """Writes down what it is told; copies write to the same list."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Notes the beginning."""
        HEARD.append("begin")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Notes an epoch."""
        HEARD.append(epoch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Notes what is known of it."""
        HEARD.append(sorted(logs))

    def on_train_end(self, logs: Any = None) -> None:
        """Notes the end."""
        HEARD.append("end")


class StopAt(keras.callbacks.Callback):
    """Stops after an epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stops after the second."""
        self.model.stop_training = epoch == 1


def test_callbacks_hear_of_epochs_and_may_end_the_training() -> None:
    space = tiny_space(stages=(Stage(8, 1, 2),))
    child = build_child(space, space.genotype([3]))
    callbacks: list[Any] = [Listener(), StopAt()]
    watch = EpochCallbacks(callbacks, child, image_set(9), 5)
    losses = train_child(
        child,
        image_set(20),
        ChildRecipe(batch_size=10),
        5,
        0,
        watch.after_epoch,
    )
    watch.end()
    assert len(losses) == 2
    seen = ["loss", "val_accuracy", "val_loss"]
    assert ["begin", 0, seen, 1, seen, "end"] == HEARD
    assert all(callback.model is None for callback in callbacks)  # Copied.


def test_a_callback_that_cannot_be_copied_is_refused() -> None:
    callback = Listener()
    callback.lock = threading.Lock()
    space = tiny_space(stages=(Stage(8, 1, 2),))
    child = build_child(space, space.genotype([3]))
    with pytest.raises(ValueError, match="cannot be copied for each child"):
        EpochCallbacks([callback], child, image_set(9), 5)
