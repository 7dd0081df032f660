"""Where a chief is served and how a worker reaches it, with TLS or without.

The files are named by environment variables, as the address is, so that a
script with a tuner takes them like a command with flags does.
"""

import dataclasses
import ipaddress
import os
import pathlib
import resource
import socket
import ssl

import grpc

# Of one message. A trial of ten thousand hyperparameters takes one megabyte.
MOST_REQUEST_BYTES = 4 << 20
MOST_ANSWER_BYTES = 64 << 20
MOST_METADATA_BYTES = 8 << 10
# Half of what a process may open at most, or it could open no file any more.
MOST_CONNECTIONS = min(2048, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)

TLS_VARIABLES = (
    "NSE_TF_TLS_CERTIFICATE",
    "NSE_TF_TLS_KEY",
    "NSE_TF_TLS_AUTHORITY",
)

_SERVER_OPTIONS = (
    # By default two chiefs could share a port, and each get some calls.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MOST_REQUEST_BYTES),
    ("grpc.max_send_message_length", MOST_ANSWER_BYTES),
    ("grpc.max_metadata_size", MOST_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MOST_METADATA_BYTES),
    # What is taken of a message before it is read stays small.
    ("grpc.http2.bdp_probe", 0),
    # Of one connection.
    ("grpc.max_concurrent_streams", 100),
    ("grpc.max_allowed_incoming_connections", MOST_CONNECTIONS),
    # Who connects and says nothing, in milliseconds, as all below.
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_idle_ms", 300_000),
    # Who was stopped or cut off: one ping, and as long for an answer.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
)
_CHANNEL_OPTIONS = (
    ("grpc.enable_http_proxy", 0),  # One in the environment is not for this.
    ("grpc.max_send_message_length", MOST_REQUEST_BYTES),
    ("grpc.max_receive_message_length", MOST_ANSWER_BYTES),
)


@dataclasses.dataclass(frozen=True)
class TlsFiles:
    """Files in PEM format; see docs/workers.md for how to make them.

    Attributes:
        certificate: The chief's certificate, with all above it.
        key: The chief's private key.
        authority: What workers trust; by default `certificate`, which then
            signs itself.
    """

    certificate: pathlib.Path | None = None
    key: pathlib.Path | None = None
    authority: pathlib.Path | None = None

    def server_credentials(self) -> grpc.ServerCredentials:
        """Returns what a chief shows its workers.

        Raises:
            ValueError: If a file is missing or does not fit; names it.
        """
        if self.certificate is None or self.key is None:
            raise ValueError(
                "A chief with TLS needs both its certificate and its key: "
                "give `--tls_certificate` and `--tls_key` "
                f"({TLS_VARIABLES[0]} and {TLS_VARIABLES[1]})."
            )
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                self.certificate, self.key, password=_no_password
            )
            pair = self.key.read_bytes(), self.certificate.read_bytes()
        except (OSError, ValueError) as error:  # SSLError is an OSError.
            raise ValueError(
                f"{self.certificate} and {self.key} are no certificate and its "
                f"key, in PEM format without a password ({error}): see "
                "`--tls_certificate` and `--tls_key`."
            ) from error
        return grpc.ssl_server_credentials([pair])

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """Returns what a worker trusts.

        Raises:
            ValueError: If there is no such file, or it holds no certificate.
        """
        path = self.authority or self.certificate
        if path is None:
            raise ValueError(
                "A worker with TLS needs to know whom to trust: give "
                f"`--tls_authority` ({TLS_VARIABLES[2]})."
            )
        try:
            ssl.create_default_context(cafile=path)
            content = path.read_bytes()
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{path} holds no certificate in PEM format ({error}): see "
                "`--tls_authority`."
            ) from error
        return grpc.ssl_channel_credentials(root_certificates=content)


def _no_password() -> str:
    """Keeps OpenSSL from asking the terminal."""
    return ""


def present_tls() -> TlsFiles | None:
    """Returns the files that the environment names; None if it names none."""
    paths = [
        pathlib.Path(value) if (value := os.environ.get(name)) else None
        for name in TLS_VARIABLES
    ]
    return TlsFiles(*paths) if any(paths) else None


def open_channel(address: str) -> grpc.Channel:
    """Returns a worker's channel to a chief.

    Raises:
        ValueError: If a file that TLS needs is missing or does not fit.
    """
    tls = present_tls()
    if tls is None:
        return grpc.insecure_channel(address, options=_CHANNEL_OPTIONS)
    return grpc.secure_channel(
        address, tls.channel_credentials(), options=_CHANNEL_OPTIONS
    )


def make_server(pool: object, gate: grpc.ServerInterceptor) -> grpc.Server:
    """Returns a server that is not started.

    Args:
        pool: The threads of calls that the gate gives no others.
        gate: Judges every call.
    """
    return grpc.server(pool, interceptors=[gate], options=_SERVER_OPTIONS)


def bind(server: grpc.Server, address: str) -> None:
    """Lets a server listen at an address.

    Raises:
        ValueError: If the address cannot be served at, or a file that TLS
            needs is missing or does not fit.
    """
    tls = present_tls()
    credentials = None if tls is None else tls.server_credentials()
    try:
        if credentials is None:
            bound = server.add_insecure_port(address)
        else:
            bound = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise ValueError(
            f"The chief cannot serve at {address}: {error}. Is another "
            "one running? Set KERASTUNER_ORACLE_PORT to a free port."
        ) from error
    if bound == 0:
        raise ValueError(f"The chief cannot serve at {address}.")


def is_in_the_clear(address: str) -> bool:
    """Returns whether others on a network could read what is sent.

    Args:
        address: Host and port of a chief.
    """
    return present_tls() is None and not _is_loopback(address)


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return all(
        ipaddress.ip_address(str(each[4][0]).partition("%")[0]).is_loopback
        for each in found
    )
