"""Measures how long one inference of a .tflite file takes on this machine.

  nse_latency --model=model.tflite
  nse_latency --model=model.tflite --num_threads=2 --noxnnpack
  nse_latency --model=model.tflite --format=json

The latency is the median of the calmer half of interleaved rounds, batch 1.
What the file is made of follows: operators, number types and memory. The time
of each operator is read from what TensorFlow's tool printed, on a phone too:

  benchmark_model --graph=model.tflite --enable_op_profiling=true >printed.txt
  nse_latency --model=model.tflite --op_profile=printed.txt

With --format=json the output is one JSON object: latency_ms, and all that it
depends on.
"""

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from absl import flags

from nse_tf.flags import binaries, device_flags, model_flags, output_flags
from nse_tf.flags.paths import define_path
from nse_tf.quiet import quiet_native_output
from nse_tf.terminal import say

if TYPE_CHECKING:
    from nse_tf.export import Census, FileDetails, OpTime

flags.adopt_module_key_flags(device_flags)
flags.adopt_module_key_flags(output_flags)
flags.adopt_module_key_flags(model_flags)
RUNS = flags.DEFINE_integer("runs", 50, "Fewest timed runs.", lower_bound=1)
WARMUP = flags.DEFINE_integer("warmup", 10, "Untimed first runs.", 1)
ROUNDS = flags.DEFINE_integer(
    "rounds", 5, "Rounds that the runs are divided into.", lower_bound=1
)
OP_PROFILE = define_path(
    "op_profile",
    None,
    "What `benchmark_model --enable_op_profiling=true` printed for the file.",
)


def measure(path: pathlib.Path) -> dict[str, Any]:
    """Returns a file's latency and all that it depends on, as a JSON value.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no .tflite file that can be timed.
    """
    content = path.read_bytes()
    with quiet_native_output():
        from nse_tf.export import measure_latency

    latency = measure_latency(
        path,
        num_threads=device_flags.NUM_THREADS.value,
        use_xnnpack=device_flags.XNNPACK.value,
        warmup=WARMUP.value,
        runs=RUNS.value,
        rounds=ROUNDS.value,
    )
    facts = dataclasses.asdict(latency)
    batch = batch_of(latency.input)
    return {
        "schema": "nse_tf.file_latency/1",
        "file": str(path),
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "batch": batch,
        "image_ms": latency.median_ms / batch,
        "latency_ms": facts.pop("median_ms"),
        **facts,
    }


def batch_of(text: str) -> int:
    """Returns how many images an input takes at once.

    Args:
        text: Its type and shape, such as `uint8 4x96x96x3`.
    """
    sides = text.split(" ")[-1].split("x")
    return int(sides[0]) if len(sides) == 4 else 1


def inspect(path: pathlib.Path) -> "tuple[FileDetails, Census | None]":
    """Returns what a file is made of.

    Its number types are counted without XNNPACK, and are None where the
    runtime's own kernels refuse it.
    """
    from nse_tf.export import describe_file, take_census

    details = describe_file(
        path.read_bytes(),
        num_threads=device_flags.NUM_THREADS.value,
        use_xnnpack=device_flags.XNNPACK.value,
    )
    try:
        return details, take_census(path)
    except ValueError:
        return details, None


def op_times() -> "list[OpTime] | None":
    """Returns the time of each operator, if it was given.

    Raises:
        ValueError: If the file holds no such times.
    """
    if OP_PROFILE.value is None:
        return None
    from nse_tf.export import parse_op_profile

    path = pathlib.Path(OP_PROFILE.value)
    try:
        return parse_op_profile(path.read_text(errors="replace"))
    except ValueError as error:
        raise ValueError(f"`--op_profile` {path}: {error}") from error


def as_text(measured: dict[str, Any], more: Mapping[str, str]) -> str:
    """Returns what `measure` returns as lines for people.

    Args:
        measured: What it returns.
        more: Further lines by caption, before machine and date.
    """
    machine = measured["machine"]
    taken = (
        "the runtime does not report how many ops"
        if measured["num_ops"] is None
        else f"{measured['delegated_ops']} of {measured['num_ops']} ops"
    )
    rows = {
        "latency": f"{measured['latency_ms']:.4g} ms, the median",
        **(
            {"per image": f"{measured['image_ms']:.4g} ms, of {batch} at once"}
            if (batch := measured["batch"]) > 1
            else {}
        ),
        "quartiles": f"{measured['p25_ms']:.4g} to {measured['p75_ms']:.4g} ms",
        "spread": (
            f"{measured['spread']:.0%} between runs"
            + ("" if measured["is_steady"] else ": NOT to be relied on")
        ),
        "fastest": f"{measured['min_ms']:.4g} ms",
        "runs": (
            f"{measured['runs']}, the calmer half of {measured['rounds']} "
            f"rounds, after {measured['warmup']} untimed"
        ),
        "threads": str(measured["num_threads"]),
        "delegate": f"{measured['delegate']}, {taken}",
        "input": measured["input"],
        **more,
        "file": f"{measured['file']}, {measured['size_bytes']:,} bytes",
        "machine": (
            f"{machine['device']}, {machine['cpu']}, governor "
            f"{machine['governor']}"
        ),
        "runtime": f"{machine['runtime']} {machine['runtime_version']}",
        "date": measured["date"],
    }
    return "\n".join(f"{name:<10}{value}" for name, value in rows.items())


def main(argv: Sequence[str]) -> None:
    """Prints the latency."""
    del argv
    if model_flags.MODEL.value is None:
        raise ValueError(
            "Say what to measure: --model=FILE.tflite; see --help."
        )
    path = pathlib.Path(model_flags.MODEL.value)
    if not path.is_file():
        raise FileNotFoundError(2, "No such file", str(path))
    binaries.quiet_libraries()
    times = op_times()
    measured = measure(path)
    details, census = inspect(path)
    if output_flags.FORMAT.value == "json":
        measured["details"] = dataclasses.asdict(details)
        measured["census"] = census and dataclasses.asdict(census)
        if times is not None:
            measured["op_times"] = [dataclasses.asdict(each) for each in times]
        print(json.dumps(measured, indent=1))
        return
    from nse_tf.flags.details_text import detail_rows

    say(as_text(measured, detail_rows(details, census, times)))


def run() -> NoReturn:
    """Runs the binary `nse_latency`; see `binaries.run`."""
    binaries.run(main)


if __name__ == "__main__":
    run()
