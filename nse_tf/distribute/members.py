"""Which process goes by which worker's name."""

import threading

from nse_tf.distribute.caller import Caller
from nse_tf.distribute.leases import Leases


class Members:
    """The processes that joined, one a name.

    Args:
        leases: Who is alive.
    """

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._processes: dict[str, str] = {}
        self._lock = threading.Lock()

    def admit(self, caller: Caller) -> bool:
        """Lets a process go by its name; returns whether it may.

        It may not while another process of that name is alive. One that left
        or whose lease expired is replaced, and calls in vain from then on.
        """
        with self._lock:
            holder = self._processes.get(caller.name, caller.process)
            if holder != caller.process and (
                caller.name in self._leases.workers
            ):
                return False
            self._processes[caller.name] = caller.process
            self._leases.hear(caller.name)
            return True

    def has(self, caller: Caller) -> bool:
        """Returns whether a process joined, and was not replaced since."""
        with self._lock:
            return self._processes.get(caller.name) == caller.process

    def drop(self, caller: Caller) -> None:
        """Forgets a process that ended."""
        with self._lock:
            if self._processes.get(caller.name) == caller.process:
                del self._processes[caller.name]
