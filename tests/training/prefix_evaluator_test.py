"""Children that are judged together, each from where it parts from others."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from nse_tf.spaces.genotype import Path
from nse_tf.supernet import (
    BranchSupernet,
    Calibrator,
    NB201Supernet,
    Supernet,
    statistics_kept,
)
from nse_tf.training.prefix_evaluator import PrefixEvaluator, depth_within
from tests.supernet.tiny_branches import tiny_branches
from tests.supernet.tiny_cells import tiny_cells
from tests.supernet.tiny_spaces import lively, tiny_space
from tests.training.tiny_data import image_set

CALIBRATION = image_set(20, seed=1).images
VALIDATION = image_set(50, seed=2)
CHAIN = lively(Supernet(tiny_space()))
BRANCHES = BranchSupernet(tiny_branches())
CHAIN_CHILDREN = ((0, 1, 2), (3, 1, 0), (0, 1, 0), (0, 0, 2), (0, 1, 2))
BRANCH_CHILDREN = (
    ((0, 1), (2,), ()),
    ((), (0, 1), (0,)),
    ((0, 1), (2,), (1, 2)),
    ((0, 1), (0, 1), (0,)),
)
CASES = [(CHAIN, CHAIN_CHILDREN), (BRANCHES, BRANCH_CHILDREN)]


class Asked:
    """Gives batches, and counts how often it was asked for them."""

    def __init__(self) -> None:
        self.calibration = self.validation = 0

    def images(self) -> Iterator[np.ndarray]:
        """Gives images to calibrate on."""
        self.calibration += 1
        yield from (CALIBRATION[::2], CALIBRATION[1::2])

    def labeled(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Gives images to be judged by."""
        self.validation += 1
        for part in (slice(30), slice(30, 50)):
            yield VALIDATION.images[part], VALIDATION.labels[part]


@pytest.mark.parametrize(("supernet", "paths"), CASES)
def test_children_are_judged_alike_alone_and_together_at_any_depth(
    supernet: Supernet, paths: Sequence[Path]
) -> None:
    children = [
        supernet.encode(supernet.space.genotype(path)) for path in paths
    ]
    found = []
    with statistics_kept(supernet):
        for depth in (0, 1, len(supernet.blocks)):
            evaluate, asked = PrefixEvaluator(supernet, depth), Asked()
            sources = asked.images, asked.labeled
            together = evaluate.num_correct(children, *sources)
            # What is shared begins with the images, which pass once.
            times = 1 if depth else len(children)
            assert (asked.calibration, asked.validation) == (times, times)
            logits = evaluate.logits(children, asked.images, asked.labeled)
            assert together == [
                (each.argmax(axis=1) == VALIDATION.labels).sum()
                for each in logits
            ]
            num_traces = evaluate.num_traces
            alone = [
                evaluate.num_correct([one], *sources)[0] for one in children
            ]
            assert together == alone
            assert evaluate.num_traces == num_traces
            found.append(together)
    assert all(each == found[0] for each in found)
    assert len(set(found[0])) > 1


@pytest.mark.parametrize(("supernet", "paths"), CASES)
def test_shared_statistics_are_those_of_the_child_alone_to_the_bit(
    supernet: Supernet, paths: Sequence[Path]
) -> None:
    first, *_, other = sorted(
        (supernet.encode(supernet.space.genotype(path)) for path in paths),
        key=lambda slots: slots.tobytes(),
    )
    depth = len(supernet.blocks)
    evaluate, asked = PrefixEvaluator(supernet, depth), Asked()

    def statistics(*children: np.ndarray) -> list[np.ndarray]:
        with statistics_kept(supernet):
            evaluate.num_correct(children, asked.images, asked.labeled)
            return [each.numpy() for each in supernet.non_trainable_variables]

    def of_calibrator() -> list[np.ndarray]:
        with statistics_kept(supernet):
            Calibrator(supernet).calibrate(other, asked.images())
            return [each.numpy() for each in supernet.non_trainable_variables]

    # Before another child, its neighbor moved what only the neighbor opens.
    after_both, after_first = statistics(first, other), statistics(first)
    for both, one, before, alone, by_calibrator in zip(
        after_both,
        after_first,
        [each.numpy() for each in supernet.non_trainable_variables],
        statistics(other),
        of_calibrator(),
        strict=True,
    ):
        np.testing.assert_array_equal(
            both, np.where(alone == before, one, alone)
        )
        np.testing.assert_allclose(alone, by_calibrator, rtol=1e-4, atol=1e-5)


def test_without_images_to_calibrate_on_statistics_stay() -> None:
    evaluate, asked = PrefixEvaluator(CHAIN, 2), Asked()
    before = [each.numpy() for each in CHAIN.non_trainable_variables]
    children = [
        CHAIN.encode(CHAIN.space.genotype(path)) for path in CHAIN_CHILDREN
    ]
    found = evaluate.num_correct(children, lambda: [], asked.labeled)
    after = [each.numpy() for each in CHAIN.non_trainable_variables]
    assert all(map(np.array_equal, before, after))
    assert found[0] == found[-1]


def test_depth_is_what_fits_into_memory() -> None:
    # Of an image: 8x8x8, 8x8x8 and 8x8x10 numbers of four bytes.
    for most_bytes, depth in (
        (10 * 2_048 - 1, 0),
        (10 * 2_048, 1),
        (10 * 4_096, 2),
        (10 * (4_096 + 2_560) - 1, 2),
        (10 * (4_096 + 2_560), 3),
        (2**40, 3),
    ):
        assert depth_within(CHAIN, 10, most_bytes) == depth


def test_cells_share_nothing_and_say_so() -> None:
    supernet = NB201Supernet(tiny_cells())
    assert depth_within(supernet, 1, 2**40) == 0
    with pytest.raises(ValueError, match="one by one: it must be 0"):
        PrefixEvaluator(supernet, 1)
