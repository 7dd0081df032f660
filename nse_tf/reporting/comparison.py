"""Several runs side by side, on one page."""

import json
import os
import pathlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from nse_tf.reporting.answer import find_answer
from nse_tf.reporting.comparison_plots import Named, comparison_figures
from nse_tf.reporting.markup import (
    Markup,
    document,
    figure,
    joined,
    table,
    tag,
)
from nse_tf.reporting.rank_trust import short_trust_text
from nse_tf.reporting.run_record import RunRecord, Status, read_record
from nse_tf.reporting.stage_times import stage_times
from nse_tf.reporting.units import (
    counted,
    duration,
    exact_cost,
    percent,
    short_size,
    three_digits,
)
from nse_tf.spaces.files import write_bytes

_UNKNOWN = "-"
_HEADER = (
    "Run",
    "Test accuracy",
    "MACs",
    "Parameters",
    "Smallest file",
    "Fastest file",
    "Kendall's τ of the ranking",
    "Time",
    "Status",
)
# The only settings in which repeats of one search differ.
_OF_A_REPEAT = ("seed",)


def write_comparison(
    run_dirs: Sequence[str | os.PathLike[str]], path: str | os.PathLike[str]
) -> pathlib.Path:
    """Writes a page that compares runs; returns its path.

    Args:
        run_dirs: The runs' folders, finished or not.
        path: Where the page goes.

    Raises:
        ValueError: If there are fewer than two, one is named twice, is not
            that of a run, or has a damaged file.
    """
    runs = named_records(run_dirs)
    target = pathlib.Path(path)
    write_bytes(target, comparison_page(runs).encode())
    return target


def named_records(
    run_dirs: Sequence[str | os.PathLike[str]],
) -> list[Named]:
    """Returns the runs' records by the shortest names that distinguish them.

    Raises:
        ValueError: See `write_comparison`.
    """
    paths = [pathlib.Path(run_dir) for run_dir in run_dirs]
    if len(paths) < 2:
        raise ValueError(f"`run_dirs` has {len(paths)} run to compare, not 2.")
    seen: set[pathlib.Path] = set()
    for path in paths:
        if path.resolve() in seen:
            raise ValueError(f"`run_dirs` names {str(path)!r} twice.")
        seen.add(path.resolve())
    records = [read_record(path) for path in paths]
    names = [record.name for record in records]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    return list(zip(names, records, strict=True))


def comparison_text(run_dirs: Sequence[str | os.PathLike[str]]) -> str:
    """Returns the runs as aligned lines, for a terminal.

    Raises:
        ValueError: See `write_comparison`.
    """
    runs = named_records(run_dirs)
    rows = [_HEADER, *(tuple(map(str, _row(*run))) for run in runs)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, *cautions(runs)])


def comparison_page(runs: Sequence[Named]) -> str:
    """Returns the comparison as an HTML document."""
    name = f"{counted(len(runs), 'run')} compared"
    warned = cautions(runs)
    drawings = comparison_figures(runs)
    return document(
        name,
        [
            tag("header", tag("h1", name)),
            *(tag("p", each, class_="banner") for each in warned),
            table(
                list(_HEADER),
                [_row(*run) for run in runs],
                caption="What each run found",
            ),
            _repeats_section(runs),
            tag("h2", "How they went") if drawings else Markup(""),
            tag("div", *map(figure, drawings), class_="figures")
            if drawings
            else Markup(""),
            _settings_section(runs),
            _times_section(runs),
        ],
    )


def cautions(runs: Sequence[Named]) -> list[str]:
    """Returns why some figures must not be compared with each other."""
    found = []
    prints = {
        record.config.data.fingerprint
        for _, record in runs
        if record.config is not None
    }
    if len(prints) > 1:
        found.append(
            "These runs use different data, or different parts of them: their "
            "accuracies cannot be compared."
        )
    unfinished = [
        name for name, record in runs if record.status is not Status.FINISHED
    ]
    if unfinished:
        found.append(f"Not finished: {', '.join(unfinished)}.")
    return found


def _row(name: str, record: RunRecord) -> list[str]:
    answer = find_answer(record)
    row = [name]
    if answer is None:
        row += [_UNKNOWN] * 5
    else:
        tested = answer.test_accuracy
        row.append(_UNKNOWN if tested is None else percent(tested))
        row += [
            exact_cost(cost, answer.costs[cost])
            if cost in answer.costs
            else _UNKNOWN
            for cost in ("macs", "params")
        ]
        sizes = {f.precision: f.check.size_bytes for f in answer.files}
        times = {
            f.precision: f.latency.median_ms for f in answer.files if f.latency
        }
        least = min(sizes, key=sizes.__getitem__, default="")
        fastest = min(times, key=times.__getitem__, default="")
        row += [
            f"{short_size(sizes[least])} {least}" if least else _UNKNOWN,
            f"{three_digits(times[fastest])} ms {fastest}"
            if fastest
            else _UNKNOWN,
        ]
    seconds = (record.result and record.result.seconds) or sum(
        stage.seconds for stage in stage_times(record) if not stage.is_part
    )
    return [
        *row,
        short_trust_text(record),
        duration(seconds) if seconds else _UNKNOWN,
        record.status.value,
    ]


def _repeats_section(runs: Sequence[Named]) -> str:
    """Returns mean and deviation over runs that differ in their seed alone."""
    groups: dict[str, list[Named]] = defaultdict(list)
    for name, record in runs:
        settings = {
            key: value
            for key, value in record.settings.items()
            if key not in _OF_A_REPEAT
        }
        if settings:
            groups[json.dumps(settings, sort_keys=True)].append((name, record))
    rows = []
    for members in groups.values():
        found = [
            record.result.test_accuracy
            for _, record in members
            if record.result is not None
        ]
        if len(found) > 1:
            rows.append(
                [
                    ", ".join(name for name, _ in members),
                    str(len(found)),
                    percent(float(np.mean(found))),
                    percent(float(np.std(found, ddof=1))),
                ]
            )
    if not rows:
        return ""
    return joined(
        [
            tag("h2", "Repeats"),
            table(
                ["Runs that differ in their seed alone", "Count", "Mean test "
                 "accuracy", "Standard deviation"],
                rows,
                caption="Runs that differ in their seed alone",
                kind="wraps",
            ),
        ]
    )  # fmt: skip


def _settings_section(runs: Sequence[Named]) -> str:
    """Returns the settings in which the runs differ."""
    names = list(dict.fromkeys(key for _, r in runs for key in r.settings))
    rows = []
    for name in names:
        values = [
            json.dumps(record.settings[name]).strip('"')
            if name in record.settings
            else "default"
            for _, record in runs
        ]
        if len(set(values)) > 1:
            rows.append([name, *values])
    if not rows:
        return ""
    return joined(
        [
            tag("h2", "Settings that differ"),
            table(
                ["", *(name for name, _ in runs)],
                rows,
                caption="Settings that differ between the runs",
                kind="wraps",
            ),
        ]
    )


def _times_section(runs: Sequence[Named]) -> str:
    """Returns the time of each stage, a column for each run."""
    columns = [
        {stage.name: stage.seconds for stage in stage_times(record)}
        for _, record in runs
    ]
    stages = list(dict.fromkeys(stage for each in columns for stage in each))
    if not stages:
        return ""
    rows = [
        [
            stage,
            *(
                duration(column[stage]) if stage in column else _UNKNOWN
                for column in columns
            ),
        ]
        for stage in stages
    ]
    return joined(
        [
            tag("h2", "Where the time went"),
            table(
                ["", *(name for name, _ in runs)],
                rows,
                caption="How long each stage took in each run",
                kind="wraps",
            ),
        ]
    )
