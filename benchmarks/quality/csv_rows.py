"""Rows of a benchmark's CSV file, from which it resumes."""

import csv
import io
import pathlib
from collections.abc import Sequence
from typing import Any

from nse_tf.spaces.files import write_bytes


def read_rows(
    path: pathlib.Path, columns: Sequence[str]
) -> list[dict[str, str]]:
    """Returns the rows of an earlier run; none where there is no file.

    Raises:
        ValueError: If the file has other columns.
    """
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if list(reader.fieldnames or ()) != list(columns):
            raise ValueError(f"{path} has other columns than {columns}.")
        return list(reader)


def write_rows(
    path: pathlib.Path, columns: Sequence[str], rows: Sequence[dict[str, Any]]
) -> None:
    """Writes all rows, or leaves the file as it is."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, text.getvalue().encode())
