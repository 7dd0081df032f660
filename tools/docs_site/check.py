"""Checks a built site: nothing fetched from elsewhere, nothing left out.

  python -m tools.docs_site.check SITE

Fonts, scripts, styles and images of all pages must lie in the site itself.
Every public name and every flag must have an anchor on its page.
"""

import html.parser
import pathlib
import re
import sys
from collections.abc import Iterable, Iterator

from tools.docs_site import api_pages, flag_pages

# Tags that make a browser fetch what they name; plain links do not.
FETCHING = {
    "script": "src",
    "img": "src",
    "source": "src",
    "iframe": "src",
    "link": "href",
}
ELSEWHERE = re.compile(r"^(?:\w+:)?//")
STYLE_FETCH = re.compile(r"(?:url\(|@import )\s*[\"']?((?:https?:)?//[^\"')]+)")


class Page(html.parser.HTMLParser):
    """Anchors of a page, and what it makes a browser fetch from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.fetched: list[str] = STYLE_FETCH.findall(text)
        self.feed(text)

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Notes the anchor and the address of one tag."""
        values = dict(attrs)
        self.anchors.add(values.get("id") or "")
        address = values.get(FETCHING.get(tag, "")) or ""
        if ELSEWHERE.match(address):
            self.fetched.append(address)
        if "mermaid" in (values.get("class") or "").split():
            # The theme fetches the library that draws it.
            self.fetched.append("mermaid")


def read_pages(site: pathlib.Path) -> dict[str, Page]:
    """Returns the pages of a built site by their paths in it.

    Raises:
        ValueError: If there are none.
    """
    pages = {
        path.relative_to(site).as_posix(): Page(path.read_text("utf-8"))
        for path in sorted(site.rglob("*.html"))
    }
    if not pages:
        raise ValueError(f"{site} has no pages; run `mkdocs build` first.")
    return pages


def fetched(site: pathlib.Path) -> Iterator[str]:
    """Yields a sentence for each file that a site fetches from elsewhere."""
    for name, page in read_pages(site).items():
        for address in page.fetched:
            yield f"{name} fetches {address}; put a copy into docs/."
    for path in site.rglob("*.css"):
        for address in STYLE_FETCH.findall(path.read_text("utf-8")):
            yield f"{path.relative_to(site)} fetches {address}."


def missing(
    site: pathlib.Path, expected: Iterable[tuple[str, str]]
) -> Iterator[str]:
    """Yields a sentence for each page and anchor that a site lacks."""
    pages = read_pages(site)
    for name, anchor in expected:
        if name not in pages or anchor not in pages[name].anchors:
            yield f"{name} has no entry for {anchor}."


def expected_anchors() -> Iterator[tuple[str, str]]:
    """Yields page and anchor of every public name and every flag."""
    for package in api_pages.documented_packages():
        for name in api_pages.public_names(f"nse_tf.{package}"):
            yield f"reference/api/{package}.html", f"nse_tf.{package}.{name}"
    for command in flag_pages.commands():
        for flag in flag_pages.listed_flags(command):
            yield f"reference/flags/{command}.html", flag


def main() -> None:
    """Checks the site that the command line names."""
    site = pathlib.Path(sys.argv[1])
    faults = [*fetched(site), *missing(site, expected_anchors())]
    sys.exit("\n".join(faults) or 0)


if __name__ == "__main__":
    main()
