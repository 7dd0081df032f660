"""NAS-Bench-201 as a table: the known accuracies of all its cells."""

import csv
import dataclasses
import gzip
import math
import pathlib
from collections.abc import Iterator

import numpy as np

from nse_tf.spaces import (
    SearchSpace,
    format_genotype,
    in_table_order,
    make_preset,
)

# Key of the values of a line beyond its columns.
_BEYOND = "(beyond)"


@dataclasses.dataclass(frozen=True)
class NB201Table:
    """Known numbers of all 15,625 cells, in the benchmark's order.

    Attributes:
        space: The space of the cells.
        paths: Candidate indices `(15625, 6)`.
        columns: Numbers of all cells, `(15625,)`, by the name of the column.

    References:
        Dong and Yang, NAS-Bench-201 (2020): https://arxiv.org/abs/2001.00326
    """

    space: SearchSpace
    paths: np.ndarray
    columns: dict[str, np.ndarray]

    def column(self, name: str) -> np.ndarray:
        """Returns a column, one number for each cell, `(15625,)`.

        Raises:
            ValueError: If there is no such column.
        """
        if name not in self.columns:
            raise ValueError(
                f"The table has no column {name!r}; it has "
                f"{', '.join(self.columns)}."
            )
        return self.columns[name]

    def indices_of(self, paths: np.ndarray) -> np.ndarray:
        """Returns the table's index of each path, `(count,)`.

        Args:
            paths: Candidate indices `(count, 6)`, in any order.
        """
        # A path is a number of base 5, so that a look-up is one indexing.
        blocks = 5 ** np.arange(6)
        index_by_code = np.empty(5**6, np.int64)
        index_by_code[self.paths @ blocks] = np.arange(len(self.paths))
        return index_by_code[paths @ blocks]

    def joined(self, other: "NB201Table") -> "NB201Table":
        """Returns this table with the columns of another one added.

        Raises:
            ValueError: If both have a column of the same name.
        """
        both = self.columns.keys() & other.columns.keys()
        if both:
            raise ValueError(
                f"Both tables have the columns {', '.join(sorted(both))}."
            )
        return dataclasses.replace(
            self, columns={**self.columns, **other.columns}
        )


def read_table(path: pathlib.Path) -> NB201Table:
    """Returns the table of a CSV file, which may be gzipped.

    Its first line names the columns. `index` is the benchmark's index and
    counts up from 0; `arch`, if there, is checked against it. All others are
    numbers.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If it is not such a table, rows are missing or in another
            order, or a number is unreadable; names the line.
    """
    space = make_preset("nb201")
    paths = in_table_order(space)
    columns: dict[str, np.ndarray] = {}
    num_rows = 0
    for num_rows, row in enumerate(_rows(path), 1):
        index = num_rows - 1
        if index >= len(paths):
            raise ValueError(f"{path} has more than {len(paths)} rows.")
        _check_identity(path, index, row, space, paths[index])
        for name, text in row.items():
            if name not in ("index", "arch"):
                column = columns.setdefault(name, np.empty(len(paths)))
                column[index] = _number(path, index, name, text)
    if num_rows < len(paths):
        raise ValueError(
            f"{path} has {num_rows} rows; NAS-Bench-201 has {len(paths)} cells."
        )
    return NB201Table(space, np.array(paths), columns)


def _rows(path: pathlib.Path) -> Iterator[dict[str, str]]:
    """Yields the rows of a CSV file."""
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, restkey=_BEYOND)
            if "index" not in (rows.fieldnames or ()):
                raise ValueError(
                    f"{path} is not a table of cells: its first line has no "
                    "column 'index'."
                )
            names = list(rows.fieldnames or ())
            # `DictReader` would keep the last of them and say nothing.
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(
                    f"{path}, line 1: the columns {', '.join(sorted(twice))} "
                    "are named more than once."
                )
            yield from rows
    except (EOFError, UnicodeDecodeError, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} does not read: {error}.") from error


def _check_identity(
    path: pathlib.Path,
    index: int,
    row: dict[str, str],
    space: SearchSpace,
    cell: tuple[int, ...],
) -> None:
    """Refuses a row that is not the one of its index."""
    if _BEYOND in row:
        raise ValueError(
            f"{path}, line {index + 2}: {row[_BEYOND]} is beyond the columns "
            "that the first line names."
        )
    if row["index"] != str(index):
        raise ValueError(
            f"{path}, line {index + 2}: expected index {index}, found "
            f"{row['index']!r}. Rows are missing or in another order."
        )
    if "arch" in row:
        arch = format_genotype(space, space.genotype(cell))
        if row["arch"] != arch:
            raise ValueError(
                f"{path}, line {index + 2}: index {index} is the cell {arch}, "
                f"not {row['arch']!r}. The rows are in another order."
            )


def _number(path: pathlib.Path, index: int, name: str, text: str) -> float:
    try:
        number = float(text)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(
            f"{path}, line {index + 2}: {name!r} is {text!r}, not a finite "
            "number."
        )
    return number
