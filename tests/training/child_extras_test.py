"""Children trained with mixed batches, and averages of their weights."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.spaces import Stage
from nse_tf.supernet import ChildInTraining, build_child
from nse_tf.training import ChildRecipe, train_child
from nse_tf.training.child_trainer import ChildTrainer
from nse_tf.training.losses import smoothed_loss
from nse_tf.training.weight_averages import WeightAverages
from tests.supernet.tiny_spaces import tiny_space
from tests.training.tiny_data import image_set

IMAGES = image_set(48)
PLAIN = ChildRecipe(batch_size=12, warmup_epochs=1.0)
MIXED = dataclasses.replace(
    PLAIN, rand_augment=1, mixup=0.4, cutmix=1.0, weight_average=0.9
)


def new_child() -> keras.Model:
    space = tiny_space(stages=(Stage(8, 1, 2),))
    return build_child(space, space.genotype([3]))


def trainer_of(child: keras.Model, recipe: ChildRecipe) -> ChildTrainer:
    return ChildTrainer(
        ChildInTraining(child=child, model=child), IMAGES, recipe
    )


def test_a_training_that_was_stopped_comes_to_the_same_bits() -> None:
    whole = new_child()
    losses = train_child(whole, IMAGES, MIXED, 3, 7)
    first = trainer_of(new_child(), MIXED)
    # Stops before it hands over averages, as a killed one does.
    checkpoints = []

    def stop(loss: float) -> bool:
        del loss
        checkpoints.append(first.checkpoint("a", "b", "c"))
        return False

    first.train(3, 7, stop)
    child = new_child()
    second = trainer_of(child, MIXED)
    second.restore(checkpoints[0])
    second.train(3, 7)
    assert second.losses == losses
    assert all(map(np.array_equal, child.get_weights(), whole.get_weights()))


def test_what_is_handed_over_is_an_average() -> None:
    recipe = dataclasses.replace(PLAIN, weight_average=0.9)
    averaged, last = new_child(), new_child()
    losses = train_child(averaged, IMAGES, recipe, 2, 0)
    # Training itself is the same.
    assert train_child(last, IMAGES, PLAIN, 2, 0) == losses
    assert not any(
        map(np.array_equal, averaged.get_weights(), last.get_weights())
    )


def test_averages_by_hand() -> None:
    variable = tf.Variable(1.0)
    averages = WeightAverages([variable], decay=0.5)
    variable.assign(3.0)
    averages.update()  # (1 + 1) / (10 + 1) of the past stays.
    first = 1.0 + (1 - 2 / 11) * 2.0
    variable.assign(7.0)
    averages.update()  # 3 / 12.
    second = first + (1 - 3 / 12) * (7.0 - first)
    state = averages.arrays()
    averages.hand_over()
    assert float(variable) == pytest.approx(second)
    for _ in range(30):
        variable.assign(0.0)
        averages.update()  # Soon no more than the decay.
    again = WeightAverages([variable], decay=0.5)
    again.restore(state)
    again.hand_over()
    assert float(variable) == pytest.approx(second)


def test_shares_of_labels_have_the_loss_of_their_shares() -> None:
    logits = tf.constant([[1.0, 2.0, -1.0], [0.0, 0.5, 0.25]])
    shares = tf.constant([[0.3, 0.7, 0.0], [0.0, 0.0, 1.0]])
    weights = (1.0, 3.0, 0.5)

    def loss(label: int, row: int, smoothing: float) -> float:
        return float(
            smoothed_loss(
                tf.constant([label]), logits[row : row + 1], smoothing
            )
        )

    for smoothing in (0.0, 0.1):
        first = 0.3 * loss(0, 0, smoothing) + 0.7 * loss(1, 0, smoothing)
        second = loss(2, 1, smoothing)
        assert float(smoothed_loss(shares, logits, smoothing)) == pytest.approx(
            (first + second) / 2, rel=1e-5
        )
        weighted = (0.3 * 1.0 + 0.7 * 3.0) * first + 0.5 * second
        assert float(
            smoothed_loss(shares, logits, smoothing, weights)
        ) == pytest.approx(weighted / 2, rel=1e-5)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"mixup": 1.5}, "`mixup` must be from 0 to 1, not 1.5"),
        ({"cutmix": -0.1}, "`cutmix` must be from 0 to 1"),
        ({"rand_augment": -1}, "`rand_augment` must be at least 0"),
        ({"weight_average": 1.0}, "`weight_average` must be at least 0 and b"),
    ],
)
def test_numbers_out_of_range_are_refused(
    numbers: dict[str, float], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(PLAIN, **numbers)  # type: ignore[arg-type]
