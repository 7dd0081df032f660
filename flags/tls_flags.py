"""Flags of TLS between a chief and workers on other machines."""

import os
import pathlib

from nse_tf.distribute.ports import TLS_VARIABLES, present_tls
from nse_tf.distribute.roles import Role, present_role
from nse_tf.flags.paths import define_path

CERTIFICATE = define_path(
    "tls_certificate",
    None,
    "With workers on other machines: the chief's certificate, a PEM file. "
    "docs/workers.md says how to make one.",
)
KEY = define_path(
    "tls_key",
    None,
    "The private key of --tls_certificate, which only the chief needs.",
)
AUTHORITY = define_path(
    "tls_authority",
    None,
    "The certificate that workers trust, a PEM file. Default: "
    "--tls_certificate, if it is signed by itself.",
)


def apply() -> None:
    """Passes the flags on to whatever serves or calls in this process.

    A flag comes before the variable of the environment.

    Raises:
        ValueError: If the files do not fit the role of this process, or each
            other, or there is nobody to talk to.
    """
    given = []
    for variable, flag in zip(
        TLS_VARIABLES, (CERTIFICATE, KEY, AUTHORITY), strict=True
    ):
        if flag.value:
            os.environ[variable] = str(pathlib.Path(flag.value).absolute())
            given.append(flag.name)
    tls, role = present_tls(), present_role()
    if tls is None:
        return
    if role is Role.CHIEF:
        tls.server_credentials()
    elif role is Role.WORKER:
        tls.channel_credentials()
    elif given:
        raise ValueError(
            f"`--{given[0]}` is for a chief and workers "
            "on other machines, but KERASTUNER_TUNER_ID makes this process "
            "neither: leave it out, also with `--workers`."
        )
