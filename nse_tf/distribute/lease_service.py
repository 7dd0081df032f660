"""Calls of workers to a chief beside keras-tuner's own, on the same port.

keras-tuner's chief never learns that a worker died, nor what settings it has.
Three calls with JSON messages add that: join, beat, leave.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import grpc

from nse_tf.distribute.caller import Caller, named_in

SERVICE = "nse_tf.Leases"

Message = dict[str, Any]
Answer = Callable[[Message, Caller], Message]


def _encoded(message: Message) -> bytes:
    return json.dumps(message, allow_nan=False).encode()


def decoded(content: bytes) -> Message:
    """Returns a message.

    Raises:
        RecursionError: If it is nested too deeply.
        ValueError: If it is no JSON object.
    """
    message = json.loads(content, parse_constant=_refuse_constant)
    if not isinstance(message, dict):
        raise ValueError("It is no JSON object.")
    return message


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}.")


def lease_handler(answers: Mapping[str, Answer]) -> grpc.GenericRpcHandler:
    """Returns a handler of calls by name; each maps message to message."""

    def method(answer: Answer) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(
            lambda message, context: answer(
                message, named_in(context.invocation_metadata())
            ),
            request_deserializer=decoded,
            response_serializer=_encoded,
        )

    return grpc.method_handlers_generic_handler(
        SERVICE, {name: method(answer) for name, answer in answers.items()}
    )


def lease_call(channel: grpc.Channel, name: str) -> Callable[..., Message]:
    """Returns one of the three calls, as gRPC's stubs have them."""
    call: Callable[..., Message] = channel.unary_unary(
        f"/{SERVICE}/{name}",
        request_serializer=_encoded,
        response_deserializer=decoded,
    )
    return call
