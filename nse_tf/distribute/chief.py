"""The chief: assigns trials over gRPC and survives the death of workers.

It is keras-tuner's own service, with a lease for every worker. A worker that is
silent for too long is taken for dead, and another does its trial. The chief
ends when the search ends, also if no worker is left to poll once more.
"""

import logging
import secrets
import time
from collections.abc import Callable
from concurrent import futures
from typing import Any

import grpc
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_chief import OracleServicer

from nse_tf.distribute.identity import differences
from nse_tf.distribute.lease_service import Message, lease_handler
from nse_tf.distribute.leased_trials import LeasedTrials
from nse_tf.distribute.leases import Leases
from nse_tf.distribute.roles import chief_address
from nse_tf.methods import SearchError
from nse_tf.spaces.files import write_json
from nse_tf.terminal import printable
from nse_tf.training.progress import spoken_outlook

LOGGER = logging.getLogger("nse_tf")

# Between two checks of the leases, and between two lines in a log.
CHECK_SECONDS = 0.2
LOG_SECONDS = 15.0
# So that a beat never waits for a trial that is being made.
NUM_THREADS = 16
# The chief gives up after so long without any worker.
PATIENCE_SECONDS = 600.0

CHIEF_FILE = "chief.json"

# What is shown of what workers call themselves and what they do.
MOST_OF_A_NAME = 200


class Chief:
    """Serves one search until it ends.

    Args:
        oracle: The oracle of the search.
        identity: All that decides the outcome; workers must have the same.
        lease_seconds: How long a worker may be silent.
        watch: Called at every check; raises if no worker can join any more.
    """

    def __init__(
        self,
        oracle: LeasedTrials,
        identity: dict[str, Any],
        lease_seconds: float,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        self._oracle = oracle
        self._identity = identity
        self._watch = watch
        self._token = secrets.token_hex(16)
        self.leases = Leases(lease_seconds)

    def serve(self) -> None:
        """Serves until the search is over and all workers know it.

        Raises:
            SearchError: If no worker reports for `PATIENCE_SECONDS`.
            ValueError: If the address cannot be served at.
        """
        address = chief_address()
        server = self._start(address)
        # Once the port is taken: a second chief that fails to get it must not
        # replace the token.
        write_json(
            self._oracle.folder / CHIEF_FILE,
            {"token": self._token},
            mode=0o600,  # Whoever knows it may join.
        )
        LOGGER.info("Chief: serving at %s, waiting for workers", address)
        try:
            logged = time.monotonic()
            while not self._oracle.is_over():
                time.sleep(CHECK_SECONDS)
                self._look_after_workers()
                if time.monotonic() - logged >= LOG_SECONDS:
                    logged = time.monotonic()
                    LOGGER.info("%s", self._summary())
            self._dismiss()
        finally:
            server.stop(grace=1.0).wait()

    def _summary(self) -> str:
        """Returns what the workers do, and how long the search will take."""
        summary = printable(self.leases.summary()) or "no worker yet"
        if (outlook := self._oracle.outlook()) is None:
            return summary
        return f"{summary}; the whole search {spoken_outlook(*outlook)}"

    def _start(self, address: str) -> grpc.Server:
        server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=NUM_THREADS),
            # By default two chiefs could share a port, and each get some calls.
            options=[("grpc.so_reuseport", 0)],
        )
        protos.get_service_grpc().add_OracleServicer_to_server(
            OracleServicer(self._oracle), server
        )
        server.add_generic_rpc_handlers(
            (
                lease_handler(
                    {
                        "Join": self._join,
                        "Beat": self._beat,
                        "Leave": self._leave,
                    }
                ),
            )
        )
        try:
            bound = server.add_insecure_port(address)
        except RuntimeError as error:
            raise ValueError(
                f"The chief cannot serve at {address}: {error}. Is another "
                "one running? Set KERASTUNER_ORACLE_PORT to a free port."
            ) from error
        if bound == 0:
            raise ValueError(f"The chief cannot serve at {address}.")
        server.start()
        return server

    def _join(self, message: Message) -> Message:
        """Admits a worker, or returns why it does not fit."""
        worker = message["worker"]
        if message["token"] != self._token:
            return {
                "problem": f"{worker} does not see the chief's folder "
                f"{self._oracle.folder.resolve()}: chief and workers must "
                "share it.",
                # A shared folder may show the token late; the worker asks
                # again.
                "is_final": False,
            }
        if found := differences(self._identity, message["identity"]):
            return {
                "problem": f"{worker} does not fit its chief (first the "
                f"chief's, then the worker's): {found}.",
                "is_final": True,
            }
        self.leases.hear(worker)
        self._oracle.num_workers = len(self.leases.workers)
        LOGGER.info("%s joined.", printable(worker, MOST_OF_A_NAME))
        return {"lease_seconds": self.leases.seconds}

    def _beat(self, message: Message) -> Message:
        doing = printable(message["doing"], MOST_OF_A_NAME)
        self.leases.hear(message["worker"], doing)
        return {}

    def _leave(self, message: Message) -> Message:
        self.leases.leave(message["worker"])
        self._oracle.drop_worker(message["worker"])
        return {}

    def _look_after_workers(self) -> None:
        for worker in self.leases.take_lapsed():
            LOGGER.warning(
                "%s was silent for %g s; another worker does its job.",
                printable(worker, MOST_OF_A_NAME),
                self.leases.seconds,
            )
            self._oracle.drop_worker(worker)
        self._oracle.num_workers = max(1, len(self.leases.workers))
        self._watch()
        if time.monotonic() - self.leases.last_heard > PATIENCE_SECONDS:
            raise SearchError(
                f"No worker reported for {PATIENCE_SECONDS:g} s. Restart "
                "chief and workers to resume the search."
            )

    def _dismiss(self) -> None:
        """Waits until every worker knows that the search is over."""
        deadline = time.monotonic() + self.leases.seconds
        while self.leases.workers and time.monotonic() < deadline:
            time.sleep(CHECK_SECONDS)
            # Those that died will not leave.
            self.leases.take_lapsed()
