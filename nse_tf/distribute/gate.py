"""The gate before a chief's services: nobody calls without token and name.

A call is judged before a handler is chosen, on gRPC's own thread and by its
metadata alone. One that is refused ends at once: its request is never read, and
it takes no thread of those that workers' calls run on. Of one that is admitted
the request is read here, for a limited time, so that whatever is wrong with it
is a line in the log and never a traceback.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from nse_tf.distribute.caller import Caller, caller_of
from nse_tf.distribute.members import Members
from nse_tf.distribute.refusals import Refusals, RefusedError
from nse_tf.terminal import printable

LOGGER = logging.getLogger("nse_tf")

JOIN = "Join"
# Calls that keep a worker alive have threads of their own.
VITAL = ("Beat", "Leave")
NUM_VITAL_THREADS = 4
# A worker makes one call at a time, beside its beats.
MOST_OPEN_CALLS = 8
# Refused calls that wait for their answer; others are dropped without one.
MOST_WAITING_REFUSALS = 64
# A worker sends a request at once; one that is slower was stopped or lost.
REQUEST_SECONDS = 10.0


class Gate(grpc.ServerInterceptor):
    """Admits calls of members, and a call to become one.

    Args:
        token: What every call must carry.
        members: Who joined.
        refusals: What was refused.
    """

    def __init__(
        self, token: str, members: Members, refusals: Refusals
    ) -> None:
        self._token = token
        self._members = members
        self.refusals = refusals
        self._lock = threading.Lock()
        self._open: Counter[Caller] = Counter()
        self._reading: dict[grpc.ServicerContext, float] = {}
        self._num_waiting = 0
        self._refusing = futures.ThreadPoolExecutor(1)
        self._vital = futures.ThreadPoolExecutor(NUM_VITAL_THREADS)

    def intercept_service(
        self,
        continuation: Callable[[Any], Any],
        handler_call_details: Any,
    ) -> grpc.RpcMethodHandler | None:
        """Returns what answers a call; see `grpc.ServerInterceptor`."""
        details = handler_call_details
        caller = caller_of(details.invocation_metadata, self._token)
        name = details.method.rpartition("/")[2]
        try:
            if caller is None:
                raise RefusedError(
                    grpc.StatusCode.UNAUTHENTICATED,
                    "It does not carry the token and a name of a worker.",
                )
            if name != JOIN and not self._members.has(caller):
                raise RefusedError(
                    grpc.StatusCode.PERMISSION_DENIED,
                    f"{caller.name!r} has not joined this search, or another "
                    "process goes by its name now.",
                )
            handler = continuation(details)
            if handler is None or handler.unary_unary is None:
                raise RefusedError(
                    grpc.StatusCode.UNIMPLEMENTED, "There is no such call."
                )
            self._begin(caller)
        except RefusedError as error:
            return self._refusal(error)
        return grpc.stream_unary_rpc_method_handler(
            _Admitted(
                self, caller, handler, self._vital if name in VITAL else None
            ),
            response_serializer=handler.response_serializer,
        )

    def _begin(self, caller: Caller) -> None:
        with self._lock:
            if self._open[caller] >= MOST_OPEN_CALLS:
                raise RefusedError(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    f"{caller.name!r} has {MOST_OPEN_CALLS} open calls.",
                )
            self._open[caller] += 1

    def _refusal(self, error: RefusedError) -> grpc.RpcMethodHandler | None:
        with self._lock:
            if self._num_waiting < MOST_WAITING_REFUSALS:
                self._num_waiting += 1
                return grpc.stream_unary_rpc_method_handler(
                    _Refused(self, error, self._refusing)
                )
        self.refusals.note_silently()
        return None  # gRPC itself says that there is no such call.

    def end_refusal(self) -> None:
        """Notes that a refused call has its answer."""
        with self._lock:
            self._num_waiting -= 1

    def end(self, caller: Caller) -> None:
        """Notes that an admitted call has its answer."""
        with self._lock:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]

    def read(
        self, requests: Iterator[bytes], context: grpc.ServicerContext
    ) -> bytes | None:
        """Returns the one message of a call; None if there is none.

        Raises:
            grpc.RpcError: If the call ends meanwhile.
        """
        with self._lock:
            self._reading[context] = time.monotonic()
        try:
            return next(requests, None)
        finally:
            with self._lock:
                self._reading.pop(context)

    def end_slow_calls(self) -> None:
        """Ends calls whose request has not come after `REQUEST_SECONDS`."""
        latest = time.monotonic() - REQUEST_SECONDS
        with self._lock:
            slow = [
                context
                for context, began in self._reading.items()
                if began < latest
            ]
        for context in slow:
            context.cancel()

    def close(self) -> None:
        """Ends its threads, once the server has stopped."""
        for pool in (self._refusing, self._vital):
            pool.shutdown(wait=False, cancel_futures=True)


class _Refused:
    """Answers a refused call without a look at its request."""

    def __init__(
        self, gate: Gate, error: RefusedError, pool: futures.Executor
    ) -> None:
        self._gate = gate
        self._error = error
        # gRPC runs the call on these threads.
        self.experimental_thread_pool = pool

    def __call__(
        self, requests: Iterator[bytes], context: grpc.ServicerContext
    ) -> None:
        del requests
        self._gate.end_refusal()
        self._gate.refusals.note(self._error, context.peer())
        context.abort(self._error.code, self._error.reason)


class _Admitted:
    """Answers an admitted call.

    Args:
        gate: Which admitted it.
        caller: Who calls.
        handler: Takes the request.
        pool: Runs it; None for the server's own threads.
    """

    def __init__(
        self,
        gate: Gate,
        caller: Caller,
        handler: grpc.RpcMethodHandler,
        pool: futures.Executor | None,
    ) -> None:
        self._gate = gate
        self._caller = caller
        self._handler = handler
        self.experimental_thread_pool = pool

    def __call__(
        self, requests: Iterator[bytes], context: grpc.ServicerContext
    ) -> Any:
        try:
            return self._answer(requests, context)
        except grpc.RpcError:  # The call is gone; gRPC knows its own error.
            raise
        except RefusedError as error:
            refused = error
        except Exception as error:
            LOGGER.debug("What led here:", exc_info=True)
            refused = RefusedError(
                grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}"
            )
        finally:
            self._gate.end(self._caller)
        who = f"{self._caller.name} ({context.peer()})"
        self._gate.refusals.note(refused, who)
        return context.abort(refused.code, refused.reason)

    def _answer(
        self, requests: Iterator[bytes], context: grpc.ServicerContext
    ) -> Any:
        content = self._gate.read(requests, context)
        if content is None:
            raise _invalid("It has no message, or one that is too large.")
        try:
            request = self._handler.request_deserializer(content)
        # Deep nesting is the last of them.
        except (DecodeError, ValueError, RecursionError) as error:
            raise _invalid(
                f"Its message cannot be read: {printable(str(error), 100)}"
            ) from error
        return self._handler.unary_unary(request, context)


def _invalid(reason: str) -> RefusedError:
    return RefusedError(grpc.StatusCode.INVALID_ARGUMENT, reason)
