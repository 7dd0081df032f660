import hypothesis
import numpy as np
from hypothesis import strategies as st

from nse_tf.shrinking import draw_spread_depths
from nse_tf.spaces import Identity, SearchSpace, make_preset
from tests.spaces.strategies import small_spaces

SPOS = make_preset("spos")


def is_skipped(space: SearchSpace, paths: np.ndarray) -> np.ndarray:
    """Returns which blocks are skipped, `(count, num_blocks)`."""
    return np.array(
        [
            [
                block.candidates[index] == Identity()
                for block, index in zip(space.blocks, path, strict=True)
            ]
            for path in paths.tolist()
        ]
    )


@hypothesis.given(small_spaces(), st.integers(0, 2**32))
def test_paths_lie_in_the_space(space: SearchSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    paths = draw_spread_depths(space, rng, 30)
    assert paths.shape == (30, len(space.blocks))
    assert all(space.genotype(path) in space for path in paths.tolist())


def test_every_number_of_skipped_blocks_comes_up_equally_often() -> None:
    count, num_depths = 16_000, 16
    paths = draw_spread_depths(SPOS, np.random.default_rng(0), count)
    skipped = is_skipped(SPOS, paths)
    depths = np.bincount(skipped.sum(axis=1), minlength=num_depths)
    assert len(depths) == num_depths
    # A binomial count of mean 1000, by 5 of its standard deviations of 31.
    assert np.abs(depths - count / num_depths).max() < 153
    # Each of the 15 blocks that may be skipped is, half of the time.
    may_skip = [Identity() in block.candidates for block in SPOS.blocks]
    assert skipped[:, may_skip].mean(axis=0).min() > 0.47
    assert skipped[:, may_skip].mean(axis=0).max() < 0.53
    assert not skipped[:, np.logical_not(may_skip)].any()


def test_uniform_draws_would_hardly_skip() -> None:
    # Which is why depths are spread: a child of 8 skips and more is one in 500.
    paths = SPOS.sample_paths(np.random.default_rng(0), 16_000)
    assert (is_skipped(SPOS, paths).sum(axis=1) >= 8).mean() < 0.002


def test_ops_are_drawn_uniformly_where_a_block_is_not_skipped() -> None:
    paths = draw_spread_depths(SPOS, np.random.default_rng(0), 16_000)
    for block in range(len(SPOS.blocks)):
        counts = np.bincount(paths[:, block], minlength=7)[:6]
        share = counts / counts.sum()
        # At least some 8000 draws: 5 standard deviations of 0.0042.
        assert np.abs(share - 1 / 6).max() < 0.021


def test_without_identities_draws_are_uniform() -> None:
    space = make_preset("fairnas").without([(0, 1), (0, 2)])
    paths = draw_spread_depths(space, np.random.default_rng(0), 6_000)
    for block, indices in enumerate(space.active):
        found, counts = np.unique(paths[:, block], return_counts=True)
        assert tuple(found) == indices
        # 5 standard deviations of a binomial count.
        mean = 6_000 / len(indices)
        assert np.abs(counts - mean).max() < 5 * np.sqrt(mean)


def test_a_block_with_the_identity_alone_is_always_skipped() -> None:
    space = SPOS.restrict(
        [
            indices[-1:] if block == 1 else indices
            for block, indices in enumerate(SPOS.active)
        ]
    )
    paths = draw_spread_depths(space, np.random.default_rng(0), 100)
    assert (paths[:, 1] == 6).all()


def test_the_same_seed_draws_the_same_children() -> None:
    first, again, other = (
        draw_spread_depths(SPOS, np.random.default_rng(seed), 20)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
