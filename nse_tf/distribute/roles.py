"""The role of a process in a search, read from keras-tuner's variables.

`KERASTUNER_TUNER_ID` names the process, and a name with "chief" in it makes it
the chief; `KERASTUNER_ORACLE_IP` and `KERASTUNER_ORACLE_PORT` say where the
chief is found. Without them a process works alone.
"""

import enum
import os

VARIABLES = (
    "KERASTUNER_TUNER_ID",
    "KERASTUNER_ORACLE_IP",
    "KERASTUNER_ORACLE_PORT",
)


class Role(enum.Enum):
    """The role of a process."""

    ALONE = "alone"
    CHIEF = "chief"
    WORKER = "worker"


def present_role() -> Role:
    """Returns the role of this process.

    Raises:
        ValueError: If only some of keras-tuner's variables are set, or one is
            set to nothing.
    """
    for name in VARIABLES:
        if os.environ.get(name) == "":
            raise ValueError(
                f"{name} is set, but empty: unset it to work alone, or set "
                f"all of {', '.join(VARIABLES)}."
            )
    missing = [name for name in VARIABLES if not os.environ.get(name)]
    if len(missing) == len(VARIABLES):
        return Role.ALONE
    if missing:
        raise ValueError(
            f"The environment lacks {', '.join(missing)}: a chief and its "
            f"workers need all of {', '.join(VARIABLES)}."
        )
    is_chief = "chief" in os.environ["KERASTUNER_TUNER_ID"]
    return Role.CHIEF if is_chief else Role.WORKER


def is_worker() -> bool:
    """Whether this process gets its trials from a chief."""
    return present_role() is Role.WORKER


def chief_address() -> str:
    """Returns host and port of the chief."""
    host, port = (os.environ[name] for name in VARIABLES[1:])
    return f"{host}:{port}"
