"""Scores that take time for each cell, saved to a file as they come."""

import json
import pathlib
from collections.abc import Callable, Sequence

import numpy as np

from nse_tf.spaces.files import write_bytes

_LOT = 25

Scores = dict[str, float]


class SampleScores:
    """Known scores of the cells of a sample, kept in a JSON file.

    Args:
        path: The file; written with the first scores.

    Raises:
        ValueError: If the file exists and is not JSON.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._known: dict[str, dict[str, Scores]] = {}
        if path.exists():
            try:
                self._known = dict(json.loads(path.read_text("utf-8")))
            except ValueError as error:
                raise ValueError(
                    f"{path} does not read: {error}. Delete it to score the "
                    "sample again."
                ) from error

    def of(
        self,
        what: str,
        indices: Sequence[int],
        score: Callable[[int], Scores],
        after_cell: Callable[[], object] = lambda: None,
    ) -> dict[str, np.ndarray]:
        """Returns scores by name, each `(count,)`, in the order of `indices`.

        Args:
            what: Key of a way of scoring.
            indices: Indices of the cells.
            score: Returns the scores of the cell of an index; called only for
                cells without known scores. The file is written every few cells.
            after_cell: Called after each cell that was scored.
        """
        known = self._known.setdefault(what, {})
        lacking = [index for index in indices if str(index) not in known]
        for number, index in enumerate(lacking, 1):
            known[str(index)] = score(index)
            after_cell()
            if number % _LOT == 0 or number == len(lacking):
                write_bytes(self._path, json.dumps(self._known).encode())
        rows = [known[str(index)] for index in indices]
        return {name: np.array([row[name] for row in rows]) for name in rows[0]}
