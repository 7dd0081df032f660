"""Files and functions stay small enough to be read at a sitting."""

import ast
import pathlib

import pytest

MAX_FILE, MAX_FUNCTION = 400, 60
FILES = sorted(
    path
    for folder in ("nse_tf", "tuners", "flags")
    for path in pathlib.Path(folder).rglob("*.py")
    if not path.is_symlink()
)


def test_there_are_files_to_look_at() -> None:
    assert len(FILES) > 300


@pytest.mark.parametrize("path", FILES, ids=str)
def test_files_and_functions_are_short(path: pathlib.Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_FILE
    long = {
        node.name: length
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION
    }
    assert not long
