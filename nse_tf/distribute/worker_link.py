"""A worker's tie to its chief: joining, beating, and never waiting for ever."""

import contextlib
import json
import logging
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
# A chief that serves answers at once, but for breeding a generation.
ANSWER_SECONDS = 60.0
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
                "Start it there, or see to KERASTUNER_ORACLE_IP and _PORT."
            ) from error


@contextlib.contextmanager
def joined(folder: pathlib.Path, identity: dict[str, Any]) -> Iterator[None]:
    """Is at work for a chief, and tells it so all the time.

    Args:
        folder: The run's folder, as this worker sees it.
        identity: All that decides the outcome, as this worker has it.

    Raises:
        SearchError: If the chief does not answer.
        ValueError: If the worker does not fit it; names both sides.
    """
    await_chief()
    with local_channel(chief_address()) as channel:
        lease_seconds = _join(channel, folder, identity)
        is_over = threading.Event()
        heart = threading.Thread(
            target=_beat, args=(channel, lease_seconds, is_over), daemon=True
        )
        heart.start()
        try:
            yield
        finally:
            is_over.set()
            heart.join()
            with contextlib.suppress(grpc.RpcError):  # It may be gone by now.
                call(channel, "Leave", {"worker": own_name()}, 5.0)


def _join(
    channel: grpc.Channel, folder: pathlib.Path, identity: dict[str, Any]
) -> float:
    """Joins the chief; returns how long it bears silence, in seconds."""
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
    """Returns what the chief wrote into the folder, if anything."""
    try:
        return str(json.loads((folder / CHIEF_FILE).read_bytes())["token"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _beat(
    channel: grpc.Channel, lease_seconds: float, is_over: threading.Event
) -> None:
    """Tells the chief several times a lease that this worker lives."""
    while not is_over.wait(lease_seconds / 5):
        with contextlib.suppress(grpc.RpcError):  # The next call will tell.
            message = {"worker": own_name(), "doing": Progress.present}
            call(channel, "Beat", message, lease_seconds / 5)


class BoundedStub:
    """keras-tuner's stub, that waits an hour for a chief, with less patience.

    Args:
        stub: keras-tuner's.
        seconds: How long to wait for an answer.
    """

    def __init__(self, stub: Any, seconds: float = ANSWER_SECONDS) -> None:
        self._stub = stub
        self._seconds = seconds

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._stub, name)

        def bounded(request: Any, **_: Any) -> Any:
            try:
                return method(
                    request, wait_for_ready=True, timeout=self._seconds
                )
            except grpc.RpcError as error:
                raise SearchError(
                    f"The chief at {chief_address()} did not answer {name} in "
                    f"{self._seconds:g} s ({error.code().name}). Start it "
                    "again: the search goes on where it is."
                ) from error

        return bounded
