import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from absl.testing import flagsaver

from nse_tf.costs import Budget
from nse_tf.export import export_model
from nse_tf.flags.report import report
from nse_tf.reporting import summary_text, write_report
from tests.export.textures import CLASSES, make_trained
from tests.reporting.made_up_run import begin_run, finish_run, make_history

PROGRAM = """
import sys
sys.path.insert(0, {checkout!r})
sys.argv[0] = "nse_report"
from nse_tf.flags.report import run
try:
    run()
finally:
    loaded = [name for name in ("tensorflow", "keras") if name in sys.modules]
    sys.stderr.write(" ".join(loaded))
"""


def run(*argv: str, cwd: pathlib.Path) -> subprocess.CompletedProcess[str]:
    """Runs the binary as a user does; stderr ends with what it loaded."""
    program = PROGRAM.format(checkout=str(pathlib.Path.cwd()))
    return subprocess.run(
        [sys.executable, "-c", program, *argv],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder with one finished run, `digits`."""
    folder = tmp_path_factory.mktemp("runs")
    method = make_history(Budget(macs=8e5))
    begin_run(folder / "digits", method)
    finish_run(folder / "digits", method)
    return folder


def test_the_report_is_made_and_printed_without_tensorflow(
    runs: pathlib.Path,
) -> None:
    done = run("--v=0", "digits", cwd=runs)  # Flags may stand before and after.
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"{summary_text(runs / 'digits')}\nReport: digits/report.html\n"
    )
    page = (runs / "digits" / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")


def test_two_runs_are_compared(
    runs: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(runs / "digits", tmp_path / "again")
    folders = (str(runs / "digits"), str(tmp_path / "again"))
    monkeypatch.chdir(tmp_path)
    report(folders)
    assert capsys.readouterr().out.endswith("\nComparison: comparison.html\n")
    with flagsaver.flagsaver(output="both.html"):
        report(folders)
    assert capsys.readouterr().out.endswith("\nComparison: both.html\n")
    page = (tmp_path / "both.html").read_text(encoding="utf-8")
    assert "2 runs compared" in page


def test_curves_for_tensorboard_are_brought_up_to_date(
    runs: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    shutil.copytree(runs / "digits", tmp_path / "digits")
    shutil.rmtree(tmp_path / "digits" / "tensorboard", ignore_errors=True)
    report([str(tmp_path / "digits")])
    (file,) = (tmp_path / "digits" / "tensorboard").iterdir()
    assert file.stat().st_size > 1000


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (["nowhere"], "`run_dir` is 'nowhere': no such folder."),
        (["."], "`run_dir` is '.', which holds no run"),
        ([], "Name a run's folder: nse_report RUN_DIR."),
        (["digits", "digits"], "`run_dirs` names 'digits' twice."),
        (["digits", "nowhere"], "`run_dir` is 'nowhere': no such folder."),
    ],
)
def test_bad_input_is_refused(
    folders: list[str],
    message: str,
    runs: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(runs)
    with pytest.raises((ValueError, OSError), match=re.escape(message)):
        report(folders)
    assert not (runs / "report.html").exists()
    assert not (runs / "comparison.html").exists()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["nowhere"], "`run_dir` is 'nowhere': no such folder."),
        (["digits", "--colour=red"], "Unknown command line flag 'colour'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    argv: list[str], message: str, runs: pathlib.Path
) -> None:
    done = run(*argv, cwd=runs)
    assert done.returncode == 2
    assert done.stderr.startswith(f"nse_report: {message}")
    assert done.stderr.count("\n") == 1


def test_a_damaged_file_is_named(
    runs: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    shutil.copytree(runs / "digits", tmp_path / "digits")
    (tmp_path / "digits" / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"digits/config\.json is not JSON"):
        report([str(tmp_path / "digits")])


def test_help_says_how_to_call_it(tmp_path: pathlib.Path) -> None:
    done = run("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "nse_report runs/digits" in done.stdout


def test_what_the_exporter_writes_is_reported(
    runs: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """The two packages do not know each other; their files must fit."""
    shutil.copytree(runs / "digits", tmp_path / "digits")
    trained = make_trained()
    exported = export_model(
        trained.model,
        tmp_path / "digits" / "best",
        calibration_images=trained.images,
        test_images=trained.test_images,
        test_labels=trained.test_labels,
        class_names=CLASSES,
    )
    page = write_report(tmp_path / "digits").read_text(encoding="utf-8")
    summary = summary_text(tmp_path / "digits")
    for precision, check in exported.checks.items():
        latency = exported.latencies[precision]
        assert f"{check.size_bytes:,}</td>" in page
        assert f"{check.num_errors} of 200</td>" in page
        assert f"{latency.median_ms:.4g} ms</td>" in page
        assert exported.sha256[precision][:8] in page
        assert f"model_{precision}.tflite" in summary
        assert latency.machine.runtime_version in summary
    assert "labels.txt" in page
