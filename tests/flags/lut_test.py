"""The binary `nse_lut`."""

import json
import pathlib
from typing import Any

import pytest
from absl.testing import flagsaver

from nse_tf.costs.tables import CostTable
from nse_tf.flags import lut
from nse_tf.runs.memory_check import MemoryCheck, memory_lines
from nse_tf.spaces import MBConv, save_space
from tests.runs.made_up_kit import as_csv, make_kit
from tests.shared_data import PIXEL_CSV, needs_tables
from tests.supernet.tiny_spaces import tiny_space


def run(**given: Any) -> None:
    with flagsaver.flagsaver(**given):
        lut.main(["nse_lut"])


def test_a_space_and_a_file_are_needed(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match=r"--space=NAME --output=FILE\.json"):
        run(space="spos")
    with pytest.raises(ValueError, match=r"--space=NAME --output=FILE\.json"):
        run(output=str(tmp_path / "table.json"))


def test_predicted_memory_is_held_against_what_is_measured(
    capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    small = {
        "space": "nb201",
        "image_size": "8",
        "num_classes": 4,
        "depth": 0.2,
        "check_memory": True,
        "validate": 2,
    }
    run(**small, format="json")
    checks = json.loads(capsys.readouterr().out)
    assert len({each["genotype"] for each in checks}) == 2
    for each in checks:
        for kind in ("ram", "flash"):
            measured = each[f"{kind}_bytes"]
            predicted = each[f"predicted_{kind}_bytes"]
            assert predicted == pytest.approx(measured, rel=0.05)
    with pytest.raises(ValueError, match="makes no table: leave out --output"):
        run(**small, output=str(tmp_path / "table.json"))


def test_errors_of_memory_are_shares_of_what_is_measured() -> None:
    checks = [
        MemoryCheck(
            genotype="",
            ram_bytes=ram,
            predicted_ram_bytes=100,
            flash_bytes=2_000,
            predicted_flash_bytes=2_000,
        )
        for ram in (80, 100, 125)
    ]
    assert memory_lines(checks) == [
        "RAM: 80 to 125 bytes as measured, predicted within 25.00% (median "
        "20.00%), 3 networks",
        "flash: 2,000 to 2,000 bytes as measured, predicted within 0.00% "
        "(median 0.00%), 3 networks",
    ]


def test_cells_have_no_rows(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="this needs a chain of blocks"):
        run(space="nb201", output=str(tmp_path / "table.json"))
    assert list(tmp_path.iterdir()) == []


def test_results_from_elsewhere_become_a_table(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kit = make_kit(tmp_path / "kit")
    results, output = tmp_path / "iphone.csv", tmp_path / "table.json"
    results.write_text(as_csv(kit, 1e-3, slower=0.1))
    given = {"read": str(results), "device": "iPhone 15"}
    with pytest.raises(ValueError, match=r"--output=FILE\.json"):
        run(**given)
    given["output"] = str(output)
    with pytest.raises(FileNotFoundError, match=r"manifest\.json"):
        run(**given)
    with pytest.raises(ValueError, match="`--make` and `--read` are two ways"):
        run(**given, make=str(tmp_path / "new"))
    run(**given, manifest=str(tmp_path / "kit" / "manifest.json"))
    text = capsys.readouterr().out
    assert "on iPhone 15, unknown" in text
    assert text.endswith("slower than the fastest by 0%, 10%, 20%\n")
    assert set(CostTable.load(output).rows) == {"conv/4", "conv/8"}


@needs_tables
def test_a_published_table_becomes_one_of_the_space(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "table.json"
    given = {"published": "proxylessnas", "output": str(output)}
    run(space="proxylessnas", table=str(PIXEL_CSV), **given)
    text = capsys.readouterr().out
    assert text.startswith("68 rows, not stated")
    assert "on Google Pixel 1" in text
    assert len(CostTable.load(output).rows) == 68
    output.unlink()
    with pytest.raises(ValueError, match=r"lut\.csv lacks \d+ of the"):
        run(space="spos", table=str(PIXEL_CSV), **given)
    with pytest.raises(ValueError, match=r"--table=FILE\.csv"):
        run(space="spos", **given)
    assert not output.exists()


@pytest.mark.slow
def test_a_table_from_flags_to_file(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = tiny_space(ops=(MBConv(3, 1), MBConv(3, 3)))
    save_space(space, tmp_path / "space.json")
    given = {
        "space": str(tmp_path / "space.json"),
        "output": str(tmp_path / "table.json"),
        "fit": 4,
        "validate": 5,
        "max_spread": 10.0,
        "device": "desk",
    }
    run(**given)
    text = capsys.readouterr().out
    assert "\non desk, " in text
    assert "8 rows, fp32, 1 thread(s), delegate XNNPACK" in text
    assert "fitted to 4 whole networks: scale" in text
    assert "on 5 other networks: median error" in text
    rows = str(tmp_path / "table.rows.json")
    run(**given, format="json", compare=rows)
    printed, line = capsys.readouterr().out.rsplit("}\n", 1)
    value = json.loads(printed + "}")
    assert value["num_rows"] == 8
    assert value["check"]["num_networks"] == 5
    # Compared with itself, since no row was measured again.
    assert line == f"100.0% of the rows lie within 10% of {rows}\n"
