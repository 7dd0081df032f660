import pathlib
import subprocess
import sys

import pytest

from nse_tf.garbage import COLLECT_AFTER

PROGRAM = """
import sys
sys.path.insert(0, {checkout!r})
sys.argv[0] = "binary"
from nse_tf.flags import binaries
{body}
binaries.run(main)
"""


def run(
    body: str, *argv: str, cwd: pathlib.Path
) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(checkout=str(pathlib.Path.cwd()), body=body)
    return subprocess.run(
        [sys.executable, "-c", program, *argv],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


OUR_ERROR = """
from nse_tf.spaces import make_preset
def main(argv):
    make_preset("nowhere")
"""
FOREIGN_ERROR = """
import statistics
def main(argv):
    statistics.mean([])
"""


def test_a_binary_that_ends_well_exits_with_0(tmp_path: pathlib.Path) -> None:
    done = run("def main(argv): print(argv)", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "['binary']\n")


def test_a_binary_collects_garbage_rarely(tmp_path: pathlib.Path) -> None:
    body = "import gc\ndef main(argv): print(gc.get_threshold())"
    done = run(body, cwd=tmp_path)
    assert done.stdout == f"{COLLECT_AFTER}\n"


def test_bad_input_is_one_line_without_traceback(
    tmp_path: pathlib.Path,
) -> None:
    done = run(OUR_ERROR, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("binary: No space is named 'nowhere'.")
    assert "Traceback" not in done.stderr


def test_verbosity_shows_what_led_to_bad_input(tmp_path: pathlib.Path) -> None:
    done = run(OUR_ERROR, "--v=1", cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert "make_preset" in done.stderr


def test_a_fault_in_a_library_keeps_its_traceback(
    tmp_path: pathlib.Path,
) -> None:
    done = run(FOREIGN_ERROR, cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "StatisticsError" in done.stderr


def test_a_message_of_several_lines_becomes_one(tmp_path: pathlib.Path) -> None:
    done = run(
        "def main(argv): raise ValueError('first\\n  second')", cwd=tmp_path
    )
    assert done.stderr == "binary: first second\n"


def test_a_reader_that_leaves_early_is_no_error(
    tmp_path: pathlib.Path,
) -> None:
    program = PROGRAM.format(
        checkout=str(pathlib.Path.cwd()),
        body="def main(argv): print('line\\n' * 100_000)",
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_flag_of_another_binary_is_refused_where_it_would_do_nothing(
    tmp_path: pathlib.Path,
) -> None:
    body = """
from absl import flags
from nse_tf.flags import image_flags
flags.declare_key_flag("image_channels")
def main(argv): print(image_flags.IMAGE_CHANNELS.value)
"""
    done = run(body, "--image_channels=3", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "3\n")
    done = run(body, "--image_channels=3", "--num_classes=2", cwd=tmp_path)
    assert done.returncode == 2
    assert "--num_classes is a flag of other commands" in done.stderr


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_a_binary_with_one_line(
    name: str, code: int, tmp_path: pathlib.Path
) -> None:
    body = (
        "import os, signal, time\n"
        "def main(argv):\n"
        f"    os.kill(os.getpid(), signal.{name})\n"
        "    time.sleep(20)\n"
    )
    done = run(body, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (code, "binary: stopped\n")
    resuming = PROGRAM.replace("run(main)", "run(main, resumes=True)").format(
        checkout=str(pathlib.Path.cwd()), body=body
    )
    done = subprocess.run(
        [sys.executable, "-c", resuming],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert done.stderr == ("binary: stopped; run the same command to resume\n")


def test_what_is_printed_cannot_command_a_terminal(
    tmp_path: pathlib.Path,
) -> None:
    body = (
        "from nse_tf.terminal import say\n"
        "import nse_tf.flags.binaries\n"
        "def main(argv):\n"
        "    say('a\\x1b[31mb')\n"
        "    name = 'x\\x1b]0;t\\x07' * 999\n"
        "    raise FileNotFoundError(2, 'No such file', name)\n"
    )
    done = run(body, cwd=tmp_path)
    assert done.stdout == "a\\x1b[31mb\n"
    assert "\x1b" not in done.stderr
    assert done.stderr.startswith("binary: No such file: x\\x1b]0;t\\x07x")
    assert len(done.stderr) < 3000


def test_what_cannot_be_written_names_path_and_flag(
    tmp_path: pathlib.Path,
) -> None:
    (tmp_path / "file").write_text("no folder")
    body = (
        "import pathlib\n"
        "from nse_tf.flags import search_flags\n"
        "def main(argv):\n"
        "    path = pathlib.Path(search_flags.CACHE_DIR.value) / 'tables'\n"
        "    path.mkdir(parents=True)\n"
        "from absl import flags\n"
        "flags.declare_key_flag('cache_dir')\n"
    )
    done = run(body, f"--cache_dir={tmp_path}/file/cache", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        f"binary: Not a directory: {tmp_path}/file/cache/tables; --cache_dir "
        "names the place\n"
    )
