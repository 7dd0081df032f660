"""A kit that measures a cost table on a device that this machine cannot reach.

A kit is a folder: a .tflite file for each row, the empty network and some whole
networks; a shell script that times them with TensorFlow's `benchmark_model`;
and a manifest, by which `kit_results` reads what came of it. The rounds are in
turns, each in an order of its own, as in our own measurements.
"""

import dataclasses
import hashlib
import pathlib
import secrets
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nse_tf.export.android import tool_options
from nse_tf.export.table_maker import EMPTY
from nse_tf.export.table_plan import TablePlan
from nse_tf.spaces.files import json_bytes, read_json, write_bytes

SCHEMA = "nse_tf.table_kit/1"
MANIFEST = "manifest.json"
SCRIPT = "run.sh"
RESULTS = "results.txt"
# What `benchmark_model` takes besides the runs: it warms up for half a second.
SECONDS_FOR_ONE_ROUND = 0.7
# What a file is for: a row, or a whole network to fit the rows to or to compare
# them with.
PURPOSES = ("row", "fit", "check")


@dataclasses.dataclass(frozen=True, kw_only=True)
class KitFile:
    """A file of a kit.

    Attributes:
        name: Its name without `.tflite`; holds the beginning of its checksum,
            so that it names nothing else.
        sha256: Its checksum.
        size_bytes: Its size.
        purpose: One of `PURPOSES`.
        keys: The key of its row (`EMPTY` for the empty network), or those of
            the rows that the whole network has.
    """

    name: str
    sha256: str
    size_bytes: int
    purpose: str
    keys: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class TableKit:
    """What a kit measures.

    Attributes:
        space: Name of the space.
        plan: How it is measured.
        files: The files.
    """

    space: str
    plan: TablePlan
    files: tuple[KitFile, ...]

    @property
    def digest(self) -> str:
        """Names the kit by its content."""
        return hashlib.sha256(json_bytes(self.to_json())).hexdigest()[:16]

    def of(self, purpose: str) -> list[KitFile]:
        """Returns the files of a purpose."""
        return [file for file in self.files if file.purpose == purpose]

    def to_json(self) -> dict[str, Any]:
        """Returns the manifest as a JSON value."""
        return {"schema": SCHEMA, **dataclasses.asdict(self)}

    @classmethod
    def from_json(cls, value: Any) -> "TableKit":
        """Returns the kit that `to_json` wrote.

        Raises:
            ValueError: If the value is no such manifest, or is damaged.
        """
        schema = value.get("schema") if isinstance(value, dict) else None
        if schema != SCHEMA:
            raise ValueError(
                f"Not a kit's manifest of schema {SCHEMA!r}: {schema!r}."
            )
        try:
            kit = cls(
                space=value["space"],
                plan=TablePlan(**value["plan"]),
                files=tuple(
                    KitFile(**{**each, "keys": tuple(each["keys"])})
                    for each in value["files"]
                ),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"The manifest is damaged: {error}.") from error
        rows = [file.keys for file in kit.of("row")]
        if (EMPTY,) not in rows or any(len(keys) != 1 for keys in rows):
            raise ValueError("The manifest is damaged: rows are missing.")
        return kit

    @classmethod
    def load(cls, path: pathlib.Path) -> "TableKit":
        """Reads a manifest.

        Raises:
            ValueError: If it is none; names the file.
            FileNotFoundError: If there is no such file.
        """
        return read_json(path, cls.from_json)


def kit_file(
    number: int, purpose: str, keys: Sequence[str], content: bytes
) -> KitFile:
    """Returns the file of some content.

    Args:
        number: Its position in the kit, for its name.
        purpose: One of `PURPOSES`.
        keys: See `KitFile`.
        content: The .tflite file.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    return KitFile(
        name=f"{purpose}_{number:04}_{sha256[:8]}",
        sha256=sha256,
        size_bytes=len(content),
        purpose=purpose,
        keys=tuple(keys),
    )


def minutes_of(kit: TableKit) -> float:
    """Returns about how long the script takes on a device, in minutes."""
    for_one = SECONDS_FOR_ONE_ROUND + kit.plan.min_seconds / kit.plan.rounds
    return len(kit.files) * kit.plan.rounds * for_one / 60


def write_kit(
    folder: pathlib.Path, kit: TableKit, contents: Mapping[str, bytes]
) -> None:
    """Writes a kit's folder, whole or not at all.

    Args:
        folder: Where; nothing may be there yet.
        kit: The kit.
        contents: The .tflite files, by name.

    Raises:
        ValueError: If the folder exists and has something in it.
    """
    require_free(folder)
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")
    try:
        for name, content in contents.items():
            write_bytes(beside / f"{name}.tflite", content, durable=False)
        script = script_of(kit).encode()
        write_bytes(beside / SCRIPT, script, durable=False, mode=0o777)
        write_bytes(beside / MANIFEST, json_bytes(kit.to_json()))
        if folder.exists():
            folder.rmdir()
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def require_free(folder: pathlib.Path) -> None:
    """Refuses a folder that has something in it.

    Raises:
        ValueError: If so.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(
            f"`make` {folder} is not empty, and a kit's files would mix with "
            "others: name a new folder."
        )


def script_of(kit: TableKit) -> str:
    """Returns the shell script that times the files of a kit."""
    rng = np.random.default_rng(kit.plan.seed)
    lines = [
        f"time_file {kit.files[index].name}"
        for _ in range(kit.plan.rounds)
        for index in rng.permutation(len(kit.files))
    ]
    return _SCRIPT.format(
        num_files=len(kit.files),
        rounds=kit.plan.rounds,
        minutes=round(minutes_of(kit)) or 1,
        digest=kit.digest,
        options=" ".join(tool_options(kit.plan)),
        results=RESULTS,
        lines="\n".join(lines),
    )


# Everything here is POSIX sh, since Android has no other shell.
_SCRIPT = """\
#!/bin/sh
# Times the {num_files} files of this folder in {rounds} rounds, with the
# benchmark_model of TensorFlow Lite or LiteRT. Copy the folder to the device,
# with benchmark_model for its processor, and run there
#
#   sh run.sh ./benchmark_model
#
# Keep the device cool, on the charger and otherwise idle. It takes about
# {minutes} min. and writes {results}, which nse_lut --read=... makes a table
# of. Where it says nothing of the device, add --device=NAME there.

tool=${{1:-./benchmark_model}}
case $tool in /*) ;; *) tool=$PWD/$tool ;; esac
if [ ! -x "$tool" ]; then
  echo "There is no program $tool: say where benchmark_model is, as in" >&2
  echo "  sh run.sh ./benchmark_model" >&2
  exit 1
fi
cd "$(dirname "$0")" || exit 1

first_of() {{
  for found in "$@"; do
    if [ -n "$found" ]; then echo "$found"; return; fi
  done
  echo unknown
}}

describe() {{
  echo "nse_lut kit: {digest}"
  echo "nse_lut device: $(first_of \\
    "$(getprop ro.product.model 2>/dev/null)" \\
    "$(tr -d '\\000' 2>/dev/null </proc/device-tree/model)" \\
    "$(uname -sm)")"
  echo "nse_lut cpu: $(first_of \\
    "$(getprop ro.soc.model 2>/dev/null)" \\
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null |
      head -n 1)" \\
    "$(uname -m)")"
  echo "nse_lut governor: $(first_of "$(cat \\
    /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor 2>/dev/null)")"
  echo "nse_lut tool: $(first_of "$(sha256sum "$tool" 2>/dev/null |
    cut -c 1-12)")"
  echo "nse_lut files:"
  sha256sum ./*.tflite 2>/dev/null
}}

time_file() {{
  if ! "$tool" "--graph=$1.tflite" {options} 2>&1
  then
    echo "nse_lut failed: $1"
  fi
}}

rounds() {{
{lines}
}}

{{ describe; rounds; }} >{results}.part 2>&1 &&
  mv {results}.part {results} &&
  echo "Written: $PWD/{results}"
"""
