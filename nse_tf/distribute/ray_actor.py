"""What a worker's actor is on its node: a shell around `RemoteWorker`."""

import os
from collections.abc import Mapping
from typing import Any


class RayWorker:
    """Does jobs in a process that Ray started.

    Args:
        environment: Variables that decide what TensorFlow computes, as the
            search has them; None where it has them not.
        compute_threads: Threads of TensorFlow; None leaves them to it.
        parts: A list with the reference of the `WorkerParts`, which Ray would
            resolve by itself, before TensorFlow has its variables.
    """

    def __init__(
        self,
        environment: Mapping[str, str | None],
        compute_threads: int | None,
        parts: list[Any],
    ) -> None:
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

    def join(self) -> dict[str, Any]:
        """See `RemoteWorker.join`."""
        return self._worker.join()

    def run(self, job_text: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        """See `RemoteWorker.run`."""
        return self._worker.run(job_text, sent)

    def report(self) -> dict[str, Any]:
        """See `RemoteWorker.report`."""
        return self._worker.report()

    def leave(self) -> None:
        """See `RemoteWorker.leave`."""
        self._worker.leave()
