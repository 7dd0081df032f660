"""What all binaries share: how they start, fail and show their help."""

import logging as std_logging
import os
import pathlib
import signal
import sys
import types
from collections.abc import Callable, Sequence
from typing import NoReturn

from absl import app, flags, logging

from nse_tf.distribute.parent import end_with_parent
from nse_tf.garbage import collect_rarely
from nse_tf.terminal import printable

BAD_INPUT = 2
# As shells count a process that a signal ended.
AFTER_SIGNAL = 128
MOST_OF_A_MESSAGE = 1000
# Flags that name files and folders, with what they are if not given.
PATH_FLAGS = {
    "cache_dir": "",
    "run_dir": "runs",
    "data_dir": "",
    "output_dir": "",
    "output": "",
    "space": "",
}


class TerminatedError(KeyboardInterrupt):
    """SIGTERM, which ends a command as Ctrl-C does."""


def run(
    main: Callable[[Sequence[str]], None], *, resumes: bool = False
) -> NoReturn:
    """Runs a binary and ends the process.

    Bad input ends with one line on stderr and exit code 2: a flag that absl
    refuses, a file that cannot be read or written, or a `ValueError` that this
    package raised. An error raised elsewhere is a fault, not bad input, and
    keeps its traceback; `--v=1` always shows it. Ctrl-C ends with one line and
    exit code 130, SIGTERM with 143.

    Args:
        main: Takes the command line without its flags: the binary's name.
        resumes: Whether the same command resumes what was stopped.
    """
    collect_rarely()
    if not end_with_parent():  # A chief ends its workers in silence.
        signal.signal(signal.SIGTERM, _terminate)
    try:
        app.run(main, flags_parser=lambda argv: _parse(main, argv))
    except KeyboardInterrupt as stop:
        _stop(stop, resumes)
    except BrokenPipeError:
        # The reader closed the pipe. Without this, Python would complain when
        # it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) and not _is_own(error):
            raise
        logging.debug("What led here:", exc_info=True)
        _refuse(_one_line(error))
    sys.exit(0)


def _terminate(number: int, frame: types.FrameType | None) -> NoReturn:
    del number, frame
    raise TerminatedError


def _stop(stop: KeyboardInterrupt, resumes: bool) -> NoReturn:
    """Ends the process at once, with one line."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # A second one changes nothing.
    then = "; run the same command to resume" if resumes else ""
    sys.stderr.write(f"{_name()}: stopped{then}\n")
    std_logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    # Threads of TensorFlow and gRPC could hold up a plain exit for seconds.
    is_sigterm = isinstance(stop, TerminatedError)
    os._exit(AFTER_SIGNAL + (signal.SIGTERM if is_sigterm else signal.SIGINT))


def quiet_libraries() -> None:
    """Silences log lines of libraries below errors; `--v=1` shows all.

    Call it before TensorFlow is imported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if logging.get_verbosity() == logging.INFO:  # Not asked for more.
        logging.set_verbosity(logging.ERROR)


def choose_kernels(dataset: str | None) -> None:
    """Makes TensorFlow use oneDNN's kernels where they are faster.

    TensorFlow 2.21 uses them by itself only on CPUs with AVX-512. On others a
    step at 32x32 takes 1.5 times as long without them, and one on the embedded
    8x8 scans 1.6 times as long with them. A setting of the environment stays.
    Call it before TensorFlow is imported.
    """
    if dataset != "digits":
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def _parse(
    main: Callable[[Sequence[str]], None], argv: Sequence[str]
) -> list[str]:
    """Returns what is left of a command line; `--help` ends here."""
    module = sys.modules[main.__module__]
    if {"--help", "-help", "--helpshort", "-h", "-?"} & set(argv[1:]):
        sys.stdout.write(f"{module.__doc__}\n")
        sys.stdout.write(f"{flags.FLAGS.module_help(module)}\n")
        sys.exit(0)
    try:
        rest: list[str] = flags.FLAGS(argv)
    except flags.Error as error:
        _refuse(_one_line(error))
    if len(rest) > 1:
        _refuse(f"{rest[1]!r} is no flag; flags look like --name=value.")
    if unused := _unused_flags(module):
        _refuse(f"--{unused[0]} is a flag of other commands; see --help.")
    return rest


def _unused_flags(module: types.ModuleType) -> list[str]:
    """Returns flags that were given but that a binary does not read.

    absl accepts all flags of all modules that are imported, also of those that
    a binary imports for one flag.
    """
    read = {flag.name for flag in flags.FLAGS.get_key_flags_for_module(module)}
    return [
        flag.name
        for name, defined in flags.FLAGS.flags_by_module_dict().items()
        for flag in defined
        if name.startswith("nse_tf.") and flag.present and flag.name not in read
    ]


def _refuse(message: str) -> NoReturn:
    sys.stderr.write(f"{_name()}: {printable(message, MOST_OF_A_MESSAGE)}\n")
    sys.exit(BAD_INPUT)


def fail(error: Exception) -> NoReturn:
    """Ends with exit code 1 and an error's message on stderr."""
    sys.exit(f"{_name()}: {printable(str(error))}")


def _name() -> str:
    return pathlib.Path(sys.argv[0]).name


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        name = str(error.filename)
        return f"{error.strerror}: {name}{_way_out(name)}"
    return " ".join(str(error).split())


def _way_out(filename: str) -> str:
    """Returns the flag that names where a file lies, if one does."""
    for flag, default in PATH_FLAGS.items():
        if flag not in flags.FLAGS:
            continue
        value = flags.FLAGS[flag].value or default
        if not value:
            continue
        place, path = (
            os.path.abspath(os.path.expanduser(each))  # noqa: PTH100, PTH111
            for each in (value, filename)
        )
        # Below it, or a folder above it that cannot be written.
        if os.path.commonpath([place, path]) in (place, path):
            return f"; --{flag} names the place"
    return ""


def _is_own(error: BaseException) -> bool:
    """Whether the line that raised an error lies in this package."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = trace.tb_frame.f_globals.get("__name__", "") if trace else ""
    return name == "__main__" or name.split(".")[0] == "nse_tf"
