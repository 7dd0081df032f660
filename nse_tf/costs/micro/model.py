"""RAM and flash of a space's genotypes: the contract of every family."""

import abc
import dataclasses
from collections.abc import Sequence

import numpy as np

from nse_tf.costs.micro.graph import Node, Shape
from nse_tf.costs.micro.networks import whole_network
from nse_tf.costs.micro.planner import buffers_of, live_bytes
from nse_tf.costs.micro.sizes import file_bytes, resident_bytes
from nse_tf.spaces import Genotype, SearchSpace

Genes = tuple[tuple[int, ...], ...]


class MicroCosts(abc.ABC):
    """Predicts RAM and flash of an int8 file under TensorFlow Lite Micro.

    RAM is the tensor arena: how far the planner's tensors reach, plus what
    kernels keep. It is the largest need of any moment, not a sum over blocks.
    Flash is the file.

    Args:
        space: The space.

    Raises:
        UnpredictedError: If these cannot be told from its genotypes.
    """

    def __init__(self, space: SearchSpace) -> None:
        self.space = space

    @abc.abstractmethod
    def of(self, genotype: Genotype) -> dict[str, float]:
        """Returns `ram_bytes` and `flash_bytes` of a genotype."""

    @abc.abstractmethod
    def of_paths(self, name: str, paths: np.ndarray) -> np.ndarray:
        """Returns either cost of single paths, int64 `(count,)`.

        Args:
            name: `ram_bytes` or `flash_bytes`.
            paths: Candidate indices `(count, num_blocks)`.
        """

    @abc.abstractmethod
    def overflow(self, limit: float, paths: np.ndarray) -> np.ndarray:
        """Returns how far paths are from a limit of RAM, 0 for those within.

        Unlike the RAM itself it falls with each block that is improved, also
        where another block needs as much.

        Args:
            limit: The limit, in bytes.
            paths: Candidate indices `(count, num_blocks)`.
        """

    @abc.abstractmethod
    def extreme_genes(self, active: Sequence[Sequence[int]]) -> list[Genes]:
        """Returns genes of networks: the least and the most RAM are theirs.

        Args:
            active: The candidates of each block that may be taken.
        """

    @abc.abstractmethod
    def by_operator(self, name: str) -> np.ndarray:
        """Returns what a candidate adds to a small network, by itself.

        Returns:
            Float64 `(num_blocks, max_candidates)`. Sums of these are the cost
            of flash, and in chains exactly so; of RAM they are only a hint.
        """

    @abc.abstractmethod
    def base(self, name: str) -> float:
        """Returns the cost that `by_operator` is to be added to."""

    @abc.abstractmethod
    def ram_tables(self) -> list[tuple[float, np.ndarray]]:
        """Returns sums that no network's RAM is above, unless all are.

        Returns:
            A base and, for each candidate, what it adds, float64 `(num_blocks,
            max_candidates)`; infinite where it must not be taken. A network
            needs at most the least of its sums.
        """

    @abc.abstractmethod
    def may_fit(self, limit: float) -> np.ndarray:
        """Returns which candidates are in a network within a limit of RAM.

        Returns:
            Booleans `(num_blocks, max_candidates)`; true where in doubt.
        """


def kept_bytes(nodes: Sequence[Node]) -> tuple[int, int]:
    """Returns resident bytes and bytes of the file of some kernels."""
    return (
        sum(resident_bytes(node) for node in nodes),
        sum(file_bytes(node) for node in nodes),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayerMemory:
    """The memory that is alive while one kernel computes.

    Attributes:
        name: Name of what it writes.
        kernel: The kernel, such as `CONV_2D`.
        shape: Height, width and channels of what it writes.
        live_bytes: Bytes of all tensors that are needed then or later.
    """

    name: str
    kernel: str
    shape: Shape
    live_bytes: int


def live_memory(space: SearchSpace, genotype: Genotype) -> list[LayerMemory]:
    """Returns the memory that is alive in each kernel of a network.

    Raises:
        UnpredictedError: If it cannot be told from the genotype.
    """
    graph, scores = whole_network(space, genotype)
    order = graph.ordered([scores])
    live = live_bytes(buffers_of(order))
    return [
        LayerMemory(
            name=node.name,
            kernel=node.kernel,
            shape=node.shape,
            live_bytes=size,
        )
        for node, size in zip(order[1:], live, strict=True)
    ]
