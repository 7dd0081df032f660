"""Calls that no worker makes: without a token, forged, slow or oversized."""

import contextlib
import os
import pathlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import numpy as np
from keras_tuner.src import protos

from nse_tf.distribute.caller import (
    Caller,
    Pair,
    metadata_for,
    own_caller,
)
from nse_tf.distribute.ports import open_channel
from nse_tf.distribute.roles import chief_address
from nse_tf.distribute.worker_link import _token
from nse_tf.testing import raw_http2

SECONDS = 5.0
METHODS = tuple(
    f"/{service}/{name}"
    for service, names in (
        (
            "keras_tuner.Oracle",
            (
                *("GetSpace", "UpdateSpace", "CreateTrial", "UpdateTrial"),
                *("EndTrial", "GetTrial", "GetBestTrials"),
            ),
        ),
        ("nse_tf.Leases", ("Join", "Beat", "Leave", "Other")),
    )
    for name in names
)
LONG = 20 << 20


class Stranger:
    """Makes strange calls to a chief.

    Args:
        address: The chief's.
        folder: The run's folder, for those who read the token there.
        seed: Of what is drawn.
    """

    def __init__(self, address: str, folder: pathlib.Path, seed: int) -> None:
        self._port = int(address.rpartition(":")[2])
        self._folder = folder
        self._rng = np.random.default_rng(seed)
        self._channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_send_message_length", -1),
                ("grpc.max_metadata_size", 4 << 20),
                # A connection of its own.
                ("grpc.use_local_subchannel_pool", 1),
            ],
        )
        # Connections that are left open.
        self._held: list[Any] = []
        self.kinds: dict[str, Callable[[], str]] = {
            "no token": self._without_token,
            "a wrong token": self._wrong_token,
            "the token, but not joined": self._not_joined,
            "the name of a worker": self._in_a_workers_name,
            "a message of 20 MiB": self._too_large,
            "metadata of 1 MiB": self._too_much_metadata,
            "a stream that sends nothing": self._silent,
            "a message cut short": self._cut_short,
            "headers that are no text": self._no_text,
            "no HTTP/2 at all": self._noise,
        }

    def close(self) -> None:
        """Ends all connections."""
        self._channel.close()
        for each in self._held:
            each.close()

    def _call(
        self,
        metadata: tuple[Pair, ...] = (),
        content: bytes = b"{}",
        **kwargs: Any,
    ) -> str:
        path = METHODS[int(self._rng.integers(len(METHODS)))]
        return status_of(self._channel, path, content, metadata, **kwargs)

    def _without_token(self) -> str:
        return self._call(content=self._bytes(200))

    def _wrong_token(self) -> str:
        caller = Caller("worker-0", self._bytes(8).hex())
        return self._call(metadata_for(caller, self._bytes(16).hex()))

    def _not_joined(self) -> str:
        caller = Caller("stranger", "1")
        path = METHODS[int(self._rng.integers(7))]  # keras-tuner's.
        return status_of(
            self._channel,
            path,
            b"",
            metadata_for(caller, _token(self._folder)),
        )

    def _in_a_workers_name(self) -> str:
        caller = Caller("worker-0", "1")
        path = ("/nse_tf.Leases/Leave", "/keras_tuner.Oracle/CreateTrial")[
            int(self._rng.integers(2))
        ]
        return status_of(
            self._channel,
            path,
            b"{}",
            metadata_for(caller, _token(self._folder)),
        )

    def _too_large(self) -> str:
        return self._call(
            content=b" " * LONG,
            compression=(
                grpc.Compression.NoCompression,
                grpc.Compression.Gzip,
            )[int(self._rng.integers(2))],
        )

    def _too_much_metadata(self) -> str:
        return self._call((("more", "x" * (1 << 20)),))

    def _silent(self) -> str:
        over = threading.Event()

        def nothing() -> Iterator[bytes]:
            over.wait()
            yield b""

        call = self._channel.stream_stream("/nse_tf.Leases/Beat")(nothing())
        with contextlib.suppress(grpc.RpcError):
            next(call)
        over.set()
        return str(call.code().name)

    def _cut_short(self) -> str:
        begun = raw_http2.begun_call(b"/nse_tf.Leases/Join")
        # The first part of a message of 2^24 bytes.
        part = b"\x00\x01\x00\x00\x00" + self._bytes(1000)
        return self._raw(
            begun + raw_http2.frame(raw_http2.DATA, 0, 1, part), held=True
        )

    def _no_text(self) -> str:
        return self._raw(
            raw_http2.begun_call(
                b"/nse_tf.Leases/" + self._bytes(5),
                ((b"nse-token", b"\xff" + self._bytes(16)),),
            )
        )

    def _noise(self) -> str:
        return self._raw(self._bytes(int(self._rng.integers(1, 2000))))

    def _raw(self, content: bytes, held: bool = False) -> str:
        """Sends bytes; returns whether anything of an answer came."""
        try:
            connection = raw_http2.connected(self._port)
            connection.sendall(content)
            connection.settimeout(0.1)
            with contextlib.suppress(OSError):
                connection.recv(65536)
        except OSError:
            return "connection closed"
        if held:
            self._held.append(connection)
            return "left open"
        connection.close()
        return "closed"

    def _bytes(self, count: int) -> bytes:
        return bytes(self._rng.bytes(count))


def status_of(
    channel: grpc.Channel,
    path: str,
    content: bytes,
    metadata: tuple[Pair, ...],
    **kwargs: Any,
) -> str:
    """Makes a call with any bytes; returns the name of its status."""
    try:
        channel.unary_unary(path)(
            content, metadata=metadata, timeout=SECONDS, **kwargs
        )
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


def misbehave(folder: pathlib.Path, count: int, seed: int) -> None:
    """Lets this worker send what makes no sense, beside its work.

    Args:
        folder: The run's folder, where `misbehaved.txt` counts the statuses.
        count: How many calls.
        seed: Of what is sent.
    """

    def send() -> None:
        rng = np.random.default_rng(seed)
        statuses: list[str] = []
        channel = open_channel(chief_address())
        while not _token(folder):
            time.sleep(0.1)
        time.sleep(1.0)  # Until it has joined.
        for number in range(count):
            path, content = _nonsense(rng, number)
            metadata = metadata_for(own_caller(), _token(folder))
            statuses.append(
                status_of(channel, path, content, metadata, wait_for_ready=True)
            )
            (folder / "misbehaved.txt").write_text("\n".join(statuses))

    threading.Thread(target=send, daemon=True).start()


def _nonsense(rng: np.random.Generator, number: int) -> tuple[str, bytes]:
    """Returns a call of a member that must not be answered."""
    service: Any = protos.get_service()
    proto: Any = protos.get_proto()
    oracle, leases = "/keras_tuner.Oracle/", "/nse_tf.Leases/"
    trial = proto.Trial(trial_id="9999", status=proto.TrialStatus.COMPLETED)
    calls = (
        (leases + "Beat", b"[" * 50_000),
        (leases + "Beat", b'{"doing": NaN}'),
        (leases + "Beat", b'{"doing": 3}'),
        (leases + "Join", b'{"identity": []}'),
        (leases + "Join", bytes(rng.bytes(100))),
        (oracle + "CreateTrial", b"\xff" * 100),
        (
            oracle + "CreateTrial",
            service.CreateTrialRequest(tuner_id="worker-0").SerializeToString(),
        ),
        (
            oracle + "UpdateTrial",
            service.UpdateTrialRequest(
                trial_id="../..", metrics={"val_accuracy": float("nan")}
            ).SerializeToString(),
        ),
        (
            oracle + "EndTrial",
            service.EndTrialRequest(trial=trial).SerializeToString(),
        ),
        (
            oracle + "GetBestTrials",
            service.GetBestTrialsRequest(num_trials=-1).SerializeToString(),
        ),
    )
    return calls[number % len(calls)]


def resident_mb(pid: int) -> float:
    """Returns how much memory a process holds, in MB of 10^6 bytes."""
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
