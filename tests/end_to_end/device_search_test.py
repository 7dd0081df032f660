"""From a device's latency table to a search that relies on it, as users do."""

import pathlib
from typing import Any

import numpy as np
import pytest
from absl.testing import flagsaver

from nse_tf.costs import CostModel
from nse_tf.costs.tables import CostTable
from nse_tf.events import (
    ChildMeasured,
    FinalistsRanked,
    FrontEvolved,
    TrainedAlone,
    WinnerChosen,
)
from nse_tf.flags import lut, search
from nse_tf.reporting.run_record import RunRecord, read_record
from nse_tf.spaces import SearchSpace, make_preset

pytestmark = pytest.mark.slow

# Enough for every stage to be there, not for accuracy.
LITTLE = {
    "calibration_images": 64,
    "child_epochs": 1,
    "num_rank_checks": 0,
    "baselines": "never",
    # How right a table is says the machine, which other tests keep busy.
    "max_table_error": float("inf"),
}


def small(name: str, **adapted: Any) -> SearchSpace:
    """Returns a preset for digits."""
    return make_preset(
        name, image_size=(8, 8), image_channels=1, num_classes=10, **adapted
    )


def make_table(path: pathlib.Path, name: str, **given: Any) -> CostTable:
    """Runs `nse_lut` for digits; returns what it wrote."""
    with flagsaver.flagsaver(
        space=name,
        image_size="8",
        image_channels=1,
        num_classes=10,
        fit=3,
        max_spread=10.0,
        output=str(path),
        **given,
    ):
        lut.main(["nse_lut"])
    return CostTable.load(path)


def run_search(folder: pathlib.Path, **given: Any) -> RunRecord:
    """Runs `nse_search` on digits; returns the contents of its folder."""
    with flagsaver.flagsaver(
        dataset="digits",
        run_dir=str(folder / "run"),
        cache_dir=str(folder / "cache"),
        **LITTLE,
        **given,
    ):
        search.main(["nse_search"])
    return read_record(folder / "run")


def winner_as_measured(record: RunRecord) -> dict[str, Any]:
    """Returns what the winner cost when it was chosen."""
    (winner,) = record.named(WinnerChosen)
    (costs,) = (
        event.costs
        for event in record.named(ChildMeasured)
        if event.path == winner.path
    )
    return dict(costs)


def test_finalists_within_limits_are_ranked_by_their_int8_files(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, depth = tmp_path / "table.json", 0.25
    table = make_table(path, "spos_tiny", depth=depth)
    model = CostModel(small("spos_tiny", depth=depth), table)
    # On a busy machine, too, networks of the cheaper half fit as measured.
    limit_ms = 4 * model.range("latency_ms")[1]
    record = run_search(
        tmp_path,
        space="spos_tiny",
        depth=depth,
        shrink=False,
        latency_table=str(path),
        max_latency_ms=limit_ms,
        max_size_kb=500.0,
        rank_by="int8",
        precisions=["fp32", "int8"],
        num_finalists=2,
        supernet_epochs=1,
        max_trainings=1,
        num_children=6,
        population=3,
    )
    measured = winner_as_measured(record)
    assert measured["latency_ms"] <= limit_ms
    assert measured["size_bytes"] <= 500_000
    file = tmp_path / "run" / "best" / "model_fp32.tflite"
    assert file.stat().st_size == measured["size_bytes"]
    (ranked,) = record.named(FinalistsRanked)
    assert (ranked.file, ranked.num_pairs) == ("int8", 1)
    rivals = record.named(TrainedAlone)[:2]
    found = tuple(each.file_accuracy for each in rivals)
    assert found == ranked.file_accuracies
    assert None not in found
    best = int(np.argmax(np.array(found)))
    (winner,) = record.named(WinnerChosen)
    assert winner.path == rivals[best].path
    printed = capsys.readouterr().out
    assert "ranked by int8" in printed
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Finalists ranked by their int8 files" in page


def test_an_evolving_space_aims_at_a_measured_latency(
    tmp_path: pathlib.Path,
) -> None:
    path, options = tmp_path / "table.json", {"squeeze_excite": True}
    adapted = {"depth": 0.25, **options}
    table = make_table(path, "nse_tiny", **adapted)
    space = small("nse_tiny", **adapted)
    model = CostModel(space, table)
    low = model.range("latency_ms")[0]
    per_op = model.by_operator["latency_ms"].mean()
    # Some two branches in each cell; the window around them is wide.
    target_ms = low + len(space.blocks) * per_op
    record = run_search(
        tmp_path,
        space="nse_tiny",
        **adapted,
        method="nse",
        latency_table=str(path),
        max_latency_ms=2 * target_ms,
        precisions=["fp32"],
        max_rounds=1,
        round_epochs=1,
        num_active=3,
        num_proposals=4,
        num_extra=1,
        window=0.9,
        window_shift=0.0,
    )
    assert winner_as_measured(record)["latency_ms"] <= 2 * target_ms
    (evolved,) = record.named(FrontEvolved)
    assert evolved.cost == "latency_ms"
    predicted = [model.costs(space.genotype(path)) for path in evolved.front]
    assert evolved.costs == pytest.approx(
        [each["latency_ms"] for each in predicted]
    )
    assert max(evolved.costs) <= 2 * target_ms
