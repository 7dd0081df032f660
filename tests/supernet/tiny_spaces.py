"""Spaces that a supernet of is built and traced in a second or two."""

import numpy as np

from nse_tf.spaces import (
    ChainOp,
    ChainSkeleton,
    Genotype,
    Identity,
    MBConv,
    SearchSpace,
    Stage,
    with_stage_widths,
)
from nse_tf.spaces.chains import chain_space
from nse_tf.supernet import ChoiceLayer, Supernet

# All that may differ between candidates of a block.
MIXED_OPS = (MBConv(3, 1), MBConv(5, 3), MBConv(7, 6), MBConv(3, 6))
# With and without squeeze-and-excite, of all activations, beside plain ones.
GATED_OPS = (
    MBConv(3, 1, squeeze_excite=True, activation="relu"),
    MBConv(5, 3, squeeze_excite=True, activation="hard_swish"),
    MBConv(3, 4.5, activation="hard_swish"),
    MBConv(3, 6),
    MBConv(3, 5.5, squeeze_excite=True, activation="hard_swish"),
)
# Parts of one another; the largest of each is no candidate.
NESTED_OPS = (MBConv(3, 2), MBConv(5, 6), MBConv(7, 3), MBConv(3, 6))


def tiny_space(
    image_size: tuple[int, int] = (8, 8),
    image_channels: int = 1,
    ops: tuple[ChainOp, ...] = MIXED_OPS,
    *,
    has_identity: bool = True,
    max_open: int = 1,
    stages: tuple[Stage, ...] = (
        Stage(8, 1, 1),
        Stage(10, 1, 1),
        Stage(12, 1, 2),
    ),
) -> SearchSpace:
    """Returns a space of three blocks: same shape, wider, stride 2."""
    skeleton = ChainSkeleton(
        image_size=image_size,
        image_channels=image_channels,
        num_classes=3,
        stem_channels=6,
        stem_stride=1,
        first_channels=8,
        stages=stages,
        tail_channels=16,
    )
    optional = (Identity(),) if has_identity else ()
    return chain_space("tiny", skeleton, ops, optional, max_open=max_open)


def width_space() -> SearchSpace:
    """Returns a space of widths where one block may have a shortcut, or not."""
    return with_stage_widths(
        tiny_space(
            ops=(MBConv(3, 2), MBConv(5, 6)),
            stages=(Stage(16, 2, 2), Stage(24, 1, 1)),
        ),
        (0.5, 1),
    )


def random_images(space: SearchSpace, count: int, seed: int = 0) -> np.ndarray:
    """Returns noise of the space's image shape, uint8."""
    skeleton = space.skeleton
    shape = (count, *skeleton.image_size, skeleton.image_channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def lively(supernet: Supernet) -> Supernet:
    """Returns a supernet whose norms are neither identities nor zero."""
    rng = np.random.default_rng(0)
    for layer in supernet.backbone_layers:
        weights = layer.get_weights()
        layer.set_weights([_noisy(value, rng) for value in weights])
    for block in supernet.blocks:
        enliven(block, rng)
    return supernet


def enliven(block: ChoiceLayer, rng: np.random.Generator) -> None:
    """Gives all candidates unlike norms; padding stays zero."""
    rows, statistics = block.get_weights()
    for index, layout in enumerate(block.layouts):
        for values, pieces in (
            (rows[index], layout.weights),
            (statistics[index], layout.statistics),
        ):
            size = sum(piece.size for piece in pieces)
            values[:size] = _noisy(values[:size], rng)
    block.set_weights([rows, statistics])


def _noisy(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise = rng.uniform(0.7, 1.3, values.shape)
    return values * noise + rng.uniform(0.0, 0.4, values.shape)


def every_candidate_once(space: SearchSpace) -> list[Genotype]:
    """Returns single paths that between them open each candidate."""
    return [
        space.genotype(
            [min(index, len(block.candidates) - 1) for block in space.blocks]
        )
        for index in range(space.max_candidates)
    ]
