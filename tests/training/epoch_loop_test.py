"""The loop that supernets and children share."""

from typing import Any

import numpy as np
import pytest

from nse_tf.training.epoch_loop import EpochLoop, LoopHooks
from tests.training.tiny_data import image_set

IMAGES = image_set(32)  # Three batches of 10; two are left out.


class _Noting(LoopHooks):
    """Notes what is called, with the steps of the weights."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def before_step(self, epoch: int, index: int) -> None:
        self.calls.append(("before", epoch, index))

    def after_step(
        self, epoch: int, index: int, rng: np.random.Generator
    ) -> None:
        self.calls.append(("after", epoch, index))
        rng.random()  # What follows in the epoch is drawn after it.

    def after_epoch(self) -> None:
        self.calls.append(("end",))


def loop(noted: list[Any], **changes: Any) -> EpochLoop:
    """Returns a loop whose step notes what it is told; its loss counts."""

    def step(
        images: Any, labels: Any, opened: Any, rate: Any, seed: Any
    ) -> Any:
        noted.append((images.sum(), opened, rate, seed))
        return float(len(noted))

    settings: dict[str, Any] = {
        "images": IMAGES,
        "batch_size": 10,
        "epochs": 2,
        "step": step,
        "draw": lambda rng: int(rng.integers(100)),
        "rate": lambda epoch: epoch,
        "named_rate": 0.5,
        "seeds": (1, 2),
        **changes,
    }
    return EpochLoop(**settings)


def test_hooks_are_called_around_each_step_and_after_each_epoch() -> None:
    hooks, noted = _Noting(), list[Any]()
    loop(noted, hooks=hooks).run([])
    wanted: list[tuple[Any, ...]] = []
    for epoch in range(2):
        for index in range(3):
            wanted += [("before", epoch, index), ("after", epoch, index)]
        wanted.append(("end",))
    assert hooks.calls == wanted
    plain: list[Any] = []
    loop(plain).run([])
    assert plain[0][3] == noted[0][3]
    assert plain[1][3] != noted[1][3]  # Hooks draw from the same generator.


def test_rates_are_those_at_the_start_or_the_end_of_a_step() -> None:
    starts, ends = list[Any](), list[Any]()
    loop(starts).run([])
    loop(ends, is_rate_after=True).run([])
    assert [each[2] for each in starts] == pytest.approx(
        [0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3]
    )
    assert [each[2] for each in ends] == pytest.approx(
        [1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2]
    )


def test_an_epoch_follows_from_its_seeds_alone() -> None:
    whole, parts = list[Any](), list[Any]()
    loop(whole).run([])
    losses = [2.0]
    loop(parts).run(losses)
    assert parts == whole[3:]
    assert len(losses) == 2
    other: list[Any] = []
    loop(other, seeds=(1, 3)).run([])
    assert other != whole


def test_an_order_of_its_own_leaves_the_draws_to_steps() -> None:
    drawn, given = list[Any](), list[Any]()
    loop(drawn).run([])
    loop(given, order_seed=7).run([])
    assert [each[0] for each in drawn] != [each[0] for each in given]
    rng = np.random.default_rng([1, 2, 0])
    assert given[0][1] == rng.integers(100)  # Nothing was drawn before.


def test_a_training_ends_when_it_is_told_to() -> None:
    losses: list[float] = []
    loop([]).run(losses, lambda loss: False)
    assert losses == [2.0]
    loop([]).run(losses, lambda loss: None)
    assert losses == [2.0, 2.0]


def test_a_training_that_diverges_names_the_rate() -> None:
    losses: list[float] = []
    with pytest.raises(ValueError, match=r"diverged.* 0\.5 now"):
        loop([], step=lambda *told: np.nan).run(losses)
    assert losses == []
