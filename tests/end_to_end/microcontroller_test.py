"""What docs/tutorials/microcontroller.md shows is run, and its C++ compiled."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

from nse_tf.quiet import CHATTER
from tests.end_to_end.pages import (
    blocks_of,
    commands_of,
    programs_of,
    run_command,
    run_program,
)

PAGE = "tutorials/microcontroller"
# Few layers, little training, one file.
SHORT = (
    *("--space=spos_tiny", "--depth=0.25", "--noshrink"),
    *("--supernet_epochs=1", "--child_epochs=1"),
    *("--num_children=4", "--population=4", "--precisions=int8"),
)
# As tensorflow/lite/micro of tflite-micro declares what the program calls.
DECLARED = """
#pragma once
#include <cstddef>
#include <cstdint>
enum TfLiteStatus { kTfLiteOk, kTfLiteError };
void MicroPrintf(const char* format, ...);
namespace tflite {
struct Model;
const Model* GetModel(const void* content);
class MicroOpResolver {};
template <unsigned count>
struct MicroMutableOpResolver : MicroOpResolver {
  ADDED
};
struct MicroInterpreter {
  MicroInterpreter(const Model*, const MicroOpResolver&, uint8_t*, size_t);
  TfLiteStatus AllocateTensors();
  TfLiteStatus Invoke();
  size_t arena_used_bytes() const;
  template <class T> T* typed_input_tensor(int index);
  template <class T> T* typed_output_tensor(int index);
};
}
"""
HEADERS = ("micro_interpreter.h", "micro_log.h", "micro_mutable_op_resolver.h")


def compile_beside(firmware: pathlib.Path, program: str) -> None:
    """Compiles a program against generated headers and a stand-in."""
    written = json.loads((firmware / "micro.json").read_text())
    library = firmware / "tensorflow" / "lite" / "micro"
    library.mkdir(parents=True)
    added = "".join(f"TfLiteStatus {n}();" for n in written["registered_by"])
    (library / "declared.h").write_text(DECLARED.replace("ADDED", added))
    for name in HEADERS:
        (library / name).write_text('#include "declared.h"\n')
    (firmware / "main.cpp").write_text(program)
    subprocess.run(
        ["g++", "-std=c++17", "-Wall", "-Werror", "-I.", "-c", "main.cpp"],
        cwd=firmware,
        check=True,
    )


@pytest.mark.slow
def test_the_page_leads_from_limits_to_a_program(
    tmp_path: pathlib.Path,
) -> None:
    described, searched, exported = [
        run_command(command, tmp_path, SHORT) for command in commands_of(PAGE)
    ]
    (text,) = re.findall(r"(int8 RAM.*\nint8 flash.*\n)", described.stdout)
    assert text in blocks_of(PAGE, "text")
    assert "RAM at most 45,000 bytes: met with" in searched.stdout
    assert "Flash at most 200,000 bytes: met with" in searched.stdout
    report = (tmp_path / "runs" / "board" / "report.html").read_text()
    assert "Memory on a microcontroller" in report
    assert "on a microcontroller: arena " in exported.stdout
    for line in exported.stderr.encode().splitlines():
        assert not CHATTER.match(line)
    run_program(programs_of(PAGE), tmp_path)
    firmware = tmp_path / "firmware"
    image = (firmware / "test_image.h").read_text()
    assert image.count(",") == 8 * 8 - 1
    if shutil.which("g++") is None:
        pytest.skip("There is no g++.")
    compile_beside(firmware, *blocks_of(PAGE, "cpp"))
