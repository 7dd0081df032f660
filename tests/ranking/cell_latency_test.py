"""Latency of cells: computed ops and their costs, by hand."""

import numpy as np
import pytest

from nse_tf.costs.cell_latency import (
    CellLatency,
    computed_ops,
    fit_cell_latency,
)
from nse_tf.spaces import make_preset, parse_genotype

NB201 = make_preset("nb201")
NONE, SKIP, CONV1, CONV3, POOL = range(5)


def counted(arch: str) -> list[float]:
    path = np.array([parse_genotype(NB201, arch).path])
    counts: list[float] = computed_ops(NB201, path)[0].tolist()
    return counts


def test_all_that_the_output_hears_from_is_computed() -> None:
    arch = (
        "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+"
        "|none~0|avg_pool_3x3~1|nor_conv_3x3~2|"
    )
    assert counted(arch) == [0, 1, 1, 2, 1]


def test_an_op_that_nobody_hears_is_left_out() -> None:
    # Node 2 goes nowhere, and takes both edges into it along.
    arch = (
        "|nor_conv_3x3~0|+|nor_conv_1x1~0|nor_conv_1x1~1|+"
        "|none~0|skip_connect~1|none~2|"
    )
    assert counted(arch) == [0, 1, 0, 1, 0]


def test_an_op_that_is_fed_zeros_is_computed() -> None:
    arch = "|none~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|"
    assert counted(arch) == [0, 0, 0, 1, 0]


def test_made_up_costs_are_found_again() -> None:
    rng = np.random.default_rng(0)
    paths = rng.integers(0, 5, (60, 6))
    made_up = CellLatency(NB201, 2.0, (0.0, 0.25, 1.0, 6.0, 0.5))
    fitted = fit_cell_latency(NB201, paths, made_up.predict(paths))
    assert fitted.backbone_ms == pytest.approx(2)
    assert fitted.op_ms == pytest.approx(made_up.op_ms)


def test_too_few_cells_and_impossible_latencies_are_refused() -> None:
    paths = np.full((12, 6), CONV3)
    with pytest.raises(ValueError, match="at least 12 cells"):
        fit_cell_latency(NB201, paths[:11], np.ones(11))
    with pytest.raises(ValueError, match="each once"):
        fit_cell_latency(NB201, paths, np.ones(11))
    with pytest.raises(ValueError, match="goes down to 0"):
        fit_cell_latency(NB201, paths, np.zeros(12))
    with pytest.raises(ValueError, match=r"it must be \(count, 6\)"):
        computed_ops(NB201, paths[0])
