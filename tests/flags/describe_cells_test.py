"""Spaces and networks of cells, described."""

import pytest

from tests.flags.described import BEST_CELL, print_of, value_of


@pytest.mark.parametrize(
    ("name", "published", "params"),
    [
        ("darts_abs", 619_687_640, 5_590_144),
        ("pdarts_abs_c45", 570_097_916, 5_175_018),
        ("darts_v2", 530_678_552, 4_718_752),
    ],
)
def test_a_published_network_of_cells(
    capsys: pytest.CaptureFixture[str], name: str, published: int, params: int
) -> None:
    value = value_of(capsys, network=name)
    assert (value["space"], value["published_macs"]) == ("darts", published)
    assert value["params"] == params
    for key in ("macs", "params"):
        assert value[key] == sum(each[key] for each in value["blocks"])
    assert value["genotype"].startswith("normal=|")


def test_a_cell_is_counted_as_the_benchmark_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    value = value_of(capsys, space="nb201", genotype=BEST_CELL)
    assert value["published_macs"] == 153_272_970
    assert (value["macs"], value["params"]) == (153_272_960, 1_073_466)
    assert value["genotype"] == BEST_CELL
    assert [block["name"] for block in value["blocks"]] == [
        "stem",
        "reduction1",
        "reduction2",
        *("cell_0_1", "cell_0_2", "cell_1_2"),
        *("cell_0_3", "cell_1_3", "cell_2_3"),
        "tail",
        "classifier",
    ]


def test_an_arch_string_stays_in_one_piece(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = print_of(capsys, space="nb201", genotype=BEST_CELL)
    assert text.endswith(f"genotype:\n  {BEST_CELL}\n")


def test_a_space_of_cells(capsys: pytest.CaptureFixture[str]) -> None:
    value = value_of(capsys, space="nb201")
    assert (value["size"], value["num_operators"]) == (15_625, 30)
    assert value["macs_range"]["lowest"] == 7_783_040
    assert value["macs_range"]["highest"] == 220_119_680
    assert "nor_conv_3x3~2" in value["macs_range"]["most_expensive"]
    assert "cell_2_3" in print_of(capsys, space="nb201")
