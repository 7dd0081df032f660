"""Published tables: costs of whole networks by hand, and missing rows."""

import csv
import pathlib

import numpy as np
import pytest

from nse_tf.costs import CostModel
from nse_tf.costs.published_tables import (
    READERS,
    nse_table,
    proxylessnas_table,
)
from nse_tf.spaces import (
    ChoiceBlock,
    make_preset,
    published_network,
)
from tests.costs.strategies import made_up_table
from tests.shared_data import NSE_CSV, PIXEL_CSV, needs_tables


@needs_tables
def test_the_pixel_1_table_has_the_whole_space_of_proxylessnas() -> None:
    space = make_preset("proxylessnas")
    table = proxylessnas_table(PIXEL_CSV, space)
    assert len(space.blocks) == 21
    assert table.missing(made_up_table(space).rows) == []
    # By hand: first convolution and block, last convolution and classifier.
    stem, tail = (table.row(key) for key in space.skeleton.cost_keys)
    assert stem.latency_ms == pytest.approx(4.397038 + 4.035709, abs=1e-5)
    assert tail.latency_ms == pytest.approx(6.284996 + 0.934826, abs=1e-5)
    assert stem.p25_ms < stem.latency_ms < stem.p75_ms


@needs_tables
def test_a_network_costs_the_sum_of_its_published_blocks() -> None:
    space = make_preset("proxylessnas")
    table = proxylessnas_table(PIXEL_CSV, space)
    with PIXEL_CSV.open() as file:
        known = {
            line["key"]: float(line["mean_ms"]) for line in csv.DictReader(file)
        }
    ends = sum(
        known[key] for key in known if key.startswith(("Conv", "Logits"))
    ) + next(v for k, v in known.items() if "expand:1-kernel:3" in k)
    # Every block with its mbconv_k3_e3: 6 that change shape, 15 that do not.
    blocks = [v for k, v in known.items() if "expand:3-kernel:3" in k]
    changing = [
        v
        for k, v in known.items()
        if "expand:3-kernel:3" in k and "skip:0" in k
    ]
    assert (len(blocks), len(changing)) == (11, 6)
    by_hand = ends + sum(changing) + 3 * (sum(blocks) - sum(changing))
    genotype = space.genotype(
        [block.index_of("mbconv_k3_e3") for block in space.blocks]
    )
    costs = CostModel(space, table).costs(genotype)
    assert costs["latency_ms"] == pytest.approx(by_hand)


@needs_tables
def test_nsenet_gpu_lies_in_the_window_of_its_search() -> None:
    space, genotype = published_network("nsenet_gpu")
    table = nse_table(NSE_CSV, space)
    assert table.missing(made_up_table(space).rows) == []
    latency_ms = CostModel(space, table).costs(genotype)["latency_ms"]
    assert 66 < latency_ms < 78
    assert latency_ms == pytest.approx(66.7705)


@needs_tables
def test_a_cell_that_changes_shape_has_an_addition_less_than_branches() -> None:
    space = make_preset("nse_gpu")
    blocks = space.as_chain().blocks
    table = nse_table(NSE_CSV, space)
    changing = [block for block in blocks if not block.has_shortcut]
    with NSE_CSV.open() as file:
        known = {
            (x["hw"], x["c_in"], x["c_out"], x["kernel"], x["group"]): float(
                x["exec_time"]
            )
            for x in csv.DictReader(file)
            if x["stride"] == ("2" if x["kernel"] == "3" else "1")
        }
    # One branch lb_k3_e1 in each: its three convolutions, and no addition;
    # of the backbone the last convolution and the pooling.
    by_hand = 0.429 + 0.2495
    by_hand += sum(_convs(known, block) for block in changing)

    def latency_ms(*first: str) -> float:
        """Returns the latency with these branches in the first such cell."""
        genes: list[tuple[int, ...]] = [
            () if block.has_shortcut else (block.index_of("lb_k3_e1"),)
            for block in blocks
        ]
        number = blocks.index(changing[0])
        genes[number] = tuple(changing[0].index_of(name) for name in first)
        costs = CostModel(space, table).costs(space.genotype(genes))
        return costs["latency_ms"]

    assert latency_ms("lb_k3_e1") == pytest.approx(by_hand)
    # A second branch brings an addition along; one of 56x56x32 takes 0.452.
    both = latency_ms("lb_k3_e1", "lb_k5_e1")
    alone = latency_ms("lb_k5_e1")
    convs_of_second = alone - by_hand + _convs(known, changing[0])
    assert both == pytest.approx(by_hand + convs_of_second + 0.452)


def _convs(
    known: dict[tuple[str, str, str, str, str], float], block: ChoiceBlock
) -> float:
    """Returns what the three convolutions of lb_k3_e1 take."""
    size, width = f"{block.in_size[0]}", f"{block.in_channels}"
    after, wide = f"{block.out_size[0]}", f"{block.out_channels}"
    return (
        known[(size, width, width, "1", "1")]
        + known[(size, width, width, "3", width)]
        + known[(after, width, wide, "1", "1")]
    )


@needs_tables
def test_rows_that_a_table_lacks_are_left_out() -> None:
    space = make_preset("nse_27")
    wanted = made_up_table(space).rows
    assert len(wanted) == 326
    assert len(nse_table(NSE_CSV, space).missing(wanted)) == 310
    space = make_preset("spos")
    table = proxylessnas_table(PIXEL_CSV, space)
    assert len(table.missing(made_up_table(space).rows)) == 68


def test_other_files_and_spaces_are_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n")
    for name, space in (("proxylessnas", "spos"), ("nse", "nse_gpu")):
        with pytest.raises(ValueError, match="is not such a table: it has no"):
            READERS[name](path, make_preset(space))
    with pytest.raises(ValueError, match="this needs multi-branch cells"):
        nse_table(path, make_preset("spos"))
    with pytest.raises(FileNotFoundError):
        nse_table(tmp_path / "absent.csv", make_preset("nse_gpu"))


@needs_tables
def test_expected_latency_follows_from_the_published_rows() -> None:
    space = make_preset("proxylessnas")
    model = CostModel(space, proxylessnas_table(PIXEL_CSV, space))
    rng = np.random.default_rng(0)
    lowest, highest = model.range("latency_ms")
    for _ in range(10):
        latency = model.costs(space.sample(rng))["latency_ms"]
        assert lowest <= latency <= highest
