"""The families of supernets whose steps are timed, a row a family."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from mixed_choices import mixed_model
from noise_steps import NUM_CLASSES
from traces import TraceCounter

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule
from nse_tf.sampling import draw_cells
from nse_tf.spaces import (
    ChainSkeleton,
    Genotype,
    Identity,
    SearchSpace,
    Stage,
    make_preset,
)
from nse_tf.spaces.chains import chain_space
from nse_tf.spaces.presets import MBCONVS
from nse_tf.spaces.published_skeletons import DARTS_SKELETON
from nse_tf.spaces.subsets import draw_balanced, draw_two
from nse_tf.supernet import Networks, networks_of
from nse_tf.training.gate_architecture import TwoGateArchitecture
from nse_tf.training.subset_architecture import SubsetArchitecture

Draw = Callable[[SearchSpace, np.random.Generator], Genotype]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FamilyOptions:
    """What can be asked of a family's space; each takes only some of it.

    Attributes:
        blocks: Number of choice blocks.
        identity: Whether blocks that keep their shape may be skipped.
        space: Preset; None for the family's own.
        width: Multiplies the preset's widths; None for its own.
        depth: Multiplies the preset's depths; None for its own.
        active: Number of active ops of each block.
        seed: Draws which ops are active.
        sharing: How candidates share weights; see `networks_of_space`.
    """

    blocks: int = 20
    identity: bool = False
    space: str | None = None
    width: float | None = None
    depth: float | None = None
    active: int = 5
    seed: int = 0
    sharing: str = "rows"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArchitectureStep:
    """A step of architecture parameters, and the weights' step beside it.

    Attributes:
        open_branches: What the step of the weights opens.
        update: Does the step of the architecture parameters; returns its loss.
    """

    open_branches: np.ndarray
    update: Callable[[], float]


ArchitectureSteps = Callable[[np.random.Generator], ArchitectureStep]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Family:
    """How the step of one family's supernet is timed.

    Attributes:
        networks: Makes the supernet, and cuts children out of it.
        draw: Draws a genotype as training or search would.
        options: Names of the `FamilyOptions` that it heeds, `seed` aside.
        architecture: Takes supernet and batch, and returns what draws steps of
            the architecture parameters; None where these train by mixing all
            candidates, which no child's step compares with.
    """

    networks: Callable[[FamilyOptions], Networks]
    draw: Draw
    options: tuple[str, ...] = ()
    architecture: Callable[[Any, ImageSet], ArchitectureSteps] | None = None


def mbconv_chain(num_blocks: int, *, has_identity: bool) -> SearchSpace:
    """Returns a chain of four stages, 16 to 96 channels wide.

    Args:
        num_blocks: Choice blocks of six MBConvs each, at least 4.
        has_identity: Whether blocks that keep their shape may be skipped.
    """
    ends = np.round(np.array([0, 3, 8, 14, 20]) / 20 * num_blocks)
    depths = np.diff(ends).astype(int).tolist()
    stages = tuple(
        Stage(channels, depth, stride)
        for channels, depth, stride in zip(
            (16, 32, 64, 96), depths, (1, 2, 2, 1), strict=True
        )
    )
    skeleton = ChainSkeleton(
        image_size=(32, 32),
        image_channels=3,
        num_classes=NUM_CLASSES,
        stem_channels=32,
        stem_stride=1,
        first_channels=16,
        stages=stages,
        tail_channels=320,
    )
    optional = (Identity(),) if has_identity else ()
    return chain_space("benchmark", skeleton, MBCONVS, optional)


def _preset(
    options: FamilyOptions,
    name: str,
    width: float | None = None,
    depth: float | None = None,
) -> SearchSpace:
    """Returns the preset that is asked for, or the family's own, at 32x32x3."""
    return make_preset(
        options.space or name,
        image_size=(32, 32),
        num_classes=NUM_CLASSES,
        width=width if options.width is None else options.width,
        depth=depth if options.depth is None else options.depth,
    )


def _darts(options: FamilyOptions) -> SearchSpace:
    """Returns the space that is asked for; by default 8 cells of 16 channels.

    That is the size at which DARTS is searched on CIFAR-10.
    """
    skeleton = DARTS_SKELETON
    return _preset(
        options,
        "darts_shrinking",
        width=16 / skeleton.channels,
        depth=8 / skeleton.num_cells,
    )


def _partly_active(options: FamilyOptions) -> SearchSpace:
    """Returns a multi-branch space with some seeded ops of a block active."""
    space = _preset(options, "nse_small")
    rng = np.random.default_rng(options.seed)
    return space.restrict(
        [
            rng.permutation(len(block.candidates))[: options.active].tolist()
            for block in space.blocks
        ]
    )


def _draw_cell(space: SearchSpace, rng: np.random.Generator) -> Genotype:
    """Returns a genotype none of whose nodes receives only `none`."""
    return space.genotype(draw_cells(space, rng, 1)[0].tolist())


def _draw_valid(space: SearchSpace, rng: np.random.Generator) -> Genotype:
    """Returns a genotype with two inputs to every node."""
    return space.genotype(space.sample_valid(rng, 1)[0].tolist())


def _draw_subsets(space: SearchSpace, rng: np.random.Generator) -> Genotype:
    """Returns a genotype as steps of the weights draw it."""
    return space.genotype(draw_balanced(space, rng))


def _branch_architecture(supernet: Any, images: ImageSet) -> ArchitectureSteps:
    """Returns what draws steps with all probabilities one half."""
    space, counter = supernet.space, TraceCounter(supernet, "call_two")
    architecture = SubsetArchitecture(
        supernet,
        images,
        len(images),
        ArchitectureRule(rule="two_subsets", weight_decay=0.0, deviation=0.0),
        seed=0,
    )
    half = np.full((len(space.blocks), space.max_candidates), 0.5)
    pixels = np.asarray(images.images)

    def draw(rng: np.random.Generator) -> ArchitectureStep:
        selected, others = draw_two(space, half, rng)
        return ArchitectureStep(
            open_branches=supernet.encode(space.genotype(selected)),
            update=counter.once(
                lambda: float(
                    architecture.update(pixels, images.labels, selected, others)
                )
            ),
        )

    return draw


def _pair_architecture(supernet: Any, images: ImageSet) -> ArchitectureSteps:
    """Returns what draws steps by two gates, with all candidates alike."""
    space, counter = supernet.space, TraceCounter(supernet, "call_pair")
    architecture = TwoGateArchitecture(
        supernet,
        images,
        len(images),
        ArchitectureRule(rule="two_gates", weight_decay=0.0, deviation=0.0),
        seed=0,
    )
    pixels = np.asarray(images.images)

    def draw(rng: np.random.Generator) -> ArchitectureStep:
        selected, others = architecture.draw_pairs(space.active, rng)
        return ArchitectureStep(
            open_branches=supernet.encode(space.genotype(selected.tolist())),
            update=counter.once(
                lambda: float(
                    architecture.update(pixels, images.labels, selected, others)
                )
            ),
        )

    return draw


FAMILIES: Mapping[str, Family] = {
    "chain": Family(
        networks=lambda options: networks_of(
            mbconv_chain(options.blocks, has_identity=options.identity),
            options.sharing,
        ),
        draw=SearchSpace.sample,
        options=("blocks", "identity", "sharing"),
        architecture=_pair_architecture,
    ),
    "motifs": Family(
        networks=lambda options: networks_of(
            _preset(options, "autospace_small")
        ),
        draw=SearchSpace.sample,
        options=("space", "width", "depth"),
        architecture=_pair_architecture,
    ),
    "branches": Family(
        networks=lambda options: networks_of(_partly_active(options)),
        draw=_draw_subsets,
        options=("active", "space", "width", "depth"),
        architecture=_branch_architecture,
    ),
    "nb201": Family(
        networks=lambda options: networks_of(_preset(options, "nb201")),
        draw=_draw_cell,
        options=("width", "depth"),
    ),
    "darts": Family(
        networks=lambda options: networks_of(_darts(options)),
        draw=_draw_valid,
        options=("space", "width", "depth"),
    ),
    "choice": Family(
        networks=lambda options: networks_of(
            mixed_model(options.blocks, NUM_CLASSES)
        ),
        draw=SearchSpace.sample,
        options=("blocks",),
        architecture=_pair_architecture,
    ),
}
