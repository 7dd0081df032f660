"""Reads what a kit's files took on a device, and makes a cost table of it.

Either the text that `benchmark_model` printed, once for each file and round, or
a CSV with the columns `name,ms` and, where there are several rounds, `round`.
"""

import csv
import dataclasses
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from nse_tf.costs.tables import CostTable, Provenance
from nse_tf.export.android import parse_benchmark
from nse_tf.export.table_check import compare
from nse_tf.export.table_fit import calibrate_table
from nse_tf.export.table_kit import KitFile, TableKit
from nse_tf.export.table_maker import (
    EMPTY,
    require_calm,
    rows_of,
    table_without_rows,
)
from nse_tf.export.table_plan import Timing, calmest

# How many names a message lists.
NUM_NAMED = 3
# One number through a ReLU takes microseconds anywhere.
LONGEST_EMPTY_MS = 5.0
COLUMNS = ("name", "ms", "round")

_GRAPH = re.compile(r"Graph: \[(?:.*/)?([^/\]]+?)(?:\.tflite)?\]")
_THREADS = re.compile(r"Num threads: \[(-?\d+)\]")
_XNNPACK = re.compile(r"Use xnnpack: \[([01])\]", re.IGNORECASE)
_FACT = re.compile(r"^nse_lut (kit|device|cpu|governor|tool): (.+)$", re.M)
_SHA256 = re.compile(r"^([0-9a-f]{64})[ *]+(?:\./)?(\S+)\.tflite$", re.M)
_FAILED = re.compile(r"^nse_lut failed: (\S+)$", re.M)


@dataclasses.dataclass(frozen=True, kw_only=True)
class KitResults:
    """What a device says of a kit's files.

    Attributes:
        timings: Of each file by name, one for each round.
        facts: What is known of the device: `device`, `cpu`, `governor` and
            `tool`, the checksum of the program.
    """

    timings: Mapping[str, Sequence[Timing]]
    facts: Mapping[str, str]

    @property
    def slowdowns(self) -> list[float]:
        """How much slower each round was than the fastest, as a share."""
        rounds = np.array(
            [[each.median_ms for each in row] for row in self.timings.values()]
        ).sum(axis=0)
        shares: list[float] = (rounds / rounds.min() - 1).tolist()
        return shares


def read_results(text: str, kit: TableKit) -> KitResults:
    """Returns what a text says of a kit's files, all of them and no others.

    Args:
        text: What `benchmark_model` printed for them, or a CSV.
        kit: The kit.

    Raises:
        ValueError: If it is neither, belongs to another kit, lacks files or
            rounds, has one more than once, or a time is none.
    """
    lines = text.strip().splitlines()
    header = (
        tuple(word.strip() for word in lines[0].split(",")) if lines else ()
    )
    if _GRAPH.search(text):
        results = _read_log(text, kit)
    elif header[:1] == ("name",):
        results = KitResults(timings=_read_csv(lines, header, kit), facts={})
    else:
        begins = repr(lines[0][:60]) if lines else "nothing"
        raise ValueError(
            "The results are neither what benchmark_model prints (lines such "
            "as `Graph: [row_0000_….tflite]`) nor a CSV that begins with "
            f"`name,ms`: they begin with {begins}. A profile of ops that it "
            "writes as CSV has no latency of a whole file."
        )
    counts = {len(each) for each in results.timings.values()}
    if len(counts) > 1:
        short = min(
            results.timings, key=lambda name: len(results.timings[name])
        )
        raise ValueError(
            f"The results have {max(counts)} rounds of some files, but "
            f"{min(counts)} of {short!r}: run the script to its end."
        )
    return results


def _read_log(text: str, kit: TableKit) -> KitResults:
    """Returns what `benchmark_model` printed, one section for each run."""
    facts = dict(_FACT.findall(text))
    if facts.get("kit", kit.digest) != kit.digest:
        raise ValueError(
            f"The results are of kit {facts['kit']}, the manifest is of "
            f"{kit.digest}: read each with its own."
        )
    if failed := _FAILED.findall(text):
        raise ValueError(
            f"benchmark_model failed on {_named(failed)}: see the results for "
            "why."
        )
    _require_options(text, kit)
    found = list(_GRAPH.finditer(text))
    _require_names([match[1] for match in found], kit)
    known = {file.name: file.sha256 for file in kit.files}
    damaged = [
        name
        for sha256, name in _SHA256.findall(text)
        if known.get(name, sha256) != sha256
    ]
    if damaged:
        raise ValueError(
            f"On the device {_named(damaged)} had other contents than in the "
            "manifest: copy the folder again."
        )
    ends = [match.start() for match in found[1:]] + [len(text)]
    timings: dict[str, list[Timing]] = {file.name: [] for file in kit.files}
    for match, end in zip(found, ends, strict=True):
        timings[match[1]].append(
            parse_benchmark(
                match[1],
                text[match.end() : end],
                use_xnnpack=kit.plan.use_xnnpack,
            )
        )
    often = [
        name for name, each in timings.items() if len(each) > kit.plan.rounds
    ]
    if often:
        raise ValueError(
            f"The results have more than {kit.plan.rounds} rounds of "
            f"{_named(often)}: give those of one run of the script."
        )
    return KitResults(timings=timings, facts=facts)


def _require_options(text: str, kit: TableKit) -> None:
    """Refuses runs with other threads, or another delegate, than the kit's."""
    wanted = {
        "num_threads": (_THREADS, str(kit.plan.num_threads)),
        "use_xnnpack": (_XNNPACK, str(int(kit.plan.use_xnnpack))),
    }
    for name, (pattern, right) in wanted.items():
        if wrong := set(pattern.findall(text)) - {right}:
            raise ValueError(
                f"The files ran with --{name}={wrong.pop()}, but the kit is "
                f"for {right}: run its script as it is, or make another kit."
            )


def _read_csv(
    lines: Sequence[str], header: tuple[str, ...], kit: TableKit
) -> dict[str, list[Timing]]:
    """Returns the timings of a CSV; medians are all that is known of runs."""
    if header not in (COLUMNS[:2], COLUMNS):
        raise ValueError(
            f"The columns of the results are {','.join(header)}; they must be "
            "name,ms or name,ms,round, with milliseconds of one inference."
        )
    rows = list(
        csv.DictReader(io.StringIO("\n".join(lines[1:])), fieldnames=header)
    )
    by_name: dict[str, dict[str, Timing]] = {}
    for number, row in enumerate(rows, 2):
        name = (row["name"] or "").strip().removesuffix(".tflite")
        turn = (row.get("round") or "").strip()
        if turn in by_name.setdefault(name, {}):
            where = f" in round {turn}" if turn else ""
            raise ValueError(
                f"Line {number} of the results names {name!r} again{where}: "
                "give one line for each, or a column `round`."
            )
        ms = _milliseconds(row["ms"], number)
        by_name[name][turn] = Timing(
            median_ms=ms, p25_ms=ms, p75_ms=ms, runs=kit.plan.runs_per_round
        )
    _require_names(by_name, kit)
    turns = next(iter(by_name.values()))
    for name, each in by_name.items():
        if set(each) != set(turns):
            raise ValueError(
                f"The results have rounds {', '.join(turns)} of some files, "
                f"but {', '.join(each)} of {name!r}: give all of each."
            )
    return {
        name: [each[turn] for turn in turns] for name, each in by_name.items()
    }


def _milliseconds(value: str | None, line: int) -> float:
    try:
        found = float(value or "")
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf:
        raise ValueError(
            f"Line {line} of the results has {value!r} ms: give positive "
            "milliseconds, as plain numbers."
        )
    return found


def _require_names(names: Iterable[str], kit: TableKit) -> None:
    """Refuses results of other files, or that lack some."""
    known = [file.name for file in kit.files]
    given = set(names)
    if unknown := sorted(given - set(known)):
        raise ValueError(
            f"The results name {_named(unknown)}, which the kit does not have: "
            "they belong to another."
        )
    if missing := [name for name in known if name not in given]:
        raise ValueError(
            f"The results lack {len(missing)} of {len(known)} files: "
            f"{_named(missing)}. Run the script to its end."
        )


def _named(names: Sequence[str]) -> str:
    more = len(names) - NUM_NAMED
    text = ", ".join(names[:NUM_NAMED])
    return f"{text} and {more} more" if more > 0 else text


def table_of_kit(
    kit: TableKit, results: KitResults, device: str | None = None
) -> CostTable:
    """Returns the table, fitted and checked as one that is measured here.

    Args:
        kit: The kit.
        results: What its files took.
        device: Name of the device; None takes what the device says.

    Raises:
        ValueError: If the device has no name, most timings vary too much, or
            milliseconds are something else.
    """
    table = _as_measured(kit, results, device)
    fitted = kit.of("fit")
    if fitted:
        medians = _medians(fitted, results, slice(None))
        pairs = zip((file.keys for file in fitted), medians, strict=True)
        table = calibrate_table(table, list(pairs))
    checked = kit.of("check")
    if checked:
        # As two measurements, in turns: each file was timed in every round.
        first = _medians(checked, results, slice(0, None, 2))
        second = _medians(checked, results, slice(1, None, 2))
        found = compare(
            np.array([table.predict(file.keys)[0] for file in checked]),
            np.array(first),
            np.array(second) if second else None,
        )
        table = dataclasses.replace(table, check=found)
    return table


def _as_measured(
    kit: TableKit, results: KitResults, device: str | None
) -> CostTable:
    rows = {file.keys[0]: file for file in kit.of("row")}
    timings = {
        key: calmest(list(results.timings[file.name]))
        for key, file in rows.items()
    }
    empty_ms = timings[EMPTY].median_ms
    if empty_ms > LONGEST_EMPTY_MS:
        raise ValueError(
            f"One number through a ReLU took {empty_ms:g} ms by the results: "
            "they must be milliseconds, not microseconds."
        )
    slowdown = float(np.median(results.slowdowns))
    if slowdown > kit.plan.max_spread:
        raise ValueError(
            f"Half of the rounds were {slowdown:.0%} or more slower than the "
            "fastest: the device throttles, or does something else. Let it "
            "cool and idle, and run the script again."
        )
    require_calm(timings, kit.plan, kit.plan.rounds)
    sizes = {key: file.size_bytes for key, file in rows.items()}
    table = table_without_rows(
        _provenance(kit, results, device), sizes, timings
    )
    keys = [key for key in rows if key != EMPTY]
    return table.with_rows(rows_of(keys, sizes, timings))


def _provenance(
    kit: TableKit, results: KitResults, device: str | None
) -> Provenance:
    facts = results.facts
    name = device or facts.get("device")
    if name is None or name == "unknown":
        raise ValueError(
            "The results do not say which device it was: name it, with "
            "--device='Pixel 8'."
        )
    tool = facts.get("tool", "unknown")
    return kit.plan.provenance(
        device=name,
        cpu=facts.get("cpu", "unknown"),
        governor=facts.get("governor", "unknown"),
        runtime="benchmark_model" if "tool" in facts else "not stated",
        runtime_version=tool if tool == "unknown" else f"sha256 {tool}",
    )


def _medians(
    files: Sequence[KitFile], results: KitResults, rounds: slice
) -> list[float]:
    """Returns the calmest medians of files in some rounds; none without."""
    timings = [list(results.timings[file.name])[rounds] for file in files]
    return [calmest(each).median_ms for each in timings if each]
