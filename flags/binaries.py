"""What all our binaries share: how they start, fail and show their help."""

import os
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from absl import app, flags, logging

BAD_INPUT = 2


def run(main: Callable[[Sequence[str]], None]) -> NoReturn:
    """Runs a binary and ends the process.

    Bad input ends with one line on stderr and exit code 2: a flag that absl
    refuses, a file that cannot be read or written, or a `ValueError` that our
    own code raised. An error raised elsewhere is a fault, not bad input, and
    keeps its traceback; `--v=1` shows it always.

    Args:
        main: Takes the command line without its flags: the binary's name.
    """
    try:
        app.run(main, flags_parser=lambda argv: _parse(main, argv))
    except BrokenPipeError:
        # The reader has seen enough. Without this, Python would complain when
        # it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) and not _is_ours(error):
            raise
        logging.debug("What led here:", exc_info=True)
        _refuse(_one_line(error))
    sys.exit(0)


def quiet_libraries() -> None:
    """Lets of the libraries' log lines only errors through; `--v=1` shows all.

    To be called before TensorFlow is imported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if logging.get_verbosity() == logging.INFO:  # Not asked for more.
        logging.set_verbosity(logging.ERROR)


def choose_kernels(dataset: str | None) -> None:
    """Asks TensorFlow for oneDNN's kernels where they pay.

    TensorFlow 2.21 takes them by itself only on CPUs with AVX-512. On others a
    step at 32x32 takes 1.5 times as long without them, and one on the embedded
    8x8 scans 1.6 times as long with them. What the environment says stays. To
    be called before TensorFlow is imported.
    """
    if dataset != "digits":
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def _parse(
    main: Callable[[Sequence[str]], None], argv: Sequence[str]
) -> list[str]:
    """Returns what is left of a command line; `--help` ends here."""
    if {"--help", "-help", "--helpshort", "-h", "-?"} & set(argv[1:]):
        module = sys.modules[main.__module__]
        sys.stdout.write(f"{module.__doc__}\n")
        sys.stdout.write(f"{flags.FLAGS.module_help(module)}\n")
        sys.exit(0)
    try:
        rest: list[str] = flags.FLAGS(argv)
    except flags.Error as error:
        _refuse(_one_line(error))
    if len(rest) > 1:
        _refuse(f"{rest[1]!r} is no flag; flags look like --name=value.")
    return rest


def _refuse(message: str) -> NoReturn:
    sys.stderr.write(f"{pathlib.Path(sys.argv[0]).name}: {message}\n")
    sys.exit(BAD_INPUT)


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.strerror}: {error.filename}"
    return " ".join(str(error).split())


def _is_ours(error: BaseException) -> bool:
    """Whether the line that raised an error lies in this package."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = trace.tb_frame.f_globals.get("__name__", "") if trace else ""
    return name == "__main__" or name.split(".")[0] == "nse_tf"
