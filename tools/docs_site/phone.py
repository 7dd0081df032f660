"""Looks at each page of the site as a phone shows it.

    python -m tools.docs_site.phone SITE

Prints what is wrong, and ends with 1 if anything is: a page that is wider than
the screen, a picture without an alternative text, a script error. All pages
have the same scripts, which are run on the first page alone.
"""

import functools
import http.server
import json
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from tools.browser import command

WIDTH = 390
NAME = "/phone.html"
# Most seconds between two pages.
PATIENCE = 60
# Loads page after page into a frame of a phone's width; posts what it finds.
WITNESS = """<!DOCTYPE html><meta charset="utf-8">
<iframe id="frame" style="width: {width}px; height: 800px; border: 0"></iframe>
<script>
const frame = document.getElementById("frame");
const pages = {pages};
async function look() {{
  for (const name of pages) {{
    if (name != pages[0]) frame.sandbox = "allow-same-origin";
    await new Promise((loaded) => {{
      frame.onload = loaded;
      frame.src = name;
    }});
    const page = frame.contentDocument;
    await fetch("{name}", {{method: "POST", body: JSON.stringify({{
      page: name,
      width: page.documentElement.scrollWidth,
      unlabeled: [...page.querySelectorAll("img")].filter(
        (each) => !each.alt).map((each) => each.getAttribute("src")),
      words: page.body.innerText.length,
    }})}});
  }}
}}
look();
</script>"""


class Server(http.server.ThreadingHTTPServer):
    """Serves a site, and a page that looks at all others.

    Args:
        site: The folder of the site.
        pages: Those that are looked at, by their paths in it.
    """

    def __init__(self, site: pathlib.Path, pages: Sequence[str]) -> None:
        handler = functools.partial(_Handler, directory=str(site))
        super().__init__(("127.0.0.1", 0), handler)
        self.seen: queue.Queue[dict[str, Any]] = queue.Queue()
        self.witness = WITNESS.format(
            width=WIDTH, pages=json.dumps(pages), name=NAME
        ).encode()

    @property
    def url(self) -> str:
        """The address of the page that looks at all others."""
        return f"http://127.0.0.1:{self.server_port}{NAME}"


class _Handler(http.server.SimpleHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if self.path != NAME:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.witness)

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.seen.put(json.loads(self.rfile.read(length)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass  # Thousands of requests are no news.


def faults(site: pathlib.Path) -> Iterator[str]:
    """Yields what is wrong on a phone, a sentence each.

    Args:
        site: The folder of the site.

    Raises:
        RuntimeError: If no browser can be had.
    """
    pages = sorted(
        each.relative_to(site).as_posix()
        for each in site.rglob("*.html")
        if each.name != "404.html"  # Its addresses begin at the site's root.
    )
    if not pages:
        yield f"{site} has no pages."
        return
    with (
        Server(site, pages) as server,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch,
    ):
        folder = pathlib.Path(scratch)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with (
            (folder / "log").open("w+", encoding="utf-8") as log,
            subprocess.Popen(
                command(server.url, folder), stderr=log
            ) as browser,
        ):
            try:
                for _ in pages:
                    yield from _faults_of(server.seen.get(timeout=PATIENCE))
            except queue.Empty:
                yield f"A page was not loaded within {PATIENCE} s."
            finally:
                browser.terminate()
                server.shutdown()
        said = (folder / "log").read_text(encoding="utf-8").splitlines()
    yield from (
        line
        for line in said
        if "CONSOLE" in line and "Blocked script execution" not in line
    )


def _faults_of(seen: dict[str, Any]) -> Iterator[str]:
    if not seen["words"]:
        yield f"{seen['page']} is empty."
    if seen["width"] > WIDTH:
        yield f"{seen['page']} is {seen['width']} pixels wide, not {WIDTH}."
    for source in seen["unlabeled"]:
        yield f"{seen['page']} has no alternative text for {source}."


def main(argv: Sequence[str]) -> int:
    """Prints all faults of a site; returns the exit code."""
    (folder,) = argv
    site = pathlib.Path(folder)
    found = list(faults(site))
    sys.stdout.writelines(f"{fault}\n" for fault in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
