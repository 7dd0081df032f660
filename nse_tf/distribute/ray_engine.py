"""Ray as an engine: worker actors on the nodes of a cluster.

The only module that knows Ray, which it imports once it is used. Ray places the
workers, restarts those that are lost, and carries jobs, weights and images; who
gets which job is decided by `Dealer`.
"""

import contextlib
import importlib
import importlib.util
import logging
import os
import secrets
import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nse_tf.distribute.ray_actor import RayWorker

if TYPE_CHECKING:  # They import TensorFlow, and settings are checked before.
    from nse_tf.distribute.ray_workers import RayWorkers
    from nse_tf.distribute.remote_worker import WorkerParts

LOGGER = logging.getLogger("nse_tf")

# What decides which kernels compute, and so the bits, and what is logged.
_DECIDING = ("TF_", "XLA_", "KERAS_", "ONEDNN_")
_NOT_DECIDING = ("TF_CONFIG",)
# Ray sets it to the number of CPUs that an actor has reserved.
_THREADS = "OMP_NUM_THREADS"


def require_ray() -> Any:
    """Returns Ray.

    Raises:
        ValueError: If it is not installed.
    """
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise ValueError(
            "`--engine=ray` needs Ray, which is not installed: "
            "pip install 'nse-tf[ray]'."
        ) from error


class RayEngine:
    """Starts the workers of a search on a Ray cluster.

    Where Ray is initialized already, its cluster is used and left as it is.

    Example:
        tuner = SupernetTuner(oracle)
        tuner.engine = RayEngine("auto", num_workers=8, gpus_per_worker=1)
        tuner.search(images, labels)

    Args:
        address: Of the cluster: `auto`, or host and port of its head. None
            starts one on this machine, which ends with the search.
        num_workers: How many workers; None takes one for each node.
        gpus_per_worker: GPUs that each worker reserves, up to one; a part of
            one lets several workers share it.
        compute_threads: Threads of TensorFlow in each worker, as many as CPUs
            that it reserves; None leaves them to TensorFlow, and reserves one.

    Raises:
        ValueError: If Ray is not installed, or a number or the address has no
            meaning.
    """

    def __init__(
        self,
        address: str | None = None,
        num_workers: int | None = None,
        gpus_per_worker: float = 0.0,
        compute_threads: int | None = None,
    ) -> None:
        _require_settings(address, num_workers, gpus_per_worker)
        self._address = address
        self._num_workers = num_workers
        self._gpus = gpus_per_worker
        self._threads = compute_threads
        self._cpus = compute_threads or 1
        if importlib.util.find_spec("ray") is None:
            require_ray()  # Says what to install.

    @contextlib.contextmanager
    def workers(self, parts: "WorkerParts") -> Iterator["RayWorkers"]:
        """Starts workers; ends them, and a cluster of its own, at the end.

        Raises:
            ValueError: If no cluster answers, it has no room for the images, or
                a part cannot be sent.
        """
        with self._cluster() as ray:
            nodes = [node for node in ray.nodes() if node["Alive"]]
            _require_room(parts.num_bytes, nodes)
            count = self._num_workers or max(1, self._num_fitting(nodes))
            LOGGER.info(
                "Ray: %d nodes, waiting for %d workers", len(nodes), count
            )
            started = self._started(ray, parts, count)
            try:
                yield started
            finally:
                started.end()

    def _num_fitting(self, nodes: list[dict[str, Any]]) -> int:
        """Returns how many nodes have room for a worker."""
        return sum(
            node["Resources"].get("CPU", 0) >= self._cpus
            and node["Resources"].get("GPU", 0) >= self._gpus
            for node in nodes
        )

    def _started(
        self, ray: Any, parts: "WorkerParts", count: int
    ) -> "RayWorkers":
        """Returns workers, which Ray places when it can.

        Raises:
            ValueError: If a part cannot be sent.
        """
        from nse_tf.distribute.ray_workers import RayWorkers

        try:
            sent = ray.put(parts.in_memory())
        except TypeError as error:  # What pickle says.
            raise ValueError(
                "A part of the search cannot be sent to other machines, such "
                f"as a layer or a callback: {str(error).splitlines()[0]}"
            ) from error
        actor = ray.remote(RayWorker).options(
            num_cpus=self._cpus,
            num_gpus=self._gpus,
            scheduling_strategy="SPREAD",
            # On another node if need be. What it was doing is dealt again by
            # us, from the newest checkpoint, to whoever is free first.
            max_restarts=-1,
            max_task_retries=0,
            max_concurrency=2,  # A job, and reports beside it.
        )
        environment = _deciding_environment()
        if 0 < self._gpus < 1:
            environment["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
        actors = {f"worker-{i}": actor.remote() for i in range(count)}
        return RayWorkers(ray, actors, (environment, self._threads, [sent]))

    @contextlib.contextmanager
    def _cluster(self) -> Iterator[Any]:
        """Connects to the cluster, or starts one."""
        own = self._address is None
        with _guarded() if own else contextlib.nullcontext():
            ray = require_ray()
            if ray.is_initialized():
                yield ray
                return
            handler = signal.getsignal(signal.SIGTERM)
            try:
                self._init(ray)
                with _sigterm_as(handler):
                    yield ray
            finally:
                ray.shutdown()

    def _init(self, ray: Any) -> None:
        """Raises a `ValueError` if no cluster answers."""
        more: dict[str, Any] = {
            "address": self._address or "local",
            # What workers say comes by their reports.
            "log_to_driver": False,
            "configure_logging": False,
        }
        if self._address is None:
            cpus = (self._num_workers or 1) * self._cpus
            more |= {
                "include_dashboard": False,
                "num_cpus": max(cpus, os.cpu_count() or 1),
            }
        try:
            ray.init(**more)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise ValueError(
                f"No Ray cluster answers at {self._address or 'this machine'} "
                f"({str(error).splitlines()[0]}). Start one by `ray start "
                "--head`, correct --ray_address, or leave it out to start one "
                "on this machine."
            ) from error


def _require_settings(
    address: str | None, num_workers: int | None, gpus_per_worker: float
) -> None:
    """Refuses what has no meaning.

    Raises:
        ValueError: If there is something.
    """
    if address is not None and (not address or "://" in address):
        raise ValueError(
            f"The Ray address is {address!r}, but must be 'auto' or a host and "
            "a port, such as 10.0.0.1:6379: start the search on a node of the "
            "cluster, as `ray job submit` does."
        )
    if num_workers is not None and num_workers < 1:
        raise ValueError(
            f"`num_workers` is {num_workers}, but must be at least 1."
        )
    if not 0 <= gpus_per_worker <= 1:
        raise ValueError(
            f"`gpus_per_worker` is {gpus_per_worker:g}, but must be from 0 to "
            "1: a worker trains on one device, and more workers use more."
        )


def _require_room(num_bytes: int, nodes: list[dict[str, Any]]) -> None:
    """Refuses images that do not fit the object store of a node.

    Raises:
        ValueError: If they do not.
    """
    stores = [
        node["Resources"]["object_store_memory"]
        for node in nodes
        if "object_store_memory" in node["Resources"]
    ]
    if stores and num_bytes > min(stores):
        raise ValueError(
            f"The images take {num_bytes / 2**30:.1f} GiB, but a node of the "
            f"cluster has {min(stores) / 2**30:.1f} GiB for them: start Ray "
            "with a larger --object-store-memory, or search on smaller images."
        )


def _deciding_environment() -> dict[str, str | None]:
    """Returns the variables that a worker needs as this process has them."""
    found: dict[str, str | None] = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_DECIDING) and name not in _NOT_DECIDING
    }
    return {**found, _THREADS: os.environ.get(_THREADS)}


@contextlib.contextmanager
def _guarded() -> Iterator[None]:
    """Closes a cluster that is started here to all who lack its token.

    Nor does it send usage statistics. What the user has set stays.
    """
    former = dict(os.environ)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if "RAY_AUTH_MODE" not in os.environ:
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    try:
        yield
    finally:
        for name in [*os.environ]:
            if name.startswith("RAY_") and name not in former:
                del os.environ[name]


@contextlib.contextmanager
def _sigterm_as(handler: Any) -> Iterator[None]:
    """Lets SIGTERM do here what it did before Ray was initialized.

    Ray replaces the handler, and raises a plain `KeyboardInterrupt` for
    whatever a handler raises while Ray waits.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not callable(handler):
        if is_main and handler is not None:  # Only there it may be changed.
            signal.signal(signal.SIGTERM, handler)
        yield
        return
    received: list[int] = []

    def noting(number: int, frame: Any) -> None:
        received.append(number)
        handler(number, frame)

    signal.signal(signal.SIGTERM, noting)
    try:
        yield
    except KeyboardInterrupt:
        if received:
            handler(signal.SIGTERM, None)
        raise
    finally:
        signal.signal(signal.SIGTERM, handler)
