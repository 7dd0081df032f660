"""Accuracies of children, with inherited weights."""

import keras
import numpy as np
import pytest

from nse_tf.datasets import ImageSet
from nse_tf.spaces import Genotype
from nse_tf.supernet import FusedBatchNormalization, Supernet
from nse_tf.training import ChildEvaluator, accuracy
from nse_tf.training.evaluation import even_batches
from tests.supernet.tiny_spaces import (
    every_candidate_once,
    lively,
    tiny_space,
)
from tests.training.tiny_data import image_set

CALIBRATION = image_set(20, seed=1)
VALIDATION = image_set(50, seed=2)


@pytest.fixture(scope="module")
def evaluator() -> ChildEvaluator:
    supernet = lively(Supernet(tiny_space()))
    return ChildEvaluator(supernet, CALIBRATION, VALIDATION, batch_size=32)


def _calibrated_by_hand(child: keras.Model) -> keras.Model:
    """Gives batch norms the statistics of all calibration images at once."""
    norms = [
        layer
        for layer in child.layers
        if isinstance(layer, FusedBatchNormalization)
    ]
    probe = keras.Model(child.input, [norm.input for norm in norms])
    given = probe(CALIBRATION.images, training=True)
    for norm, values in zip(norms, given, strict=True):
        flat = np.asarray(values).reshape(-1, values.shape[-1])
        norm.moving_mean.assign(flat.mean(axis=0))
        norm.moving_variance.assign(flat.var(axis=0, ddof=1))
    return child


def test_accuracies_are_those_of_the_children_calibrated_by_hand(
    evaluator: ChildEvaluator,
) -> None:
    assert isinstance(evaluator.supernet, Supernet)
    genotypes = every_candidate_once(evaluator.supernet.space)
    children = [evaluator.supernet.cut_out(each) for each in genotypes]
    running = [accuracy(child, VALIDATION) for child in children]
    calibrated = [
        accuracy(_calibrated_by_hand(child), VALIDATION) for child in children
    ]
    assert evaluator.accuracies(genotypes, 0) == running
    assert evaluator.accuracies(genotypes, 20) == calibrated
    # Not by chance: the two differ, and so do children.
    assert running != calibrated
    assert len(set(calibrated)) > 1
    # Of the stem and each place: calibration in one size; evaluation of 32
    # images, then of any number.
    num_parts = len(evaluator.supernet.space.blocks) + 1
    assert evaluator.num_traces == num_parts * (1 + 2)


def test_evaluation_leaves_the_supernet_as_it_was_to_the_bit(
    evaluator: ChildEvaluator,
) -> None:
    supernet = evaluator.supernet
    before = supernet.get_weights()
    foreign = Genotype(((0,), (0,), (0,)), "another space")
    genotypes = every_candidate_once(supernet.space)
    evaluator.accuracies(genotypes[:1], 20)
    assert all(map(np.array_equal, before, supernet.get_weights()))
    with pytest.raises(ValueError, match="another space"):
        evaluator.accuracies([genotypes[0], foreign], 20)
    assert all(map(np.array_equal, before, supernet.get_weights()))


def test_a_child_is_handed_out_as_it_is_judged(
    evaluator: ChildEvaluator,
) -> None:
    supernet = evaluator.supernet
    before = supernet.get_weights()
    for genotype in every_candidate_once(supernet.space)[:3]:
        child = evaluator.child(genotype, 20)
        assert "nse_tf" not in child.to_json()
        found = accuracy(child, VALIDATION)
        assert [found] == evaluator.accuracies([genotype], 20)
    assert all(map(np.array_equal, before, supernet.get_weights()))


def test_a_child_is_judged_alike_alone_and_among_others(
    evaluator: ChildEvaluator,
) -> None:
    genotypes = every_candidate_once(evaluator.supernet.space)
    alone = [evaluator.accuracies([each], 20)[0] for each in genotypes]
    assert evaluator.accuracies(genotypes[::-1], 20) == alone[::-1]


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(60, [20, 20, 20]), (41, [14, 14, 13]), (20, [20]), (1, [1]), (0, [])],
)
def test_batches_of_calibration_are_even(count: int, sizes: list[int]) -> None:
    images = image_set(60, is_sorted=True)
    order = np.random.default_rng(0).permutation(60)
    batches = list(even_batches(images, order[:count], batch_size=20))
    assert [len(batch) for batch in batches] == sizes
    if sizes:
        found = np.concatenate(batches)
        np.testing.assert_array_equal(
            np.sort(found.sum(axis=(1, 2, 3), dtype=int)),
            np.sort(
                images.images[order[:count]].sum(axis=(1, 2, 3), dtype=int)
            ),
        )


def test_batches_of_calibration_hold_all_classes_of_sorted_images() -> None:
    images = image_set(60, is_sorted=True)
    labeled = ImageSet(
        np.broadcast_to(
            images.labels[:, None, None, None], (60, 1, 1, 1)
        ).astype(np.uint8),
        images.labels,
    )
    order = np.random.default_rng(0).permutation(60)
    for batch in even_batches(labeled, order, batch_size=15):
        assert set(batch.ravel().tolist()) == {0, 1, 2}


def test_losses_are_those_of_the_children_in_training_mode(
    evaluator: ChildEvaluator,
) -> None:
    assert isinstance(evaluator.supernet, Supernet)
    genotypes = every_candidate_once(evaluator.supernet.space)
    before = evaluator.supernet.get_weights()
    found = evaluator.losses(genotypes, 20)
    images, labels = VALIDATION.images[:20], VALIDATION.labels[:20]
    wanted = [
        keras.losses.SparseCategoricalCrossentropy(from_logits=True)(
            labels, evaluator.supernet.cut_out(each)(images, training=True)
        )
        for each in genotypes
    ]
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    assert len(set(found)) > 1
    for one, other in zip(
        before, evaluator.supernet.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_losses_are_told_batch_by_batch(evaluator: ChildEvaluator) -> None:
    assert isinstance(evaluator.supernet, Supernet)
    genotype = every_candidate_once(evaluator.supernet.space)[0]
    (found,) = evaluator.losses([genotype], 1_000)
    child = evaluator.supernet.cut_out(genotype)
    totals = [
        keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction="sum"
        )(
            VALIDATION.labels[part],
            child(VALIDATION.images[part], training=True),
        )
        for part in (slice(25), slice(25, 50))
    ]
    assert found == pytest.approx(float(sum(totals)) / 50, rel=1e-4)
