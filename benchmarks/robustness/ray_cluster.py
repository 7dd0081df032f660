"""A Ray cluster of several nodes on this machine, for scripts that need one."""

import contextlib
import importlib
import os
import secrets
from collections.abc import Iterator
from typing import Any

# Weights and digits take less.
STORE_BYTES = 200 * 2**20


class Nodes:
    """A head without room for workers, and nodes with room for one each.

    Each node keeps to a core of its own, as far as there are any.

    Args:
        count: How many nodes beside the head.
    """

    def __init__(self, count: int) -> None:
        testing = importlib.import_module("ray.cluster_utils")
        self._cluster = testing.Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 0,
                "include_dashboard": False,
                "object_store_memory": STORE_BYTES,
            },
        )
        self._nodes = [self._new(index) for index in range(count)]

    @property
    def address(self) -> str:
        """Of the head."""
        address: str = self._cluster.address
        return address

    def kill(self, index: int) -> None:
        """Kills a node and all of its processes, with SIGKILL."""
        self._cluster.remove_node(self._nodes[index], allow_graceful=False)

    def replace(self, index: int) -> None:
        """Adds a node in place of one that was killed."""
        self._nodes[index] = self._new(index)

    def end(self) -> None:
        """Ends all of them."""
        self._cluster.shutdown()

    def _new(self, index: int) -> Any:
        allowed = os.sched_getaffinity(0)
        core = sorted(allowed)[index % len(allowed)]
        os.sched_setaffinity(0, {core})  # Its processes inherit that.
        try:
            return self._cluster.add_node(
                num_cpus=1, object_store_memory=STORE_BYTES
            )
        finally:
            os.sched_setaffinity(0, allowed)


@contextlib.contextmanager
def nodes(count: int) -> Iterator[Nodes]:
    """Starts a cluster, closed to all without its token."""
    os.environ |= {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        # By default workers give way to all other processes of a machine.
        "RAY_worker_niceness": "0",
    }
    started = Nodes(count)
    try:
        yield started
    finally:
        started.end()
