"""The pages in a real browser: `pytest -m browser`, Chromium on the PATH."""

import html
import json
import pathlib
import re
import subprocess
from typing import Any

import pytest

from nse_tf.costs import Budget
from nse_tf.methods import OneShotSearch
from nse_tf.reporting import write_comparison, write_report
from tests.reporting.made_up_run import begin_run, finish_run, make_history
from tools.browser import command

# A page in a frame as wide as a phone or a desk's screen, and what the browser
# found there. A page held in `srcdoc` may be looked into by the frame's owner.
WITNESS = """<!DOCTYPE html><body><iframe id="frame" srcdoc="{page}"
 style="width: {width}px; height: 6000px; border: 0"></iframe><script>
const frame = document.getElementById("frame");
frame.onload = () => {{
  const page = frame.contentDocument, view = frame.contentWindow;
  const wide = [...page.querySelectorAll("body *")].filter((each) =>
    !each.closest(".scroll, details") &&
    each.getBoundingClientRect().right > {width} + 1);
  const texts = [...page.querySelectorAll("svg text")];
  const sizes = texts.map((each) => each.getBoundingClientRect().height);
  const found = document.createElement("pre");
  found.id = "found";
  found.textContent = JSON.stringify({{
    width: page.documentElement.scrollWidth,
    tooWide: wide.map((each) => each.outerHTML.slice(0, 80)),
    figures: page.querySelectorAll("svg").length,
    unlabeled: page.querySelectorAll("svg:not([aria-label])").length,
    fetched: view.performance.getEntriesByType("resource").length,
    scripts: page.scripts.length,
    smallestText: Math.min(...sizes),
  }});
  document.body.replaceChildren(found);
}};
</script></body>"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The report of a run and the comparison of two."""
    folder = tmp_path_factory.mktemp("pages")
    runs = []
    for name, budget in (("one", Budget(macs=8e5)), ("other", Budget())):
        method: OneShotSearch = make_history(budget)
        begin_run(folder / name, method)
        finish_run(folder / name, method)
        runs.append(folder / name)
    return {
        "report": write_report(runs[0]).read_text(),
        "comparison": write_comparison(runs, folder / "both.html").read_text(),
    }


def seen_by_browser(
    page: str, width: int, folder: pathlib.Path
) -> dict[str, Any]:
    """Returns what Chromium found in a page of some width, without network."""
    witness = folder / "witness.html"
    witness.write_text(
        WITNESS.format(page=html.escape(page, quote=True), width=width)
    )
    done = subprocess.run(
        command(
            witness.as_uri(),
            folder,
            "--virtual-time-budget=20000",
            "--dump-dom",
        ),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in done.stderr  # No script error, no refused fetch.
    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout)
    assert match, done.stdout[-1000:]
    seen: dict[str, Any] = json.loads(html.unescape(match[1]))
    return seen


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("name", ["report", "comparison"])
def test_a_page_fits_its_screen_and_fetches_nothing(
    name: str, width: int, pages: dict[str, str], tmp_path: pathlib.Path
) -> None:
    seen = seen_by_browser(pages[name], width, tmp_path)
    assert 0 < seen["width"] <= width
    assert seen["tooWide"] == []
    assert (seen["fetched"], seen["scripts"]) == (0, 0)
    assert seen["figures"] >= 3
    assert seen["unlabeled"] == 0
    assert seen["smallestText"] > 8  # Pixels, on a phone.
