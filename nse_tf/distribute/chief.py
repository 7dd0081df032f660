"""The chief: assigns trials over gRPC and survives the death of workers.

It is keras-tuner's own service, with a lease for every worker. A worker that is
silent for too long is taken for dead, and another does its trial. The chief
ends when the search ends, also if no worker is left to poll once more. Only
workers that joined are answered; `gate` says how.
"""

import logging
import secrets
import time
from collections.abc import Callable
from concurrent import futures
from typing import Any, TypeVar

import grpc
from keras_tuner.src import protos

from nse_tf.distribute.caller import Caller
from nse_tf.distribute.gate import Gate
from nse_tf.distribute.identity import differences
from nse_tf.distribute.lease_service import Message, lease_handler
from nse_tf.distribute.leased_trials import LeasedTrials
from nse_tf.distribute.leases import Leases
from nse_tf.distribute.members import Members
from nse_tf.distribute.ports import bind, is_in_the_clear, make_server
from nse_tf.distribute.refusals import (
    Refusals,
    RefusedError,
    taking_logs_of_grpc,
)
from nse_tf.distribute.roles import chief_address
from nse_tf.distribute.trial_service import TrialServicer
from nse_tf.methods import SearchError
from nse_tf.spaces.files import write_json
from nse_tf.terminal import printable
from nse_tf.training.progress import spoken_outlook

LOGGER = logging.getLogger("nse_tf")

Value = TypeVar("Value")

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
        self._refusals = Refusals()
        self.leases = Leases(lease_seconds)
        self._members = Members(self.leases)
        self._gate = Gate(self._token, self._members, self._refusals)

    def serve(self) -> None:
        """Serves until the search is over and all workers know it.

        Raises:
            SearchError: If no worker reports for `PATIENCE_SECONDS`.
            ValueError: If the address cannot be served at.
        """
        with taking_logs_of_grpc(self._refusals):
            self._serve(chief_address())
        if self._refusals.total:
            LOGGER.warning(
                "Chief: refused %d calls in all.", self._refusals.total
            )

    def _serve(self, address: str) -> None:
        server = self._start(address)
        # Once the port is taken: a second chief that fails to get it must not
        # replace the token.
        write_json(
            self._oracle.folder / CHIEF_FILE,
            {"token": self._token},
            mode=0o600,  # Whoever knows it may join.
        )
        LOGGER.info("Chief: serving at %s, waiting for workers", address)
        if is_in_the_clear(address):
            LOGGER.warning(
                "Others on the network of %s can read the token and what "
                "workers report, and so take part: see --tls_certificate.",
                address,
            )
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
            self._gate.close()

    def _summary(self) -> str:
        """Returns what the workers do, and how long the search will take."""
        summary = printable(self.leases.summary()) or "no worker yet"
        if (outlook := self._oracle.outlook()) is None:
            return summary
        return f"{summary}; the whole search {spoken_outlook(*outlook)}"

    def _start(self, address: str) -> grpc.Server:
        server = make_server(
            futures.ThreadPoolExecutor(max_workers=NUM_THREADS), self._gate
        )
        protos.get_service_grpc().add_OracleServicer_to_server(
            TrialServicer(self._oracle), server
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
        bind(server, address)
        server.start()
        return server

    def _join(self, message: Message, caller: Caller) -> Message:
        """Admits a worker, or returns why it does not fit."""
        identity = _field(message, "identity", dict)
        if found := differences(self._identity, identity):
            return {
                "problem": f"{caller.name} does not fit its chief (first the "
                f"chief's, then the worker's): {found}.",
                "seconds": 0.0,
            }
        is_known = self._members.has(caller)
        if not self._members.admit(caller):
            return {
                "problem": f"Another process is called {caller.name} and at "
                "work: give each worker a KERASTUNER_TUNER_ID of its own.",
                # It may be dead without the chief knowing yet.
                "seconds": self.leases.seconds + CHECK_SECONDS,
            }
        self._oracle.num_workers = len(self.leases.workers)
        if not is_known:
            LOGGER.info("%s joined.", printable(caller.name))
        return {"lease_seconds": self.leases.seconds}

    def _beat(self, message: Message, caller: Caller) -> Message:
        doing = printable(_field(message, "doing", str), MOST_OF_A_NAME)
        self.leases.hear(caller.name, doing)
        return {}

    def _leave(self, message: Message, caller: Caller) -> Message:
        del message
        self._members.drop(caller)
        self.leases.leave(caller.name)
        self._oracle.drop_worker(caller.name)
        return {}

    def _look_after_workers(self) -> None:
        self._gate.end_slow_calls()
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


def _field(message: Message, name: str, kind: type[Value]) -> Value:
    """Returns a part of a message.

    Raises:
        RefusedError: If it is of another kind, or not there.
    """
    value = message.get(name)
    if not isinstance(value, kind):
        raise RefusedError(
            grpc.StatusCode.INVALID_ARGUMENT,
            f"The field {name!r} of its message is no {kind.__name__}.",
        )
    return value
