"""An edge of a cell, seen over all cells."""

import numpy as np

from nse_tf.supernet import NB201Supernet
from tests.supernet.tiny_cells import tiny_cells

SPACE = tiny_cells(num_cells=2)


def test_kernels_lie_cell_after_cell() -> None:
    supernet = NB201Supernet(SPACE)
    for edge, block in enumerate(supernet.blocks):
        kernels, lengths = block.kernels(), block.kernel_lengths
        for candidate, op in enumerate(SPACE.blocks[edge].candidates):
            expected = [
                stage.values_of(cell, edge, candidate)
                for stage in supernet.cells
                for cell in range(2)
            ]
            pieces = [
                each[0][0].ravel() for each in expected if each is not None
            ]
            assert lengths[candidate] == [len(piece) for piece in pieces]
            joined = np.concatenate([np.empty(0), *pieces])
            row = kernels[candidate]
            np.testing.assert_array_equal(row[: len(joined)], joined)
            assert not row[len(joined) :].any()
            assert (len(joined) > 0) == op.name.startswith("nor_conv")
