"""What each of the 5,184 explored motifs costs at each block of a chain."""

import dataclasses
import functools

import numpy as np

from nse_tf.costs.models import CostModel
from nse_tf.costs.op_counts import op_part
from nse_tf.costs.parts import Part
from nse_tf.spaces import ChoiceBlock, Motif
from nse_tf.spaces.motif import EDGES
from nse_tf.spaces.motif_genes import (
    EXPANSIONS,
    IDENTITY,
    NUM_MOTIFS,
    genes_of_indices,
)

# Codes of motifs of identities alone, and with one kernel, by its side.
_PLAIN, _CONVOLVED = "{}.2.00.12.112", "{}.{}.00.12.112"
_SIDES = (1, 3)


@dataclasses.dataclass(frozen=True)
class CellCosts:
    """One cost of all explored motifs, in the order of their indices.

    MACs and parameters are exact. Latencies and sizes of files are an
    estimate: a table has rows for the ops of its own space alone, so a line is
    fitted through those of a block, by MACs. For what evolves that is enough;
    the search that follows has a table of the cells that were found.

    Attributes:
        model: Cost model of the space on whose blocks cells stand.
        cost: Name of the cost.
    """

    model: CostModel
    cost: str

    @functools.cached_property
    def by_cell(self) -> np.ndarray:
        """The costs, float64 `(num_blocks, NUM_MOTIFS)`."""
        blocks = self.model.space.as_chain().blocks
        if self.cost in ("macs", "params"):
            return np.stack([_counted(block, self.cost) for block in blocks])
        return np.stack(
            [self._estimated(number) for number in range(len(blocks))]
        )

    @property
    def backbone(self) -> float:
        """The cost of what all networks share."""
        return float(self.model.backbone[self.cost])

    def _estimated(self, number: int) -> np.ndarray:
        """Returns the costs at a block by a line through its table's rows."""
        table = self.model.by_operator
        block = self.model.space.as_chain().blocks[number]
        macs = table["macs"][number, : len(block.candidates)].astype(float)
        found = table[self.cost][number, : len(block.candidates)]
        computes = macs > 0
        macs, found = macs[computes], found[computes]
        slope = 0.0
        if np.ptp(macs) > 0:
            slope = max(0.0, float(np.polyfit(macs, found, 1)[0]))
        start = float(found.mean() - slope * macs.mean()) if len(found) else 0.0
        estimated: np.ndarray = start + slope * _counted(block, "macs")
        np.maximum(estimated, 0.0, out=estimated)
        return estimated


@functools.lru_cache(maxsize=256)
def _counted(block: ChoiceBlock, cost: str) -> np.ndarray:
    """Returns exact costs of all explored motifs at a block.

    With one expansion, what edges cost adds up.
    """

    def count(code: str) -> int:
        part: Part = op_part(Motif.of_code(code), block)
        return int(getattr(part, cost))

    genes = genes_of_indices(np.arange(NUM_MOTIFS))
    edges = genes[:, list(EDGES.values())]
    costs = np.zeros(NUM_MOTIFS)
    for number in range(len(EXPANSIONS)):
        plain = count(_PLAIN.format(number))
        total = np.full(NUM_MOTIFS, plain)
        for side in _SIDES:
            gene = IDENTITY + side
            more = count(_CONVOLVED.format(number, gene)) - plain
            total += more * (edges == gene).sum(axis=1)
        has_expansion = genes[:, 0] == number
        costs[has_expansion] = total[has_expansion]
    return costs
