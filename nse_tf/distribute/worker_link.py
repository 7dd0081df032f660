"""A worker's connection to its chief: join, heartbeat, bounded waits."""

import _thread
import contextlib
import json
import logging
import os
import pathlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from nse_tf.distribute.caller import (
    Caller,
    metadata_for,
    own_caller,
    own_name,
)
from nse_tf.distribute.chief import CHIEF_FILE
from nse_tf.distribute.lease_service import lease_call
from nse_tf.distribute.ports import open_channel, present_tls
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
JOIN_PAUSE_SECONDS = 0.5

# A chief that does not know this process: it may have been started again.
_UNKNOWN = (
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
)
_REFUSED = (
    *_UNKNOWN,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNIMPLEMENTED,
)


def await_chief(seconds: float = CHIEF_PATIENCE_SECONDS) -> None:
    """Waits until the chief serves.

    Raises:
        SearchError: If it does not in that time.
        ValueError: If a file that TLS needs is missing or does not fit.
    """
    with open_channel(chief_address()) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=seconds)
        except grpc.FutureTimeoutError as error:
            trust = (
                ", or give chief and workers the same --tls_authority, and the "
                "chief a certificate that names this address"
            )
            raise SearchError(
                f"No chief answers at {chief_address()} after {seconds:g} s. "
                "Start it there, or correct KERASTUNER_ORACLE_IP and _PORT"
                f"{'' if present_tls() is None else trust}."
            ) from error


class ChiefLink:
    """A worker's calls to its chief.

    Nothing is read or connected before the first call, so that chief and
    workers can be started in any order.

    Args:
        folder: The run's folder, as this worker sees it.
        caller: Who calls; None for this process.
    """

    def __init__(
        self, folder: pathlib.Path, caller: Caller | None = None
    ) -> None:
        self.folder = folder
        self._caller = caller
        self._channel: grpc.Channel | None = None
        self._identity: dict[str, Any] | None = None
        # Heart and job may find at once that the chief was started again.
        self._joining = threading.Lock()

    @property
    def channel(self) -> grpc.Channel:
        """The connection, which gRPC makes at the first call."""
        if self._channel is None:
            self._channel = open_channel(chief_address())
        return self._channel

    def close(self) -> None:
        """Ends the connection; the chief is not joined again by itself."""
        self._identity = None
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def join(self, identity: dict[str, Any]) -> float:
        """Joins the chief; returns the length of the lease, in seconds.

        Args:
            identity: All that decides the outcome, as this worker has it.

        Raises:
            grpc.RpcError: If the chief does not answer.
            ValueError: If the worker does not fit it; names both sides.
        """
        seconds = self._join(identity)
        self._identity = identity
        return seconds

    def call(
        self, method: Callable[..., Any], request: Any, seconds: float
    ) -> Any:
        """Calls the chief; joins again first if it was started again.

        Args:
            method: As gRPC's stubs have it.
            request: What it takes.
            seconds: How long to wait for an answer.

        Raises:
            grpc.RpcError: If the chief does not answer, or refuses the call.
            ValueError: If the worker does not fit it any more.
        """
        try:
            return self._call(method, request, seconds)
        except grpc.RpcError as error:
            if error.code() not in _UNKNOWN or self._identity is None:
                raise
        with self._joining:
            self._join(self._identity)
        return self._call(method, request, seconds)

    def _call(
        self, method: Callable[..., Any], request: Any, seconds: float
    ) -> Any:
        return method(
            request,
            # The token is read each time: a chief draws one at each start.
            metadata=metadata_for(
                self._caller or own_caller(), _token(self.folder)
            ),
            wait_for_ready=True,
            timeout=seconds,
        )

    def _join(self, identity: dict[str, Any]) -> float:
        began = time.monotonic()
        method = lease_call(self.channel, "Join")
        while True:
            try:
                answer = self._call(
                    method, {"identity": identity}, ANSWER_SECONDS
                )
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.UNAUTHENTICATED:
                    raise
                answer = {
                    "problem": f"{own_name()} does not see the chief's folder: "
                    f"{self.folder / CHIEF_FILE} does not hold the token of "
                    f"the chief at {chief_address()}. Chief and workers must "
                    "share it.",
                    "seconds": FOLDER_SECONDS,
                }
            if "problem" not in answer:
                return float(answer["lease_seconds"])
            if time.monotonic() - began > answer["seconds"]:
                raise ValueError(answer["problem"])
            time.sleep(JOIN_PAUSE_SECONDS)


def _token(folder: pathlib.Path) -> str:
    """Returns the token that the chief wrote into the folder, if any."""
    try:
        token = str(json.loads((folder / CHIEF_FILE).read_bytes())["token"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    # gRPC takes nothing else, and a chief writes nothing else.
    return token if token.isalnum() and token.isascii() else ""


@contextlib.contextmanager
def joined(link: ChiefLink, identity: dict[str, Any]) -> Iterator[None]:
    """Joins a chief, and sends it heartbeats until the end.

    Args:
        link: To the chief.
        identity: All that decides the outcome, as this worker has it.

    Raises:
        SearchError: If the chief does not answer, also in the middle of a job.
        ValueError: If the worker does not fit it; names both sides.
    """
    await_chief()
    heart = _Heart(link, link.join(identity))
    heart.start()
    try:
        yield
    except KeyboardInterrupt:
        if heart.reason:
            raise SearchError(heart.reason) from None
        raise
    finally:
        heart.is_over.set()
        # A beat after the leave would make the chief wait for this worker.
        heart.join()
        if not heart.reason:
            leave = lease_call(link.channel, "Leave")
            with contextlib.suppress(grpc.RpcError, ValueError):  # It is gone.
                link.call(leave, {}, 5.0)
        link.close()


class _Heart(threading.Thread):
    """Sends the chief five heartbeats a lease; ends an orphan.

    A training would otherwise go on to its end before the chief is missed.

    Args:
        link: To the chief.
        lease_seconds: The length of the lease.

    Attributes:
        is_over: Set it to end.
        reason: Why the worker cannot go on; empty if it can.
    """

    def __init__(self, link: ChiefLink, lease_seconds: float) -> None:
        super().__init__(daemon=True)
        self.is_over = threading.Event()
        self.reason = ""
        self._link = link
        self._seconds = lease_seconds / 5

    def run(self) -> None:
        """Beats until it is over, or the chief is lost."""
        heard = time.monotonic()
        beat = lease_call(self._link.channel, "Beat")
        while not self.is_over.wait(self._seconds):
            try:
                self._link.call(
                    beat, {"doing": Progress.present}, self._seconds
                )
                heard = time.monotonic()
            except grpc.RpcError:
                if time.monotonic() - heard > ORPHAN_SECONDS:
                    self.reason = _orphaned()
            except ValueError as error:
                self.reason = str(error)
            if self.reason:
                self._end_process()
                return

    def _end_process(self) -> None:
        _thread.interrupt_main()
        if not self.is_over.wait(ORPHAN_GRACE_SECONDS):
            # The main thread is in native code. Files are written whole or not
            # at all, so that nothing is lost.
            LOGGER.error("%s", self.reason)
            os._exit(1)


def _orphaned() -> str:
    return (
        f"The chief at {chief_address()} was silent for {ORPHAN_SECONDS:g} s. "
        "Start it again, and its workers, to resume the search."
    )


class BoundedStub:
    """keras-tuner's stub, which waits an hour for a chief, with a timeout.

    Args:
        make_stub: Makes keras-tuner's from a channel.
        link: Carries the calls.
        seconds: How long to wait for an answer.
    """

    def __init__(
        self,
        make_stub: Callable[[grpc.Channel], Any],
        link: ChiefLink,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._make_stub = make_stub
        self._link = link
        self._seconds = seconds

    def __getattr__(self, name: str) -> Any:
        # keras-tuner's own timeout, of an hour, is among what is dropped.
        def bounded(request: Any, **_: Any) -> Any:
            method = getattr(self._make_stub(self._link.channel), name)
            try:
                return self._link.call(method, request, self._seconds)
            except grpc.RpcError as error:
                if error.code() in _REFUSED:
                    raise SearchError(
                        f"The chief at {chief_address()} refused {name}: "
                        f"{error.details()}"
                    ) from error
                raise SearchError(
                    f"The chief at {chief_address()} did not answer {name} in "
                    f"{self._seconds:g} s ({error.code().name}). Start it "
                    "again to resume the search."
                ) from error

        return bounded
