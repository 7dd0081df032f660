"""Descriptions of spaces and networks: plain records of what they are and cost.

`dataclasses.asdict` makes JSON of them.
"""

import dataclasses
from collections.abc import Mapping

Shape = tuple[int, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class BlockDescription:
    """A choice block of a network, or a part of its backbone.

    An edge stands in many cells: costs are those of all of them, shapes those
    of the first.

    Attributes:
        name: Name of the block or part.
        is_choice: Whether candidates compete here.
        ops: What is computed here: the open candidates, or the backbone's ops.
        in_shape: Shape of the input, `(height, width, channels)`.
        out_shape: Shape of the output; `(num_classes,)` for the classifier.
        macs: Multiply-accumulates for one image.
        params: Trainable numbers.
    """

    name: str
    is_choice: bool
    ops: tuple[str, ...]
    in_shape: Shape
    out_shape: Shape
    macs: int
    params: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class CandidateDescription:
    """One candidate of a block, with its MACs and trainable numbers."""

    op: str
    macs: int
    params: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChoiceDescription:
    """A choice block of a space and its active candidates.

    An edge stands in many cells: costs are those of all of them, shapes those
    of the first.

    Attributes:
        name: Name of the block.
        in_shape: Shape of the input, `(height, width, channels)`.
        out_shape: Shape of the output, `(height, width, channels)`.
        stride: 1 or 2.
        max_open: How many branches may be open at once.
        candidates: The active candidates.
    """

    name: str
    in_shape: Shape
    out_shape: Shape
    stride: int
    max_open: int
    candidates: tuple[CandidateDescription, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CostRange:
    """From the cheapest to the most expensive network of a space, by one cost.

    Attributes:
        lowest: The cost of the cheapest.
        highest: The cost of the most expensive.
        cheapest: The cheapest genotype, as text.
        most_expensive: The most expensive genotype, as text.
    """

    lowest: int
    highest: int
    cheapest: str
    most_expensive: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Description:
    """What descriptions of spaces and of networks have in common.

    Attributes:
        kind: `space`, `genotype`, or `network` for a published one.
        name: The name that it was requested by.
        source: Where it comes from.
        space: Name of the space.
        fingerprint: Fingerprint of the space.
        convention: How the authors of the space count MACs.
        macs: Multiply-accumulates of convolutions and the classifier, for one
            image.
        published_macs: The same in the authors' convention.
        params: Trainable numbers.
    """

    kind: str
    name: str
    source: str
    space: str
    fingerprint: str
    convention: str
    macs: int
    published_macs: int
    params: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkDescription(Description):
    """One network.

    Attributes:
        genotype: The genotype as text that `parse_genotype` reads.
        blocks: All parts, input to output; they sum to the totals.
        latency: Milliseconds by a latency table; None without one, or with
            several.
        latencies: The same by device, where there are tables of several.
        ram_bytes: Tensor arena of the int8 file under TensorFlow Lite Micro, as
            predicted; None if that was not asked for.
        flash_bytes: The same for the size of that file.
    """

    genotype: str
    blocks: tuple[BlockDescription, ...]
    latency: float | None = None
    latencies: Mapping[str, float] = dataclasses.field(default_factory=dict)
    ram_bytes: int | None = None
    flash_bytes: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpaceDescription(Description):
    """A search space.

    Its `macs`, `published_macs` and `params` are those of the supernet: the
    backbone and every active candidate together.

    Attributes:
        size: How many genotypes it has.
        size_text: The same in decimal digits, for JSON readers that hold
            numbers as doubles and so round whatever lies beyond 2**53.
        num_blocks: How many choice blocks or edges there are.
        num_operators: How many active candidates they have together.
        macs_range: Range of its networks' MACs.
        params_range: Range of its networks' trainable numbers.
        backbone: The parts that all its networks share, input to output.
        blocks: The choice blocks or edges, input to output.
        ram_range: Range of its networks' tensor arenas, see
            `NetworkDescription`; None if that was not asked for.
        flash_range: The same for the sizes of their int8 files.
    """

    size: int
    size_text: str
    num_blocks: int
    num_operators: int
    macs_range: CostRange
    params_range: CostRange
    backbone: tuple[BlockDescription, ...]
    blocks: tuple[ChoiceDescription, ...]
    ram_range: CostRange | None = None
    flash_range: CostRange | None = None
