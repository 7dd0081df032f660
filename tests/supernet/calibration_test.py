"""Statistics of one child, taken from given images."""

import keras
import numpy as np
import pytest

from nse_tf.spaces import Genotype, Stage
from nse_tf.supernet import (
    Calibrator,
    FusedBatchNormalization,
    Supernet,
    statistics_kept,
)
from tests.supernet.tiny_spaces import (
    every_candidate_once,
    lively,
    random_images,
    tiny_space,
)

Statistics = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def supernet() -> Supernet:
    supernet = lively(Supernet(tiny_space((8, 9))))
    # Statistics that nobody would want to keep a share of.
    for variable in supernet.non_trainable_variables:
        variable.assign(variable.numpy() + 1e6)
    return supernet


@pytest.fixture(scope="module")
def calibrator(supernet: Supernet) -> Calibrator:
    return Calibrator(supernet)


def _by_hand(child: keras.Model, images: np.ndarray) -> Statistics:
    """Returns mean and variance of what each batch norm is given."""
    norms = [
        layer
        for layer in child.layers
        if isinstance(layer, FusedBatchNormalization)
    ]
    probe = keras.Model(child.input, [norm.input for norm in norms])
    given = probe(images, training=True)
    found = {}
    for norm, values in zip(norms, given, strict=True):
        flat = np.asarray(values, np.float64).reshape(-1, values.shape[-1])
        found[f"{norm.name}/moving_mean"] = flat.mean(axis=0)
        found[f"{norm.name}/moving_variance"] = flat.var(axis=0, ddof=1)
    return found


def _statistics(child: keras.Model) -> Statistics:
    return {
        weight.path: weight.numpy() for weight in child.non_trainable_weights
    }


def _check_close(found: Statistics, wanted: Statistics) -> None:
    assert found.keys() == wanted.keys()
    for path, value in wanted.items():
        scale = np.abs(value).max()
        np.testing.assert_allclose(
            found[path], value, atol=1e-5 * scale, err_msg=path
        )


def _genotypes(supernet: Supernet) -> list[Genotype]:
    return every_candidate_once(supernet.space)


def test_one_batch_gives_exactly_its_own_statistics(
    supernet: Supernet, calibrator: Calibrator
) -> None:
    images = random_images(supernet.space, 6)
    for genotype in _genotypes(supernet)[::2]:
        with statistics_kept(supernet):
            calibrator.calibrate(supernet.encode(genotype), [images])
            found = _statistics(supernet.cut_out(genotype))
            wanted = _by_hand(supernet.cut_out(genotype), images)
        _check_close(found, wanted)


def test_several_batches_give_the_plain_mean(
    supernet: Supernet, calibrator: Calibrator
) -> None:
    genotype = _genotypes(supernet)[1]
    batches = [random_images(supernet.space, 6, seed) for seed in range(3)]
    child = supernet.cut_out(genotype)
    singles = [_by_hand(child, images) for images in batches]
    with statistics_kept(supernet):
        calibrator.calibrate(supernet.encode(genotype), batches)
        found = _statistics(supernet.cut_out(genotype))
    mean = {
        path: np.mean([single[path] for single in singles], axis=0)
        for path in singles[0]
    }
    _check_close(found, mean)


def test_statistics_of_inactive_candidates_are_bit_exact(
    supernet: Supernet, calibrator: Calibrator
) -> None:
    genotype = _genotypes(supernet)[2]
    before = [block.statistics.numpy() for block in supernet.blocks]
    with statistics_kept(supernet):
        images = random_images(supernet.space, 6)
        calibrator.calibrate(supernet.encode(genotype), [images])
        after = [block.statistics.numpy() for block in supernet.blocks]
    for old, new, index in zip(before, after, genotype.path, strict=True):
        moved = (old != new).any(axis=1)
        assert np.flatnonzero(moved).tolist() == [index]


def test_statistics_come_back_also_after_an_error(
    supernet: Supernet, calibrator: Calibrator
) -> None:
    before = supernet.get_weights()
    open_branches = supernet.encode(_genotypes(supernet)[0])

    def calibrate_and_fail() -> None:
        with statistics_kept(supernet):
            calibrator.calibrate(
                open_branches, [random_images(supernet.space, 6)]
            )
            assert not all(map(np.array_equal, before, supernet.get_weights()))
            raise KeyError

    with pytest.raises(KeyError):
        calibrate_and_fail()
    assert all(map(np.array_equal, before, supernet.get_weights()))


def test_another_child_needs_no_trace_and_other_sizes_one_together() -> None:
    supernet = Supernet(tiny_space(stages=(Stage(8, 1, 1),)))
    calibrator = Calibrator(supernet)
    for sizes, bound in (([6, 6], 1), ([6, 5], 2), ([3, 7, 2], 2)):
        batches = [random_images(supernet.space, size) for size in sizes]
        for genotype in _genotypes(supernet):
            calibrator.calibrate(supernet.encode(genotype), batches)
        assert calibrator.num_traces == bound
