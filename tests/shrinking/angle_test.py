import math

import hypothesis
import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import strategies as st

from nse_tf.jobs import SupernetTrained
from nse_tf.shrinking import AngleSums
from nse_tf.spaces import MBConv, SearchSpace, make_preset
from tests.shrinking.chains import chain

SPACE = chain(4, has_identity=True)

# Weights of every candidate, block by block, and of the backbone.
Weights = tuple[list[list[np.ndarray]], np.ndarray]


def random_weights(space: SearchSpace, seed: int) -> Weights:
    """Returns weights of some dozen numbers; an identity has none."""
    rng = np.random.default_rng(seed)
    lengths = np.random.default_rng(0)
    candidates = [
        [
            rng.normal(size=lengths.integers(3, 40))
            if isinstance(op, MBConv)
            else np.empty(0)
            for op in block.candidates
        ]
        for block in space.blocks
    ]
    return candidates, rng.normal(size=17)


def scaled(weights: Weights, factor: float) -> Weights:
    candidates, backbone = weights
    return [[factor * each for each in row] for row in candidates], (
        factor * backbone
    )


def three(base: np.ndarray, now: np.ndarray) -> list[float]:
    return [float(base @ now), float(base @ base), float(now @ now)]


def sums_of(space: SearchSpace, base: Weights, now: Weights) -> AngleSums:
    candidates = np.zeros((len(space.blocks), space.max_candidates, 3))
    for block, (bases, nows) in enumerate(zip(base[0], now[0], strict=True)):
        for index, pair in enumerate(zip(bases, nows, strict=True)):
            candidates[block, index] = three(*pair)
    return AngleSums(candidates, np.array(three(base[1], now[1])))


def concatenated(weights: Weights, path: np.ndarray) -> np.ndarray:
    """Returns the one vector of a child, as the paper has it."""
    candidates, backbone = weights
    chosen = [candidates[block][index] for block, index in enumerate(path)]
    return np.concatenate([backbone, *chosen])


def tiny_sums(*rows: list[float], backbone: list[float]) -> AngleSums:
    """Returns sums of a block each with one candidate."""
    return AngleSums(np.array(rows)[:, None, :], np.array(backbone))


ONLY = np.zeros((1, 2), np.int64)


def test_the_angle_is_that_of_the_concatenated_vectors_by_hand() -> None:
    # First block: (1, 0) became (1, 1). Second: (2) became (0). Fixed: (2)
    # became (2). So <w0, w> = 1 + 0 + 4, |w0|^2 = 1 + 4 + 4, |w|^2 = 2 + 0 + 4.
    sums = tiny_sums([1, 1, 2], [0, 4, 0], backbone=[4, 4, 4])
    assert sums.angles(ONLY)[0] == pytest.approx(
        math.acos(5 / math.sqrt(9 * 6)), abs=1e-12
    )


def test_it_is_no_mean_of_angles_by_layer() -> None:
    # One layer turned by a right angle, a much longer one not at all.
    sums = tiny_sums([0, 1, 1], [99, 99, 99], backbone=[0, 0, 0])
    assert sums.angles(ONLY)[0] == pytest.approx(math.acos(0.99), abs=1e-12)


def test_sums_give_the_naive_angle_of_200_children() -> None:
    space = make_preset("spos")
    base, now = random_weights(space, 1), random_weights(space, 2)
    paths = space.sample_paths(np.random.default_rng(3), 200)
    naive = []
    for path in paths:
        first, present = concatenated(base, path), concatenated(now, path)
        cosine = first @ present / np.linalg.norm(first)
        naive.append(math.acos(cosine / np.linalg.norm(present)))
    found = sums_of(space, base, now).angles(paths)
    np.testing.assert_allclose(found, naive, rtol=0, atol=1e-6)
    assert np.ptp(found) > 0.05


@pytest.mark.parametrize(
    ("factor", "angle"), [(1.0, 0.0), (3.7, 0.0), (1e-4, 0.0), (-1.0, math.pi)]
)
def test_scaled_weights_have_no_angle_and_turned_ones_pi(
    factor: float, angle: float
) -> None:
    base = random_weights(SPACE, 1)
    sums = sums_of(SPACE, base, scaled(base, factor))
    paths = SPACE.sample_paths(np.random.default_rng(0), 50)
    # A cosine wrong in its last digit is an angle of 1.5e-8.
    np.testing.assert_allclose(sums.angles(paths), angle, rtol=0, atol=1e-7)


def test_a_child_of_identities_has_the_angle_of_the_backbone() -> None:
    space = chain(3, has_identity=True)
    base, now = random_weights(space, 1), random_weights(space, 2)
    sums = sums_of(space, base, now)
    skipped, full = sums.angles(np.array([[6, 6, 6], [0, 0, 0]]))
    cosine = base[1] @ now[1] / math.sqrt(base[1] @ base[1] * (now[1] @ now[1]))
    assert skipped == pytest.approx(math.acos(cosine), abs=1e-12)
    assert full != pytest.approx(skipped, abs=1e-3)


@hypothesis.given(
    hnp.arrays(
        np.float64, (2, 4), elements=st.floats(-10, 10, allow_subnormal=False)
    )
)
def test_an_angle_is_always_from_0_to_pi(vectors: np.ndarray) -> None:
    base, now = vectors
    hypothesis.assume(min(base @ base, now @ now) > 1e-6)
    sums = tiny_sums([0, 0, 0], [0, 0, 0], backbone=three(base, now))
    (angle,) = sums.angles(ONLY)
    assert 0 <= angle <= math.pi


def test_results_of_trainings_become_sums() -> None:
    result = SupernetTrained(
        losses=(),
        angle_sums=(((1.0, 2.0, 3.0),),),
        backbone_sums=(4.0, 5.0, 6.0),
        seconds=1.0,
    )
    sums = AngleSums.from_result(result)
    assert sums.candidates.shape == (1, 1, 3)
    assert sums.backbone.tolist() == [4.0, 5.0, 6.0]


# Refusals.


def sound_sums() -> AngleSums:
    return sums_of(SPACE, random_weights(SPACE, 1), random_weights(SPACE, 2))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_sums_that_are_not_finite_are_refused_with_their_block(
    value: float,
) -> None:
    sums = sound_sums()
    sums.check(SPACE)
    sums.candidates[2, 3, 1] = value
    with pytest.raises(
        ValueError, match=r"'mbconv_k5_e6' of block 'stage0_block2'.*diverged"
    ):
        sums.check(SPACE)


def test_a_candidate_that_is_gone_may_have_any_sums() -> None:
    sums = sound_sums()
    sums.candidates[2, 3] = math.nan
    sums.check(SPACE.without([(2, 3)]))


def test_backbone_sums_that_are_not_finite_are_refused() -> None:
    sums = sound_sums()
    sums.backbone[0] = math.nan
    with pytest.raises(ValueError, match=r"backbone has .*nan.* diverged"):
        sums.check(SPACE)


def test_sums_of_another_space_are_refused() -> None:
    sums = sound_sums()
    with pytest.raises(ValueError, match=r"'spos' have shapes \(21, 7, 3\)"):
        sums.check(make_preset("spos"))
    with pytest.raises(ValueError, match=r"not .* and \(1, 3\)"):
        AngleSums(sums.candidates, sums.backbone[None]).check(SPACE)


def test_a_path_of_zero_weights_is_refused_and_named() -> None:
    candidates = np.zeros((2, 2, 3))
    candidates[1, 1] = [1, 1, 1]
    sums = AngleSums(candidates, np.zeros(3))
    assert sums.angles(np.array([[0, 1]])).tolist() == [0.0]
    with pytest.raises(ValueError, match=r"The path \[1, 0\] has weights of"):
        sums.angles(np.array([[0, 1], [1, 0], [0, 0]]))
