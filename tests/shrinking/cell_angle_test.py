"""The angle of cells: against concatenated vectors, and its invariances."""

import math

import numpy as np
import pytest

from nse_tf.shrinking import (
    EVERY_BACKBONE_WEIGHT,
    NO_BACKBONE,
    BackboneParts,
    CellAngleSums,
)
from nse_tf.spaces import SearchSpace, make_preset
from tests.shrinking.cell_oracle import (
    Weights,
    naive_vector,
    random_weights,
    sums_of,
    three_sums,
)

# Three cells, 2 to 8 channels wide.
SMALL = make_preset("nb201", image_size=(8, 8), width=1 / 8, depth=0.2)
EVERY = np.array([genotype.path for genotype in SMALL.enumerate()])
FIXED = [np.arange(1.0, 30.0), np.full(4, 2.0)]
SKIPS, NONES, CONVS, POOLS = ([index] * 6 for index in (1, 0, 3, 4))


def sums_with(
    weights: Weights,
    backbone: BackboneParts = EVERY_BACKBONE_WEIGHT,
    turned: float = 0.5,
    space: SearchSpace = SMALL,
) -> CellAngleSums:
    """Returns sums of weights, beside a backbone that has turned."""
    by_weight = {
        "stem/kernel": three_sums(FIXED[0], _turned(FIXED[0], turned)),
        "tail/bias": three_sums(FIXED[1], _turned(FIXED[1], turned)),
    }
    return CellAngleSums.of_weights(
        space, sums_of(space, weights), by_weight, backbone
    )


def _turned(values: np.ndarray, amount: float) -> np.ndarray:
    return values + amount * np.roll(values, 1)


def test_sums_give_the_angle_of_the_concatenated_vectors() -> None:
    weights = random_weights(SMALL)
    angles = sums_with(weights).angles(EVERY)
    now = [_turned(each, 0.5) for each in FIXED]
    rows = np.random.default_rng(0).choice(len(EVERY), 200, replace=False)
    for row in rows:
        path = tuple(EVERY[row].tolist())
        base_vector = naive_vector(SMALL, path, weights, FIXED, 0)
        now_vector = naive_vector(SMALL, path, weights, now, 1)
        cosine = base_vector @ now_vector
        cosine /= np.linalg.norm(base_vector) * np.linalg.norm(now_vector)
        assert angles[row] == pytest.approx(math.acos(cosine), abs=1e-6)


def test_weights_that_stay_or_grow_have_no_angle() -> None:
    weights = random_weights(SMALL)
    for factor in (1.0, 3.0):
        deepened = {
            key: (base, factor * base) for key, (base, _) in weights.items()
        }
        sums = CellAngleSums.of_weights(
            SMALL,
            sums_of(SMALL, deepened),
            {"stem/kernel": three_sums(FIXED[0], factor * FIXED[0])},
            EVERY_BACKBONE_WEIGHT,
            counts_pooling=factor == 1.0,
        )
        np.testing.assert_allclose(sums.angles(EVERY), 0.0, atol=1e-7)


def test_weights_turned_round_have_an_angle_of_pi_but_for_pooling() -> None:
    weights = {
        key: (base, -base) for key, (base, _) in random_weights(SMALL).items()
    }
    by_weight = {"stem/kernel": three_sums(FIXED[0], -FIXED[0])}
    sums = CellAngleSums.of_weights(
        SMALL, sums_of(SMALL, weights), by_weight, EVERY_BACKBONE_WEIGHT
    )
    convs, pools = sums.angles(np.array([CONVS, POOLS]))
    assert convs == pytest.approx(math.pi)
    assert pools < math.pi - 0.05


def test_a_child_of_skips_or_nothing_has_the_angle_of_the_backbone() -> None:
    first = sums_with(random_weights(SMALL, 0))
    second = sums_with(random_weights(SMALL, 1))
    paths = np.array([SKIPS, NONES])
    np.testing.assert_array_equal(first.angles(paths), second.angles(paths))
    assert len(set(first.angles(paths))) == 1


def test_a_broken_path_discards_what_lies_on_it() -> None:
    sums = sums_with(random_weights(SMALL))
    # Node 1 hears from a convolution, but nothing hears from node 1.
    dead_end, nothing = sums.angles(
        np.array([[3, 0, 0, 1, 0, 0], [0, 0, 0, 1, 0, 0]])
    )
    assert dead_end == nothing


def test_a_backbone_at_angle_zero_keeps_its_norms() -> None:
    weights = random_weights(SMALL)
    plain = sums_with(weights, turned=0.9)
    backbone = BackboneParts(EVERY_BACKBONE_WEIGHT.weights, at_angle_zero=True)
    resting = sums_with(weights, backbone, turned=0.9)
    paths = np.array([SKIPS, CONVS])
    assert resting.angles(paths)[0] == pytest.approx(0.0, abs=1e-7)
    assert plain.angles(paths)[0] > 0.1
    np.testing.assert_array_equal(plain.backbone[1:], resting.backbone[1:])


def test_unit_kernels_count_by_how_far_they_turned_alone() -> None:
    sums = np.zeros((6, 5, 3))
    sums[:, 3] = [3 * 0.5, 3, 3]  # Three cells, each kernel turned by 60°.
    unit = CellAngleSums.of_unit_kernels(SMALL, sums)
    found = unit.angles(np.array([CONVS, SKIPS, POOLS, NONES]))
    # Edges lie on 2, 1, 1, 1, 1 and 2 paths; the backbone counts as two
    # kernels at rest for each cell.
    turned = math.acos((8 * 3 * 0.5 + 2 * 3) / (8 * 3 + 2 * 3))
    assert found == pytest.approx([turned, 0, 0, 0], abs=1e-7)
    half = unit.angles(np.array([[3, 3, 3, 4, 4, 4]]))
    # Convolutions on 2, 1 and 1 paths; poolings, each two at rest, on 1, 1, 2.
    mixed = (4 * 3 * 0.5 + 4 * 6 + 6) / (4 * 3 + 4 * 6 + 6)
    assert half == pytest.approx(math.acos(mixed))


def test_kinds_of_darts_cells_count_apart() -> None:
    space = make_preset("darts", image_size=(32, 32), num_classes=10)
    sums = np.zeros((28, 8, 3))
    sums[:14, 4] = [0.5, 1.0, 1.0]  # Normal cells turned by 60 degrees.
    sums[14:, 4] = [1.0, 1.0, 1.0]
    angles = CellAngleSums.of_weights(space, sums, {}, NO_BACKBONE).angles(
        np.array([[4] * 14 + [0] * 14, [0] * 14 + [4] * 14, [4] * 28])
    )
    np.testing.assert_allclose(
        angles, [math.pi / 3, 0.0, math.acos(0.75)], atol=1e-7
    )


# Refusals.


def test_a_child_without_weights_is_refused_by_name() -> None:
    sums = sums_with(random_weights(SMALL), NO_BACKBONE)
    with pytest.raises(ValueError, match=r"path \|skip_connect~0\|\+.* norm"):
        sums.angles(np.array([CONVS, SKIPS]))


def test_a_child_without_weights_may_be_given_an_angle() -> None:
    sums = sums_with(random_weights(SMALL), NO_BACKBONE)
    angles = sums.angles(np.array([CONVS, SKIPS, NONES]), empty_rad=0.0)
    assert angles[0] > 0
    assert angles[1:].tolist() == [0.0, 0.0]


def test_weights_of_zero_norm_are_refused_even_then() -> None:
    weights = {
        key: (base, 0 * base)
        for key, (base, _) in random_weights(SMALL).items()
    }
    sums = sums_with(weights, NO_BACKBONE)
    with pytest.raises(
        ValueError, match=r"zero or unknown norm, .* in the base, 0 now"
    ):
        sums.angles(np.array([CONVS]), empty_rad=0.0)


def test_sums_of_a_diverged_training_are_refused_with_the_edge() -> None:
    weights = random_weights(SMALL)
    base, now = weights[2, 3, 0]
    weights[2, 3, 0] = base, np.full_like(now, math.nan)
    with pytest.raises(ValueError, match=r"'nor_conv_3x3' .*'cell_1_2' .*div"):
        sums_with(weights)


def test_a_diverged_backbone_is_refused() -> None:
    with pytest.raises(ValueError, match="backbone has angle sums"):
        sums_with(random_weights(SMALL), turned=math.nan)
