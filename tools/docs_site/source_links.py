"""Links from pages to files of the repository, which hold in both places.

A page links to a file by its path, as the code host wants it. In the site,
files outside of docs/ that a page links to become pages of their own.
"""

import json
import pathlib
import posixpath
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTEBOOKS = "examples/notebooks"
# Files outside of docs/ that have a place of their own in the navigation.
OWN_PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
} | {
    f"{NOTEBOOKS}/{path.name}": f"notebooks/{path.stem}.md"
    for path in (ROOT / NOTEBOOKS).glob("*.ipynb")
}
LINK = re.compile(r"(\]\()(?!\w+:|#)([^)#\s]+)((?:#[^)\s]*)?\))")
LANGUAGES = {".py": "python", ".cfg": "ini", ".toml": "toml", ".json": "json"}


def site_path(repository_path: str) -> str:
    """Returns where a file of the repository stands in the site."""
    if repository_path.startswith("docs/"):
        return repository_path.removeprefix("docs/")
    if repository_path in OWN_PAGES:
        return OWN_PAGES[repository_path]
    suffix = "" if repository_path.endswith(".md") else ".md"
    return f"source/{repository_path}{suffix}"


def linked_files(repository_path: str) -> set[str]:
    """Returns the files outside of docs/ that a Markdown file links to."""
    text = (ROOT / repository_path).read_text(encoding="utf-8")
    targets = {
        _resolve(repository_path, match[2]) for match in LINK.finditer(text)
    }
    return {path for path in targets if path and not path.startswith("docs/")}


def all_linked_files(pages: set[str]) -> set[str]:
    """Returns what pages link to, and what those link to, and so on."""
    found: set[str] = set()
    waiting = set(pages)
    while waiting:
        page = waiting.pop()
        new = linked_files(page) - found
        found |= new
        waiting |= {path for path in new if path.endswith(".md")} - pages
    return found


def source_page(repository_path: str) -> str:
    """Returns a file of the repository as a page of the site."""
    path = ROOT / repository_path
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    if path.suffix == ".ipynb":
        return _notebook_page(text, repository_path)
    language = LANGUAGES.get(path.suffix, "text")
    return f"# {repository_path}\n\n````{language}\n{text}````\n"


def _notebook_page(text: str, repository_path: str) -> str:
    """Returns the cells of a notebook as Markdown; it has no outputs."""
    parts = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        is_code = cell["cell_type"] == "code"
        parts.append(f"```python\n{source}\n```" if is_code else source)
    parts.insert(1, f"Run `{repository_path}` to see its plots.")
    return "\n\n".join(parts) + "\n"


def rewrite(text: str, repository_path: str) -> str:
    """Returns a file's Markdown with links as the site needs them."""
    here = posixpath.dirname(site_path(repository_path))

    def link(match: re.Match[str]) -> str:
        target = _resolve(repository_path, match[2])
        if target is None:
            return match[0]
        there = posixpath.relpath(site_path(target), here or ".")
        return f"{match[1]}{there}{match[3]}"

    return LINK.sub(link, text)


def _resolve(repository_path: str, link: str) -> str | None:
    """Returns the path in the repository of a link, None if it is no file."""
    folder = posixpath.dirname(repository_path)
    path = posixpath.normpath(posixpath.join(folder, link))
    if path.startswith("..") or not (ROOT / path).is_file():
        return None
    return path
