"""The parts of the docs site are made whole; .ci/run builds it of them."""

import importlib
import pathlib
import re

import pytest

from tools.docs_site import (
    api_pages,
    check,
    command_lines,
    flag_pages,
    source_links,
)

CHECKOUT = pathlib.Path.cwd()


def test_the_navigation_has_every_page() -> None:
    text = (CHECKOUT / "mkdocs.yml").read_text(encoding="utf-8")
    named = re.findall(r"^ +- (?:.*: )?(\S+\.md)$", text, re.MULTILINE)
    docs = CHECKOUT / "docs"
    pages = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    pages |= {f"reference/flags/{name}.md" for name in flag_pages.commands()}
    pages |= set(api_pages.api_pages())
    pages |= set(source_links.OWN_PAGES.values())
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


def test_commands_in_pages_have_flags_that_exist() -> None:
    pages = command_lines.pages()
    assert {"README.md", "CONTRIBUTING.md", "docs/mobile.md"} <= pages.keys()
    assert "nse_lut --help" in pages
    assert not list(command_lines.faults_of_pages())


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("nse_search --sed=0", "nse_search has no flag --sed."),
        ("a && nse_rank \\\n  --macs=8", "nse_rank has no flag --macs."),
        ("nse_find --seed=0", "There is no nse_find."),
        ("nse_search --effort=tiny", "nse_search refuses --effort=tiny: "),
        ("nse_lut --published=nse|none", "nse_lut refuses --published=none: "),
        ("nse_search --epochs=2", "nse_search has no flag --epochs."),
        ("nse_search --batch_size=b", "nse_search refuses --batch_size=b: "),
        ("nse_search --noseed", "nse_search has no flag --noseed."),
        ("nse_search --noshrink=1", "nse_search takes --noshrink without "),
        ("nse_lut --space=spot", "nse_lut knows no space spot."),
        ("nse_search --seed=0 runs/a", "nse_search takes flags alone, no ru"),
        ("nse_search runs/a --seed=0", "nse_search takes flags alone, no ru"),
        ("python examples/resnet_choice.py --epoch=1", "examples/resnet_ch"),
    ],
)
def test_a_command_that_is_none_is_found(code: str, sentence: str) -> None:
    lines = command_lines.CommandLines()
    wrapped = code.replace("\\\n", "\n").replace(" --", "\n--", 1)
    for page in (f"```\n{code}\n```\n", f"Run `{wrapped}` now."):
        (found,) = lines.faults(page)
        assert found.startswith(sentence)


@pytest.mark.parametrize(
    "code",
    [
        "A=1 nse_search --effort=FILE --noshrink --seed=… # --this is none",
        "nse_latency --model=a.tflite [--num_threads=2] [--noxnnpack] ...",
        "ray exec c.yaml 'nse_search --engine=ray --run_dir=/data/run'",
        'nse_describe --space=nb201 --genotype="|none~0|+|--x..."',
        "nse_tiny is a space",
        "nse_search --effort=demo|quick && pip install --quiet nse_tf",
        "nse_search --help",
        "nse_report runs/a | other --flag",
        "--paths=sandwich",
    ],
)
def test_a_command_with_placeholders_is_none(code: str) -> None:
    lines = command_lines.CommandLines()
    assert not list(lines.faults(f"```\n{code}\n```\n\nOr `{code}`."))


def test_a_flag_alone_belongs_to_some_command() -> None:
    (found,) = command_lines.CommandLines().faults("Give `--sed=1`.")
    assert found == "No command or script takes --sed=1."


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
