"""Exports as tables for people."""

from nse_tf.export import ExportReport, MicroReport
from nse_tf.flags.description_text import aligned
from nse_tf.flags.details_text import detail_rows, taken_text
from nse_tf.reporting.units import counted

# Of scores, below which a comparison of files proves nothing.
SMALLEST_SPAN = 1e-5


def export_lines(
    report: ExportReport, *, with_details: bool = False
) -> list[str]:
    """Returns an export as a table for people.

    Args:
        report: The export.
        with_details: Whether lines follow on what each file is made of.
    """
    rows = [
        [
            "file",
            "bytes",
            "accuracy",
            "like Keras",
            "largest diff.",
            "mean diff.",
            "int8 weights",
            "RAM",
            "delegated",
            *(
                f"ms, {next(iter(each.values())).num_threads} thr."
                for each in (report.latencies, report.other_latencies)
            ),
        ]
    ]
    for precision, check in report.checks.items():
        first, details = report.latencies[precision], report.details[precision]
        rows.append(
            [
                report.files[precision].name,
                f"{check.size_bytes:,}",
                "-" if check.accuracy is None else f"{check.accuracy:.4f}",
                f"{check.agreement:.1%}",
                f"{check.largest_difference:.2g}",
                f"{check.mean_difference:.2g}",
                f"{check.census.integer_weight_bytes:.0%}",
                f"{details.process_bytes or details.live_bytes:,}",
                taken_text(details),
                *(
                    f"{each.median_ms:.4g}{'' if each.is_steady else ' ?'}"
                    for each in (first, report.other_latencies[precision])
                ),
            ]
        )
    notes = _score_notes(report) + _latency_notes(report)
    notes += _compression_notes(report)
    if with_details:
        notes += _detail_lines(report)
    return [*aligned(rows, num_left=1), *notes]


def _score_notes(report: ExportReport) -> list[str]:
    """Returns that scores are too near each other to be compared, if so."""
    spans = [check.score_span for check in report.checks.values()]
    if not spans or max(spans) >= SMALLEST_SPAN:
        return []
    return [
        f"The scores of the Keras model span only {max(spans):.2g} on these "
        "images, so that the differences prove nothing: is it trained?"
    ]


def _latency_notes(report: ExportReport) -> list[str]:
    """Returns that the machine was busy, if it was."""
    unsteady = [
        each.spread
        for latencies in (report.latencies, report.other_latencies)
        for each in latencies.values()
        if not each.is_steady
    ]
    if not unsteady:
        return []
    return [
        "Latencies with ? cannot be relied on: their runs differ by up to "
        f"{max(unsteady):.0%} of the median, so the machine was busy. "
        "nse_latency measures a file again."
    ]


def _detail_lines(report: ExportReport) -> list[str]:
    """Returns what each file is made of."""
    lines = []
    for precision, details in report.details.items():
        census = report.checks[precision].census
        lines += ["", report.files[precision].name]
        lines += [
            f"  {caption:<10}{text}"
            for caption, text in detail_rows(details, census, None).items()
        ]
    return lines


def micro_lines(micro: MicroReport | None) -> list[str]:
    """Returns what a microcontroller makes of the int8 file, if one is to."""
    if micro is None:
        return []
    return [
        f"on a microcontroller: arena {micro.arena_bytes:,} bytes as measured, "
        f"flash {micro.flash_bytes:,} bytes",
        f"{len(micro.kernels)} kernels: {', '.join(micro.kernels)}",
        f"on {micro.num_images} images scores are at most "
        f"{counted(micro.steps, 'step')} of 8 bits from LiteRT's plain "
        f"kernels, {micro.xnnpack_steps} from XNNPACK, with the same class in "
        f"{micro.agreement:.1%}",
    ]


def _compression_notes(report: ExportReport) -> list[str]:
    """Returns what compressing did; empty without."""
    done = report.compression
    if done is None:
        return []
    after = done["accuracy"]
    if after is None:
        after = report.checks["int8"].accuracy
    summary = (
        f"{done['kind']}, epochs: {done['epochs']}; accuracy "
        f"{done['accuracy_before']:.4f} before, {after:.4f} after"
    )
    match done["kind"]:
        case "prune":
            summary += f"; at least {done['least_zeros']:.1%} zeros in a kernel"
        case "cluster":
            summary += f"; at most {done['most_values']} values in a kernel"
    deflated = ", ".join(
        f"{precision} {size:,}"
        for precision, size in done["deflated_bytes"].items()
    )
    return [summary, f"bytes once zipped: {deflated}"]
