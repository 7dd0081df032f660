"""Makes the latency table of a search space for a device, and tests it.

  nse_lut --space=spos_small --image_size=32 --num_classes=10 --output=t.json
  nse_lut --space=space.json --precision=int8 --validate=50 --output=t.json
  nse_lut --space=spos --backend=android --benchmark_model=FILE --output=t.json
  nse_lut --space=nse_gpu --published=nse --table=lut.csv --output=t.json
  nse_lut --space=spos_small --image_size=32 --validate=50 --make=kit
  nse_lut --read=kit/results.txt --output=t.json
  nse_lut --space=spos_tiny --image_size=32 --num_classes=10 --check_memory
  nse_search --latency_table=t.json --max_latency_ms=8

Each distinct op and shape of the space is built as a .tflite file of its own,
measured and written with its provenance. The rows are then fitted to --fit
random whole networks, and with --validate=N compared with N others. Re-run the
command to resume from t.rows.json; rows whose quartiles lie far apart are
measured again. With --compare=OTHER.rows.json it reports how many rows agree
with an earlier measurement.

With --check_memory it measures no latency: it compares the RAM and flash that a
search predicts with what TensorFlow Lite Micro measures of --validate random
networks.

Where no adb reaches the device, --make writes the files and a script, which
runs benchmark_model there; --read makes the table of what it prints.
"""

import dataclasses
import json
import pathlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from absl import flags

from nse_tf.flags import (
    binaries,
    device_flags,
    image_flags,
    output_flags,
    search_flags,
    space_flags,
    table_flags,
)
from nse_tf.flags.output_file import OUTPUT
from nse_tf.flags.paths import define_path
from nse_tf.flags.search import set_up_logging
from nse_tf.quiet import quiet_native_output
from nse_tf.spaces import SearchSpace
from nse_tf.terminal import say

if TYPE_CHECKING:
    from nse_tf.costs.tables import CostTable
    from nse_tf.export import Backend, TablePlan

for _module in (
    space_flags,
    image_flags,
    device_flags,
    output_flags,
):
    flags.adopt_module_key_flags(_module)
for _flag in (
    *(search_flags.PRECISION, search_flags.SEED, table_flags.TABLE),
    OUTPUT,
):
    flags.declare_key_flag(_flag.name)
BACKEND = flags.DEFINE_enum(
    "backend",
    "interpreter",
    ["interpreter", "litert_benchmark", "android"],
    "Measure by LiteRT's interpreter or by its benchmark program on this "
    "machine, or by benchmark_model on a phone that adb lists.",
)
SERIAL = flags.DEFINE_string(
    "serial", None, "Serial number of the phone, if adb lists several."
)
BENCHMARK_MODEL = define_path(
    "benchmark_model",
    None,
    "The benchmark_model binary that is copied to the phone.",
)
FIT = flags.DEFINE_integer(
    "fit", 24, "Random whole networks that rows are fitted to.", lower_bound=0
)
VALIDATE = flags.DEFINE_integer(
    "validate",
    0,
    "Other whole networks that predictions are compared with.",
    lower_bound=0,
)
MAX_SPREAD = flags.DEFINE_float(
    "max_spread",
    0.25,
    "Widest distance of a row's quartiles, as a share of its median.",
    lower_bound=0,
)
PUBLISHED = flags.DEFINE_enum(
    "published",
    None,
    ["proxylessnas", "nse"],
    "Measure nothing; import the published table of --table.",
)
COMPARE = define_path(
    "compare", None, "Rows as measured earlier, to compare with."
)
MAKE = define_path(
    "make",
    None,
    "Measure nothing; write a folder of files and a script that measures them "
    "on a device.",
)
READ = define_path(
    "read",
    None,
    "Measure nothing; make the table of what such a script wrote, or of a CSV "
    "`name,ms`.",
)
MANIFEST = define_path(
    "manifest", None, "The manifest.json of --make; default: beside --read."
)
CHECK_MEMORY = flags.DEFINE_bool(
    "check_memory",
    False,
    "Make no table; compare predicted RAM and flash of --validate networks (10 "
    "unless given) with those that TensorFlow Lite Micro measures.",
)
DEVICE = flags.DEFINE_string(
    "device", None, "Name of the device; default: what it calls itself."
)


# Networks that --check_memory draws, unless --validate says how many.
NUM_MICRO = 10


def _space() -> SearchSpace:
    adapted = space_flags.adaptation()
    for flag in (image_flags.IMAGE_CHANNELS, image_flags.NUM_CLASSES):
        if flag.value is not None:
            adapted[flag.name] = flag.value
    has_output = CHECK_MEMORY.value or (OUTPUT.value or MAKE.value) is not None
    if space_flags.SPACE.value is None or not has_output:
        raise ValueError(
            "Say which space, and where to write the table: --space=NAME "
            "--output=FILE.json; see --help."
        )
    return space_flags.read_space(space_flags.SPACE.value, adapted)


def _backend() -> "Backend":
    from nse_tf.export import (
        AndroidBackend,
        InterpreterBackend,
        LiteRTBenchmarkBackend,
    )

    match BACKEND.value:
        case "android":
            tool = BENCHMARK_MODEL.value
            return AndroidBackend(
                SERIAL.value, None if tool is None else pathlib.Path(tool)
            )
        case "litert_benchmark":
            return LiteRTBenchmarkBackend()
    return InterpreterBackend()


def _plan() -> "TablePlan":
    from nse_tf.export import TablePlan

    return TablePlan(
        precision=search_flags.PRECISION.value,
        num_threads=device_flags.NUM_THREADS.value,
        use_xnnpack=device_flags.XNNPACK.value,
        max_spread=MAX_SPREAD.value,
        seed=search_flags.SEED.value,
    )


def summary(table: "CostTable", path: pathlib.Path) -> list[str]:
    """Returns what a table is and how well it predicts, as lines."""
    given = table.provenance
    rows = table.rows.values()
    lines = [
        f"{len(rows)} rows, {given.precision}, {given.num_threads} thread(s), "
        f"delegate {given.delegate}, {given.runtime} {given.runtime_version}",
        f"on {given.device}, {given.cpu}, governor {given.governor}",
    ]
    if table.fit is not None:
        lines.append(
            f"fitted to {table.fit.num_networks} whole networks: scale "
            f"{table.fit.scale:.3f}, median error {table.fit.median_error:.1%} "
            f"(as measured {table.fit.median_error_before:.1%})"
        )
    if table.check is not None:
        check = table.check
        retest = (
            "no second measurement orders them"
            if check.retest_tau is None
            else f"two measurements of them: {check.retest_tau:.3f}"
        )
        tau = (
            "not defined, since all are predicted or measured as equally slow"
            if check.kendall_tau is None
            else f"{check.kendall_tau:.3f}"
        )
        lines.append(
            f"on {check.num_networks} other networks: median error "
            f"{check.median_error:.1%}, worst {check.worst_error:.1%}, "
            f"Kendall tau {tau} ({retest})"
        )
    return [*lines, f"Table: {path}"]


def import_table(
    space: SearchSpace, kind: str, path: pathlib.Path, output: pathlib.Path
) -> "CostTable":
    """Writes a published table as one of the space.

    Raises:
        ValueError: If the file is no such table, or lacks rows of the space.
    """
    from nse_tf.costs.published_tables import READERS
    from nse_tf.runs.latency_tables import require_rows

    table = READERS[kind](path, space)
    require_rows(table, space, str(path))
    table.save(output)
    return table


def _write_kit() -> None:
    """Writes what measures a table elsewhere."""
    space = _space()
    with quiet_native_output():
        from nse_tf.export.table_kit import minutes_of
        from nse_tf.runs.table_kits import make_kit
    folder = pathlib.Path(MAKE.value or "")
    kit = make_kit(
        folder,
        space,
        _plan(),
        num_fitted=FIT.value,
        num_checked=VALIDATE.value,
        seed=search_flags.SEED.value,
    )
    say(
        f"{len(kit.files)} files for {kit.plan.rounds} rounds, about "
        f"{minutes_of(kit):.0f} min. on the device\n"
        f"There: sh run.sh ./benchmark_model\n"
        f"Then here: nse_lut --read=results.txt --manifest={folder}"
        "/manifest.json --output=table.json"
    )


def _read_kit() -> None:
    """Makes a table of what was measured elsewhere."""
    with quiet_native_output():
        from nse_tf.runs.table_kits import read_kit

    if OUTPUT.value is None:
        raise ValueError(
            "Say where to write the table: --output=FILE.json; see --help."
        )
    output = pathlib.Path(OUTPUT.value)
    manifest = MANIFEST.value
    table, results = read_kit(
        pathlib.Path(READ.value or ""),
        output,
        manifest=None if manifest is None else pathlib.Path(manifest),
        device=DEVICE.value,
    )
    _print(table, output)
    shares = ", ".join(f"{share:.0%}" for share in results.slowdowns)
    if len(results.slowdowns) > 1 and output_flags.FORMAT.value != "json":
        say(f"Rounds were slower than the fastest by {shares}")


def _print(table: "CostTable", output: pathlib.Path) -> None:
    if output_flags.FORMAT.value == "json":
        value = {**table.to_json(), "file": str(output)}
        value["num_rows"] = len(value.pop("rows"))
        print(json.dumps(value, indent=1))
    else:
        say("\n".join(summary(table, output)))


def _import(space: SearchSpace, kind: str, output: pathlib.Path) -> None:
    if table_flags.TABLE.value is None:
        raise ValueError(
            "`--published` reads a table: say where, with --table=FILE.csv."
        )
    path = pathlib.Path(table_flags.TABLE.value)
    table = import_table(space, kind, path, output)
    say("\n".join(summary(table, output)))


def _measure(space: SearchSpace, output: pathlib.Path) -> None:
    set_up_logging()
    with quiet_native_output():
        from nse_tf.costs.tables import CostTable
        from nse_tf.runs.latency_tables import (
            LutConfig,
            make_table,
            share_within,
        )
    config = LutConfig(
        space=space,
        output=output,
        plan=_plan(),
        num_fitted=FIT.value,
        num_checked=VALIDATE.value,
        seed=search_flags.SEED.value,
        device=DEVICE.value,
    )
    table = make_table(config, _backend(), progress=sys.stderr.isatty())
    _print(table, output)
    if COMPARE.value is not None:
        rows = CostTable.load(config.rows_file)
        share = share_within(CostTable.load(COMPARE.value), rows)
        say(f"{share:.1%} of the rows lie within 10% of {COMPARE.value}")


def _check_memory(space: SearchSpace) -> None:
    """Prints how well RAM and flash are predicted."""
    binaries.quiet_libraries()
    from nse_tf.runs.memory_check import check_memory, memory_lines

    checks = check_memory(
        space, VALIDATE.value or NUM_MICRO, search_flags.SEED.value
    )
    if output_flags.FORMAT.value == "json":
        print(json.dumps([dataclasses.asdict(each) for each in checks]))
    else:
        say("\n".join(memory_lines(checks)))


def main(argv: Sequence[str]) -> None:
    """Makes the table that the flags ask for."""
    del argv
    given = [flag for flag in (MAKE, READ, PUBLISHED) if flag.value is not None]
    if len(given) > 1:
        raise ValueError(
            f"`--{given[0].name}` and `--{given[1].name}` are two ways to get "
            "a table: leave out one of them."
        )
    if CHECK_MEMORY.value and (given or OUTPUT.value is not None):
        raise ValueError(
            "`--check_memory` makes no table: leave out "
            f"--{given[0].name if given else OUTPUT.name}."
        )
    if READ.value is not None:
        _read_kit()
        return
    if MAKE.value is not None:
        _write_kit()
        return
    space = _space()
    if CHECK_MEMORY.value:
        _check_memory(space)
        return
    output = pathlib.Path(OUTPUT.value or "")
    if COMPARE.value is not None and not pathlib.Path(COMPARE.value).exists():
        raise FileNotFoundError(2, "No such file", COMPARE.value)
    if PUBLISHED.value is not None:
        _import(space, PUBLISHED.value, output)
        return
    _measure(space, output)


def run() -> NoReturn:
    """Runs the binary `nse_lut`; see `binaries.run`."""
    binaries.run(main, resumes=True)


if __name__ == "__main__":
    run()
