"""Kits: a script times files in turns, and what comes back must be theirs.

The script is run here by `sh`, with a stand-in that prints what
`benchmark_model` printed in public issue threads; no phone took part.
"""

import json
import pathlib
import subprocess

import pytest

from nse_tf.costs.tables import CostTable
from nse_tf.export.kit_results import read_results, table_of_kit
from nse_tf.export.table_kit import TableKit
from nse_tf.runs.table_kits import read_kit
from tests.runs.made_up_kit import as_csv, make_kit

# What a file takes is its size in microseconds, slower by a tenth in the rounds
# after the first.
STAND_IN = """#!/bin/sh
for word in "$@"; do
  case $word in --graph=*) graph=${word#--graph=};; esac
done
us=$(wc -c <"$graph")
[ -e "$0.$graph" ] && us=$((us + us / 10))
touch "$0.$graph"
echo "INFO: STARTING!"
echo "INFO: Num threads: [2]"
echo "INFO: Graph: [$graph]"
echo "INFO: Use xnnpack: [1]"
echo "INFO: count=9 first=9 curr=9 min=9 max=9 avg=9 std=0 p5=9 median=9 p95=9"
echo "INFO: count=50 first=$us curr=$us min=$us max=$us avg=$us std=0 p5=$us \\
median=$us p95=$us" | tr -d '\\n'
echo
"""


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """The folder of a kit."""
    make_kit(tmp_path / "kit")
    return tmp_path / "kit"


def test_what_the_script_prints_becomes_a_table(folder: pathlib.Path) -> None:
    tool = folder.parent / "benchmark_model"
    tool.write_text(STAND_IN)
    missing = subprocess.run(
        ["sh", "run.sh"], cwd=folder, capture_output=True, text=True
    )
    assert missing.returncode == 1
    assert "say where benchmark_model is" in missing.stderr
    tool.chmod(0o755)
    subprocess.run(
        ["sh", "kit/run.sh", "./benchmark_model"], cwd=folder.parent, check=True
    )
    kit = TableKit.load(folder / "manifest.json")
    results = folder / "results.txt"
    table, found = read_kit(results, folder / "table.json", device="Pixel 8")
    assert table == CostTable.load(folder / "table.json")
    # The fastest round counts; the others show.
    assert found.slowdowns == pytest.approx([0.0, 0.1, 0.1], abs=1e-3)
    assert table.row("conv/8").latency_ms == pytest.approx(0.6, rel=1e-3)
    assert table.row("conv/4").size_bytes == 200
    assert (table.overhead_bytes, table.row("conv/4").runs) == (100, 50)
    assert table.overhead_ms == pytest.approx(0.1, rel=1e-2)
    assert table.provenance.device == "Pixel 8"
    assert table.provenance.num_threads == 2
    assert table.provenance.runtime_version.startswith("sha256 ")
    assert table.fit is not None
    assert table.fit.num_networks == 3
    assert table.check is not None
    assert table.check.worst_error < 1e-3
    assert table.check.retest_tau == pytest.approx(1)
    text = results.read_text()
    own = read_results(text, kit).facts["device"]
    assert table_of_kit(kit, found).provenance.device == own != "unknown"

    name, sha256 = kit.files[1].name, kit.files[1].sha256
    runs = text[text.index("INFO: STARTING") :]
    cut = text[: text.rindex("INFO: STARTING")]
    for wrong, message in (
        (text.replace(kit.digest, "0123"), "the manifest is of"),
        (text.replace(sha256, "0" * 64), f"{name} had other contents"),
        (text.replace(f"[{name}", "[photo"), "name photo, which the kit"),
        (text.replace(f"[{name}", f"[{kit.files[0].name}"), f"files: {name}"),
        (text.replace("threads: [2]", "threads: [4]"), "--num_threads=4"),
        (text.replace("xnnpack: [1]", "xnnpack: [0]"), "kit is for 1: run"),
        (text.replace("p5=300 median=300", "p5=300 median=nan"), "of 300, nan"),
        (text + runs, "more than 3 rounds"),
        (cut, "3 rounds of some files, but 2 of"),
        (f"{cut}nse_lut failed: {name}\n", f"failed on {name}"),
    ):
        with pytest.raises(ValueError, match=message):
            read_results(wrong, kit)


def test_a_csv_becomes_a_table(folder: pathlib.Path) -> None:
    kit = TableKit.load(folder / "manifest.json")
    found = read_results(as_csv(kit, 1e-3), kit)
    with pytest.raises(ValueError, match="--device='Pixel 8'"):
        table_of_kit(kit, found)
    table = table_of_kit(kit, found, "Pixel 8")
    assert table.row("conv/8").latency_ms == pytest.approx(0.6)
    assert table.check is not None
    assert table.check.retest_tau is None
    found = read_results(as_csv(kit, 1e-3, slower=0.2), kit)
    assert found.slowdowns == pytest.approx([0, 0.2, 0.4])
    assert table_of_kit(kit, found, "Pixel 8").rows == table.rows
    for wrong, message in (
        (as_csv(kit, 1e-3, slower=0.3), "Half of the rounds were 30% or more"),
        (as_csv(kit, 1.0), "took 100 ms .* milliseconds, not microseconds"),
    ):
        with pytest.raises(ValueError, match=message):
            table_of_kit(kit, read_results(wrong, kit), "Pixel 8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "begin with nothing"),
        ("node type,first,avg\n", "A profile of ops"),
        ("name,us\nx,1\n", "columns of the results are name,us"),
        ("name,ms\nx,1\n", "name x, which the kit does not have"),
        ("name,ms\nx,1\nx,2\n", "Line 3 of the results names 'x' again"),
        ("name,ms\nx,-1\n", "Line 2 of the results has '-1' ms"),
        ("name,ms\nx,nan\n", "has 'nan' ms"),
        ("name,ms\nx\n", "has None ms"),
        ("name,ms\n", "lack 11 of 11 files: row_0000_"),
    ],
)
def test_other_results_are_refused(
    folder: pathlib.Path, text: str, message: str
) -> None:
    (folder / "results.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_kit(folder / "results.txt", folder / "table.json")
    assert not (folder / "table.json").exists()


def test_a_kit_is_written_whole_where_nothing_is(folder: pathlib.Path) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(ValueError, match="is not empty"):
        make_kit(folder)
    assert sorted(folder.iterdir()) == before
    assert len(before) == 11 + 2
    value = json.loads((folder / "manifest.json").read_text())
    for damaged in ({**value, "plan": {"x": 1}}, {**value, "files": []}):
        with pytest.raises(ValueError, match="The manifest is damaged"):
            TableKit.from_json(damaged)
    with pytest.raises(ValueError, match="Not a kit's manifest"):
        TableKit.from_json([])
