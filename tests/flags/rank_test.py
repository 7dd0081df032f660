"""The binary `nse_rank`."""

import pathlib

import pytest
from absl.testing import flagsaver

from nse_tf.flags import rank
from tests.ranking.made_up_table import as_csv


def test_a_table_is_needed() -> None:
    with pytest.raises(ValueError, match=r"--table=FILE\.csv"):
        rank.main(["nse_rank"])


def test_a_missing_table_is_missing(tmp_path: pathlib.Path) -> None:
    with (
        flagsaver.flagsaver(table=str(tmp_path / "x.csv")),
        pytest.raises(FileNotFoundError),
    ):
        rank.main(["nse_rank"])


@pytest.mark.slow
def test_a_small_study_from_flags_to_page(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "table.csv"
    table.write_text(as_csv())
    run_dir = tmp_path / "run"
    with flagsaver.flagsaver(
        table=str(table),
        truth="truth",
        dataset="digits",
        run_dir=str(run_dir),
        epochs=1,
        num_images=64,
        supernet_batch_size=32,
        cells_per_stage=1,
        stage_channels=4,
        magnitude=True,
        sample_size=4,
        sample_every=0.5,
        sample_scores=["accuracy"],
    ):
        rank.main(["nse_rank"])
        first = capsys.readouterr()
        rank.main(["nse_rank"])
        again = capsys.readouterr()
    assert "macs: tau" in first.out
    assert "angle_fixed_at_zero, base initial: tau" in first.out
    assert "magnitude: tau" in first.out
    assert "add_by_magnitude: tau" in first.out
    assert "published (ABS" in first.out
    assert "seed 0, epoch 1: loss" in first.err
    assert again.out == first.out
    assert again.err == ""
    rows = (run_dir / "rows.csv").read_text()
    assert rows.startswith("seed,epoch,")
    assert "\n0,0.5,accuracy,,4," in rows
    assert "\n0,1.0,accuracy,,4," in rows
    page = (run_dir / "report.html").read_text()
    assert "Kendall" in page
    assert "magnitude_of_sample" in page
