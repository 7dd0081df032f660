"""Text from elsewhere, such as file names, made safe to print."""

import logging
from typing import TextIO

# More than any line of ours, and less than would flood a terminal.
MOST_CHARACTERS = 4000


def printable(text: str, most: int = MOST_CHARACTERS) -> str:
    """Returns a text that cannot move the cursor or change colors.

    Line ends and tabs stay. All else that is not printed, such as the escape of
    a terminal's commands or marks that reverse the direction of writing, is
    shown as Python writes it.

    Args:
        text: Any text.
        most: Characters to keep; of a longer text the end is cut.
    """
    shown = "".join(
        each
        if each.isprintable() or each in "\n\t"
        else each.encode("unicode_escape").decode()
        for each in text[: most + 1]
    )
    return shown if len(text) <= most else f"{shown[:most]} …"


def say(text: str, file: TextIO | None = None) -> None:
    """Prints a text of any length as `printable`, at once."""
    print(printable(text, len(text)), file=file, flush=True)


class PrintableFormatter(logging.Formatter):
    """Formats log records as `printable` text."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns a record's line or lines."""
        return printable(super().format(record))
