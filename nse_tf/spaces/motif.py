"""Motifs: the cells of AutoSpace, each of them one op of a chain."""

import dataclasses
import re
from typing import ClassVar

from nse_tf.spaces.motif_genes import (
    ALLOWED,
    CODE,
    EXPANSIONS,
    IDENTITY,
    NO_EDGE,
    code_of,
    genes_of_code,
    kernel_of,
)

# The edges that may be there, in the order in which they compute, with the
# gene of each. The first edge into a node comes from the node before it. No
# value of the gene of 0→3 makes an edge.
EDGES = {(0, 1): 1, (1, 2): 5, (0, 2): 4, (2, 3): 8, (1, 3): 7}


@dataclasses.dataclass(frozen=True, kw_only=True)
class MotifEdge:
    """One edge of a motif that is there.

    Attributes:
        source: The node that it leaves, 0 to 2.
        target: The node that it enters, 1 to 3.
        kernel: Side of its depthwise kernel; 0 for the identity.
    """

    source: int
    target: int
    kernel: int

    @property
    def name(self) -> str:
        """Name of its convolution, such as `depthwise_01`."""
        return f"depthwise_{self.source}{self.target}"


@dataclasses.dataclass(frozen=True)
class Motif:
    """A cell of AutoSpace: an inverted residual around a graph of four nodes.

    A 1×1 convolution expands the channels; without expansion it is left out.
    What it puts out is node 0. Each other node mixes what its edges bring, and
    a 1×1 convolution projects node 3. An edge is a depthwise convolution or
    the identity. The shortcut belongs to the block, not to the op.

    The published code is a configuration without layers. What the configuration
    does not say is our reading:

    * Batch norm follows each convolution, and ReLU6 all but the projection. The
      motif `2.5.00.12.112` then computes what an MBConv of kernel 3 and
      expansion 6 does, and the published network has 4,507,920 parameters; the
      paper prints 4.3 million, which no reading that we tried gives.
    * In a block of stride 2 the edges that leave node 0 have that stride. The
      identity then is the average of 2×2 pixels, which has no weights.
    * A node mixes its inputs by addition where its mode is 0, and by their
      maximum where it is 1. What the published mode 1 does is not known. The
      maximum keeps the width and costs no MACs, as the published counts demand;
      it differs from addition where an average would not, since a scale is
      lost in the next norm; and unlike a product it stays in the range of its
      inputs, which int8 needs.

    Attributes:
        genes: Nine numbers, in the order of `GENES`.

    Raises:
        ValueError: If a gene has a value that it must not have.

    References:
        Zhou et al., AutoSpace (2021): https://arxiv.org/abs/2103.11833,
        published configuration of the learned space.
    """

    PATTERN: ClassVar[str] = rf"motif_({CODE})"

    genes: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.genes) != len(ALLOWED):
            raise ValueError(
                f"A motif has {len(ALLOWED)} genes, not {len(self.genes)}: "
                f"{self.genes}."
            )
        for (gene, values), value in zip(
            ALLOWED.items(), self.genes, strict=True
        ):
            if value not in values:
                raise ValueError(
                    f"Motif {code_of(self.genes)!r} has {value} as its "
                    f"{gene}, which must be one of "
                    f"{', '.join(map(str, values))}."
                )

    @property
    def code(self) -> str:
        """The genes as one word, such as `2.5.00.15.115`."""
        return code_of(self.genes)

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back: `motif_` and the code."""
        return f"motif_{self.code}"

    @classmethod
    def parse(cls, match: re.Match[str]) -> "Motif":
        """Returns the op that `PATTERN` matched."""
        return cls.of_code(match[1])

    @classmethod
    def of_code(cls, code: str) -> "Motif":
        """Returns the motif of a code, such as `2.5.00.15.115`.

        Raises:
            ValueError: If it is no code, or a gene must not have its value.
        """
        return cls(genes_of_code(code))

    @property
    def expansion(self) -> int:
        """Inner width as a multiple of the input width."""
        return EXPANSIONS[self.genes[0]]

    @property
    def takes_maximum(self) -> dict[int, bool]:
        """Whether a node takes the maximum of its inputs, for nodes 2 and 3."""
        return {2: bool(self.genes[2]), 3: bool(self.genes[3])}

    @property
    def edges(self) -> tuple[MotifEdge, ...]:
        """The edges that are there, in the order in which they compute."""
        return tuple(
            MotifEdge(
                source=source,
                target=target,
                kernel=kernel_of(self.genes[gene]),
            )
            for (source, target), gene in EDGES.items()
            if self.genes[gene] != NO_EDGE
        )

    def inputs_of(self, node: int) -> tuple[MotifEdge, ...]:
        """Returns the edges into a node, in the order in which they compute."""
        return tuple(edge for edge in self.edges if edge.target == node)

    @property
    def reach(self) -> int:
        """Side of its largest kernel.

        Not of the window that an output pixel sees: a stack of small kernels
        looks at more than the padding of a small map, where one large kernel
        would not.
        """
        return max((1, *(edge.kernel for edge in self.edges)))

    def collapsed(self) -> "Motif":
        """Returns the motif with stacked 3×3 kernels merged into a larger one.

        Three in a row where nothing else enters or leaves the row become one
        7×7, else the first two become one 5×5; the edges that are freed are
        identities. The published network was made of the learned cells this
        way: the rule takes each of its 13 motifs back to a cell of its group.
        """
        genes = list(self.genes)
        _, first, _, _, skip2, second, _, over3, third = genes
        side3, side5, side7 = (IDENTITY + side for side in (3, 5, 7))
        if first == second == side3:
            is_alone = skip2 == over3 == NO_EDGE
            if third == side3 and is_alone:
                genes[1], genes[8] = side7, IDENTITY
            else:
                genes[1] = side5
            genes[5] = IDENTITY
        return Motif(tuple(genes))


def motif_named(name: str) -> Motif | None:
    """Returns the motif that is an op of this name; None for other ops."""
    match = re.fullmatch(Motif.PATTERN, name)
    return None if match is None else Motif.parse(match)
