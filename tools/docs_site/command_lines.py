"""Command lines in pages, held against the flags of the commands.

Found is each flag that a page gives to a command or a script that has none of
that name, and each value that a command would refuse. All commands are imported
side by side for it, which they allow: no flag is defined twice.
"""

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any

from absl import flags

from nse_tf.spaces import PRESETS
from tools.docs_site import flag_pages, source_links

ROOT = flag_pages.ROOT
FENCED = re.compile(r"^( *)(`{3,})[^\n]*\n(.*?)^\1\2 *$", re.DOTALL | re.M)
INDENTED = re.compile(r"^ {4,}(\S.*)$", re.M)
# Within a paragraph, also over the end of a line.
INLINE = re.compile(r"(?<!`)(`+)(?!`)((?:(?!\n\n).)+?)(?<!`)\1(?!`)", re.DOTALL)
QUOTED = r"\"[^\"]*\"|'[^']*'"
# A command or a script, and what follows until the next or the end of a shell's
# command.
COMMAND_LINE = re.compile(
    r"(?<![\w./-])(nse_\w+|(?:benchmarks|examples)/[\w/]+\.py)"
    rf"((?:\s+(?!nse_|&|\||;|#)(?:{QUOTED}|\S)+)*)"
)
FLAG = re.compile(
    rf"(?<![\w-])--(?P<name>\w+)(?:=(?P<value>{QUOTED}|[^\s'\"\])]*))?"
)
# What stands for a value: nothing, dots, FILE, FILE.csv, <file>.
PLACEHOLDER = re.compile(r"|\.{3}|…|[A-Z][A-Z_]*(\.\w+)?|<.*>")
# The one command whose arguments are no flags alone.
TAKES_FOLDERS = "nse_report"
DEFINED = re.compile(r"DEFINE\w*\(\s*\"(\w+)\"")
NamedFlags = dict[str, flags.Flag[Any]]


def pages() -> dict[str, str]:
    """Returns the Markdown of all pages by path, and of texts of `--help`."""
    paths = sorted(ROOT.glob("*.md"))
    for folder in ("docs", "nse_tf"):
        paths += sorted((ROOT / folder).rglob("*.md"))
    names = [path.relative_to(ROOT).as_posix() for path in paths]
    names += source_links.OWN_PAGES  # With notebooks.
    texts = {name: source_links.source_page(name) for name in names}
    for name, module in flag_pages.commands().items():
        text = inspect.getdoc(importlib.import_module(module)) or ""
        texts[f"{name} --help"] = flag_pages.usage(text)
    return texts


def code_of(page: str) -> Iterator[str]:
    """Yields lines of code blocks, continued ones as one, and inline code."""
    prose = FENCED.sub("", page)
    blocks = [match[3] for match in FENCED.finditer(page)]
    for block in [*blocks, *INDENTED.findall(prose)]:
        yield from re.sub(r"\\\n\s*", " ", block).splitlines()
    for _, code in INLINE.findall(prose):
        # In a table `|` is escaped.
        yield " ".join(code.split()).replace(r"\|", "|")


def faults_of_pages() -> Iterator[str]:
    """Yields page and sentence for each fault of all pages."""
    lines = CommandLines()
    for path, page in pages().items():
        for fault in lines.faults(page):
            yield f"{path}: {fault}"


class CommandLines:
    """The flags of all commands and scripts, and what pages make of them."""

    def __init__(self) -> None:
        self.commands = {
            name: _flags_of(module)
            for name, module in flag_pages.commands().items()
        }
        self.scripts = {
            path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
            for folder in ("benchmarks", "examples")
            for path in (ROOT / folder).rglob("*.py")
        }
        # Those of scripts are read off their sources, and known to all: they
        # import each other.
        self.of_scripts = set(DEFINED.findall("".join(self.scripts.values())))

    def faults(self, page: str) -> Iterator[str]:
        """Yields a sentence for each fault of a page's command lines.

        Args:
            page: Its text, in Markdown.
        """
        for code in code_of(page):
            for line in COMMAND_LINE.finditer(code):
                yield from self._faults_of(line[1], line[2])
            if code.startswith("--"):
                yield from self._unknown_anywhere(code)

    def _faults_of(self, command: str, arguments: str) -> Iterator[str]:
        if command in self.scripts:
            for flag in FLAG.finditer(arguments):
                if flag["name"] not in self.of_scripts:
                    yield f"{command} has no flag --{flag['name']}."
        elif command in self.commands:
            for flag in FLAG.finditer(arguments):
                known = self.commands[command]
                if fault := _fault(known, flag["name"], flag["value"]):
                    yield f"{command} {fault}"
            words = re.findall(r"[^\s.…[\]'\"]\S*", FLAG.sub("", arguments))
            if words and command != TAKES_FOLDERS:
                yield f"{command} takes flags alone, no {words[0]}."
        elif FLAG.search(arguments):  # Else a name of something else.
            yield f"There is no {command}."

    def _unknown_anywhere(self, code: str) -> Iterator[str]:
        """Yields flags that stand alone and that nothing has."""
        for flag in FLAG.finditer(code):
            name, value = flag["name"], flag["value"]
            if name in self.of_scripts:
                continue
            faults = [
                _fault(known, name, value) for known in self.commands.values()
            ]
            if all(faults):
                yield f"No command or script takes {flag[0]}."


def _flags_of(module: str) -> NamedFlags:
    """Returns the flags of a command, and those that absl gives to all."""
    importlib.import_module(module)
    own = flags.FLAGS.get_key_flags_for_module(sys.modules[module])
    every = [
        flag
        for where, defined in flags.FLAGS.flags_by_module_dict().items()
        if where.startswith("absl.")
        for flag in defined
    ]
    return {flag.name: flag for flag in [*every, *own]}


def _fault(known: NamedFlags, name: str, value: str | None) -> str | None:
    """Returns what is wrong with `--name=value`, None if nothing is."""
    if name == "help":  # Which absl defines when a command starts.
        return None
    if name not in known:
        positive = known.get(name.removeprefix("no"))
        if positive is None or not positive.boolean:
            return f"has no flag --{name}."
        return f"takes --{name} without a value." if value else None
    for each in _values(value):
        try:
            known[name].parser.parse(each)
        except ValueError as error:
            return f"refuses --{name}={each}: {str(error).rstrip('.')}."
        is_preset = name == "space" and not each.endswith(".json")
        if is_preset and each not in (*PRESETS, "auto"):
            return f"knows no space {each}."
    return None


def _values(text: str | None) -> list[str]:
    """Returns the values that `a|b` stands for; none for a placeholder."""
    if text is None or PLACEHOLDER.fullmatch(text):
        return []
    return [text[1:-1]] if text[0] in "\"'" else text.split("|")
