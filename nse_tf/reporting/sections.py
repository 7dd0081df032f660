"""The rest of the page: files, times, failures, settings."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nse_tf.costs import base_cost, device_of
from nse_tf.costs.cost_names import MEASURED, MICRO
from nse_tf.events import (
    ChildMeasured,
    GenerationEvaluated,
    JobFailed,
    RunFailed,
)
from nse_tf.reporting.answer import ExportedFile, limits
from nse_tf.reporting.children import evaluated_children
from nse_tf.reporting.markup import Markup, facts, joined, table, tag
from nse_tf.reporting.run_files import DataFacts, FileLatency
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.stage_times import stage_times
from nse_tf.reporting.units import (
    cost_name,
    date_text,
    duration,
    percent,
    shape_text,
    short_cost,
    short_size,
    three_digits,
)

# More names of classes than this are counted, not listed.
MAX_CLASSES = 200


def files_section(
    files: Sequence[ExportedFile], artifacts: dict[str, int]
) -> str:
    """Returns the files as columns, and what is known of them as rows."""
    if not files:
        return ""
    rows = [
        [name, *(tell(file) for file in files)] for name, tell in _FILE_ROWS
    ]
    faults = [
        tag("li", tag("b", f"{file.name}: "), fault, class_="bad")
        for file in files
        for fault in file.faults
    ]
    others = [
        f"{name} ({short_size(size)})"
        for name, size in artifacts.items()
        if name not in {file.name for file in files}
    ]
    return joined(
        [
            tag("h2", "Files and their checks"),
            table(
                ["", *(file.precision for file in files)],
                rows,
                caption="The .tflite files, compared with the Keras model",
                kind="wraps",
            ),
            tag("ul", *faults) if faults else "",
            tag(
                "p",
                f"Also in best/: {', '.join(others)}.",
                class_="soft small",
            )
            if others
            else "",
        ]
    )


def _latency(
    text: Callable[[FileLatency], str],
) -> Callable[[ExportedFile], str]:
    """Returns what formats a fact of a file's latency, if it was measured."""
    return lambda file: (
        "not measured" if file.latency is None else text(file.latency)
    )


_FILE_ROWS: tuple[tuple[str, Callable[[ExportedFile], str]], ...] = (
    (
        "Verdict",
        lambda file: (
            tag("span", "✗ see below", class_="bad")
            if file.faults
            else tag("span", "✓ sound", class_="good")
        ),
    ),
    ("File", lambda file: joined(file.name.split("."), Markup("<wbr>."))),
    ("Bytes", lambda file: f"{file.check.size_bytes:,}"),
    ("Test accuracy", lambda file: percent(file.check.accuracy)),
    (
        "Test images wrong",
        lambda file: f"{file.check.num_errors} of {file.check.num_images:,}",
    ),
    ("Same class as Keras", lambda file: percent(file.check.agreement)),
    (
        "Largest score difference",
        lambda file: f"{file.check.largest_difference:.2g}",
    ),
    (
        "Integer weights",
        lambda file: f"{100 * file.check.integer_shares.weights:.0f} %",
    ),
    (
        "Integer activations",
        lambda file: f"{100 * file.check.integer_shares.activations:.0f} %",
    ),
    (
        "Median latency",
        _latency(lambda latency: f"{latency.median_ms:.4g} ms"),
    ),
    (
        "Quartiles",
        _latency(
            lambda latency: (
                f"{three_digits(latency.p25_ms)} to "
                f"{three_digits(latency.p75_ms)} ms"
            )
        ),
    ),
    (
        "Runs differ by",
        _latency(
            lambda latency: (
                f"{latency.spread:.0%}"
                if latency.is_steady
                else tag("span", f"✗ {latency.spread:.0%}", class_="bad")
            )
        ),
    ),
    ("Runs kept", _latency(lambda latency: f"{latency.runs:,}")),
    ("Threads", _latency(lambda latency: str(latency.num_threads))),
    (
        "Delegate",
        _latency(
            lambda latency: (
                latency.delegate
                if latency.num_ops is None
                else f"{latency.delegate}, {latency.delegated_ops} of "
                f"{latency.num_ops} ops"
            )
        ),
    ),
    ("Input", _latency(lambda latency: latency.input.replace("x", "×"))),
    (
        "Measured",
        _latency(lambda latency: date_text(latency.date)),
    ),
    ("SHA-256", lambda file: tag("code", file.sha256[:8] + "…")),
)


def measured_section(record: RunRecord) -> str:
    """Returns the candidates that were measured whole, and the prediction."""
    measured = record.named(ChildMeasured)
    if not measured:
        return ""
    children = evaluated_children(record.named(GenerationEvaluated))
    shown = [
        cost
        for cost in limits(record)
        if base_cost(cost) in (*MEASURED, *MICRO)
    ]
    # Files are measured on this machine, not on other devices.
    timed = {
        cost
        for cost in shown
        if not device_of(cost)
        or any(each.costs[cost] != each.predicted[cost] for each in measured)
    }
    rows = []
    for number, event in enumerate(measured, 1):
        index = children.index_of(event.path)
        row = [
            str(number),
            "unknown" if index is None else percent(children.accuracies[index]),
        ]
        for cost in shown:
            row.append(short_cost(cost, event.predicted[cost]))
            if cost in timed:
                row.append(short_cost(cost, event.costs[cost]))
        rows.append(row)
    header = ["", "Accuracy"]
    for cost in shown:
        by = "as predicted" if cost in MICRO else "by table"
        name = "Size" if cost == "size_bytes" else cost_name(cost)
        header += [f"{name} {by}", *(["measured"] if cost in timed else [])]
    return joined(
        [
            tag("h2", "Measured whole before the choice"),
            table(header, rows, caption="Children measured whole"),
        ]
    )


def times_section(record: RunRecord) -> str:
    """Returns how long each stage took."""
    times = stage_times(record)
    if not times:
        return ""
    total = sum(each.seconds for each in times if not each.is_part)
    total = total or sum(each.seconds for each in times)
    rows = [
        [
            tag("span", each.name, class_="part" if each.is_part else ""),
            tag(
                "span",
                duration(each.seconds),
                class_="share",
                style=f"--width: {100 * each.seconds / max(total, 1e-9):.0f}%",
            ),
        ]
        for each in times
    ]
    return joined(
        [
            tag("h2", "Where the time went"),
            table(
                ["Stage", "Time"],
                [*rows, ["total", duration(total)]],
                caption="How long each stage took",
                last_is_total=True,
            ),
        ]
    )


def failures_section(record: RunRecord) -> Markup:
    """Returns what could not be done."""
    failures = [
        tag("li", tag("b", f"{_failed_part(event)}: "), event.error)
        for event in record.events
        if isinstance(event, JobFailed | RunFailed)
    ]
    return joined(
        [
            tag("h2", "Failures"),
            tag("ul", *failures) if failures else tag("p", "No job failed."),
        ]
    )


def _failed_part(event: JobFailed | RunFailed) -> str:
    return event.job if isinstance(event, JobFailed) else "run"


def settings_section(record: RunRecord) -> str:
    """Returns data, settings and versions; empty if they are not known."""
    config = record.config
    if config is None:
        return ""
    return joined(
        [
            tag("h2", "Data, settings and versions"),
            tag("div",
                tag("div", tag("h3", "Data"), facts(_data(config.data))),
                tag("div", tag("h3", "Settings"),
                    facts(_listed(record.settings))),
                tag("div", tag("h3", "Versions"),
                    facts(_listed(config.versions))),
                class_="figures"),
        ]
    )  # fmt: skip


def _data(data: DataFacts) -> list[tuple[str, str]]:
    known = {
        name: value
        for name, value in dataclasses.asdict(data).items()
        if value is not None and name not in ("classes", "image_shape")
    }
    pairs = [
        (name, f"{value:,}" if isinstance(value, int) else _plain(value))
        for name, value in known.items()
    ]
    pairs.append(("image shape", shape_text(data.image_shape)))
    names = data.classes
    if names:
        listed = ", ".join(names[:MAX_CLASSES])
        more = len(names) - MAX_CLASSES
        if more > 0:
            listed += f" and {more:,} more"
        pairs.append((f"{len(names):,} classes", listed))
    return pairs


def _listed(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, _plain(value)) for name, value in values.items()]


def _plain(value: Any) -> str:
    """Returns a JSON value as one would type it for a flag."""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return value if isinstance(value, str) else json.dumps(value)
