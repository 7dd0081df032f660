"""Calls of workers to a chief beside keras-tuner's own, on the same port.

keras-tuner's chief never learns that a worker died, nor what settings it has.
Three calls with JSON messages add that: join, beat, leave.
"""

import json
import os
from collections.abc import Callable
from typing import Any

import grpc

SERVICE = "nse_tf.Leases"

Message = dict[str, Any]
Answer = Callable[[Message], Message]


def _encoded(message: Message) -> bytes:
    return json.dumps(message).encode()


def lease_handler(answers: dict[str, Answer]) -> grpc.GenericRpcHandler:
    """Returns a handler of calls by name; each maps message to message."""

    def method(answer: Answer) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(
            lambda message, context: answer(message),
            request_deserializer=json.loads,
            response_serializer=_encoded,
        )

    return grpc.method_handlers_generic_handler(
        SERVICE, {name: method(answer) for name, answer in answers.items()}
    )


def local_channel(address: str) -> grpc.Channel:
    """Returns a channel that ignores a proxy in the environment."""
    return grpc.insecure_channel(
        address, options=[("grpc.enable_http_proxy", 0)]
    )


def call(
    channel: grpc.Channel, name: str, message: Message, seconds: float
) -> Message:
    """Calls the chief; returns its answer.

    Raises:
        grpc.RpcError: If it does not answer in time.
    """
    method = channel.unary_unary(
        f"/{SERVICE}/{name}",
        request_serializer=_encoded,
        response_deserializer=json.loads,
    )
    answer: Message = method(message, wait_for_ready=True, timeout=seconds)
    return answer


def own_name() -> str:
    """Returns the name of this process, as the chief knows it."""
    return os.environ["KERASTUNER_TUNER_ID"]
