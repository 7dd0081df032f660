"""Chains whose stages have a width to choose, each for all of its blocks.

The choice is a decision point in front of the stage's blocks, whose candidates
are widths. So a genotype names widths among its ops, and whatever draws,
mutates or writes down genotypes needs to know nothing of them. What a block
computes and costs follows from its own gene and the widths of its stage and of
the one before. With all widths known, a network is one of a plain chain; see
`realized`.
"""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any, ClassVar, cast

from nse_tf.spaces.blocks import DecisionPoint, Map
from nse_tf.spaces.chain_skeletons import ChainSkeleton
from nse_tf.spaces.genotype import Genotype
from nse_tf.spaces.ops import Identity, Op
from nse_tf.spaces.space import SearchSpace
from nse_tf.spaces.width import Width


@dataclasses.dataclass(frozen=True, kw_only=True)
class WidthPoint(DecisionPoint):
    """Where the width of a stage is chosen; it hands on what it is given.

    Attributes:
        in_size: Height and width of what the stage is given, in pixels.
        in_channels: Channels of that, at a width of 1 before.
    """

    candidates: tuple[Width, ...]
    in_size: tuple[int, int]
    in_channels: int

    FAMILIES: ClassVar[tuple[type[Op], ...]] = (Width,)

    @property
    def sets_width(self) -> bool:
        """Always."""
        return True

    @property
    def max_open(self) -> int:
        """One width."""
        return 1

    @property
    def stride(self) -> int:
        """None, as nothing is computed."""
        return 1

    @property
    def in_map(self) -> Map:
        """Height, width and channels of the input."""
        return (*self.in_size, self.in_channels)

    @property
    def out_map(self) -> Map:
        """Height, width and channels of the output, which is the input."""
        return self.in_map

    def cost_key(self, op_name: str) -> str:
        """Refuses, since a width takes no time by itself.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            f"Cost tables have no row for {op_name!r} of {self.name!r}: a "
            "width costs what the blocks of its stage cost."
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class StageWidthSkeleton(ChainSkeleton):
    """What all networks of a chain share whose stages have widths to choose.

    Its numbers are those of the widest network. Its decision points are, stage
    by stage, a `WidthPoint` and the choice blocks of the stage, in the shapes
    that they have in the widest network.

    Raises:
        ValueError: See `ChainSkeleton`.
    """

    KIND: ClassVar[str] = "chain_of_widths"
    NOUN: ClassVar[str] = "a chain with widths by stage"
    WRITES_KIND: ClassVar[bool] = True

    @property
    def decides_widths(self) -> bool:
        """Always."""
        return True

    @property
    def width_numbers(self) -> tuple[int, ...]:
        """The number of each stage's width among the decision points."""
        sizes = [stage.depth + 1 for stage in self.stages]
        return tuple(itertools.accumulate(sizes[:-1], initial=0))

    # Whoever wants choice blocks alone asks `as_chain`, which refuses this one.
    def blocks(  # type: ignore[override]
        self,
        candidates: Sequence[Sequence[Op]],
        max_open: Sequence[int] | None = None,
    ) -> tuple[DecisionPoint, ...]:
        """Returns the decision points; see `Skeleton`.

        Raises:
            ValueError: If there are too many or too few candidates, those of a
                width do not ascend to 1, several are to be open at once, or a
                block may be skipped though some widths change its shape.
        """
        most = [1] * len(candidates) if max_open is None else list(max_open)
        count = sum(stage.depth + 1 for stage in self.stages)
        if not len(candidates) == len(most) == count:
            raise ValueError(
                f"The skeleton has {count} widths and blocks, but there are "
                f"candidates for {len(candidates)} and `max_open` for "
                f"{len(most)}."
            )
        if set(most) != {1}:
            raise ValueError(
                f"`max_open` is {max(most)}, but in a chain with widths by "
                "stage one candidate of each block is open: let it be 1."
            )
        chosen = [
            each
            for number, each in enumerate(candidates)
            if number not in self.width_numbers
        ]
        remaining = iter(super().blocks(chosen))
        found: list[DecisionPoint] = []
        for index, stage in enumerate(self.stages):
            of_stage = list(itertools.islice(remaining, stage.depth))
            width = WidthPoint(
                name=f"stage{index}_width",
                candidates=cast(
                    "tuple[Width, ...]", tuple(candidates[len(found)])
                ),
                in_size=of_stage[0].in_size,
                in_channels=of_stage[0].in_channels,
            )
            found += [width, *of_stage]
        self._require_sound(found)
        return tuple(found)

    def _require_sound(self, points: Sequence[DecisionPoint]) -> None:
        """Refuses widths that do not ascend, or change what is skipped.

        Raises:
            ValueError: If there are some.
        """
        before: set[int] = {self.first_channels}
        for stage, number in zip(self.stages, self.width_numbers, strict=True):
            width, first = points[number : number + 2]
            widths = cast("tuple[Width, ...]", width.candidates)
            channels = [each.channels(stage.channels) for each in widths]
            if channels != sorted({*channels, stage.channels}):
                raise ValueError(
                    f"Candidates of {width.name!r} are "
                    f"{', '.join(each.name for each in widths)}, which are "
                    f"{channels} channels: let them ascend to all "
                    f"{stage.channels}."
                )
            if Identity() in first.candidates and len({*channels, *before}) > 1:
                raise ValueError(
                    f"Block {first.name!r} may be skipped, but changes shape "
                    "where its stage is narrower than the one before: leave "
                    "out the identity there, or the widths."
                )
            before = {*channels}

    def at_widths(self, widths: Sequence[Width]) -> ChainSkeleton:
        """Returns the plain chain with these widths of stages."""
        stages = tuple(
            dataclasses.replace(stage, channels=width.channels(stage.channels))
            for stage, width in zip(self.stages, widths, strict=True)
        )
        return ChainSkeleton(**{**_fields(self), "stages": stages})


def _fields(skeleton: ChainSkeleton) -> dict[str, Any]:
    return {
        field.name: getattr(skeleton, field.name)
        for field in dataclasses.fields(ChainSkeleton)
    }


def with_stage_widths(
    space: SearchSpace, widths: Sequence[float]
) -> SearchSpace:
    """Returns a chain space whose stages may also be narrower.

    Each stage has one width for all its blocks, which is decided beside their
    ops: the first channels of the stage, rounded to a multiple of 8. Where two
    widths of a stage are the same number of channels, the larger is left out.
    So is the identity of a block whose shape widths may change.

    Args:
        space: The space, a chain of one open candidate a block.
        widths: Shares of a stage's channels, among them 1.

    Raises:
        ValueError: If the space is another one, or the widths are none.
    """
    if space.skeleton.kind != ChainSkeleton.KIND:
        raise ValueError(
            f"`stage_widths` are for chains of MBConvs, such as the space "
            f"'spos', not for space {space.name!r} with the skeleton "
            f"{space.skeleton.kind!r}: leave them out."
        )
    if any(block.max_open > 1 for block in space.blocks):
        raise ValueError(
            f"Space {space.name!r} opens several candidates of a block, and "
            "`stage_widths` one: leave them out, or let `max_open` be 1."
        )
    factors = _factors(widths)
    plain = space.as_chain().skeleton
    skeleton = StageWidthSkeleton(**_fields(plain))
    blocks = iter(zip(space.blocks, space.active, strict=True))
    before = {plain.first_channels}
    candidates: list[Sequence[Op]] = []
    active: list[Sequence[int]] = []
    for stage in plain.stages:
        different = _different(stage.channels, factors)
        channels = {width.channels(stage.channels) for width in different}
        candidates.append(different)
        active.append(range(len(different)))
        for index in range(stage.depth):
            block, indices = next(blocks)
            ops = list(block.candidates)
            if index == 0 and len(before | channels) > 1 and Identity() in ops:
                ops.remove(Identity())
            kept = {block.candidates[number] for number in indices}
            candidates.append(ops)
            active.append([n for n, op in enumerate(ops) if op in kept])
        before = channels
    return dataclasses.replace(
        space,
        name=f"{space.name} of stage widths "
        f"{', '.join(f'{each:g}' for each in factors)}",
        skeleton=skeleton,
        blocks=skeleton.blocks(candidates),
        active=tuple(map(tuple, active)),
    )


def _factors(widths: Sequence[float]) -> list[float]:
    """Returns shares of channels, ascending.

    Raises:
        ValueError: If 1 is not among them, or alone, or one is no share.
    """
    factors = sorted({float(each) for each in widths})
    if len(factors) < 2 or factors[-1] != 1.0:
        raise ValueError(
            f"`stage_widths` are {', '.join(map(str, widths))}; give 1, all "
            "channels of a stage, and at least one smaller share, such as "
            "0.5,0.75,1."
        )
    return factors


def _different(channels: int, factors: Sequence[float]) -> list[Width]:
    """Returns widths of unlike channels, ascending; the last is all of them."""
    # The smallest width that has so many; but all channels are a width of 1.
    by_channels = {
        width.channels(channels): width
        for width in map(Width, reversed(factors))
    }
    by_channels[channels] = Width(1.0)
    return [by_channels[each] for each in sorted(by_channels)]


def realized(
    space: SearchSpace, genotype: Genotype
) -> tuple[SearchSpace, Genotype]:
    """Returns a network as one of a space without widths to choose.

    Its blocks have the shapes of this network. Where a space has no widths to
    choose, that is the space itself.

    Raises:
        ValueError: If the genotype is not of the space.
    """
    space.require(genotype)
    if not space.skeleton.decides_widths:
        return space, genotype
    skeleton = space.require_skeleton(StageWidthSkeleton)
    widths = [
        space.blocks[number].candidates[genotype.path[number]]
        for number in skeleton.width_numbers
    ]
    plain = at_widths(space, widths)
    return plain, plain.genotype(
        gene
        for block, gene in zip(space.blocks, genotype.path, strict=True)
        if not block.sets_width
    )


def at_widths(space: SearchSpace, widths: Sequence[Op]) -> SearchSpace:
    """Returns the plain chain of a space with these widths of stages.

    Args:
        space: A space with widths to choose.
        widths: A candidate of each stage's width.

    Raises:
        ValueError: If the space is another one.
    """
    skeleton = space.require_skeleton(StageWidthSkeleton).at_widths(
        cast("Sequence[Width]", widths)
    )
    chosen = [
        (block, indices)
        for block, indices in zip(space.blocks, space.active, strict=True)
        if not block.sets_width
    ]
    return dataclasses.replace(
        space,
        skeleton=skeleton,
        blocks=skeleton.blocks([block.candidates for block, _ in chosen]),
        active=tuple(indices for _, indices in chosen),
    )


def every_end(space: SearchSpace) -> list[SearchSpace]:
    """Returns chains of known widths with all stems and tails of a space.

    These are the widest, with each width of the last stage in its order; or
    the space itself, where no widths are to be chosen.

    Raises:
        ValueError: If the space is no chain.
    """
    if not space.skeleton.decides_widths:
        space.as_chain()
        return [space]
    skeleton = space.require_skeleton(StageWidthSkeleton)
    *others, last = (
        space.blocks[number].candidates for number in skeleton.width_numbers
    )
    widest = [each[-1] for each in others]
    return [at_widths(space, [*widest, width]) for width in last]
