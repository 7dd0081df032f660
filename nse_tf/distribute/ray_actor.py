"""What a worker's actor is on its node: a shell around `RemoteWorker`."""

import os
from collections.abc import Mapping
from typing import Any


class RayWorker:
    """Does jobs in a process that Ray started."""

    def __init__(self) -> None:
        # Made by `join`: Ray restarts an actor by its constructor, and what is
        # given to that must not lie in the object store.
        self._worker: Any = None

    def join(
        self,
        environment: Mapping[str, str | None],
        compute_threads: int | None,
        parts: list[Any],
    ) -> dict[str, Any]:
        """Makes the worker; see `RemoteWorker.join`.

        Args:
            environment: Variables that decide what TensorFlow computes, as the
                search has them; None where it has them not.
            compute_threads: Threads of TensorFlow; None leaves them to it.
            parts: A list with the reference of the `WorkerParts`. By itself,
                Ray would resolve it before TensorFlow has its variables.
        """
        if self._worker is None:
            for name, value in environment.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
            import ray

            from nse_tf.distribute.remote_worker import RemoteWorker

            self._worker = RemoteWorker(
                ray.get(parts[0]),
                compute_threads,
                lambda handle: ray.get(handle[0]),
            )
        joined: dict[str, Any] = self._worker.join()
        return joined

    def run(self, job_text: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        """See `RemoteWorker.run`."""
        answer: dict[str, Any] = self._worker.run(job_text, sent)
        return answer

    def report(self) -> dict[str, Any]:
        """See `RemoteWorker.report`."""
        report: dict[str, Any] = self._worker.report()
        return report

    def leave(self) -> None:
        """See `RemoteWorker.leave`."""
        self._worker.leave()
