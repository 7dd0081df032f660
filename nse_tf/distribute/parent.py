"""A worker that a chief on this machine started ends soon after it."""

import os
import threading
import time

# Names the chief's process to a worker that it started.
PARENT = "NSE_TF_PARENT"
CHECK_SECONDS = 1.0


def end_with_parent() -> bool:
    """Ends this process soon after the chief that started it, however it ends.

    Returns:
        Whether a chief on this machine started it.
    """
    parent = os.environ.get(PARENT)
    if parent is None:
        return False

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(CHECK_SECONDS)
        # At once: files are written whole or not at all.
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    return True
