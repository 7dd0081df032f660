import re

import numpy as np
import pytest

from nse_tf.events import SpaceAtStage
from nse_tf.reporting.answer import ExportedFile
from nse_tf.reporting.children import Children
from nse_tf.reporting.drawing import DOTS, FRONT, LIMIT, SOFT, WINNER, Drawing
from nse_tf.reporting.plots import (
    plot_funnel,
    plot_latencies,
    plot_losses,
    plot_progress,
    plot_tradeoff,
)
from nse_tf.reporting.run_files import FileCheck, FileLatency, IntegerShares
from tests.reporting.made_up_run import latencies

CHILDREN = Children(
    paths=((0, 0), (0, 1), (1, 0), (1, 1)),
    accuracies=np.array([0.5, 0.8, 0.7, 0.75]),
    costs={
        "macs": np.array([1_000_000, 3_000_000, 2_000_000, 2_500_000]),
        "size_bytes": np.array([1000, 3000, 2000, 2000]),
    },
    num_random=2,
)


def label_of(drawing: Drawing) -> str:
    found = re.search(r'aria-label="([^"]*)"', drawing.svg)
    assert found is not None
    return found[1]


def texts_of(drawing: Drawing) -> list[str]:
    return re.findall(r">([^<>]+)</text>", drawing.svg)


def space(size: int, num_operators: int) -> SpaceAtStage:
    return SpaceAtStage(
        stage=0, active=(), size=size, num_operators=num_operators
    )


def file_of(precision: str, latency: FileLatency) -> ExportedFile:
    check = FileCheck(
        size_bytes=1000,
        num_images=10,
        num_errors=0,
        accuracy=1.0,
        agreement=1.0,
        largest_difference=0.0,
        integer_shares=IntegerShares(0.0, 0.0),
    )
    return ExportedFile(
        precision=precision,
        name="x",
        sha256="",
        check=check,
        faults=(),
        latency=latency,
    )


def test_the_funnel_labels_both_ends() -> None:
    drawing = plot_funnel([space(10**17, 141), space(10**12, 99)])
    assert label_of(drawing) == (
        "The space over 1 stage of shrinking: from 1.0 · 10¹⁷ networks of 141 "
        "operators to 1.0 · 10¹² networks of 99."
    )
    assert "10¹⁵" in texts_of(drawing)


def test_a_space_beyond_any_float_can_be_drawn() -> None:
    drawing = plot_funnel([space(10**400, 9000), space(1, 1)])
    assert "10⁴⁰⁰ networks" in label_of(drawing)


def test_the_tradeoff_labels_front_and_winner() -> None:
    drawing = plot_tradeoff(CHILDREN, "macs", [1, 1], 2_600_000)
    assert label_of(drawing) == (
        "Accuracy with inherited weights against MACs of 4 evaluated children. "
        "The Pareto front has 4, from 50.00 % at 1.00 M to 80.00 % at 3.00 M. "
        "The best of the 2 drawn at random has 80.00 % at 3.00 M. "
        "The winner has 75.00 % at 2.50 M."
    )
    assert [(key.color, key.text) for key in drawing.keys] == [
        (SOFT, "2 drawn at random"),
        (DOTS, "2 children of the search"),
        (FRONT, "Pareto front (4)"),
        (LIMIT, "limit 2.60 M"),
        (WINNER, "winner"),
    ]
    assert "MACs, millions" in texts_of(drawing)


def test_dominated_children_are_not_on_the_front() -> None:
    drawing = plot_tradeoff(CHILDREN, "size_bytes", None, None)
    assert "The Pareto front has 3, from 50.00 % at 1.00 kB" in label_of(
        drawing
    )
    assert "winner" not in label_of(drawing)
    assert "File size, kB" in texts_of(drawing)


def test_a_limit_far_away_is_not_drawn() -> None:
    drawing = plot_tradeoff(CHILDREN, "macs", None, 30_000_000)
    assert LIMIT not in [key.color for key in drawing.keys]
    assert "--limit" not in drawing.svg


def test_a_single_child_can_be_drawn() -> None:
    one = Children(
        CHILDREN.paths[:1],
        CHILDREN.accuracies[:1],
        {"macs": np.array([0])},
    )
    assert "1 evaluated" in label_of(plot_tradeoff(one, "macs", [0, 0], None))
    assert "found as number 1." in label_of(plot_progress(one))


def test_progress_labels_the_best_and_when_it_was_found() -> None:
    assert label_of(plot_progress(CHILDREN)) == (
        "Accuracy with inherited weights of 4 children in the order of "
        "evaluation: the first has 50.00 %, the best 80.00 %, found as number "
        "2."
    )


def test_losses_of_one_label_share_a_key() -> None:
    drawing = plot_losses(
        "loss",
        "Loss",
        [
            ("finalist", DOTS, [2.0, 1.0]),
            ("finalist", DOTS, [2.5]),
            ("winner", WINNER, [3.0, 0.5]),
        ],
    )
    assert [key.text for key in drawing.keys] == ["finalist", "winner"]
    assert label_of(drawing) == (
        "Loss: finalist, from 2.00 to 1.00 in 2 epochs; finalist, from 2.50 to "
        "2.50 in 1 epoch; winner, from 3.00 to 0.500 in 2 epochs."
    )


def test_each_file_is_labeled_with_its_median_and_quartiles() -> None:
    files = [
        file_of(precision, latency)
        for precision, latency in latencies().files.items()
    ]
    drawing = plot_latencies(files)
    assert label_of(drawing) == (
        "Median latency: fp32 0.142 ms (quartiles 0.137 and 0.158); fp16 0.144 "
        "ms (quartiles 0.138 and 0.160); int8 0.0712 ms (quartiles 0.0684 and "
        "0.0791)."
    )
    assert {"fp32", "fp16", "int8", "0.0712 ms"} <= set(texts_of(drawing))


@pytest.mark.parametrize("name", ["<b>", "$x$", "a & b"])
def test_names_from_files_are_shown_as_they_are(name: str) -> None:
    latency = latencies().files["fp32"]
    drawing = plot_latencies([file_of(name, latency)])
    assert "<b>" not in drawing.svg
    assert name.replace("&", "&amp;").replace("<", "&lt;").replace(
        ">", "&gt;"
    ) in texts_of(drawing)
