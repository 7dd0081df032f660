"""The winner beside networks that nobody searched for."""

from collections.abc import Sequence

from nse_tf.reporting.markup import Markup, joined, table, tag
from nse_tf.reporting.run_files import BaselineResult
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.units import percent, short_count


def baseline_lines(record: RunRecord) -> list[tuple[str, str]]:
    """Returns a named line for each baseline, for a terminal."""
    return [("baseline", baseline_text(each)) for each in _found(record)]


def baseline_text(baseline: BaselineResult) -> str:
    """Returns in one sentence who won, by how much, and how surely."""
    network = (
        f"{baseline.name} ({short_count(baseline.costs['macs'])} MACs): "
        f"{percent(baseline.test_accuracy)}"
    )
    points, half = 100 * baseline.lead, 100 * baseline.half_interval
    if abs(points) <= half or not points:
        return (
            f"{network}; the test images do not tell the winner from it "
            f"({points:+.2f} points, ± {half:.2f})"
        )
    who = "ahead" if points > 0 else "BEHIND"
    lead = f"{abs(points):.2f} points ± {half:.2f}"
    return f"{network}; the winner is {who} by {lead}"


def baselines_section(record: RunRecord) -> Markup:
    """Returns the baselines as a table."""
    found = _found(record)
    if not found or record.result is None:
        return Markup("")
    winner = [
        "the winner",
        short_count(record.result.costs["macs"]),
        percent(record.result.test_accuracy),
        "",
    ]
    return joined(
        [
            tag("h2", "Beside networks that nobody searched for"),
            table(
                ["Network", "MACs", "Test accuracy", "The winner's lead"],
                [winner, *map(_row, found)],
                caption="Networks at the same limit, trained as the winner was",
                kind="wraps",
            ),
            tag(
                "p",
                "Leads are in points, with 95 % intervals over the test images "
                "that only one of both gets right. Each network was trained "
                "once: another seed moves it, too.",
                class_="soft small",
            ),
        ]
    )


def _row(baseline: BaselineResult) -> list[str]:
    lead, half = 100 * baseline.lead, 100 * baseline.half_interval
    return [
        baseline.name,
        short_count(baseline.costs["macs"]),
        percent(baseline.test_accuracy),
        f"{lead:+.2f} ± {half:.2f}",
    ]


def _found(record: RunRecord) -> Sequence[BaselineResult]:
    return record.result.baselines if record.result else ()
