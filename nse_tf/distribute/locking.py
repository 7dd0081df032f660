"""A lock for an oracle that no error leaves held."""

import functools
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import keras_tuner

Function = TypeVar("Function", bound=Callable[..., Any])


def synchronized(method: Function) -> Function:
    """Lets one thread at a time into the methods of an oracle.

    It replaces `keras_tuner.synchronized`, which leaves its lock held after an
    error, so that all other threads wait forever; here an error releases it.
    The oracle needs a `lock`, a `threading.RLock`.
    """

    @functools.wraps(method)
    def locked(self: Any, *args: Any, **kwargs: Any) -> Any:
        with self.lock:
            try:
                return method(self, *args, **kwargs)
            except BaseException:
                release_library_lock(self)
                raise

    return locked  # type: ignore[return-value]


def release_library_lock(oracle: keras_tuner.Oracle) -> None:
    """Releases keras-tuner's own lock if an error left it held here."""
    library: Any = sys.modules[keras_tuner.Oracle.__module__]
    # keras-tuner knows the holder by the name of its thread.
    if library.THREADS[oracle] == threading.current_thread().name:
        library.THREADS[oracle] = None
        library.LOCKS[oracle].release()
