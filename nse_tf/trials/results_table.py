"""The results of a run as an SQLite file: the point at which a trial counts.

Only the process that decides writes it, in one transaction a trial. Every row
carries a checksum, since SQLite notices damage of its pages but not of the
numbers in them.

No wait for the disk: a kill leaves the last transaction whole or undone, by
SQLite's own journal, and what a power cut could take is made again from
`results/`, whose files are waited for.
"""

import contextlib
import dataclasses
import errno
import hashlib
import json
import pathlib
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from nse_tf.spaces.sealed_files import DamagedError

_SCHEMA = """
CREATE TABLE facts (
    name TEXT PRIMARY KEY, value TEXT NOT NULL, seal TEXT NOT NULL);
CREATE TABLE trials (
    number INTEGER PRIMARY KEY, job TEXT NOT NULL, asked TEXT NOT NULL,
    runs INTEGER NOT NULL, ended INTEGER, state TEXT NOT NULL,
    seal TEXT NOT NULL);
CREATE TABLE results (
    number INTEGER PRIMARY KEY, job TEXT NOT NULL UNIQUE, asked TEXT NOT NULL,
    told TEXT NOT NULL, seal TEXT NOT NULL);
CREATE TABLE children (
    number INTEGER PRIMARY KEY, job TEXT NOT NULL, generation INTEGER NOT NULL,
    genes TEXT NOT NULL, accuracy REAL, macs REAL, params REAL,
    latency_ms REAL, size_bytes REAL, seal TEXT NOT NULL);
"""
COST_COLUMNS = ("macs", "params", "latency_ms", "size_bytes")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrialRow:
    """A trial: its position in the order of starting, and its state.

    Attributes:
        number: Position in the order of starting.
        job: Id of the job, or of a shard of one.
        asked: Digest of the whole job, as the method asked for it.
        runs: How often it was run to an end.
        ended: Position in the order of ending; None while it is not over.
        state: keras-tuner's own state, as JSON.
    """

    number: int
    job: str
    asked: str
    runs: int
    ended: int | None
    state: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResultRow:
    """The result of a job, or of a shard of one.

    Attributes:
        job: Id of the job.
        asked: The job that the method asked for, as JSON.
        told: The result that it is told, as JSON.
    """

    job: str
    asked: str
    told: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChildRow:
    """A child that was evaluated with inherited weights.

    Attributes:
        job: Id of the job that evaluated it.
        generation: Number of its generation.
        genes: Its genes, as JSON.
        accuracy: Accuracy on the validation part; None where it is not finite.
        macs: Multiply-accumulates.
        params: Trainable numbers.
        latency_ms: Latency by the cost table, in milliseconds; None without
            one.
        size_bytes: Size of the file by the cost table; None without one.
    """

    job: str
    generation: int
    genes: str
    accuracy: float | None
    macs: float | None
    params: float | None
    latency_ms: float | None
    size_bytes: float | None


_Row = TypeVar("_Row", TrialRow, ResultRow, ChildRow)


class ResultsTable:
    """The results of a run in an SQLite file.

    Changes are seen by others, and outlive a kill, from `commit` on.

    Args:
        path: The file; made if missing.

    Raises:
        DamagedError: If it is no such file, or is not as it was written.
        OSError: If the disk is full.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Made beside and renamed: a kill leaves no file without tables.
            fresh = path.with_name(f".{path.name}.new")
            fresh.unlink(missing_ok=True)
            with _explained(fresh), contextlib.closing(_connect(fresh)) as new:
                new.executescript(_SCHEMA)
            fresh.rename(path)
        with _explained(path):
            self._connection = _connect(path)
        try:
            self._verify()
        except DamagedError:
            self.close()
            raise

    def close(self) -> None:
        """Closes the file; what was not committed is undone."""
        self._connection.close()

    def commit(self) -> None:
        """Commits all changes since the last call, or none of them."""
        if self._connection.in_transaction:
            with _explained(self.path):
                self._connection.execute("COMMIT")

    def set_fact(self, name: str, value: Any) -> None:
        """Records a JSON value under a name."""
        text = json.dumps(value, allow_nan=False)
        self._write("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", name, text)

    def facts(self) -> dict[str, Any]:
        """Returns all facts, by name."""
        rows = self._connection.execute("SELECT name, value FROM facts")
        return {name: json.loads(value) for name, value in rows}

    def set_trial(self, row: TrialRow) -> None:
        """Records a trial, in place of an earlier record of it."""
        self._put("trials", row)

    def trials(self) -> list[TrialRow]:
        """Returns all trials, in the order of starting."""
        return list(self._rows("trials", TrialRow))

    def add_result(
        self, row: ResultRow, children: Sequence[ChildRow] = ()
    ) -> None:
        """Records a job's result and the children it evaluated, once."""
        if self.has_result(row.job):
            return
        self._put("results", row)
        for child in children:
            self._put("children", child)

    def has_result(self, job: str) -> bool:
        """Returns whether the result of a job is recorded."""
        found = self._connection.execute(
            "SELECT 1 FROM results WHERE job = ?", (job,)
        )
        return found.fetchone() is not None

    def remove_result(self, job: str) -> None:
        """Takes back the result of a job, and the children it evaluated."""
        for table in ("results", "children"):
            self._change(f"DELETE FROM {table} WHERE job = ?", (job,))

    def results(self) -> Iterator[ResultRow]:
        """Yields all results, in the order of recording."""
        yield from self._rows("results", ResultRow)

    def children(self) -> Iterator[ChildRow]:
        """Yields all evaluated children, in the order of recording."""
        yield from self._rows("children", ChildRow)

    def _put(self, table: str, row: TrialRow | ResultRow | ChildRow) -> None:
        """Writes a row, in place of one with the same key."""
        names = _columns(type(row))
        self._write(
            f"INSERT OR REPLACE INTO {table} ({', '.join(names)}, seal) "
            f"VALUES ({', '.join('?' * (len(names) + 1))})",
            *(getattr(row, name) for name in names),
        )

    def _rows(self, table: str, kind: type[_Row]) -> Iterator[_Row]:
        names = _columns(kind)
        rows = self._connection.execute(
            f"SELECT {', '.join(names)} FROM {table} ORDER BY number"
        )
        yield from (kind(**dict(zip(names, row, strict=True))) for row in rows)

    def _write(self, statement: str, *values: Any) -> None:
        """Makes a change, with the row's checksum as its last value."""
        self._change(statement, (*values, _seal(values)))

    def _change(self, statement: str, values: Sequence[Any]) -> None:
        """Makes a change, which counts from `commit` on."""
        with _explained(self.path):
            if not self._connection.in_transaction:
                # Takes the lock for writing at once, so that a second writer is
                # refused at its first change and not at its commit.
                self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(statement, values)

    def _verify(self) -> None:
        """Raises DamagedError unless all is as it was written."""
        with _explained(self.path):
            # Also finds out whether the file can be written at all.
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("ROLLBACK")
            (verdict,) = self._connection.execute(
                "PRAGMA integrity_check(1)"
            ).fetchone()
            if verdict != "ok":
                raise DamagedError(f"{self.path} is damaged: {verdict}.")
            with contextlib.closing(sqlite3.connect(":memory:")) as fresh:
                fresh.executescript(_SCHEMA)
                if _tables(self._connection) != _tables(fresh):
                    raise DamagedError(
                        f"{self.path} is damaged: its tables are not those of "
                        "nse_tf."
                    )
            # `results` and `children` get their number from SQLite, so it is
            # not in what was sealed.
            for table, start in (
                ("facts", 0),
                ("trials", 0),
                ("results", 1),
                ("children", 1),
            ):
                for row in self._connection.execute(f"SELECT * FROM {table}"):
                    if row[-1] != _seal(row[start:-1]):
                        raise DamagedError(
                            f"{self.path} is damaged: a row of its table "
                            f"{table!r} is not as it was written."
                        )


def _columns(kind: type[TrialRow | ResultRow | ChildRow]) -> list[str]:
    """Returns the columns of a kind of row, which are its fields."""
    return [field.name for field in dataclasses.fields(kind)]


def _connect(path: pathlib.Path) -> sqlite3.Connection:
    # One lock of the oracle guards it, so that threads may take turns.
    # No `isolation_level`, or Python would begin transactions by itself.
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=5
    )
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def _tables(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Returns the names and definitions of all tables."""
    found = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY 1")
    return found.fetchall()


def _seal(values: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(list(values)).encode()).hexdigest()[:16]


@contextlib.contextmanager
def _explained(path: pathlib.Path) -> Iterator[None]:
    """Turns SQLite's errors into those of a full disk, or of damage."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_FULL:
            raise OSError(
                errno.ENOSPC, "No space left on device", str(path)
            ) from error
        if code == sqlite3.SQLITE_READONLY_DBMOVED:
            raise ValueError(
                f"{path} is gone: its folder was deleted or moved while the "
                "search ran. Put it back and start again, or use another "
                "folder (--run_dir)."
            ) from error
        # Extended codes have the plain one in their last byte.
        if code is not None and code & 0xFF in (
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_LOCKED,
        ):
            raise ValueError(
                f"{path} is being written by another process. End that one "
                "first, or use another folder."
            ) from error
        if code is not None and code & 0xFF == sqlite3.SQLITE_IOERR:
            raise OSError(errno.EIO, str(error), str(path)) from error
        raise DamagedError(f"{path} is damaged: {error}.") from error
