"""One lock for an oracle that no error leaves closed."""

import functools
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import keras_tuner

Function = TypeVar("Function", bound=Callable[..., Any])


def synchronized(method: Function) -> Function:
    """Lets one thread at a time into the methods of an oracle.

    As `keras_tuner.synchronized`, which this is used in place of, but an error
    opens the lock again: keras-tuner leaves its own closed behind one, and all
    other threads wait for ever. The oracle needs a `lock`, a
    `threading.RLock`.
    """

    @functools.wraps(method)
    def locked(self: Any, *args: Any, **kwargs: Any) -> Any:
        with self.lock:
            try:
                return method(self, *args, **kwargs)
            except BaseException:
                open_library_lock(self)
                raise

    return locked  # type: ignore[return-value]


def open_library_lock(oracle: keras_tuner.Oracle) -> None:
    """Opens keras-tuner's own lock if an error left it closed here."""
    library: Any = sys.modules[keras_tuner.Oracle.__module__]
    if library.THREADS[oracle] == threading.current_thread().name:
        library.THREADS[oracle] = None
        library.LOCKS[oracle].release()
