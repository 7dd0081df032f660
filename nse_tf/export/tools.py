"""Runs other programs, with their last line in the message if they fail."""

import signal
import subprocess
from collections.abc import Mapping, Sequence


def run_tool(
    words: Sequence[str],
    what: str,
    timeout_seconds: float,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Returns what a program prints.

    Args:
        words: The program and its arguments.
        what: What it does, the subject of error messages.
        timeout_seconds: How long it may take.
        environment: Its environment variables; None passes ours on.

    Raises:
        ValueError: If it fails or takes too long.
    """
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=timeout_seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(
            f"{what} takes more than {timeout_seconds:g} s."
        ) from error
    if done.returncode:
        printed = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise ValueError(
            f"{what} fails with {ending(done.returncode)}: "
            f"{printed[-1] if printed else 'no message'}"
        )
    return done.stdout + done.stderr


def ending(code: int) -> str:
    """Returns how a process ended, by its exit code."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
