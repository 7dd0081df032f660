"""Where a chief is served: with TLS or in the clear."""

import pathlib
import shutil
import subprocess
from concurrent import futures

import grpc
import pytest

from nse_tf.distribute.caller import Caller, metadata_for
from nse_tf.distribute.gate import Gate
from nse_tf.distribute.lease_service import lease_call, lease_handler
from nse_tf.distribute.leases import Leases
from nse_tf.distribute.local_workers import LocalWorkers, _free_port
from nse_tf.distribute.members import Members
from nse_tf.distribute.ports import (
    TLS_VARIABLES,
    TlsFiles,
    bind,
    is_in_the_clear,
    make_server,
    open_channel,
    present_tls,
)
from nse_tf.distribute.refusals import Refusals
from nse_tf.distribute.roles import VARIABLES
from nse_tf.distribute.worker_link import await_chief
from nse_tf.methods import SearchError

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="makes certificates by openssl"
)


def make_certificate(folder: pathlib.Path, host: str) -> TlsFiles:
    """Makes a key and a certificate that signs itself, as the docs say."""
    folder.mkdir()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=chief"),
            *("-addext", f"subjectAltName=IP:{host}"),
            *("-keyout", "chief.key", "-out", "chief.crt"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return TlsFiles(folder / "chief.crt", folder / "chief.key")


def set_tls(monkeypatch: pytest.MonkeyPatch, files: TlsFiles | None) -> None:
    """Sets the variables, or none."""
    paths = (
        (files.certificate, files.key, files.authority)
        if files
        else (None, None, None)
    )
    for name, path in zip(TLS_VARIABLES, paths, strict=True):
        monkeypatch.delenv(name, raising=False)
        if path is not None:
            monkeypatch.setenv(name, str(path))


@needs_openssl
def test_with_tls_only_who_trusts_the_chief_talks_to_it(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = make_certificate(tmp_path / "mine", "127.0.0.1")
    other = make_certificate(tmp_path / "other", "127.0.0.1")
    wrong_host = make_certificate(tmp_path / "host", "10.0.0.1")
    gate = Gate("t", Members(Leases(30.0)), Refusals())
    server = make_server(futures.ThreadPoolExecutor(2), gate)
    answers = {"Join": lambda message, caller: {"seen": caller.name}}
    server.add_generic_rpc_handlers((lease_handler(answers),))
    port = _free_port()
    address = f"127.0.0.1:{port}"
    for name, value in zip(
        VARIABLES, ("w", "127.0.0.1", str(port)), strict=True
    ):
        monkeypatch.setenv(name, value)
    set_tls(monkeypatch, files)
    bind(server, address)
    server.start()

    def seen() -> str:
        with open_channel(address) as channel:
            answer = lease_call(channel, "Join")(
                {}, metadata=metadata_for(Caller("w", "p"), "t"), timeout=5
            )
        return str(answer["seen"])

    assert seen() == "w"
    set_tls(monkeypatch, TlsFiles(authority=files.certificate))
    assert seen() == "w"
    for trusted in (None, TlsFiles(authority=other.certificate)):
        set_tls(monkeypatch, trusted)
        with pytest.raises(grpc.RpcError, match="UNAVAILABLE"):
            seen()
    with pytest.raises(SearchError, match="certificate that names this"):
        await_chief(0.2)
    server.stop(None).wait()

    again = make_server(futures.ThreadPoolExecutor(2), gate)
    set_tls(monkeypatch, wrong_host)
    bind(again, address)
    again.start()
    with pytest.raises(grpc.RpcError, match="UNAVAILABLE"):
        seen()
    again.stop(None).wait()


@needs_openssl
def test_files_that_tls_cannot_use_are_named(tmp_path: pathlib.Path) -> None:
    files = make_certificate(tmp_path / "mine", "127.0.0.1")
    other = make_certificate(tmp_path / "other", "127.0.0.1")
    text = tmp_path / "text"
    text.write_text("no certificate")
    with pytest.raises(ValueError, match="both its certificate and its key"):
        TlsFiles(certificate=files.certificate).server_credentials()
    for certificate, key in (
        (files.certificate, other.key),
        (text, files.key),
        (files.certificate, tmp_path / "absent"),
    ):
        with pytest.raises(ValueError, match="no certificate and its key") as e:
            TlsFiles(certificate, key).server_credentials()
        assert str(key) in str(e.value)
    with pytest.raises(ValueError, match="whom to trust"):
        TlsFiles(key=files.key).channel_credentials()
    for path in (text, tmp_path / "absent"):
        with pytest.raises(ValueError, match=f"{path} holds no certificate"):
            TlsFiles(authority=path).channel_credentials()


def test_what_others_can_read_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_tls(monkeypatch, None)
    assert present_tls() is None
    for address in ("127.0.0.1:1", "127.8.0.1:1", "[::1]:1", "localhost:1"):
        assert not is_in_the_clear(address)
    for address in ("10.0.0.1:1", "0.0.0.0:1", "[::]:1", "no.such.host.:1"):
        assert is_in_the_clear(address)
    set_tls(monkeypatch, TlsFiles(authority=pathlib.Path("ca")))
    assert not is_in_the_clear("10.0.0.1:1")


def test_workers_on_this_machine_need_no_tls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_tls(monkeypatch, TlsFiles(authority=pathlib.Path("ca")))
    with LocalWorkers(["true"], 1).at_work():
        assert present_tls() is None
    assert present_tls() == TlsFiles(authority=pathlib.Path("ca"))
