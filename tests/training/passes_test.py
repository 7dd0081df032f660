"""Passes over one batch that make one update: FairNAS's strict fairness."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.sampling import FairSampler
from nse_tf.spaces import MBConv, SearchSpace, Stage
from nse_tf.spaces.open_branches import decisions
from nse_tf.supernet import (
    NestedSupernet,
    Supernet,
    WeightSharing,
    networks_of,
)
from nse_tf.testing.supernet_probes import owners_of
from nse_tf.training import SupernetRecipe, SupernetTrainer
from nse_tf.training.losses import smoothed_loss
from tests.supernet.choice_models import choice_model
from tests.supernet.tiny_cells import tiny_cells
from tests.supernet.tiny_darts import tiny_darts
from tests.supernet.tiny_spaces import lively, tiny_space

RATE = 0.1
# Lists of three and of two candidates.
CHAIN = tiny_space(
    ops=(MBConv(3, 3), MBConv(5, 3)), stages=(Stage(8, 1, 1), Stage(12, 1, 2))
)
# As many candidates; what a pass opens of the first is part of the others.
NESTED = tiny_space(
    ops=(MBConv(3, 3), MBConv(5, 6)), stages=(Stage(8, 1, 1), Stage(12, 1, 2))
)
# The first momentum is the gradient, and the step that along it.
PLAIN = SupernetRecipe(
    nesterov=False, weight_decay=0.0, clip_norm=None, batch_size=8
)


def of_cells(space: SearchSpace) -> WeightSharing:
    return networks_of(space).supernet()


FAMILIES: dict[str, Callable[[], WeightSharing]] = {
    "chain": lambda: lively(Supernet(CHAIN)),
    "nested": lambda: NestedSupernet(NESTED),
    "choice": lambda: networks_of(choice_model()).supernet(),
    "nb201": lambda: of_cells(tiny_cells()),
    "darts": lambda: of_cells(tiny_darts()),
}


def images_for(space: SearchSpace) -> ImageSet:
    """Returns a batch of noise."""
    skeleton, rng = space.skeleton, np.random.default_rng(0)
    shape = (8, *skeleton.image_size, skeleton.image_channels)
    labels = np.arange(8, dtype=np.int32) % skeleton.num_classes
    return ImageSet(rng.integers(0, 256, shape, np.uint8), labels)


def two_each(space: SearchSpace) -> SearchSpace:
    """Returns the space with the last two candidates of each block."""
    return space.restrict([indices[-2:] for indices in space.active])


def trainer_of(name: str) -> SupernetTrainer:
    supernet = FAMILIES[name]()
    return SupernetTrainer(supernet, PLAIN, images_for(supernet.space))


def stepped(trainer: SupernetTrainer, passes: np.ndarray) -> float:
    """Returns the loss of a step over these passes."""
    batch = images_for(trainer.supernet.space)
    images = np.asarray(batch.images)
    return float(trainer.step(images, batch.labels, passes, RATE, (0, 0)))


def passes_for(
    trainer: SupernetTrainer,
    seed: int = 0,
    within: Callable[[SearchSpace], SearchSpace] = lambda space: space,
) -> np.ndarray:
    sampler = FairSampler(within(trainer.supernet.space))
    return sampler.sample(np.random.default_rng(seed))


def lone_pass(
    supernet: WeightSharing,
) -> Callable[[np.ndarray], tuple[tf.Tensor, list[Any]]]:
    """Returns what computes loss and gradients of one pass on its own."""
    batch = images_for(supernet.space)
    targets = [each.value for each in supernet.trainable_variables]

    images = tf.constant(batch.images, tf.float32)

    @tf.function
    def run(opened: tf.Tensor) -> tuple[tf.Tensor, Any]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(targets)
            logits = supernet(images, opened, training=True)
            loss = smoothed_loss(batch.labels, logits, PLAIN.label_smoothing)
        return loss, tape.gradient(loss, targets)

    return lambda opened: run(tf.constant(opened))


def numbers(values: Any) -> list[np.ndarray]:
    return [each.numpy() for each in values]


@pytest.mark.parametrize(
    ("name", "within"),
    [
        ("chain", lambda space: space),
        pytest.param("nested", lambda space: space, marks=pytest.mark.slow),
        pytest.param("choice", two_each, marks=pytest.mark.slow),
        pytest.param("nb201", two_each, marks=pytest.mark.slow),
        pytest.param("darts", two_each, marks=pytest.mark.slow),
    ],
)
def test_the_gradient_is_the_sum_of_the_passes(
    name: str, within: Callable[[SearchSpace], SearchSpace]
) -> None:
    """Of a row that several passes open, their mean; to 1e-5."""
    trainer = trainer_of(name)
    supernet = trainer.supernet
    passes = passes_for(trainer, within=within)
    before = numbers(supernet.trainable_variables)
    statistics = numbers(supernet.non_trainable_variables)
    wanted = [np.zeros_like(each) for each in before]
    counts = [np.zeros(len(each), int) for each in before]
    losses, run = [], lone_pass(supernet)
    for opened in passes:
        lone_loss, gradients = run(opened)
        losses.append(float(lone_loss))
        for total, count, gradient in zip(
            wanted, counts, gradients, strict=True
        ):
            if isinstance(gradient, tf.IndexedSlices):
                np.add.at(total, gradient.indices, gradient.values)
                count[np.unique(gradient.indices)] += 1
            elif gradient is not None:
                total += gradient.numpy()
    moved = numbers(supernet.non_trainable_variables)
    for variable, value in zip(
        supernet.non_trainable_variables, statistics, strict=True
    ):
        variable.assign(value)

    loss = stepped(trainer, passes)

    assert loss == pytest.approx(np.mean(losses), rel=1e-5)
    largest = max(np.abs(each).max() for each in wanted)
    for variable, old, total, count, momentum in zip(
        supernet.trainable_variables,
        before,
        wanted,
        counts,
        numbers(trainer.momenta),
        strict=True,
    ):
        if count.any():
            total /= np.maximum(count, 1)[:, None]
        name = variable.path
        scale = max(np.abs(total).max(), 1e-3 * largest)
        np.testing.assert_allclose(
            momentum, total, rtol=0, atol=1e-5 * scale, err_msg=name
        )
        np.testing.assert_allclose(
            variable.numpy(), old - RATE * momentum, rtol=0, atol=1e-6
        )
    # Each pass moved the statistics of what it opened, and no others.
    for found, value in zip(
        numbers(supernet.non_trainable_variables), moved, strict=True
    ):
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=1e-5)
    assert trainer.step.num_traces == 1
    assert_closed_rows_stay(trainer, within(supernet.space))


def assert_closed_rows_stay(
    trainer: SupernetTrainer, space: SearchSpace
) -> None:
    """Holds the momenta of what is not in the space against zero."""
    supernet = trainer.supernet
    momenta = {
        id(variable): momentum
        for variable, momentum in zip(
            supernet.trainable_variables, numbers(trainer.momenta), strict=True
        )
    }
    blocks = decisions(space)[:, 1]
    for number, block in enumerate(supernet.blocks):
        places = np.flatnonzero(blocks == number).tolist()
        for owned in block.owned_rows(places):
            closed = [
                row
                for row, owners in owners_of(owned).items()
                if owners.isdisjoint(space.active[number])
            ]
            assert not momenta[id(owned.variable)][closed].any()


@pytest.fixture(scope="module")
def chain() -> SupernetTrainer:
    """A trainer whose steps are traced once for the tests below."""
    return trainer_of("chain")


def fresh(trainer: SupernetTrainer) -> SupernetTrainer:
    """Returns the trainer with the weights that it drew first."""
    trainer.start_over(0)
    return trainer


def state_of(trainer: SupernetTrainer) -> list[np.ndarray]:
    return [
        *numbers(trainer.supernet.variables),
        *numbers(trainer.momenta),
    ]


def test_what_no_pass_opens_stays(chain: SupernetTrainer) -> None:
    space = two_each(CHAIN)
    passes = passes_for(chain, within=two_each)
    assert len(passes) == 2
    stepped(fresh(chain), passes)
    assert_closed_rows_stay(chain, space)


def test_the_order_of_passes_does_not_matter(chain: SupernetTrainer) -> None:
    """To 1e-6 of weights and momenta: sums are rounded in another order.

    Moving statistics of what all passes share do follow the order.
    """
    found = []
    for order in (slice(None), slice(None, None, -1), [2, 0, 1]):
        stepped(fresh(chain), passes_for(chain)[order])
        weights = numbers(chain.supernet.trainable_variables)
        found.append([*weights, *numbers(chain.momenta)])
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_allclose(one, two, rtol=0, atol=1e-6)


def test_one_pass_is_a_step_of_one_path(chain: SupernetTrainer) -> None:
    found = []
    for shape in ((2, 1), (1, 2, 1)):
        loss = stepped(fresh(chain), np.zeros(shape, np.int32))
        found.append([np.array(loss), *state_of(chain)])
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_steps_of_one_path_and_of_passes_take_turns(
    chain: SupernetTrainer,
) -> None:
    """As in a search whose shrinking trains single paths."""
    found = []
    for goes_first in (False, True):
        fresh(chain)
        if goes_first:
            stepped(chain, np.zeros((2, 1), np.int32))
            fresh(chain)
        found.append(stepped(chain, passes_for(chain)))
        stepped(chain, np.zeros((2, 1), np.int32))
    assert found[0] == found[1]


def test_equal_seeds_give_equal_bits(chain: SupernetTrainer) -> None:
    found = []
    for _ in range(2):
        fresh(chain)
        for seed in range(3):
            stepped(chain, passes_for(chain, seed))
        found.append(state_of(chain))
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_other_passes_and_numbers_of_them_need_no_trace() -> None:
    trainer = trainer_of("chain")
    for seed in range(4):
        stepped(trainer, passes_for(trainer, seed))
    assert trainer.step.num_traces == 1
    # Another number of them takes one more, which serves all other numbers.
    for count in (2, 1):
        stepped(trainer, passes_for(trainer)[:count])
    assert trainer.step.num_traces == 2
    # Single paths have a trace of their own.
    for path in range(2):
        stepped(trainer, np.full((2, 1), path, np.int32))
    assert trainer.step.num_traces == 3
