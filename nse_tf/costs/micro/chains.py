"""RAM and flash of chains, block by block."""

import functools
import math
from collections.abc import Sequence

import numpy as np

from nse_tf.costs.micro.graph import Graph
from nse_tf.costs.micro.model import Genes, MicroCosts, kept_bytes
from nse_tf.costs.micro.networks import add_block, chain_stem, chain_tail
from nse_tf.costs.micro.planner import aligned, buffers_of, planned_bytes
from nse_tf.costs.micro.sizes import FILE_BASE, RESIDENT_BASE
from nse_tf.spaces import Genotype, SearchSpace

# A piece of a chain: a block with its open candidates, or an end.
_Piece = tuple[int, tuple[int, ...]]
_STEM: _Piece = (-1, ())
_TAIL: _Piece = (-2, ())
_INPUT = "input"


class ChainCosts(MicroCosts):
    """RAM and flash of chains, by the pairs of blocks that follow each other.

    Nothing lives longer than from the block before to its successor, so that
    the planner's tensors reach as far as those of the most demanding pair.
    """

    def __init__(self, space: SearchSpace) -> None:
        super().__init__(space)
        self._skeleton, self._blocks = space.as_chain()
        self._reach: dict[tuple[_Piece, _Piece], int] = {}
        self._needs: dict[_Piece, tuple[int, int, int]] = {}
        for number, block in enumerate(self._blocks):
            for index in range(len(block.candidates)):
                self._piece_needs((number, (index,)))

    def of(self, genotype: Genotype) -> dict[str, float]:
        """Returns `ram_bytes` and `flash_bytes` of a genotype."""
        pieces = [
            piece
            for piece in enumerate(genotype.genes)
            if self._piece_needs(piece) != (0, 0, 0)
        ]
        pairs = list(zip([_STEM, *pieces], [*pieces, _TAIL], strict=True))
        needs = [self._piece_needs(each) for each in (_STEM, *pieces, _TAIL)]
        reach = max(self._pair_reach(*pair) for pair in pairs)
        return {
            "ram_bytes": reach + RESIDENT_BASE + sum(each[1] for each in needs),
            "flash_bytes": FILE_BASE + sum(each[2] for each in needs),
        }

    def of_paths(self, name: str, paths: np.ndarray) -> np.ndarray:
        """Returns either cost of single paths, int64 `(count,)`."""
        if name == "flash_bytes":
            stored = self._sums(2, paths)
            stored += FILE_BASE
            return stored
        needed = self._sums(1, paths)
        needed += RESIDENT_BASE + self._reaches(paths).max(axis=1)
        return needed

    def overflow(self, limit: float, paths: np.ndarray) -> np.ndarray:
        """Returns how far paths are from a limit of RAM, 0 for those within."""
        resident = self._sums(1, paths) + RESIDENT_BASE
        over = (self._reaches(paths) + resident[:, np.newaxis]) / limit - 1
        total: np.ndarray = np.maximum(over, 0.0).sum(axis=1)
        return total

    def _sums(self, which: int, paths: np.ndarray) -> np.ndarray:
        table = self._table(which)
        blocks = np.arange(len(self._blocks))
        total: np.ndarray = table[blocks, paths].sum(axis=1)
        total += sum(self._piece_needs(end)[which] for end in (_STEM, _TAIL))
        return total

    def _table(self, which: int) -> np.ndarray:
        """Returns one of the needs of each candidate, int64."""
        table = np.zeros(
            (len(self._blocks), self.space.max_candidates), np.int64
        )
        for number, block in enumerate(self._blocks):
            for index in range(len(block.candidates)):
                table[number, index] = self._piece_needs((number, (index,)))[
                    which
                ]
        return table

    def _reaches(self, paths: np.ndarray) -> np.ndarray:
        """Returns how far each pair of a path reaches, `(count, num_pairs)`.

        A pair that is none, since its block is skipped, reaches 0 bytes.
        """
        count, num_blocks = paths.shape
        width = self.space.max_candidates
        is_skipped = self._table(1) == 0
        reaches = np.zeros((count, num_blocks + 1), np.int64)
        # Numbers of pieces: 0 is the stem, the last is the tail.
        before = np.zeros(count, np.int64)
        tail = 1 + num_blocks * width
        for block in range(num_blocks + 1):
            if block < num_blocks:
                now = 1 + block * width + paths[:, block]
                counts = ~is_skipped[block, paths[:, block]]
            else:
                now, counts = np.full(count, tail), np.ones(count, bool)
            pairs, where = np.unique(
                before[counts] * (tail + 1) + now[counts], return_inverse=True
            )
            found = [
                self._pair_reach(
                    *(
                        self._piece(number, tail, width)
                        for number in divmod(pair, tail + 1)
                    )
                )
                for pair in pairs.tolist()
            ]
            reaches[counts, block] = np.array(found, np.int64)[where]
            before = np.where(counts, now, before)
        return reaches

    @staticmethod
    def _piece(number: int, tail: int, width: int) -> _Piece:
        """Returns the piece of a number in `_reaches`."""
        if number in (0, tail):
            return _TAIL if number else _STEM
        block, index = divmod(number - 1, width)
        return block, (index,)

    def _pair_reach(self, first: _Piece, second: _Piece) -> int:
        """Returns how far the planner's tensors of a pair reach."""
        if (first, second) not in self._reach:
            graph, source = self._begun(first)
            source = self._continued(graph, second, source)
            self._reach[first, second] = planned_bytes(
                buffers_of(graph.ordered([source]))
            )
        return self._reach[first, second]

    def _begun(self, piece: _Piece) -> tuple[Graph, str]:
        """Returns a graph of one piece, and what it writes."""
        if piece == _STEM:
            return chain_stem(self._skeleton)
        if piece == _TAIL:
            graph = Graph(self._blocks[-1].out_map, _INPUT)
        else:
            graph = Graph(self._blocks[piece[0]].in_map, _INPUT)
        return graph, self._continued(graph, piece, _INPUT)

    def _continued(self, graph: Graph, piece: _Piece, source: str) -> str:
        if piece == _TAIL:
            return chain_tail(graph, self._skeleton, source)
        number, gene = piece
        block, activation = self._blocks[number], self._skeleton.activation
        return add_block(graph, block, gene, activation, source)

    def _piece_needs(self, piece: _Piece) -> tuple[int, int, int]:
        """Returns reach, resident bytes and bytes of the file; 0 if skipped."""
        if piece not in self._needs:
            graph, source = self._begun(piece)
            order = graph.ordered([source])
            nodes = order[1:]
            reach = planned_bytes(buffers_of(order)) if nodes else 0
            self._needs[piece] = (reach, *kept_bytes(nodes))
        return self._needs[piece]

    def extreme_genes(self, active: Sequence[Sequence[int]]) -> list[Genes]:
        """Returns genes of networks, among them the least and the most RAM."""
        options = [
            [()] if block.min_open == 0 else [(index,) for index in indices]
            for block, indices in zip(self._blocks, active, strict=True)
        ]
        needs = [
            [self._piece_needs((number, gene)) for gene in genes]
            for number, genes in enumerate(options)
        ]
        found = []
        # The least that blocks keep, at each height that they may reach.
        for reach in {each[0] for block in needs for each in block}:
            chosen = []
            for block in needs:
                low = [n for n, each in enumerate(block) if each[0] <= reach]
                # Where none is so low, the lowest there is.
                chosen.append(
                    min(low, key=lambda n: block[n][1])
                    if low
                    else min(range(len(block)), key=lambda n: block[n][0])
                )
            found.append(
                tuple(
                    genes[n] for genes, n in zip(options, chosen, strict=True)
                )
            )
        return found + self._demanding(active)

    def _demanding(self, active: Sequence[Sequence[int]]) -> list[Genes]:
        """Returns genes of networks that need much RAM."""
        if self._skeleton.opens_subsets:
            return [tuple(tuple(sorted(indices)) for indices in active)]

        def most(number: int, which: int) -> tuple[int, ...]:
            return max(
                ((index,) for index in active[number]),
                key=lambda gene: self._piece_needs((number, gene))[which],
            )

        blocks = range(len(self._blocks))
        kept = [most(number, 1) for number in blocks]
        return [
            tuple(
                most(number, 0) if number in (peak, peak + 1) else kept[number]
                for number in blocks
            )
            for peak in blocks
        ]

    def by_operator(self, name: str) -> np.ndarray:
        """Returns what a candidate adds to a small network, by itself."""
        if name == "flash_bytes":
            return self._table(2).astype(np.float64)
        added: np.ndarray = self._table(1).astype(np.float64)
        added += np.maximum(self._table(0) - self._least_reach, 0)
        return added

    def base(self, name: str) -> float:
        """Returns the cost that `by_operator` is to be added to."""
        which = 2 if name == "flash_bytes" else 1
        ends = [self._piece_needs(end)[which] for end in (_STEM, _TAIL)]
        if name == "flash_bytes":
            return float(FILE_BASE + sum(ends))
        return float(RESIDENT_BASE + sum(ends) + self._least_reach)

    @functools.cached_property
    def _least_reach(self) -> int:
        """What the ends, and the least demanding candidates, reach to."""
        return max(
            *(self._piece_needs(end)[0] for end in (_STEM, _TAIL)),
            *(
                min(
                    self._piece_needs((number, (index,)))[0]
                    for index in range(len(block.candidates))
                )
                for number, block in enumerate(self._blocks)
            ),
        )

    def ram_tables(self) -> list[tuple[float, np.ndarray]]:
        """Returns, for each height, what candidates that reach it keep."""
        reach, kept = self._table(0), self._table(1).astype(np.float64)
        # The planner may put the inputs of two blocks beside each other.
        inputs = [aligned(math.prod(block.in_map)) for block in self._blocks]
        reach += np.array(inputs)[:, np.newaxis]
        ends = [self._piece_needs(end) for end in (_STEM, _TAIL)]
        base = float(RESIDENT_BASE + sum(end[1] for end in ends))
        heights = np.unique(np.maximum(reach, max(end[0] for end in ends)))
        return [
            (base + height, np.where(reach <= height, kept, np.inf))
            for height in heights.tolist()
        ]

    def may_fit(self, limit: float) -> np.ndarray:
        """Returns which candidates do not by themselves need too much."""
        fits: np.ndarray = self._table(0) + RESIDENT_BASE <= limit
        return fits
