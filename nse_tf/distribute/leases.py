"""Leases: a worker keeps its trial for as long as it reports."""

import threading
import time
from collections.abc import Callable


class Leases:
    """When each worker last reported.

    Args:
        seconds: How long a worker may be silent before it is taken for dead.
        clock: Returns the time, in seconds.
    """

    def __init__(
        self, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds = seconds
        self._clock = clock
        self._heard: dict[str, float] = {}
        self._doing: dict[str, str] = {}
        self._lock = threading.Lock()
        self.last_heard = clock()

    def hear(self, worker: str, doing: str = "") -> None:
        """Records that a worker lives, and what it is doing."""
        with self._lock:
            # One that was taken for dead and reports again is alive again.
            self._heard[worker] = self.last_heard = self._clock()
            self._doing[worker] = doing

    def leave(self, worker: str) -> None:
        """Records that a worker has ended."""
        with self._lock:
            self._heard.pop(worker, None)
            self._doing.pop(worker, None)

    def take_lapsed(self) -> list[str]:
        """Returns workers that were silent for too long, and forgets them."""
        now = self._clock()
        with self._lock:
            lapsed = [
                worker
                for worker, heard in self._heard.items()
                if now - heard > self.seconds
            ]
            for worker in lapsed:
                del self._heard[worker], self._doing[worker]
        return lapsed

    @property
    def workers(self) -> tuple[str, ...]:
        """The live workers, by name."""
        with self._lock:
            return tuple(sorted(self._heard))

    def summary(self) -> str:
        """Returns what all of them are doing, in one line."""
        with self._lock:
            doing = sorted(self._doing.items())
        busy = [f"{name} is {what}" for name, what in doing if what]
        waiting = sum(not what for _, what in doing)
        if waiting:
            busy.append(f"{waiting} waiting")
        return f"{len(doing)} workers: {'; '.join(busy)}" if doing else ""
