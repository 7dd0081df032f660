"""The parts of the docs site are made whole; .ci/run builds it of them."""

import importlib
import pathlib
import re

import pytest

from tools.docs_site import api_pages, check, flag_pages, source_links

CHECKOUT = pathlib.Path.cwd()


def test_the_navigation_has_every_page() -> None:
    text = (CHECKOUT / "mkdocs.yml").read_text(encoding="utf-8")
    named = re.findall(r"^ +- (?:.*: )?(\S+\.md)$", text, re.MULTILINE)
    docs = CHECKOUT / "docs"
    pages = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    pages |= {f"reference/flags/{name}.md" for name in flag_pages.commands()}
    pages |= set(api_pages.api_pages())
    pages |= set(source_links.ROOT_PAGES.values())
    assert sorted(named) == sorted(pages)


@pytest.mark.parametrize("package", ["nse_tf", "nse_tf.testing"])
def test_names_read_off_the_source_are_those_offered(package: str) -> None:
    offered = set(importlib.import_module(package).__all__)
    assert set(api_pages.public_names(package)) - {"__version__"} == offered


def test_every_public_name_is_on_a_page() -> None:
    pages = api_pages.api_pages()
    page = pages["reference/api/tuners.md"]
    for name in importlib.import_module("nse_tf.tuners").__all__:
        assert f"\n::: nse_tf.tuners.{name}\n" in page
    front = pages["reference/api/index.md"]
    assert "| `nse_tf.Choice` | [`nse_tf.supernet.Choice`]" in front
    assert "\n::: nse_tf.runs.model_tables.measured_costs\n" in front


def test_every_flag_of_a_command_has_type_default_and_help() -> None:
    page = flag_pages.flag_pages(["nse_describe"])
    (text,) = page.values()
    entries = re.findall(
        r"^### --(\w+) \{ #\1 \}\n\n\S.*\n\nType: .*; default: .*\.$",
        text,
        re.MULTILINE,
    )
    assert sorted(entries) == sorted(flag_pages.listed_flags("nse_describe"))
    assert text.index("\n## Most used\n") < text.index("\n## Flags of ")
    assert "\n### --format { #format }\n" in text


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://example.org/a.js"></script>',
        '<link rel="stylesheet" href="//example.org/a.css">',
        "<style>@font-face{src:url(https://example.org/a.woff)}</style>",
        '<img src="http://example.org/a.png">',
        '<pre class="mermaid">a</pre>',
    ],
)
def test_a_page_that_fetches_from_elsewhere_is_found(
    page: str, tmp_path: pathlib.Path
) -> None:
    clean = '<p id="x"><a href="https://arxiv.org">a</a><img src="b.png"></p>'
    (tmp_path / "clean.html").write_text(clean)
    assert not list(check.fetched(tmp_path))
    (tmp_path / "page.html").write_text(page)
    (sentence,) = check.fetched(tmp_path)
    assert sentence.startswith("page.html fetches ")


def test_an_entry_that_a_site_lacks_is_found(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.html").write_text('<h2 id="seed">seed</h2>')
    expected = [("a.html", "seed"), ("a.html", "space"), ("b.html", "seed")]
    assert list(check.missing(tmp_path, expected)) == [
        "a.html has no entry for space.",
        "b.html has no entry for seed.",
    ]


def test_links_that_leave_docs_lead_to_pages_of_the_site() -> None:
    page = "docs/architecture.md"
    readme = "nse_tf/training/README.md"
    assert readme in source_links.linked_files(page)
    text = "[a](../nse_tf/training/README.md#x) [b](ray.md) [c](https://d.e)"
    assert source_links.rewrite(text, page) == (
        "[a](source/nse_tf/training/README.md#x) [b](ray.md) [c](https://d.e)"
    )
    assert source_links.rewrite("[a](../../docs/ray.md)", readme) == (
        "[a](../../../ray.md)"
    )


def test_files_that_contributing_names_exist() -> None:
    text = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:nse_tf|tuners|flags|tests)/[\w/.]+)`", text)
    assert len(paths) > 20
    placeholders = ("NAME", "FAMILY", "PACKAGE")
    for path in paths:
        if not any(each in path for each in placeholders):
            assert (CHECKOUT / path).exists(), path
    shorter = re.findall(r"`((?:\w+/)+\w+\.py)`", text)
    for path in set(shorter) - set(paths):
        if not any(each in path for each in placeholders):
            assert list((CHECKOUT / "nse_tf").rglob(path)), path
