"""A child trained alone."""

import gc

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.spaces import MBConv, Stage
from nse_tf.supernet import build_child
from nse_tf.training import ChildRecipe, accuracy, train_child
from nse_tf.training.child_trainer import child_step
from tests.supernet.tiny_spaces import tiny_space
from tests.training.tiny_data import image_set

IMAGES = image_set(60)
RECIPE = ChildRecipe(batch_size=12, warmup_epochs=1.0)


def _child() -> keras.Model:
    space = tiny_space(stages=(Stage(8, 1, 2),))
    return build_child(space, space.genotype([3]))


def test_a_child_learns_and_says_so_epoch_by_epoch() -> None:
    child = _child()
    heard: list[float] = []
    losses = train_child(child, IMAGES, RECIPE, 8, 0, heard.append)
    assert heard == losses
    assert len(losses) == 8
    assert losses[-1] < 0.7 * losses[0]
    assert accuracy(child, image_set(60, seed=5)) > 0.8


def test_equal_seeds_train_the_same_to_the_bit_and_others_do_not() -> None:
    found = []
    for seed in (0, 0, 1):
        child = _child()
        losses = train_child(child, IMAGES, RECIPE, 2, seed)
        found.append((losses, child.get_weights()))
    (losses, weights), (same_losses, same_weights), (other, _) = found
    assert losses == same_losses
    assert all(map(np.array_equal, weights, same_weights))
    assert losses != other


def test_a_training_that_diverges_says_so() -> None:
    recipe = ChildRecipe(
        batch_size=12, learning_rate=1e30, warmup_epochs=0.0, clip_norm=None
    )
    with pytest.raises(ValueError, match=r"diverged.* 1e\+30 now"):
        train_child(_child(), IMAGES, recipe, 2, 0)


def test_accuracy_by_hand() -> None:
    child = _child()
    kernel, bias = child.get_layer("classifier").weights
    kernel.assign(np.zeros(kernel.shape))
    bias.assign([0.0, 1.0, 0.0])
    share = float((IMAGES.labels == 1).mean())
    assert 0 < share < 1
    for batch_size in (7, 60, 512):
        assert accuracy(child, IMAGES, batch_size) == share


def test_what_was_traced_for_a_child_goes_with_it() -> None:
    """Processes train many children, and TensorFlow kept each one's graph."""
    space = tiny_space(ops=(MBConv(7, 3),))
    images = image_set(4)

    def train() -> int:
        child = build_child(space, space.genotype([0] * len(space.blocks)))
        step = child_step(child, ChildRecipe(batch_size=4))
        pixels = np.asarray(images.images)
        step(pixels, images.labels, np.empty((0, 0)), 0.1, (1, 2))
        del child, step
        gc.collect()
        return sum(
            isinstance(each, tf.__internal__.FuncGraph)
            for each in gc.get_objects()
        )

    first = train()
    assert train() == train() == first
