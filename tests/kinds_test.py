"""Only `supernet/networks.py` asks of what kind a space is.

All other code asks the contracts: `Skeleton`, `DecisionPoint` and `Supernet`.
"""

import ast
import pathlib
import re
from collections.abc import Iterator

from nse_tf.spaces import DecisionPoint, Skeleton

ROOT = pathlib.Path(__file__).parents[1]
FOLDERS = ("nse_tf", "tuners", "flags")
DISPATCHER = "nse_tf/supernet/networks.py"


def named(kind: type) -> Iterator[str]:
    """Yields the names of a class and all its subclasses."""
    yield kind.__name__
    subclasses: list[type] = kind.__subclasses__()
    for subclass in subclasses:
        yield from named(subclass)


def supernet_classes() -> Iterator[str]:
    """Yields the names of the classes of families of supernets."""
    for folder in ("chains", "cells", "user_models"):
        for path in (ROOT / "nse_tf/supernet" / folder).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    yield node.name


def lines_that_test(source: str, kinds: set[str]) -> list[int]:
    """Returns the lines of `isinstance` and `match` on one of some classes."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        tested: list[ast.expr] = []
        if not isinstance(node, ast.expr | ast.pattern):
            continue
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "isinstance",
            "issubclass",
        ):
            tested = list(node.args[1:])
        elif isinstance(node, ast.MatchClass):
            tested = [node.cls]
        if kinds & set(re.findall(r"\w+", " ".join(map(ast.unparse, tested)))):
            lines.append(node.lineno)
    return lines


def test_the_kind_of_a_space_is_tested_in_one_file() -> None:
    kinds = {*named(Skeleton), *named(DecisionPoint), *supernet_classes()}
    kinds.discard("Choice")  # A layer in users' own models, of no family.
    assert {"BranchSkeleton", "Edge", "LayerBlock", "DartsSupernet"} <= kinds
    found = {
        path.relative_to(ROOT).as_posix(): lines
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (lines := lines_that_test(path.read_text("utf-8"), kinds))
    }
    assert found.keys() <= {DISPATCHER}, found


def test_what_tests_a_kind_is_found() -> None:
    source = """
if isinstance(space.skeleton, spaces.DartsSkeleton):
    pass
elif isinstance(block, (Edge, int)):
    pass
elif isinstance(op, Pool):
    pass
match skeleton:
    case NB201Skeleton():
        pass
"""
    kinds = {"DartsSkeleton", "Edge", "NB201Skeleton"}
    assert sorted(lines_that_test(source, kinds)) == [2, 4, 9]
