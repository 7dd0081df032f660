"""Which part a process has in a search, as keras-tuner's variables say.

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
    """The part of a process."""

    ALONE = "alone"
    CHIEF = "chief"
    WORKER = "worker"


def present_role() -> Role:
    """Returns the part of this process.

    Raises:
        ValueError: If only some of keras-tuner's variables are set.
    """
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
    """Whether this process takes its trials from a chief elsewhere."""
    return present_role() is Role.WORKER


def chief_address() -> str:
    """Returns where the chief is found, as host and port."""
    host, port = (os.environ[name] for name in VARIABLES[1:])
    return f"{host}:{port}"
