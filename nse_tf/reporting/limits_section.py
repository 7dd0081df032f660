"""The winners under several limits, which one supernet served."""

from collections.abc import Sequence

from nse_tf.costs import in_order
from nse_tf.reporting.answer import FLOORS, limits_of
from nse_tf.reporting.markup import Markup, joined, table, tag
from nse_tf.reporting.run_record import LimitedRun, RunRecord
from nse_tf.reporting.units import cost_name, percent, short_cost

_HOW_TO_READ = (
    "The first of them trained the supernet; the others were searched in it "
    "again. Latency and size are those of the cost table: each run's page has "
    "what its files were measured at."
)


def limits_lines(record: RunRecord) -> list[tuple[str, str]]:
    """Returns a named line for each other run, for a terminal."""
    return [
        ("other limit", f"{limits_text(run)}: {_outcome(run)}")
        for run in record.limited
        if run.folder != "."
    ]


def limits_section(record: RunRecord) -> Markup:
    """Returns all winners as a table; empty where there is one limit."""
    runs = record.limited
    if not runs:
        return Markup("")
    costs = in_order(
        {name for run in runs if run.result for name in run.result.costs}
    )
    return joined(
        [
            tag("h2", "Winners under several limits"),
            table(
                ["Limit", *map(cost_name, costs), "Test accuracy", "Page"],
                [_row(run, costs) for run in runs],
                caption="Winners of one supernet, each under its limits",
                kind="wraps",
            ),
            tag("p", _HOW_TO_READ, class_="soft small"),
        ]
    )


def limits_text(run: LimitedRun) -> str:
    """Returns a run's limits in words, such as `MACs at most 1.20 M`."""
    limits = limits_of(run.config.settings, run.result)
    words = []
    for name, limit in limits.items():
        cost = name.removeprefix("min_")
        bound = "at least" if name in FLOORS else "at most"
        words.append(f"{cost_name(cost)} {bound} {short_cost(cost, limit)}")
    return ", ".join(words) or "no limit"


def _outcome(run: LimitedRun) -> str:
    """Returns what came of a run, in a few words."""
    if run.result is None:
        return "not finished"
    return percent(run.result.test_accuracy)


def _row(run: LimitedRun, costs: Sequence[str]) -> list[str]:
    found = run.result.costs if run.result else {}
    return [
        limits_text(run),
        *(
            short_cost(name, found[name]) if name in found else ""
            for name in costs
        ),
        _outcome(run),
        "this page"
        if run.folder == "."
        else tag("a", "its page", href=f"{run.folder}/report.html"),
    ]
