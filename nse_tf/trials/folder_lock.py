"""A lock on a run's folder: one process decides, a second is refused."""

import contextlib
import datetime
import fcntl
import os
import pathlib
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def sole_decider(folder: pathlib.Path) -> Iterator[None]:
    """Locks a folder against other processes that would decide there.

    The system releases the lock when the process ends, however it ends.

    Raises:
        ValueError: If another process holds the folder, which is named, or its
            lock is a link: what that points to is not ours to write.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".lock"
    if path.is_symlink():
        raise ValueError(
            f"{path} is a symbolic link, which nse_tf never makes: remove it, "
            "or use another folder."
        )
    # Not truncated: a process that is refused reads here who holds it.
    # O_NOFOLLOW, since a link may come after it was looked for.
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o666), "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise ValueError(
                f"{folder} is in use by {holder}; this is process "
                f"{os.getpid()} on {socket.gethostname()}. End that one first, "
                "or use another folder."
            ) from error
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        file.truncate(0)
        file.write(
            f"process {os.getpid()} on {socket.gethostname()}, since {now}\n"
        )
        file.flush()
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
