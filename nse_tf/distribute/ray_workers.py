"""Worker actors as `dealing.RemoteWorkers`."""

import dataclasses
import hashlib
import json
import logging
import pathlib
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from nse_tf.distribute.dealing import (
    Answered,
    Joined,
    Lost,
    Message,
    Reported,
)
from nse_tf.jobs import Job, job_to_json, result_from_json
from nse_tf.methods import SearchError
from nse_tf.terminal import printable

LOGGER = logging.getLogger("nse_tf")

# Between two reports of a worker, and before one that is gone is asked again.
REPORT_SECONDS = 6.0
AGAIN_SECONDS = 1.0
# How long workers may take to leave.
LEAVE_SECONDS = 1.5
MOST_OF_A_REASON = 200


@dataclasses.dataclass
class _Call:
    """A call whose answer is awaited."""

    worker: str
    kind: str


class RayWorkers:
    """The worker actors of one search.

    Args:
        ray: Ray, connected to its cluster.
        actors: Actors of `RayWorker`, by the names of the workers.
        joining: What `RayWorker.join` is given.
    """

    def __init__(
        self, ray: Any, actors: dict[str, Any], joining: tuple[Any, ...]
    ) -> None:
        self._ray, self._actors, self._joining = ray, actors, joining
        self._calls: dict[Any, _Call] = {}
        # When a worker is called next: to join, or to report.
        self._due = dict.fromkeys(self._actors, 0.0)
        self._joined: set[str] = set()
        self._files: dict[pathlib.Path, _StoredFile] = {}

    def submit(
        self, worker: str, job: Job, files: Mapping[str, pathlib.Path]
    ) -> None:
        """See `RemoteWorkers.submit`."""
        for path in [path for path in self._files if not path.exists()]:
            del self._files[path]
        sent = {name: self._stored(path) for name, path in files.items()}
        text = json.dumps(job_to_json(job))
        self._call(worker, "run", text, sent)

    def wait(self, seconds: float) -> list[Message]:
        """See `RemoteWorkers.wait`."""
        now = time.monotonic()
        for worker, due in list(self._due.items()):
            if due <= now:
                del self._due[worker]
                if worker in self._joined:
                    self._call(worker, "report")
                else:
                    self._call(worker, "join", *self._joining)
        refs = list(self._calls)
        if not refs:
            time.sleep(seconds)
            return []
        self._ray.wait(refs, num_returns=1, timeout=seconds)
        done, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        messages: list[Message] = []
        for ref in done:
            call = self._calls.pop(ref, None)
            if call is not None:  # Else its worker was found lost just now.
                messages += self._answered(call, ref)
        return messages

    def restart(self, worker: str) -> None:
        """See `RemoteWorkers.restart`."""
        self._forget(worker)
        self._ray.kill(self._actors[worker], no_restart=False)

    def end(self) -> None:
        """Ends all workers, which remove their folders first."""
        leaving = [
            self._actors[worker].leave.remote() for worker in self._joined
        ]
        if leaving:
            self._ray.wait(
                leaving, num_returns=len(leaving), timeout=LEAVE_SECONDS
            )
        for actor in self._actors.values():
            self._ray.kill(actor)
        self._calls.clear()
        self._files.clear()

    def _call(self, worker: str, kind: str, *given: Any) -> None:
        ref = getattr(self._actors[worker], kind).remote(*given)
        self._calls[ref] = _Call(worker, kind)

    def _answered(self, call: _Call, ref: Any) -> list[Message]:
        """Returns what a call came back with."""
        errors = self._ray.exceptions
        try:
            answer = self._ray.get(ref)
        except errors.ActorDiedError as error:
            return self._dead(call, error)
        except errors.RayTaskError as error:
            if call.kind != "run":
                raise SearchError(
                    f"{call.worker} cannot work: {_line(error.cause)}"
                ) from error
            return [Answered(worker=call.worker, error=str(error))]
        except errors.RayError as error:
            return self._lost(call, error)
        for line in answer.get("lines", ()):
            LOGGER.warning("[%s] %s", call.worker, printable(line))
        return [self._read(call, answer)]

    def _read(self, call: _Call, answer: dict[str, Any]) -> Message:
        worker = call.worker
        if call.kind == "join":
            self._joined.add(worker)
            self._due[worker] = time.monotonic() + REPORT_SECONDS
            return Joined(
                worker=worker,
                versions=answer["versions"],
                processor=answer["processor"],
            )
        if call.kind == "report":
            self._due[worker] = time.monotonic() + REPORT_SECONDS
            partial = answer["partial"]
            return Reported(
                worker=worker,
                doing=answer["doing"],
                job_id=answer["job"],
                partial=None if partial is None else partial.tobytes(),
            )
        if "error" in answer:
            return Answered(worker=worker, error=answer["error"])
        return Answered(
            worker=worker,
            result=result_from_json(json.loads(answer["result"])),
            files={k: v.tobytes() for k, v in answer["files"].items()},
        )

    def _lost(self, call: _Call, error: Exception) -> list[Message]:
        """Waits for Ray to restart a worker; says so if it had joined."""
        had_joined = call.worker in self._joined
        self._forget(call.worker)
        if not had_joined:
            return []
        return [Lost(worker=call.worker, reason=_line(error))]

    def _dead(self, call: _Call, error: Exception) -> list[Message]:
        """Gives up a worker that Ray does not restart.

        Raises:
            SearchError: If it was the last one.
        """
        messages = self._lost(call, error)
        del self._actors[call.worker], self._due[call.worker]
        if not self._actors:
            raise SearchError(
                f"No worker is left; {call.worker} ended with "
                f"{_line(error)}. Re-run the command to resume the search."
            )
        LOGGER.warning("%s cannot start: %s", call.worker, _line(error))
        return messages

    def _forget(self, worker: str) -> None:
        """Expects no answer of a worker any more but that it joins."""
        self._joined.discard(worker)
        self._calls = {
            ref: call
            for ref, call in self._calls.items()
            if call.worker != worker
        }
        self._due[worker] = time.monotonic() + AGAIN_SECONDS

    def _stored(self, path: pathlib.Path) -> tuple[str, list[Any]]:
        """Returns the hash of a file, and its content in the object store.

        A file that many workers read is put there once.
        """
        about = path.stat()
        stamp = about.st_mtime_ns, about.st_size
        stored = self._files.get(path)
        if stored is None or stored.stamp != stamp:
            content = path.read_bytes()
            stored = self._files[path] = _StoredFile(
                stamp,
                hashlib.sha256(content).hexdigest(),
                self._ray.put(np.frombuffer(content, np.uint8)),
            )
        # In a list, so that a worker that has the file does not fetch it.
        return stored.digest, [stored.ref]


@dataclasses.dataclass(frozen=True)
class _StoredFile:
    """A file in the object store, as long as it is as it was."""

    stamp: tuple[int, int]
    digest: str
    ref: Any


def _line(error: BaseException) -> str:
    """Returns what an error says, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # Ray writes a traceback first, and what it says last.
    found = lines[-1] if lines else type(error).__name__
    return printable(found, MOST_OF_A_REASON)
