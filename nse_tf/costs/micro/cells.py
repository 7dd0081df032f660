"""RAM and flash of networks of cells, whole network by whole network."""

import functools
from collections.abc import Callable, Sequence

import numpy as np

from nse_tf.costs.micro.model import Genes, MicroCosts, kept_bytes
from nse_tf.costs.micro.networks import whole_network
from nse_tf.costs.micro.planner import buffers_of, planned_bytes
from nse_tf.costs.micro.sizes import FILE_BASE, RESIDENT_BASE
from nse_tf.spaces import Genotype, SearchSpace

# Networks that are looked at for the least and the most RAM where all of a
# space's are too many to climb through.
_NUM_SAMPLED = 32


class CellCosts(MicroCosts):
    """RAM and flash of networks of cells, whole network by whole network."""

    def __init__(self, space: SearchSpace) -> None:
        super().__init__(space)
        self._known: dict[tuple[int, ...], tuple[int, int]] = {}

    def of(self, genotype: Genotype) -> dict[str, float]:
        """Returns `ram_bytes` and `flash_bytes` of a genotype."""
        ram, flash = self._of(genotype.path)
        return {"ram_bytes": ram, "flash_bytes": flash}

    def of_paths(self, name: str, paths: np.ndarray) -> np.ndarray:
        """Returns either cost of single paths, int64 `(count,)`."""
        which = ("ram_bytes", "flash_bytes").index(name)
        return np.array(
            [self._of(tuple(path))[which] for path in paths.tolist()], np.int64
        )

    def overflow(self, limit: float, paths: np.ndarray) -> np.ndarray:
        """Returns how far paths are from a limit of RAM, 0 for those within."""
        over = self.of_paths("ram_bytes", paths) / limit - 1
        total: np.ndarray = np.maximum(over, 0.0)
        return total

    def _of(self, path: tuple[int, ...]) -> tuple[int, int]:
        if path not in self._known:
            genes = tuple((index,) for index in path)
            graph, scores = whole_network(
                self.space, Genotype(genes, self.space.fingerprint)
            )
            order = graph.ordered([scores])
            resident, flash = kept_bytes(order[1:])
            reach = planned_bytes(buffers_of(order))
            self._known[path] = (
                reach + RESIDENT_BASE + resident,
                FILE_BASE + flash,
            )
        return self._known[path]

    def extreme_genes(self, active: Sequence[Sequence[int]]) -> list[Genes]:
        """Returns genes of networks, among them the least and the most RAM.

        In cells whose nodes have two inputs each, these are the least and the
        most of those that are looked at.
        """
        space = self.space.restrict(active)
        if space.nodes:
            paths = space.sample_valid(np.random.default_rng(0), _NUM_SAMPLED)
        else:
            paths = np.array(
                [self._climbed(active, best) for best in (min, max)]
            )
        return [tuple((index,) for index in path) for path in paths.tolist()]

    def _climbed(
        self,
        active: Sequence[Sequence[int]],
        best: Callable[..., tuple[int, ...]],
    ) -> tuple[int, ...]:
        """Returns the path that no single change brings nearer to an end."""
        path, last = tuple(indices[0] for indices in active), None
        while path != last:
            last = path
            for block, indices in enumerate(active):
                path = best(
                    (
                        (*path[:block], index, *path[block + 1 :])
                        for index in indices
                    ),
                    key=lambda each: self._of(each)[0],
                )
        return path

    def by_operator(self, name: str) -> np.ndarray:
        """Returns what a candidate adds to a small network, by itself."""
        which = ("ram_bytes", "flash_bytes").index(name)
        added = np.zeros((len(self.space.blocks), self.space.max_candidates))
        for number, block in enumerate(self.space.blocks):
            for index in range(len(block.candidates)):
                path = list(self._smallest)
                path[number] = index
                added[number, index] = self._of(tuple(path))[which]
        return added - self.base(name)

    def base(self, name: str) -> float:
        """Returns the cost that `by_operator` is to be added to."""
        which = ("ram_bytes", "flash_bytes").index(name)
        return float(self._of(self._smallest)[which])

    @functools.cached_property
    def _smallest(self) -> tuple[int, ...]:
        """The path of a small network: of each edge the first candidate.

        In all published cells that is the one that brings nothing.
        """
        return tuple(0 for _ in self.space.blocks)

    def ram_tables(self) -> list[tuple[float, np.ndarray]]:
        """Returns what candidates add, which is more than all together."""
        return [(self.base("ram_bytes"), self.by_operator("ram_bytes"))]

    def may_fit(self, limit: float) -> np.ndarray:
        """Returns which candidates fit into a small network."""
        needed = self.base("ram_bytes") + self.by_operator("ram_bytes")
        fits: np.ndarray = needed <= limit
        return fits
