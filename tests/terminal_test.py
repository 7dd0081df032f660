import logging

import pytest

from nse_tf.terminal import PrintableFormatter, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, größer, 数\tand\nnext", "plain, größer, 数\tand\nnext"),
        ("\x1b[2Jgone\r\x07", "\\x1b[2Jgone\\r\\x07"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\x9b31m", "\\x9b31m"),
        ("\udcff", "\\udcff"),
    ],
)
def test_only_what_is_printed_stays(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown


def test_a_long_text_is_cut() -> None:
    assert printable("ab" * 10, most=4) == "abab …"
    assert printable("abcd", most=4) == "abcd"


def test_log_lines_are_printable() -> None:
    record = logging.LogRecord(
        "nse_tf", logging.INFO, "", 0, "[%s] %s", ("w", "\x1b[0m"), None
    )
    assert PrintableFormatter().format(record) == "[w] \\x1b[0m"
