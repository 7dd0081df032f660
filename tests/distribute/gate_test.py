"""Who gets past the gate, with what, and what the others cost."""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest

from nse_tf.distribute import gate as gate_module
from nse_tf.distribute.caller import (
    MOST_OF_A_NAME,
    NAME_KEY,
    PROCESS_KEY,
    TOKEN_KEY,
    Caller,
    caller_of,
    metadata_for,
)
from nse_tf.distribute.gate import MOST_OPEN_CALLS, Gate
from nse_tf.distribute.lease_service import (
    SERVICE,
    Message,
    lease_call,
    lease_handler,
)
from nse_tf.distribute.leases import Leases
from nse_tf.distribute.members import Members
from nse_tf.distribute.ports import (
    MOST_METADATA_BYTES,
    MOST_REQUEST_BYTES,
    bind,
    make_server,
)
from nse_tf.distribute.refusals import LOG_SECONDS, Refusals, RefusedError

TOKEN = "a1b2"
ALICE = Caller("alice", "p1")
MINE = metadata_for(ALICE, TOKEN)


class Served:
    """A gate before three calls, which records who made which."""

    def __init__(self) -> None:
        leases = Leases(30.0)
        self.members = Members(leases)
        self.gate = Gate(TOKEN, self.members, Refusals())
        self.made: list[tuple[str, Message]] = []
        self.blocked = threading.Event()
        self.server = make_server(futures.ThreadPoolExecutor(2), self.gate)
        answers = {"Join": self._join, "Beat": self._beat, "Work": self._work}
        self.server.add_generic_rpc_handlers((lease_handler(answers),))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.channel = self.connected()

    def connected(self) -> grpc.Channel:
        """Returns a channel with a connection of its own and no limits."""
        return grpc.insecure_channel(
            f"127.0.0.1:{self.port}",
            options=[
                ("grpc.max_send_message_length", -1),
                ("grpc.max_metadata_size", 1 << 20),
                ("grpc.use_local_subchannel_pool", 1),
            ],
        )

    def _join(self, message: Message, caller: Caller) -> Message:
        del message
        return {"joined": self.members.admit(caller)}

    def _beat(self, message: Message, caller: Caller) -> Message:
        self.made.append((caller.name, message))
        return {}

    def _work(self, message: Message, caller: Caller) -> Message:
        del caller
        if message.get("raises"):
            raise KeyError("no\nsuch thing")
        self.blocked.wait(20)
        return {}

    def call(
        self, name: str, metadata: Any = MINE, message: Any = None
    ) -> Message:
        """Makes a call."""
        return lease_call(self.channel, name)(
            message or {}, metadata=metadata, timeout=10
        )

    def send(self, content: bytes, **kwargs: Any) -> None:
        """Sends any bytes as a beat of a member."""
        call = self.channel.unary_unary(f"/{SERVICE}/Beat")
        call(content, metadata=MINE, timeout=10, **kwargs)


@pytest.fixture
def served() -> Iterator[Served]:
    """A gate that Alice has passed."""
    found = Served()
    assert found.call("Join") == {"joined": True}
    yield found
    found.blocked.set()
    found.channel.close()
    found.server.stop(None).wait()
    found.gate.close()


@contextlib.contextmanager
def refused(*codes: str) -> Iterator[None]:
    """Expects one of these states."""
    with pytest.raises(grpc.RpcError) as caught:
        yield
    assert caught.value.code().name in codes, caught.value.details()


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        metadata_for(ALICE, "a1b3"),
        metadata_for(ALICE, ""),
        metadata_for(ALICE, TOKEN[:-1]),
        metadata_for(ALICE, TOKEN * 2),
        MINE[:1],
        MINE[:2],
        metadata_for(Caller("", "p1"), TOKEN),
        metadata_for(Caller("alice", ""), TOKEN),
        metadata_for(Caller("a" * (MOST_OF_A_NAME + 1), "p1"), TOKEN),
        ((TOKEN_KEY, TOKEN), (NAME_KEY, b"\xff"), (PROCESS_KEY, "p1")),
    ],
)
def test_a_call_without_token_and_name_reaches_nothing(
    served: Served, metadata: Any
) -> None:
    for name in ("Join", "Beat", "Work", "Other"):
        with refused("UNAUTHENTICATED"):
            served.call(name, metadata)
    assert served.made == []
    assert served.gate.refusals.total == 4


def test_metadata_that_is_no_text_is_no_token() -> None:
    assert caller_of(MINE, TOKEN) == ALICE
    assert caller_of([(TOKEN_KEY, b"\xff\x00"), *MINE[1:]], TOKEN) is None
    assert caller_of([(TOKEN_KEY, "ä"), *MINE[1:]], TOKEN) is None
    assert caller_of(None or (), TOKEN) is None


def test_only_who_joined_is_answered(served: Served) -> None:
    bob = metadata_for(Caller("bøb", "p2"), TOKEN)
    with refused("PERMISSION_DENIED"):
        served.call("Beat", bob)
    served.call("Join", bob)
    served.call("Beat", bob)
    assert served.made == [("bøb", {})]
    with refused("UNIMPLEMENTED"):
        served.call("Other")


def test_one_name_is_one_process_until_its_lease_is_over() -> None:
    now = [0.0]
    leases = Leases(30.0, lambda: now[0])
    members = Members(leases)
    again = Caller("alice", "p2")
    assert members.admit(ALICE)
    assert members.admit(ALICE)
    assert not members.admit(again)
    assert members.has(ALICE)
    now[0] = 31.0
    assert leases.take_lapsed() == ["alice"]
    assert members.has(ALICE)  # It may only be slow.
    assert members.admit(again)
    assert (members.has(again), members.has(ALICE)) == (True, False)
    members.drop(ALICE)  # Too late to matter.
    assert members.has(again)
    members.drop(again)
    leases.leave("alice")
    assert members.admit(ALICE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"{",
        b"[]",
        b"null",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a":' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ],
)
def test_what_cannot_be_read_is_a_line_and_no_traceback(
    served: Served, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with refused("INVALID_ARGUMENT"):
        served.send(content)
    assert served.made == []
    (line,) = caplog.records
    assert line.levelno == logging.WARNING
    assert line.exc_info is None
    assert "alice (ipv4:127.0.0.1:" in line.message
    assert "\n" not in line.message


def test_what_is_too_large_is_refused(served: Served) -> None:
    served.send(b"{" + b" " * (MOST_REQUEST_BYTES - 2) + b"}")
    for bytes_too_many in (1, 20 << 20):
        with refused("RESOURCE_EXHAUSTED"):
            served.send(b" " * (MOST_REQUEST_BYTES + bytes_too_many))
    with refused("RESOURCE_EXHAUSTED"):  # A few kilobytes on the wire.
        served.send(b" " * (64 << 20), compression=grpc.Compression.Gzip)
    with refused("RESOURCE_EXHAUSTED"):
        served.call("Beat", (*MINE, ("more", "x" * MOST_METADATA_BYTES)))
    assert len(served.made) == 1


def test_an_error_of_one_call_is_one_line(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with refused("INTERNAL"):
        served.call("Work", message={"raises": True})
    (line,) = caplog.records
    assert (line.exc_info, line.levelno) == (None, logging.WARNING)
    assert "KeyError: 'no\\nsuch thing'" in line.getMessage()


def test_strangers_that_never_send_hold_nothing(served: Served) -> None:
    never = threading.Event()

    def silent() -> Iterator[bytes]:
        never.wait()
        yield b""

    strangers = served.connected()
    stream = strangers.stream_stream(f"/{SERVICE}/Work")
    calls = [stream(silent()) for _ in range(200)]
    for call in calls:  # Of more than 100 at once, HTTP/2 refuses some.
        with refused("UNAUTHENTICATED", "UNAVAILABLE"):
            next(call)
    started = time.monotonic()
    served.call("Beat")
    assert time.monotonic() - started < 1.0
    never.set()
    strangers.close()


def test_a_member_that_never_sends_is_ended_and_never_stops_a_beat(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = threading.Event()

    def silent() -> Iterator[bytes]:
        never.wait()
        yield b""

    stream = served.channel.stream_unary(f"/{SERVICE}/Work")
    calls = [
        stream.future(silent(), metadata=MINE) for _ in range(MOST_OPEN_CALLS)
    ]
    deadline = time.monotonic() + 10
    while len(served.gate._reading) < 2:  # All threads of the server.
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with refused("RESOURCE_EXHAUSTED"):
        served.call("Work")
    bob = metadata_for(Caller("bob", "p2"), TOKEN)
    served.members.admit(Caller("bob", "p2"))
    served.call("Beat", bob)
    monkeypatch.setattr(gate_module, "REQUEST_SECONDS", 0.0)
    while not all(call.done() for call in calls):
        assert time.monotonic() < deadline
        served.gate.end_slow_calls()
        time.sleep(0.01)
    assert {call.code().name for call in calls} == {"CANCELLED"}
    monkeypatch.undo()
    served.blocked.set()
    served.call("Work")
    never.set()


def test_calls_that_wait_for_work_never_stop_a_beat(served: Served) -> None:
    work = lease_call(served.channel, "Work")
    futures_: Any = work
    waiting = [futures_.future({}, metadata=MINE) for _ in range(4)]
    time.sleep(0.1)
    started = time.monotonic()
    served.call("Beat")
    assert time.monotonic() - started < 1.0
    served.blocked.set()
    assert [call.result() for call in waiting] == [{}] * 4


def test_a_flood_of_refused_calls_is_a_few_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [0.0]
    refusals = Refusals(lambda: now[0])
    strange = RefusedError(grpc.StatusCode.UNAUTHENTICATED, "No\x1b[2Jtoken.")
    for _ in range(100):
        refusals.note(strange, "here")
    refusals.note_silently()
    other = RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "No number.")
    refusals.note(other, "w\n0")
    now[0] = LOG_SECONDS
    refusals.note(strange, "there")
    assert caplog.messages == [
        "Refused a call of here: No\\x1b[2Jtoken.",
        "Refused a call of w\n0: No number.",
        "Refused a call of there: No\\x1b[2Jtoken. So were 99 more.",
    ]
    assert refusals.total == 103


def test_an_address_that_is_taken_is_refused(served: Served) -> None:
    second = make_server(futures.ThreadPoolExecutor(1), served.gate)
    with pytest.raises(ValueError, match="Is another one running"):
        bind(second, f"127.0.0.1:{served.port}")
