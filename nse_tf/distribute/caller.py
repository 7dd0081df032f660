"""Who calls the chief: token, name and process in every call's metadata."""

import dataclasses
import functools
import hmac
import os
import secrets
from collections.abc import Iterable

TOKEN_KEY = "nse-token"
# gRPC takes any bytes only where a key ends so; a name need not be ASCII.
NAME_KEY = "nse-worker-bin"
PROCESS_KEY = "nse-process"

# Bytes of a name.
MOST_OF_A_NAME = 200

Pair = tuple[str, str | bytes]


@dataclasses.dataclass(frozen=True)
class Caller:
    """A process that calls the chief.

    Attributes:
        name: What the worker is called, `KERASTUNER_TUNER_ID`.
        process: Drawn by each process, so that two of one name are told apart.
    """

    name: str
    process: str


def own_name() -> str:
    """Returns the name of this process, as the chief knows it."""
    return os.environ["KERASTUNER_TUNER_ID"]


def own_caller() -> Caller:
    """Returns this process as the chief sees it."""
    return Caller(own_name(), _drawn(os.getpid()))


@functools.lru_cache(maxsize=1)
def _drawn(pid: int) -> str:
    del pid  # So that a forked process draws anew.
    return secrets.token_hex(8)


def metadata_for(caller: Caller, token: str) -> tuple[Pair, ...]:
    """Returns what a call must carry."""
    return (
        (TOKEN_KEY, token),
        (NAME_KEY, caller.name.encode()),
        (PROCESS_KEY, caller.process),
    )


def caller_of(metadata: Iterable[Pair], token: str) -> Caller | None:
    """Returns who calls, or None if the call does not carry the token.

    How long it takes does not tell how much of a token is right.

    Args:
        metadata: That of a call, of which anything may be wrong.
        token: The chief's.
    """
    found = _values(metadata)
    if not hmac.compare_digest(found.get(TOKEN_KEY, b""), token.encode()):
        return None
    name, process = found.get(NAME_KEY, b""), found.get(PROCESS_KEY, b"")
    if not all(0 < len(each) <= MOST_OF_A_NAME for each in (name, process)):
        return None
    try:
        return Caller(name.decode(), process.decode())
    except UnicodeDecodeError:
        return None


def named_in(metadata: Iterable[Pair]) -> Caller:
    """Returns who makes a call whose token was checked before."""
    found = _values(metadata)
    return Caller(found[NAME_KEY].decode(), found[PROCESS_KEY].decode())


def _values(metadata: Iterable[Pair]) -> dict[str, bytes]:
    return {
        key: value.encode() if isinstance(value, str) else value
        for key, value in metadata or ()
    }
