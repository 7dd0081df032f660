"""RAM and flash of chains whose stages have widths to choose."""

import functools
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from nse_tf.costs.micro.chains import TAIL, ChainCosts, Piece
from nse_tf.costs.micro.graph import Shape
from nse_tf.costs.micro.model import Genes
from nse_tf.spaces import (
    ChoiceBlock,
    Genotype,
    SearchSpace,
    StageWidthSkeleton,
    at_widths,
    every_end,
    shaped_blocks,
    variants_of,
)
from nse_tf.spaces.path_space import Chain


class WidthChainCosts(ChainCosts):
    """RAM and flash of such chains, by the pairs of variants of blocks.

    What is said of single candidates is said of the widest networks.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._shaped = shaped_blocks(space)
        skeleton = space.require_skeleton(StageWidthSkeleton)
        self._numbers = skeleton.width_numbers
        self._last_maps = [
            plain.as_chain().blocks[-1].out_map for plain in every_end(space)
        ]
        super().__init__(space)

    @property
    def _chain(self) -> Chain:
        skeleton = self.space.require_skeleton(StageWidthSkeleton)
        return Chain(skeleton, tuple(each.widest for each in self._shaped))

    def _num_options(self, number: int) -> int:
        return len(self._shaped[number].variants)

    def _options(self, paths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return variants_of(self._shaped, paths), paths[:, self._numbers[-1]]

    @property
    def _tails(self) -> tuple[Piece, ...]:
        widths = range(len(self._last_maps))
        return tuple((TAIL[0], (width,)) for width in widths)

    def _opened(self, piece: Piece) -> tuple[ChoiceBlock, tuple[int, ...]]:
        number, (variant,) = piece
        shape, candidate = self._shaped[number].variants[variant]
        return shape, (candidate,)

    def _end_map(self, piece: Piece) -> Shape:
        (width,) = piece[1]
        return self._last_maps[width]

    def _pieces(self, genotype: Genotype) -> tuple[list[Piece], Piece]:
        options, tails = self._options(np.array([genotype.path]))
        blocks: list[Piece] = [
            (number, (option,))
            for number, option in enumerate(options[0].tolist())
        ]
        return blocks, self._tails[int(tails[0])]

    def flash(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the bytes of a file, which are a sum.

        Returns:
            Those before any block, by the candidate of the last width, and
            those of variants, `(num_blocks, max_variants)`.
        """
        nothing = np.zeros((len(self._tails), len(self.space.blocks)), np.int64)
        nothing[:, self._numbers[-1]] = range(len(self._tails))
        table = self._table(2)
        options, _ = self._options(nothing)
        blocks = table[np.arange(len(table)), options].sum(axis=1)
        return self.of_paths("flash_bytes", nothing) - blocks, table

    def _plain(self, widths: Sequence[int]) -> SearchSpace:
        """Returns the plain chain with these candidates of widths."""
        return at_widths(
            self.space,
            [
                self.space.blocks[number].candidates[index]
                for number, index in zip(self._numbers, widths, strict=True)
            ],
        )

    @functools.cached_property
    def _narrowest(self) -> ChainCosts:
        return ChainCosts(self._plain([0] * len(self._numbers)))

    @functools.cached_property
    def _widest(self) -> ChainCosts:
        counts = [len(self.space.blocks[n].candidates) for n in self._numbers]
        return ChainCosts(self._plain([count - 1 for count in counts]))

    def _spread(self, table: np.ndarray, of_widths: float) -> np.ndarray:
        """Returns a table of a plain chain with rows for widths, too.

        Args:
            table: What it says of candidates, `(num_blocks, most)`.
            of_widths: What there is to say of widths.
        """
        shape = len(self.space.blocks), self.space.max_candidates
        spread = np.full(shape, of_widths, table.dtype)
        numbers = [block.number for block in self._shaped]
        spread[numbers] = 0
        spread[numbers, : table.shape[1]] = table
        return spread

    def extreme_genes(self, active: Sequence[Sequence[int]]) -> list[Genes]:
        """Returns genes of networks, among them the least and the most RAM.

        These are among the narrowest and the widest, and the widest of those
        that have a shortcut by their widths, which keeps an input for longer.
        """
        narrowest, widest = (
            {number: active[number][end] for number in self._numbers}
            for end in (0, -1)
        )
        found: list[Genes] = []
        for widths in (narrowest, widest, *self._with_shortcuts(active)):
            chosen = {**widest, **widths}
            plain = ChainCosts(self._plain(list(chosen.values())))
            ops = [active[block.number] for block in self._shaped]
            for genes in plain.extreme_genes(ops):
                longer = [(0,)] * len(self.space.blocks)
                for number, width in chosen.items():
                    longer[number] = (width,)
                for block, gene in zip(self._shaped, genes, strict=True):
                    longer[block.number] = (gene[0],)
                found.append(tuple(longer))
        return found

    def _with_shortcuts(
        self, active: Sequence[Sequence[int]]
    ) -> Iterator[dict[int, int]]:
        """Yields widths that give a block a shortcut, by their numbers."""
        for block in self._shaped:
            shortcuts = {shape.has_shortcut for shape in block.shapes}
            deciding = [n for n in block.strides if n != block.number]
            if len(shortcuts) == 1:
                continue
            for genes in itertools.product(*(active[n] for n in deciding)):
                path = [0] * len(self.space.blocks)
                for number, gene in zip(deciding, genes, strict=True):
                    path[number] = gene
                shape, _ = block.variants[block.variant_of(path)]
                if shape.has_shortcut:
                    yield dict(zip(deciding, genes, strict=True))

    def by_operator(self, name: str) -> np.ndarray:
        """Returns what a candidate adds to a small one of the widest."""
        return self._spread(self._widest.by_operator(name), 0.0)

    def base(self, name: str) -> float:
        """Returns the cost that `by_operator` is to be added to."""
        return self._widest.base(name)

    def ram_tables(self) -> list[tuple[float, np.ndarray]]:
        """Returns those of the widest networks, which need the most."""
        return [
            (base, self._spread(table, 0.0))
            for base, table in self._widest.ram_tables()
        ]

    def may_fit(self, limit: float) -> np.ndarray:
        """Returns which candidates are in a narrow enough network."""
        return self._spread(self._narrowest.may_fit(limit), of_widths=True)
