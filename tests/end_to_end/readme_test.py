"""What README.md shows is run, or at least parsed."""

import ast
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

CHECKOUT = pathlib.Path.cwd()
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
PROGRAMS = [code for language, code in BLOCKS if language == "python"]
# From code spans and blocks: a binary of ours and what follows it.
COMMANDS = [
    [part for part in shlex.split(line) if part != "&&"]
    for line in re.findall(
        r"(?:^|`|/)(nse_\w+(?: [^`\n]*)?)(?=`|$)", README, re.MULTILINE
    )
]
BINARIES = {"nse_search": "search", "nse_describe": "describe"}
BINARIES |= {"nse_report": "report", "nse_shrink": "shrink"}
# Parses the command lines of one binary, as it would itself, and runs none.
PARSE = """
import json, sys
from absl import flags
from absl.testing import flagsaver
import nse_tf.flags.{module}
for argv in json.load(sys.stdin):
    with flagsaver.flagsaver():
        rest = flags.FLAGS([each for each in argv if each != "--help"])
    if "{module}" != "report" and rest[1:]:
        raise SystemExit(f"{{argv}}: {{rest[1:]}} are no flags")
"""


def run(
    program: str, cwd: pathlib.Path, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs a program with the checkout in place of an installed package."""
    return subprocess.run(
        [sys.executable, "-c", program],
        input=given,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        check=False,
    )


@pytest.mark.slow
def test_the_python_programs_run(tmp_path: pathlib.Path) -> None:
    assert PROGRAMS
    for code in PROGRAMS:
        done = run(code, tmp_path)
        assert done.returncode == 0, done.stderr
    accuracies = ast.literal_eval(done.stdout.splitlines()[-1])
    assert set(accuracies) == {"fp32", "fp16", "dynamic", "int8"}
    assert min(accuracies.values()) > 0.9


@pytest.mark.parametrize("binary", BINARIES)
def test_the_console_lines_use_flags_that_exist(
    tmp_path: pathlib.Path, binary: str
) -> None:
    lines = [each for each in COMMANDS if each[0] == binary]
    assert lines
    program = PARSE.format(module=BINARIES[binary])
    done = run(program, tmp_path, json.dumps(lines))
    assert done.returncode == 0, done.stderr


def test_every_binary_is_installed() -> None:
    setup = (CHECKOUT / "setup.cfg").read_text()
    for name, module in BINARIES.items():
        assert f"{name} = nse_tf.flags.{module}:run" in setup


def test_flags_in_running_text_exist() -> None:
    named = set(re.findall(r"`--(?:no)?(\w+)", README))
    defined = {
        name
        for path in (CHECKOUT / "flags").glob("*.py")
        for name in re.findall(r'"(\w+)"', path.read_text())
    }
    assert named
    assert named <= defined


def test_files_that_it_points_to_exist() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    for link in links:
        assert (CHECKOUT / link).exists(), link
