"""What the pages under docs/ show is run, page by page, from top to bottom."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

CHECKOUT = pathlib.Path.cwd()


def run(program: str, folder: pathlib.Path, *flags: str) -> str:
    """Runs a program in a folder; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program, *flags],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("page", ["choice", "keras_tuner", "nse"])
def test_the_programs_of_a_page_run(page: str, tmp_path: pathlib.Path) -> None:
    text = (CHECKOUT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    programs = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.M)
    assert programs
    run("\n".join(programs), tmp_path)


@pytest.mark.slow
def test_the_resnet_example_ends_in_files(tmp_path: pathlib.Path) -> None:
    program = (CHECKOUT / "examples" / "resnet_choice.py").read_text()
    printed = run(
        program, tmp_path, "--epochs=1", "--children=2", "--run_dir=resnet"
    )
    assert re.search(r"choice_5: (basic|bottleneck|separable|poi)", printed)
    assert re.search(r"int8: test accuracy 0\.\d+", printed)
    names = {each.name for each in (tmp_path / "resnet" / "best").iterdir()}
    assert "model_fp32.tflite" in names
