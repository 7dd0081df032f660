"""The answer of a run in a few lines, for a terminal."""

import os
import pathlib

from nse_tf.reporting.answer import (
    Answer,
    ExportedFile,
    Verdict,
    find_answer,
    progress_text,
    unsteady_text,
)
from nse_tf.reporting.baselines import baseline_lines
from nse_tf.reporting.choice import choice_lines
from nse_tf.reporting.classified_section import majority_text
from nse_tf.reporting.file_ranking import file_ranking_lines
from nse_tf.reporting.limits_section import limits_lines
from nse_tf.reporting.mixtures import mixture_lines
from nse_tf.reporting.rank_trust import rank_trust, short_trust_text
from nse_tf.reporting.run_record import RunRecord, Status, read_record
from nse_tf.reporting.units import (
    cost_name,
    counted,
    exact_cost,
    percent,
    short_size,
    three_digits,
)


def summary_text(run_dir: str | os.PathLike[str]) -> str:
    """Returns the answer of a run as aligned lines.

    Args:
        run_dir: The run's folder.

    Raises:
        ValueError: If the folder is not that of a run, or a file in it is
            damaged.
    """
    record = read_record(pathlib.Path(run_dir))
    answer = find_answer(record)
    lines = [("run", _status(record))]
    if answer is not None:
        lines += _answer_lines(answer)
        lines += file_ranking_lines(record)
        lines += mixture_lines(record)
        lines += baseline_lines(record)
        lines += limits_lines(record)
        lines += choice_lines(record)
        lines.append(("ranking", _trust_line(record)))
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in lines)


def _trust_line(record: RunRecord) -> str:
    trust = rank_trust(record)
    if trust is None:
        return "how far it can be trusted is not known (--num_rank_checks)"
    return (
        f"Kendall's tau {short_trust_text(record)} of {len(trust)} networks "
        f"trained alone for {counted(trust.epochs, 'epoch')}"
    )


def _status(record: RunRecord) -> str:
    text = f"{record.name}: {record.status.value}"
    if record.status is Status.FAILED:
        text += f": {record.failure}"
    if record.status is not Status.FINISHED:
        text += f" (so far: {progress_text(record)})"
    return " ".join(text.split())


def _answer_lines(answer: Answer) -> list[tuple[str, str]]:
    lines = []
    if answer.test_accuracy is not None:
        text = percent(answer.test_accuracy)
        if answer.test_errors is not None and answer.test_images is not None:
            text += f" ({answer.test_errors} of {answer.test_images:,} wrong)"
        lines.append(("test accuracy", text))
        lines += _class_lines(answer)
    elif answer.validation_accuracy is not None:
        text = percent(answer.validation_accuracy)
        lines.append(("validation accuracy", text))
    if answer.resized:
        lines.append(("trained with", answer.resized))
    for cost, name in (("macs", "MACs"), ("params", "parameters")):
        if cost in answer.costs:
            lines.append((name, exact_cost(cost, answer.costs[cost])))
    lines += zip(
        (file.name for file in answer.files),
        _file_lines(answer.files),
        strict=True,
    )
    settings = dict.fromkeys(f.measured_on for f in answer.files if f.latency)
    lines += [("measured on", each) for each in settings]
    lines += [("unsteady", each) for each in unsteady_text(answer.files)]
    if not answer.verdicts:
        lines.append(("budget", "no limit was set"))
    return lines + [("budget", _verdict_text(each)) for each in answer.verdicts]


def _class_lines(answer: Answer) -> list[tuple[str, str]]:
    """Returns what the accuracy hides where classes differ in size."""
    found = answer.classified
    if found is None:
        return []
    text = (
        f"{percent(found.balanced_accuracy)}, macro F1 "
        f"{percent(found.macro_f1)}"
    )
    if not found.beats_majority:
        text += f"; NO BETTER than chance: {majority_text(found)}"
    if found.never_found:
        text += f"; NEVER RIGHT: {', '.join(found.never_found)}"
    return [("balanced", text)]


def _file_lines(files: tuple[ExportedFile, ...]) -> list[str]:
    """Returns size, accuracy and latency of each file, in columns."""
    rows = [
        [
            short_size(file.check.size_bytes),
            percent(file.check.accuracy),
            ""
            if file.latency is None
            else f"{three_digits(file.latency.median_ms)} ms"
            + ("" if file.latency.is_steady else " UNSTEADY"),
            " ".join(file.faults) and f"FAULTY: {' '.join(file.faults)}",
        ]
        for file in files
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if column < 3 else cell
            for column, (cell, width) in enumerate(
                zip(row, widths, strict=True)
            )
        ).rstrip()
        for row in rows
    ]


def _verdict_text(verdict: Verdict) -> str:
    limit = f"{cost_name(verdict.cost)} {verdict.shown_limit}"
    if verdict.actual is None:
        return f"{limit}: not known yet"
    if verdict.is_met:
        return f"{limit}: met with {verdict.shown_actual}"
    return (
        f"{limit}: MISSED by {verdict.shown_excess} with {verdict.shown_actual}"
    )
