"""Keeps the chatter of native libraries off the terminal, and nothing else."""

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator

# What TensorFlow 2.21 and LiteRT 2.3 write to file descriptor 2 when all goes
# well: glog lines of level I and W, and four that no log level switches off.
CHATTER = re.compile(
    rb"[IW]\d{4} "
    rb"|E\d{4} .* failed call to cuInit: "  # Where there is no GPU.
    rb"|INFO: "
    rb"|fully_quantize: \d"
    rb"|WARNING: All log messages before absl::InitializeLog"
    rb"|To enable the following instructions: "
)

_LOCK = threading.RLock()


@contextlib.contextmanager
def quiet_native_output() -> Iterator[None]:
    """Hides known chatter on standard error while the block runs.

    C++ writes to the file descriptor, past Python's `sys.stderr`, so that the
    descriptor itself is sent to a file. Every line that is not known chatter is
    written to standard error at the end, errors included. One thread at a time;
    what other threads write meanwhile comes out late, not lost.
    """
    with _LOCK:
        try:
            terminal = os.dup(2)
        except OSError:  # Standard error is closed: nothing to keep quiet.
            yield
            return
        with os.fdopen(terminal, "wb") as stderr, _temporary_file() as kept:
            sys.stderr.flush()
            os.dup2(kept, 2)
            try:
                yield
            finally:
                sys.stderr.flush()
                os.dup2(stderr.fileno(), 2)
                size = os.lseek(kept, 0, os.SEEK_END)
                lines = os.pread(kept, size, 0).splitlines(keepends=True)
                for line in lines:
                    if not CHATTER.match(line):
                        stderr.write(line)


@contextlib.contextmanager
def _temporary_file() -> Iterator[int]:
    """Yields the descriptor of a file that is gone afterwards."""
    with tempfile.TemporaryFile() as file:
        yield file.fileno()
