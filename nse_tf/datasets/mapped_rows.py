"""Rows of a mapped file, in any order, without reading them."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt


class MappedRows:
    """Chosen rows of an array that is too large to copy.

    Indexing a `np.memmap` with rows reads them all. This keeps the row numbers
    instead and reads when it is itself indexed, so that splitting a file of
    100 GB costs a list of integers.
    """

    def __init__(
        self, source: npt.NDArray[Any], rows: npt.NDArray[np.integer]
    ) -> None:
        self.source = source
        self.rows = rows

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the rows as an array."""
        return (len(self.rows), *self.source.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the rows as an array."""
        return self.source.dtype

    @property
    def nbytes(self) -> int:
        """Bytes that the rows would take in memory."""
        return math.prod(self.shape) * self.dtype.itemsize

    def select(self, indices: npt.NDArray[np.integer]) -> "MappedRows":
        """Returns some of these rows, without reading them."""
        return MappedRows(self.source, self.rows[indices])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(
        self, key: int | slice | npt.NDArray[Any]
    ) -> npt.NDArray[Any]:
        read: npt.NDArray[Any] = self.source[self.rows[key]]
        return read

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("Rows of a mapped file must be read to be used.")
        return np.asarray(self[:], dtype=dtype)
