"""HTTP/2 by hand, to send a server what no client of gRPC would send.

RFC 9113, section 4.1 (frames), and RFC 7541, section 6.2.2 (headers as they
are), are enough for that.
"""

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS = 0, 1, 4
END_OF_STREAM, END_OF_HEADERS = 1, 4


def connected(port: int) -> socket.socket:
    """Returns a connection to this machine, after the first words of HTTP/2."""
    found = socket.create_connection(("127.0.0.1", port), timeout=10.0)
    found.sendall(PREFACE + frame(SETTINGS, 0, 0, b""))
    return found


def frame(kind: int, marks: int, stream: int, content: bytes) -> bytes:
    """Returns a frame.

    Args:
        kind: Such as `HEADERS`.
        marks: Flags, such as `END_OF_HEADERS`.
        stream: Number of the stream, odd; 0 is the connection.
        content: Fewer than 2^24 bytes.
    """
    length = struct.pack(">I", len(content))[1:]
    return length + bytes([kind, marks]) + struct.pack(">I", stream) + content


def begun_call(
    path: bytes, metadata: tuple[tuple[bytes, bytes], ...] = ()
) -> bytes:
    """Returns the frame that begins a call, whose message is yet to come.

    Args:
        path: Service and method, `/service/method`.
        metadata: Its metadata, which may be no text.
    """
    headers = (
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", path),
        (b":authority", b"localhost"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
        *metadata,
    )
    content = b"".join(_literal(name, value) for name, value in headers)
    return frame(HEADERS, END_OF_HEADERS, 1, content)


def _literal(name: bytes, value: bytes) -> bytes:
    """Returns a header that no table knows, nor is to know."""
    return b"\x00" + _sized(name) + _sized(value)


def _sized(content: bytes) -> bytes:
    """Returns a length in seven bits or more (RFC 7541, 5.1), and content."""
    if len(content) < 127:
        return bytes([len(content)]) + content
    size, rest = b"\x7f", len(content) - 127
    while rest >= 128:
        size += bytes([rest % 128 + 128])
        rest //= 128
    return size + bytes([rest]) + content
