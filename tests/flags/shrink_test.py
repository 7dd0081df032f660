"""The binary `nse_shrink`."""

import pathlib

import pytest
from absl.testing import flagsaver

from nse_tf.flags import shrink
from nse_tf.spaces import DartsSkeleton, load_space
from tests.ranking.made_up_table import as_csv


def test_a_missing_table_is_missing(tmp_path: pathlib.Path) -> None:
    with (
        flagsaver.flagsaver(table=str(tmp_path / "x.csv")),
        pytest.raises(FileNotFoundError),
    ):
        shrink.main(["nse_shrink"])


def test_a_latency_limit_is_refused(tmp_path: pathlib.Path) -> None:
    with (
        flagsaver.flagsaver(run_dir=str(tmp_path / "run"), max_latency_ms=1.0),
        pytest.raises(ValueError, match="set limits on latency and size"),
    ):
        shrink.main(["nse_shrink"])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "score",
    [
        pytest.param("angle_of_unit_kernels", marks=pytest.mark.long),
        pytest.param("magnitude", marks=pytest.mark.slow),
    ],
)
def test_cells_are_shrunk_in_a_single_shot_and_searched(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], score: str
) -> None:
    table = tmp_path / "table.csv"
    table.write_text(as_csv())
    run_dir = tmp_path / "run"
    with flagsaver.flagsaver(
        run_dir=str(run_dir),
        cache_dir=str(tmp_path / "cache"),
        space="nb201",
        width=0.125,
        depth=0.2,
        score=score,
        drop_per_stage=20,
        max_stages=1,
        stop_size=1,
        shrink_first_epochs=1,
        batch_size=128,
        table=str(table),
        truth="truth",
    ):
        shrink.main(["nse_shrink"])
        first = capsys.readouterr().out
        shrink.main(["nse_shrink"])
        assert capsys.readouterr().out == first
    space = load_space(run_dir / "space.json")
    assert len(space.operators) == 10
    assert f"{space.size} networks remain." in first
    assert first.count("Kept, by true rank of operators: ") == 1


@pytest.mark.long
def test_cells_of_darts_are_shrunk_after_a_warm_up(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "run"
    with flagsaver.flagsaver(
        run_dir=str(run_dir),
        cache_dir=str(tmp_path / "cache"),
        space="darts_shrinking",
        image_size="32",
        width=1 / 12,
        depth=4 / 14,
        score="angle_of_unit_kernels",
        drop_per_stage=60,
        max_stages=1,
        stop_size=1,
        shrink_warmup_epochs=1,
        shrink_first_epochs=1,
        batch_size=128,
    ):
        shrink.main(["nse_shrink"])
    space = load_space(run_dir / "space.json")
    assert len(space.operators) == 14 * 8 - 60
    assert space.require_skeleton(DartsSkeleton).num_cells == 4
    log = (run_dir / "log.jsonl").read_text()
    assert log.count('"supernet_warmed_up"') == 1
    assert f"{space.size} networks remain." in capsys.readouterr().out
