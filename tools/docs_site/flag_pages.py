"""Pages of flags, a page a command, made from the flags themselves.

  python -m tools.docs_site.flag_pages COMMAND

prints the page of one command. Two commands may define a flag of one name, so
that each page is made in a process of its own.
"""

import configparser
import html
import importlib
import inspect
import itertools
import pathlib
import re
import subprocess
import sys
import types
from collections.abc import Iterable
from typing import Any

from absl import flags

ROOT = pathlib.Path(__file__).resolve().parents[2]


def commands() -> dict[str, str]:
    """Returns the module of each command that setup.cfg installs."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lines = setup["options.entry_points"]["console_scripts"].split("\n")
    pairs = (line.split(" = ") for line in lines if line)
    return {name: target.split(":")[0] for name, target in pairs}


def flag_pages(names: Iterable[str] | None = None) -> dict[str, str]:
    """Returns Markdown by path in the site, a page for each command.

    Args:
        names: The commands; None for all that are installed.
    """
    module = "tools.docs_site.flag_pages"
    return {
        f"reference/flags/{name}.md": _printed(module, name)
        for name in (commands() if names is None else names)
    }


def listed_flags(command: str) -> list[str]:
    """Returns the names of the flags that `--help` of a command lists."""
    text = _printed(commands()[command], "--help")
    return re.findall(r"^  --(?:\[no\])?(\w+)", text, re.MULTILINE)


def _printed(module: str, argument: str) -> str:
    """Returns what a module prints, run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", module, argument],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return done.stdout


def flag_page(command: str) -> str:
    """Returns the page of one command: the text of `--help`, then all flags.

    The flags that the text names come first. Others are grouped by the module
    that defines them, under the first line of its docstring.
    """
    module = importlib.import_module(commands()[command])
    text = inspect.getdoc(module) or ""
    named = re.findall(r"--(?:no)?(\w+)", text)
    every = sorted(
        flags.FLAGS.get_key_flags_for_module(module),
        key=lambda flag: (_order(flag, module), flag.name),
    )
    most_used = [flag for flag in every if flag.name in named]
    most_used.sort(key=lambda flag: named.index(flag.name))
    groups = {"Most used": most_used}
    rest = (flag for flag in every if flag.name not in named)
    for where, group in itertools.groupby(rest, _defining_module):
        groups[_caption(where, module, command)] = list(group)
    parts = [f"# {command}", usage(text)]
    for caption, members in groups.items():
        if members:
            parts.append(f"## {caption}")
            parts.extend(_entry(flag) for flag in members)
    return "\n\n".join(parts) + "\n"


def usage(text: str) -> str:
    """Returns a docstring as Markdown: indented lines are commands."""
    blocks = re.split(r"\n\s*\n", text)
    return "\n\n".join(
        f"```\n{inspect.cleandoc(block)}\n```" if block[0] == " " else block
        for block in blocks
    )


def _defining_module(flag: flags.Flag[Any]) -> str:
    return str(flags.FLAGS.find_module_defining_flag(flag.name))


def _order(
    flag: flags.Flag[Any], module: types.ModuleType
) -> tuple[bool, bool, str]:
    """Sorts a command's own flags before those it shares with others."""
    where = _defining_module(flag)
    config = f"{module.__name__}_flags"
    return where != module.__name__, where != config, where


def _caption(where: str, module: types.ModuleType, command: str) -> str:
    """Returns what a group of flags is for, as a heading."""
    if where in (module.__name__, f"{module.__name__}_flags"):
        return f"Flags of {command}"
    doc = inspect.getdoc(importlib.import_module(where)) or where
    line = doc.splitlines()[0].rstrip(".").replace("`", "")
    line = line.removeprefix("Flags that ").removeprefix("Flags of ")
    line = line.removesuffix(", shared by the binaries")
    return line[0].upper() + line[1:]


def _entry(flag: flags.Flag[Any]) -> str:
    """Returns name, type, default and help of one flag."""
    kind = str(flag.flag_type())
    choices = getattr(flag.parser, "enum_values", None)
    values = " | ".join(f"`{each}`" for each in choices or ())
    limits = getattr(flag.parser, "syntactic_help", "")
    lines = [f"### --{flag.name} {{ #{flag.name} }}", _prose(flag.help or "")]
    facts = [f"Type: {values or kind}", f"default: {_default(flag)}"]
    if limits and not values:
        facts.insert(1, html.escape(limits))
    return "\n\n".join([*lines, "; ".join(facts) + "."])


def _default(flag: flags.Flag[Any]) -> str:
    if flag.default is None:
        return "none"
    if flag.flag_type() == "bool":
        return "on" if flag.default else f"off (`--no{flag.name}`)"
    text = flag.default_as_str or ""
    return f"`{text.strip(chr(39))}`"


def _prose(text: str) -> str:
    """Returns help as Markdown, in which `<` and `*` mean themselves."""
    without_choices = re.sub(r"^<[^>]*>: ", "", " ".join(text.split()))
    return re.sub(r"([*_<\[])", r"\\\1", without_choices)


if __name__ == "__main__":
    sys.stdout.write(flag_page(sys.argv[1]))
