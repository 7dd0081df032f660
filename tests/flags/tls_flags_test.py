import os
import pathlib

import pytest
from absl.testing import flagsaver

from nse_tf.distribute.ports import TLS_VARIABLES
from nse_tf.distribute.roles import VARIABLES
from nse_tf.flags import tls_flags


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, *TLS_VARIABLES):
        # Set first, so that what a flag sets is taken back.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def be(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Makes this process a chief or a worker."""
    for variable, value in zip(
        VARIABLES, (name, "10.0.0.1", "8000"), strict=True
    ):
        monkeypatch.setenv(variable, value)


def test_without_flags_nothing_is_set() -> None:
    tls_flags.apply()
    assert not set(TLS_VARIABLES) & set(os.environ)


@pytest.mark.parametrize(
    ("name", "flag", "message"),
    [
        ("chief", "tls_authority", "needs both its certificate and its key"),
        ("chief", "tls_certificate", "needs both its certificate and its key"),
        ("worker-0", "tls_key", "needs to know whom to trust"),
        ("worker-0", "tls_authority", "absent.pem holds no certificate"),
        ("worker-0", "tls_certificate", "absent.pem holds no certificate"),
        (None, "tls_authority", "`--tls_authority` is for a chief and workers"),
    ],
)
def test_what_does_not_fit_the_process_is_refused_before_it_works(
    name: str | None,
    flag: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if name is not None:
        be(monkeypatch, name)
    with (
        flagsaver.flagsaver(**{flag: "absent.pem"}),
        pytest.raises(ValueError, match=message),
    ):
        tls_flags.apply()


def test_a_flag_comes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    be(monkeypatch, "worker-0")
    monkeypatch.setenv(TLS_VARIABLES[2], "old.pem")
    with (
        flagsaver.flagsaver(tls_authority="new.pem"),
        pytest.raises(ValueError, match=r"new\.pem"),
    ):
        tls_flags.apply()
    assert os.environ[TLS_VARIABLES[2]] == str(
        pathlib.Path("new.pem").resolve()
    )
