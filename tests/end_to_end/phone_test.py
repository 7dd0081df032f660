"""A site whose pages do not suit a phone is found out."""

import pathlib

import pytest

from tools.docs_site.phone import faults

PAGE = "<!DOCTYPE html><body>{}</body>"


@pytest.mark.browser
def test_what_does_not_suit_a_phone_is_found(tmp_path: pathlib.Path) -> None:
    pages = {
        "a_script": "Words. <script>nothing.at_all()</script>",
        "empty": "",
        "good": "<div style='overflow: auto'><pre>"
        + 99 * "wide "
        + "</pre></div>",
        "no_alt": "Words. <img src='picture.png'><img src='b.png' alt='Text'>",
        "wide": "<pre>" + 99 * "wide " + "</pre>",
    }
    for name, body in pages.items():
        (tmp_path / f"{name}.html").write_text(PAGE.format(body))
    empty, no_alt, wide, script, *missing = faults(tmp_path)
    assert empty == "empty.html is empty."
    assert no_alt == "no_alt.html has no alternative text for picture.png."
    assert wide.startswith("wide.html is ")
    assert wide.endswith(", not 390.")
    assert "nothing is not defined" in script
    assert all("404" in line for line in missing)  # Its pictures.


def test_a_site_without_pages_is_found_out(tmp_path: pathlib.Path) -> None:
    assert list(faults(tmp_path)) == [f"{tmp_path} has no pages."]
