"""RAM and flash of chains, block by block."""

import functools
import math
from collections.abc import Sequence

import numpy as np

from nse_tf.costs.micro.graph import Graph, Shape
from nse_tf.costs.micro.model import Genes, MicroCosts, kept_bytes
from nse_tf.costs.micro.networks import add_block, chain_stem, chain_tail
from nse_tf.costs.micro.planner import aligned, buffers_of, planned_bytes
from nse_tf.costs.micro.sizes import FILE_BASE, RESIDENT_BASE
from nse_tf.spaces import ChoiceBlock, Genotype, SearchSpace
from nse_tf.spaces.path_space import Chain

# A piece of a chain: a block with its open candidates, or an end.
Piece = tuple[int, tuple[int, ...]]
_STEM: Piece = (-1, ())
TAIL: Piece = (-2, ())
_INPUT = "input"


class ChainCosts(MicroCosts):
    """RAM and flash of chains, by the pairs of blocks that follow each other.

    Nothing lives longer than from the block before to its successor, so that
    the planner's tensors reach as far as those of the most demanding pair.
    """

    def __init__(self, space: SearchSpace) -> None:
        super().__init__(space)
        self._skeleton, self._blocks = self._chain
        self._reach: dict[tuple[Piece, Piece], int] = {}
        self._needs: dict[Piece, tuple[int, int, int]] = {}
        for number in range(len(self._blocks)):
            for index in range(self._num_options(number)):
                self._piece_needs((number, (index,)))

    @property
    def _chain(self) -> Chain:
        """Skeleton and blocks."""
        return self.space.as_chain()

    def _num_options(self, number: int) -> int:
        """Returns how many pieces a block may be with one open candidate."""
        return len(self._blocks[number].candidates)

    def _options(self, paths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the piece of each block in many paths, and their last pieces.

        Args:
            paths: Candidate indices `(count, num_decisions)`.

        Returns:
            The options of blocks `(count, num_blocks)`, and of the tail
            `(count,)`.
        """
        return paths, np.zeros(len(paths), np.int64)

    @property
    def _tails(self) -> tuple[Piece, ...]:
        """The pieces that may end a network."""
        return (TAIL,)

    def _opened(self, piece: Piece) -> tuple[ChoiceBlock, tuple[int, ...]]:
        """Returns the block of a piece, and its open candidates."""
        number, gene = piece
        return self._blocks[number], gene

    def _end_map(self, piece: Piece) -> Shape:
        """Returns the map that a last piece is given."""
        del piece
        return self._blocks[-1].out_map

    def _pieces(self, genotype: Genotype) -> tuple[list[Piece], Piece]:
        """Returns the pieces of a network's blocks, and its last one."""
        return list(enumerate(genotype.genes)), TAIL

    def of(self, genotype: Genotype) -> dict[str, float]:
        """Returns `ram_bytes` and `flash_bytes` of a genotype."""
        blocks, tail = self._pieces(genotype)
        pieces = [
            piece for piece in blocks if self._piece_needs(piece) != (0, 0, 0)
        ]
        pairs = list(zip([_STEM, *pieces], [*pieces, TAIL], strict=True))
        needs = [self._piece_needs(each) for each in (_STEM, *pieces, tail)]
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
        options, tails = self._options(paths)
        table = self._table(which)
        total: np.ndarray = table[np.arange(len(table)), options].sum(axis=1)
        total += self._piece_needs(_STEM)[which]
        ends = [self._piece_needs(tail)[which] for tail in self._tails]
        total += np.array(ends)[tails]
        return total

    def _table(self, which: int) -> np.ndarray:
        """Returns one of the needs of each option of blocks, int64."""
        table: np.ndarray = self._tables[which].copy()
        return table

    @functools.cached_property
    def _tables(self) -> np.ndarray:
        """All needs of each option, `(3, num_blocks, max_options)`."""
        counts = [self._num_options(n) for n in range(len(self._blocks))]
        tables = np.zeros((3, len(counts), max(counts)), np.int64)
        for number, count in enumerate(counts):
            for index in range(count):
                needs = self._piece_needs((number, (index,)))
                tables[:, number, index] = needs
        return tables

    def _reaches(self, paths: np.ndarray) -> np.ndarray:
        """Returns how far each pair of a path reaches, `(count, num_pairs)`.

        A pair that is none, since its block is skipped, reaches 0 bytes.
        """
        options, _ = self._options(paths)
        count, num_blocks = options.shape
        is_skipped = self._table(1) == 0
        width = is_skipped.shape[1]
        reaches = np.zeros((count, num_blocks + 1), np.int64)
        # Numbers of pieces: 0 is the stem, the last is the tail.
        before = np.zeros(count, np.int64)
        tail = 1 + num_blocks * width
        for block in range(num_blocks + 1):
            if block < num_blocks:
                now = 1 + block * width + options[:, block]
                counts = ~is_skipped[block, options[:, block]]
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
    def _piece(number: int, tail: int, width: int) -> Piece:
        """Returns the piece of a number in `_reaches`."""
        if number in (0, tail):
            return TAIL if number else _STEM
        block, index = divmod(number - 1, width)
        return block, (index,)

    def _pair_reach(self, first: Piece, second: Piece) -> int:
        """Returns how far the planner's tensors of a pair reach."""
        if (first, second) not in self._reach:
            graph, source = self._begun(first)
            source = self._continued(graph, second, source)
            self._reach[first, second] = planned_bytes(
                buffers_of(graph.ordered([source]))
            )
        return self._reach[first, second]

    def _begun(self, piece: Piece) -> tuple[Graph, str]:
        """Returns a graph of one piece, and what it writes."""
        if piece == _STEM:
            return chain_stem(self._skeleton)
        if piece[0] == TAIL[0]:
            graph = Graph(self._end_map(piece), _INPUT)
        else:
            graph = Graph(self._opened(piece)[0].in_map, _INPUT)
        return graph, self._continued(graph, piece, _INPUT)

    def _continued(self, graph: Graph, piece: Piece, source: str) -> str:
        if piece[0] == TAIL[0]:
            return chain_tail(graph, self._skeleton, source)
        block, gene = self._opened(piece)
        return add_block(graph, block, gene, self._skeleton.activation, source)

    def _piece_needs(self, piece: Piece) -> tuple[int, int, int]:
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
        ends = [self._piece_needs(end)[which] for end in (_STEM, TAIL)]
        if name == "flash_bytes":
            return float(FILE_BASE + sum(ends))
        return float(RESIDENT_BASE + sum(ends) + self._least_reach)

    @functools.cached_property
    def _least_reach(self) -> int:
        """What the ends, and the least demanding candidates, reach to."""
        return max(
            *(self._piece_needs(end)[0] for end in (_STEM, TAIL)),
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
        ends = [self._piece_needs(end) for end in (_STEM, TAIL)]
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
