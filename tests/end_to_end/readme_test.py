"""What README.md shows is run; `docs_site_test.py` parses its commands."""

import ast
import os
import pathlib
import re
import subprocess
import sys

import pytest

CHECKOUT = pathlib.Path.cwd()
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
PROGRAMS = [code for language, code in BLOCKS if language == "python"]


@pytest.mark.slow
def test_the_python_programs_run(tmp_path: pathlib.Path) -> None:
    assert PROGRAMS
    for code in PROGRAMS:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            check=False,
        )
        assert done.returncode == 0, done.stderr
    accuracies = ast.literal_eval(done.stdout.splitlines()[-1])
    assert set(accuracies) == {"fp32", "fp16", "dynamic", "int8"}
    assert min(accuracies.values()) > 0.9


def test_files_that_it_points_to_exist() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    for link in links:
        assert (CHECKOUT / link).exists(), link
