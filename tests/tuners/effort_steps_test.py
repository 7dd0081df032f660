"""Efforts keep their optimizer steps on other numbers of images."""

import pathlib

import pytest

from nse_tf.methods import OneShotConfig, PDartsConfig
from nse_tf.runs.effort_choice import make_effort
from nse_tf.runs.search_config import SearchConfig
from nse_tf.tuners.effort_steps import MOST_ALONE, EpochFactors, in_steps
from nse_tf.tuners.efforts import EFFORTS
from tests.training.tiny_data import image_data

STEPPED = [name for name, effort in EFFORTS.items() if effort.images]


@pytest.mark.parametrize("name", STEPPED)
def test_images_that_an_effort_was_chosen_on_change_nothing(name: str) -> None:
    effort = EFFORTS[name]
    assert effort.images is not None
    assert effort.for_images(effort.images) == effort


def test_the_paper_s_epochs_are_as_published_on_all_images() -> None:
    assert EFFORTS["paper"].for_images(900) is EFFORTS["paper"]


@pytest.mark.parametrize(
    ("name", "num_images"),
    [
        ("demo", 40),
        ("demo", 500),
        ("quick", 900),
        ("laptop", 40),
        ("laptop", 900),
        ("laptop", 20_000),
    ],
)
def test_shared_weights_get_as_many_steps_from_fewer_images(
    name: str, num_images: int
) -> None:
    effort = EFFORTS[name]
    assert effort.images is not None
    batch = effort.supernet.batch_size
    epochs = effort.for_images(num_images).search.search_epochs
    wanted = effort.search.search_epochs * effort.images / batch
    # Rounded to whole epochs.
    steps_per_epoch = max(num_images / batch, 1)
    assert abs(epochs * steps_per_epoch - wanted) <= steps_per_epoch / 2


def test_by_hand_fewer_images() -> None:
    # 45,000 / 900 = 50 times the epochs; alone no more than 200 of them.
    laptop = EFFORTS["laptop"].for_images(900)
    assert laptop.search.search_epochs == 10 * 50
    assert laptop.search.shrinking is not None
    assert laptop.search.shrinking.first_epochs == 8 * 50
    assert laptop.evolution.round_epochs == 4 * 50
    assert laptop.search.child_epochs == MOST_ALONE
    assert laptop.search.rank_check_epochs == 8 * MOST_ALONE // 40
    # The recipe of networks alone follows these.
    assert laptop.child.warmup_epochs == 3 * MOST_ALONE / 40
    assert laptop.search.exploring == EFFORTS["laptop"].search.exploring


def test_by_hand_more_images() -> None:
    demo = EFFORTS["demo"].for_images(1_280_000)
    assert demo.search.search_epochs == 1
    assert demo.search.child_epochs == 1
    # The one epoch trains architecture parameters.
    assert demo.proxylessnas.search_epochs == 1
    assert demo.proxylessnas.epochs_without == 0
    assert demo.pdarts.epochs_without == 0


def test_what_is_zero_stays_and_whole_epochs_stay_whole() -> None:
    numbers = OneShotConfig(search_epochs=3, shrinking=None)
    changed = in_steps(numbers, EpochFactors(0.5, 0.1))
    assert (changed.search_epochs, changed.child_epochs) == (2, 24)
    assert changed.shrinking is None
    pdarts = PDartsConfig(stage_epochs=2, epochs_without=0)
    assert in_steps(pdarts, EpochFactors(3.0, 3.0)).epochs_without == 0


def test_flags_that_set_epochs_stay() -> None:
    config = SearchConfig(
        run_dir=pathlib.Path("never_made"),
        effort="laptop",
        overrides=(("supernet_epochs", 7), ("child_epochs", 3)),
    )
    search = make_effort(config, image_data()).search
    assert (search.search_epochs, search.child_epochs) == (7, 3)
    assert search.rank_check_epochs == 40
