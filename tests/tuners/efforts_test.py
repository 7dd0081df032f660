import dataclasses

import pytest

from nse_tf.methods import OneShotConfig
from nse_tf.tuners.efforts import EFFORTS, effort_for


@pytest.mark.parametrize(
    ("num_images", "side", "expected"),
    [
        (1_150, 8, "quick"),  # digits
        (5_000, 28, "laptop"),
        (40_000, 32, "laptop"),  # CIFAR-10
        (300, 96, "laptop"),
    ],
)
def test_the_effort_suits_the_data(
    num_images: int, side: int, expected: str
) -> None:
    assert effort_for(num_images, (side, side)) == expected


def test_the_paper_s_effort_has_the_paper_s_numbers() -> None:
    paper = EFFORTS["paper"]
    assert paper.search == OneShotConfig()
    assert paper.supernet.batch_size == 512
    assert paper.child.batch_size == 1024
    assert not paper.supernet.nesterov
    assert not paper.child.nesterov


@pytest.mark.parametrize("name", EFFORTS)
def test_every_effort_shrinks_and_says_for_what_it_is(name: str) -> None:
    effort = EFFORTS[name]
    assert effort.summary
    assert effort.search.shrinking is not None
    assert effort.search.exploring.num_children >= (
        effort.search.exploring.population
    )
    # Frozen, so that nobody's run changes another's.
    with pytest.raises(dataclasses.FrozenInstanceError):
        effort.search = OneShotConfig()  # type: ignore[misc]
