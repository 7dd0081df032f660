"""A worker's connection to its chief: join, heartbeat, bounded waits."""

import _thread
import contextlib
import json
import logging
import os
import pathlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc

from nse_tf.distribute.chief import CHIEF_FILE
from nse_tf.distribute.lease_service import call, local_channel, own_name
from nse_tf.distribute.roles import chief_address
from nse_tf.methods import SearchError
from nse_tf.training.progress import Progress

LOGGER = logging.getLogger("nse_tf")

# A chief may measure a cost table, or read a large data set, before it serves.
CHIEF_PATIENCE_SECONDS = 600.0
# A serving chief answers at once, except while it breeds a generation.
ANSWER_SECONDS = 60.0
# A worker whose chief is silent for so long ends, whatever it is doing.
ORPHAN_SECONDS = 60.0
ORPHAN_GRACE_SECONDS = 5.0
# A shared folder may show a new file late.
FOLDER_SECONDS = 20.0


def await_chief(seconds: float = CHIEF_PATIENCE_SECONDS) -> None:
    """Waits until the chief serves.

    Raises:
        SearchError: If it does not in that time.
    """
    with local_channel(chief_address()) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=seconds)
        except grpc.FutureTimeoutError as error:
            raise SearchError(
                f"No chief answers at {chief_address()} after {seconds:g} s. "
                "Start it there, or correct KERASTUNER_ORACLE_IP and _PORT."
            ) from error


@contextlib.contextmanager
def joined(folder: pathlib.Path, identity: dict[str, Any]) -> Iterator[None]:
    """Joins a chief, and sends it heartbeats until the end.

    Args:
        folder: The run's folder, as this worker sees it.
        identity: All that decides the outcome, as this worker has it.

    Raises:
        SearchError: If the chief does not answer, also in the middle of a job.
        ValueError: If the worker does not fit it; names both sides.
    """
    await_chief()
    with local_channel(chief_address()) as channel:
        lease_seconds = _join(channel, folder, identity)
        is_over, is_orphan = threading.Event(), threading.Event()
        heart = threading.Thread(
            target=_beat,
            args=(channel, lease_seconds, is_over, is_orphan),
            daemon=True,
        )
        heart.start()
        try:
            yield
        except KeyboardInterrupt:
            if is_orphan.is_set():
                raise SearchError(_orphaned()) from None
            raise
        finally:
            is_over.set()
            # A beat after the leave would make the chief wait for this worker.
            heart.join()
            if not is_orphan.is_set():
                with contextlib.suppress(grpc.RpcError):  # It may be gone.
                    call(channel, "Leave", {"worker": own_name()}, 5.0)


def _join(
    channel: grpc.Channel, folder: pathlib.Path, identity: dict[str, Any]
) -> float:
    """Joins the chief; returns the length of the lease, in seconds."""
    deadline = time.monotonic() + FOLDER_SECONDS
    while True:
        answer = call(
            channel,
            "Join",
            {
                "worker": own_name(),
                "token": _token(folder),
                "identity": identity,
            },
            ANSWER_SECONDS,
        )
        problem = answer.get("problem")
        if problem is None:
            return float(answer["lease_seconds"])
        if answer["is_final"] or time.monotonic() > deadline:
            raise ValueError(problem)
        time.sleep(0.5)


def _token(folder: pathlib.Path) -> str:
    """Returns the token that the chief wrote into the folder, if any."""
    try:
        return str(json.loads((folder / CHIEF_FILE).read_bytes())["token"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _beat(
    channel: grpc.Channel,
    lease_seconds: float,
    is_over: threading.Event,
    is_orphan: threading.Event,
) -> None:
    """Sends the chief five heartbeats a lease; ends an orphan.

    A training would otherwise go on to its end before the chief is missed.
    """
    heard = time.monotonic()
    while not is_over.wait(lease_seconds / 5):
        message = {"worker": own_name(), "doing": Progress.present}
        try:
            call(channel, "Beat", message, lease_seconds / 5)
            heard = time.monotonic()
        except grpc.RpcError:
            if time.monotonic() - heard > ORPHAN_SECONDS:
                break
    else:
        return
    is_orphan.set()
    _thread.interrupt_main()
    if not is_over.wait(ORPHAN_GRACE_SECONDS):
        # The main thread is in native code. Files are written whole or not at
        # all, so that nothing is lost.
        LOGGER.error("%s", _orphaned())
        os._exit(1)


def _orphaned() -> str:
    return (
        f"The chief at {chief_address()} was silent for {ORPHAN_SECONDS:g} s. "
        "Start it again, and its workers, to resume the search."
    )


class BoundedStub:
    """keras-tuner's stub, which waits an hour for a chief, with a timeout.

    Args:
        stub: keras-tuner's.
        seconds: How long to wait for an answer.
    """

    def __init__(self, stub: Any, seconds: float = ANSWER_SECONDS) -> None:
        self._stub = stub
        self._seconds = seconds

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._stub, name)

        # keras-tuner's own timeout, of an hour, is among what is dropped.
        def bounded(request: Any, **_: Any) -> Any:
            try:
                return method(
                    request, wait_for_ready=True, timeout=self._seconds
                )
            except grpc.RpcError as error:
                raise SearchError(
                    f"The chief at {chief_address()} did not answer {name} in "
                    f"{self._seconds:g} s ({error.code().name}). Start it "
                    "again to resume the search."
                ) from error

        return bounded
