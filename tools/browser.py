"""How Chromium is called, without a screen and without a network."""

import pathlib
import shutil


def command(url: str, folder: pathlib.Path, *options: str) -> list[str]:
    """Returns the command that opens a page.

    What its scripts say goes to stderr, in lines with `CONSOLE`.

    Args:
        url: The page's: a file's, or one that this machine serves.
        folder: Where the browser's profile goes.
        options: Further ones, of Chromium.

    Raises:
        RuntimeError: If there is no Chromium on the PATH.
    """
    browser = shutil.which("chromium")
    if browser is None:
        raise RuntimeError("There is no `chromium` on the PATH.")
    return [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--enable-logging=stderr",
        f"--user-data-dir={folder / 'profile'}",
        *options,
        url,
    ]
