"""Calls that a chief refused, as errors and as few lines of its log."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator

import grpc

from nse_tf.terminal import printable

LOGGER = logging.getLogger("nse_tf")

# Between two lines about calls refused for one reason: a flood of calls must
# not become a flood of lines.
LOG_SECONDS = 15.0
MOST_OF_A_REASON = 300
# What gRPC itself says, with a traceback, of a call that it cannot read.
_GRPC_LOGGERS = ("grpc._cython.cygrpc", "grpc._common", "grpc._server")


class RefusedError(Exception):
    """A call is refused, and has changed nothing.

    Args:
        code: The status that the caller gets.
        reason: One sentence, which the caller gets, too.
    """

    def __init__(self, code: grpc.StatusCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = printable(reason, MOST_OF_A_REASON)


class Refusals:
    """Logs refused calls, a line a reason and interval.

    Args:
        clock: Returns the time, in seconds.

    Attributes:
        total: How many calls were refused.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = 0
        self._clock = clock
        self._logged: dict[grpc.StatusCode, float] = {}
        self._unsaid: dict[grpc.StatusCode, int] = {}
        self._lock = threading.Lock()

    def note(self, error: RefusedError, who: str) -> None:
        """Counts a refused call, and logs it or keeps it for a later line."""
        with self._lock:
            self.total += 1
            now = self._clock()
            logged = self._logged.get(error.code)
            if logged is not None and now - logged < LOG_SECONDS:
                self._unsaid[error.code] = self._unsaid.get(error.code, 0) + 1
                return
            self._logged[error.code] = now
            more = self._unsaid.pop(error.code, 0)
        LOGGER.warning(
            "Refused a call of %s: %s%s",
            printable(who, MOST_OF_A_REASON),
            error.reason,
            f" So were {more} more." if more else "",
        )

    def note_silently(self) -> None:
        """Counts a refused call that has no line."""
        with self._lock:
            self.total += 1


class _Taken(logging.Filter):
    """Takes records of gRPC for refused calls."""

    def __init__(self, refusals: Refusals) -> None:
        super().__init__()
        self._refusals = refusals

    def filter(self, record: logging.LogRecord) -> bool:
        """Notes a record among the refusals instead of logging it."""
        reason = " ".join(record.getMessage().split())
        self._refusals.note(
            RefusedError(grpc.StatusCode.UNKNOWN, f"gRPC says: {reason}."),
            "somebody",
        )
        return False


@contextlib.contextmanager
def taking_logs_of_grpc(refusals: Refusals) -> Iterator[None]:
    """Counts what gRPC cannot read, such as a header that is no text.

    It would log a traceback for each.
    """
    taken = _Taken(refusals)
    loggers = [logging.getLogger(name) for name in _GRPC_LOGGERS]
    for logger in loggers:
        logger.addFilter(taken)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(taken)
