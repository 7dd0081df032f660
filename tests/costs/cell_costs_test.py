"""What all motifs cost at a block, at once."""

import dataclasses

import numpy as np
import pytest

from nse_tf.costs import CostModel, op_part
from nse_tf.costs.cell_costs import CellCosts
from nse_tf.spaces import Motif, make_preset
from nse_tf.spaces.motif_genes import genes_of_indices

SPACE = make_preset("autospace_tiny")


@pytest.mark.parametrize("cost", ["macs", "params"])
def test_counts_are_those_of_each_motif(cost: str) -> None:
    found = CellCosts(CostModel(SPACE), cost).by_cell
    indices = np.random.default_rng(0).integers(0, found.shape[1], 40)
    for number, block in enumerate(SPACE.as_chain().blocks):
        for index, genes in zip(
            indices, genes_of_indices(indices).tolist(), strict=True
        ):
            part = op_part(Motif(tuple(genes)), block)
            assert found[number, index] == getattr(part, cost)


def test_latencies_are_estimated_by_a_line_through_those_known() -> None:
    """Where all rows of a table lie on a line, so do all estimates."""
    model = CostModel(SPACE)

    @dataclasses.dataclass(frozen=True)
    class Measured(CostModel):
        @property
        def by_operator(self) -> dict[str, np.ndarray]:
            macs = model.by_operator["macs"]
            times = np.where(macs > 0, 0.01 + macs / 1e8, 0.0)
            return {"macs": macs, "latency_ms": times}

    found = CellCosts(Measured(SPACE), "latency_ms").by_cell
    macs = CellCosts(model, "macs").by_cell
    np.testing.assert_allclose(found, 0.01 + macs / 1e8, rtol=1e-9)
