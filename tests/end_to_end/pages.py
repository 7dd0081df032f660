"""What pages of docs/ let a user type, and how tests do it."""

import os
import pathlib
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence

CHECKOUT = pathlib.Path.cwd()


def blocks_of(page: str, language: str = "") -> list[str]:
    """Returns the code blocks of a page in one language, none for a shell's.

    Args:
        page: Its path below docs/, without its ending.
        language: As the page names it.
    """
    text = (CHECKOUT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.M)
    return [content for name, content in blocks if name == language]


def programs_of(page: str) -> str:
    """Returns all Python programs of a page as one."""
    programs = blocks_of(page, "python")
    assert programs
    return "\n".join(programs)


def require_outputs(page: str, printed: str) -> None:
    """Asserts that the programs of a page print what it shows, in this order.

    Numbers, and which ops a training chooses, may differ by machine, so that
    they are compared as `masked`.

    Args:
        page: Its path below docs/, without its ending.
        printed: What its programs printed.
    """
    outputs = blocks_of(page, "text")
    assert outputs
    rest = masked(printed)
    for output in outputs:
        _, found, rest = rest.partition(masked(output))
        assert found, f"{page} shows what is not printed:\n{output}"


def masked(text: str) -> str:
    """Returns a text with 0 for each number and `op` for each op of a page."""
    text = re.sub(r"\d[\d,.]*(e-?\d+)?", "0", text)
    return re.sub(r"(?<=[ '])(mbconv_k0_e0|identity\w*|conv0d_0)", "op", text)


def commands_of(page: str) -> list[list[str]]:
    """Returns what a page lets a user type, but for the installation."""
    lines = [line for block in blocks_of(page) for line in block.splitlines()]
    return [
        shlex.split(line)
        for line in lines
        if line.startswith(("nse_", "python "))
    ]


def run_program(program: str, folder: pathlib.Path, *argv: str) -> str:
    """Runs a Python program in a folder; returns what it prints."""
    return _run(["-c", program, *argv], folder).stdout


def run_command(
    command: Sequence[str], folder: pathlib.Path, search_flags: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """Runs a command of a page in a folder.

    Args:
        command: One of `commands_of`; a script is one of examples/.
        folder: Where.
        search_flags: What a search gets in addition, which makes it short.

    Returns:
        How it ended: well, or by 1, which says that files have faults.
    """
    name, *arguments = command
    if name == "python":
        script, *arguments = arguments
        program = [str(CHECKOUT / "examples" / script)]
    else:
        module = name.removeprefix("nse_")
        program = ["-m", f"nse_tf.flags.{module}"]
        arguments += search_flags if module == "search" else ()
    return _run([*program, *arguments], folder, (0, 1))


def _run(
    argv: Sequence[str], folder: pathlib.Path, allowed: Sequence[int] = (0,)
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *argv],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        check=False,
    )
    assert done.returncode in allowed, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done
