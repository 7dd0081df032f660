import dataclasses
import html.parser
import json
import pathlib
import re
import shutil

import pytest

from nse_tf.costs import Budget
from nse_tf.events import Entry, RunFailed
from nse_tf.methods import OneShotSearch
from nse_tf.reporting import RunLog, write_report
from nse_tf.spaces.files import write_json
from tests.reporting.made_up_run import (
    CONFIG,
    begin_run,
    export_json,
    finish_run,
    make_history,
)

VOID = {"meta", "wbr", "br", "link", "img", "hr", "input", "source"}
ADDRESSES = {"src", "href", "xlink:href", "srcset", "data", "action"}


class Page(html.parser.HTMLParser):
    """A page taken apart; refuses one that is not balanced."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(content)
        self.close()
        assert self.open == []

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Notes an element."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Closes an element, which must be the innermost one."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Notes what is shown."""
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def named(self, tag: str) -> list[dict[str, str]]:
        """Returns the attributes of every element of one name."""
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        """All that is shown, figures included."""
        return " ".join(" ".join(self.texts).split())


def page_of(folder: pathlib.Path) -> Page:
    return Page(write_report(folder).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(
    run_dir: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> Page:
    folder = tmp_path_factory.mktemp("copy") / "digits"
    shutil.copytree(run_dir, folder)
    return page_of(folder)


def test_the_page_needs_nothing_from_anywhere(page: Page) -> None:
    for _, attributes in page.tags:
        for name in ADDRESSES & set(attributes):
            assert attributes[name].startswith("#")
        for value in attributes.values():
            assert re.findall(r"url\((?!#)", value) == []
            assert "http" not in value
    assert page.named("script") == page.named("link") == page.named("img") == []


def test_the_style_sheet_fetches_nothing(run_dir: pathlib.Path) -> None:
    content = write_report(run_dir).read_text(encoding="utf-8")
    (style,) = re.findall(r"<style>(.*?)</style>", content, re.S)
    assert "url(" not in style
    assert "@import" not in style
    used = set(re.findall(r"var\((--[a-z0-9]+)\)", content))
    light, dark = style.split("prefers-color-scheme: dark")
    for variable in used - {"--width"}:
        assert f"{variable}:" in light
        assert f"{variable}:" in dark


def test_every_figure_says_what_it_shows(page: Page) -> None:
    figures = page.named("svg")
    assert len(figures) == len(page.named("figure")) >= 9
    for attributes in figures:
        assert attributes["role"] == "img"
        assert len(attributes["aria-label"]) > 40


def test_ids_are_unique_and_references_hold(page: Page) -> None:
    ids = [each["id"] for _, each in page.tags if "id" in each]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        for value in attributes.values():
            for target in re.findall(r"url\(#([^)]+)\)", value):
                assert target in ids
        if "href" in attributes:
            assert attributes["href"][1:] in ids


def test_the_answer_comes_first_with_the_numbers_of_the_files(
    page: Page, run_dir: pathlib.Path
) -> None:
    result = json.loads((run_dir / "best" / "result.json").read_text())
    first = page.text.split("The winner, block by block")[0]
    assert "98.89 %" in first
    assert "took 3 min 22 s" in first
    assert "4 of 360 test images wrong" in first
    assert f"{result['costs']['macs']:,} for one image" in first
    assert f"{result['costs']['params']:,} trained numbers" in first
    for shown in ("0.0712 ms", "fp32 0.142 ms", "54.3 kB", "fp32 151 kB"):
        assert shown in first
    assert "with 1 thread, ai-edge-litert 2.1.0, delegate XNNPACK" in first
    assert "at most 800,000" in first
    assert first.count("✓ met") == 2


def test_the_winner_is_shown_block_by_block(
    page: Page, run_dir: pathlib.Path
) -> None:
    result = json.loads((run_dir / "best" / "result.json").read_text())
    text = page.text.split("The winner, block by block")[1]
    text = text.split("How it was found")[0]
    assert "stem conv_k3_s1 8×8×1 → 8×8×16 9,216 176" in text
    for number, name in enumerate(result["ops"]):
        block = f"stage{[0, 0, 1, 1, 1, 2, 2, 2][number]}_block"
        assert re.search(rf"{block}\d {name} ", text)
    costs = result["costs"]
    assert f"total {costs['macs']:,} {costs['params']:,}" in text
    assert " ".join(result["ops"]) in text


def test_how_far_the_ranking_can_be_trusted_is_said_with_the_answer(
    page: Page,
) -> None:
    first = page.text.split("The winner, block by block")[0]
    assert "The ranking. 6 networks, spread over the ranks" in first
    assert "95 % bootstrap interval" in first
    assert "How well the supernet ranked" in page.text


def test_exact_sizes_and_latencies_are_in_the_table(page: Page) -> None:
    text = page.text.split("Files and their checks")[1]
    assert "Bytes 151,204 82,116 54,328" in text
    assert "Median latency 0.1423 ms 0.1438 ms 0.07123 ms" in text
    assert "Integer weights 0 % 0 % 100 %" in text
    assert text.count("✓ sound") == 3


def test_stages_failures_and_settings_are_reported(page: Page) -> None:
    assert "search 3 min 0 s" in page.text
    assert "export 21 s" in page.text
    assert "total 3 min 22 s" in page.text
    assert "evaluate_children: ran out of <memory>" in page.text
    assert "max_macs 800000" in page.text
    assert "tensorflow 2.21.0" in page.text


def test_children_measured_whole_are_reported(page: Page) -> None:
    text = page.text.split("Measured whole before the choice")[1]
    assert "Accuracy Latency by table measured 1 " in text


def test_the_same_folder_makes_the_same_bytes(run_dir: pathlib.Path) -> None:
    first = write_report(run_dir).read_bytes()
    assert write_report(run_dir).read_bytes() == first


def test_what_users_wrote_is_shown_and_not_run(
    method: OneShotSearch, tmp_path: pathlib.Path
) -> None:
    bad = "<script>alert('x')</script>&amp;"
    begin_run(tmp_path, method, {"dataset": bad}, bad, (bad, '"><img src=x>'))
    write_json(tmp_path / "best" / "export.json", export_json(int8=[bad]))
    RunLog(tmp_path / "log.jsonl").append([Entry("e", RunFailed(error=bad))])
    page = page_of(tmp_path)
    assert page.named("script") == page.named("img") == []
    assert page.text.count(bad) >= 5
    assert '"><img src=x>' in page.text


@pytest.mark.parametrize("num_jobs", [0, 1, 2, 4, 6, 9])
def test_a_run_can_be_looked_at_while_it_continues(
    num_jobs: int, tmp_path: pathlib.Path
) -> None:
    begin_run(tmp_path, make_history(Budget(macs=8e5), max_jobs=num_jobs))
    page = page_of(tmp_path)
    assert "This run has not finished." in page.text
    assert ("children evaluated" in page.text) is (num_jobs > 4)


def test_a_run_of_the_library_is_named_after_its_folder(
    method: OneShotSearch, tmp_path: pathlib.Path
) -> None:
    RunLog(tmp_path / "mine" / "log.jsonl").append(method.history)
    page = page_of(tmp_path / "mine")
    assert page.text.startswith("mine: search report")
    assert "Operator scores" not in page.text


def test_a_failed_run_says_why(
    method: OneShotSearch, tmp_path: pathlib.Path
) -> None:
    begin_run(tmp_path, method)
    RunLog(tmp_path / "log.jsonl").append(
        [Entry("e", RunFailed(error="No space left on device"))]
    )
    first = page_of(tmp_path).text.split("The winner")[0]
    assert "This run failed: No space left on device" in first


def test_a_faulty_file_is_reported_with_its_fault(
    method: OneShotSearch, tmp_path: pathlib.Path
) -> None:
    begin_run(tmp_path, method)
    finish_run(tmp_path, method)
    write_json(
        tmp_path / "best" / "export.json", export_json(int8=["Not integer."])
    )
    text = page_of(tmp_path).text
    assert text.count("✓ sound") == 2
    assert "✗ see below" in text
    assert "model_int8.tflite: Not integer." in text


def test_a_missed_limit_is_reported(tmp_path: pathlib.Path) -> None:
    budget = Budget(size_bytes=100_000)
    config = dataclasses.replace(CONFIG, shrinking=None)
    method = make_history(budget, config)
    begin_run(tmp_path, method)
    finish_run(tmp_path, method)
    text = page_of(tmp_path).text
    assert "Budget missed File size ≤ 100 kB" in text
    assert "✗ missed by 51.2 %" in text


def test_a_floor_of_latency_is_reported_as_measured(
    tmp_path: pathlib.Path,
) -> None:
    config = dataclasses.replace(CONFIG, shrinking=None)
    method = make_history(Budget(latency_ms=15.0, min_latency_ms=1.0), config)
    begin_run(tmp_path, method)
    finish_run(tmp_path, method)
    text = page_of(tmp_path).text
    # The made-up file takes 0.1423 ms.
    assert "at least 1 ms" in text
    assert "✗ missed by 85.8 %" in text


def test_a_search_without_shrinking_has_no_funnel(
    tmp_path: pathlib.Path,
) -> None:
    config = dataclasses.replace(CONFIG, shrinking=None, num_finalists=2)
    method = make_history(Budget(), config)
    begin_run(tmp_path, method)
    finish_run(tmp_path, method)
    text = page_of(tmp_path).text
    assert "How the space was narrowed" not in text
    assert "Budget none no limit was set" in text
    assert "finalist" in text
    assert "rank check" in text
    assert "No job failed." in text


def test_a_damaged_folder_keeps_its_old_page(
    run_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(run_dir, folder)
    before = write_report(folder).read_bytes()
    (folder / "best" / "export.json").write_text("{")
    with pytest.raises(ValueError, match=r"export\.json is not JSON"):
        write_report(folder)
    assert (folder / "report.html").read_bytes() == before
