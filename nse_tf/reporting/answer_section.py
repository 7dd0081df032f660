"""The first thing on the page: what was found, and whether it fits."""

from collections.abc import Sequence

from nse_tf.reporting.answer import (
    Answer,
    ExportedFile,
    Verdict,
    progress_text,
    unsteady_text,
)
from nse_tf.reporting.classified import Classified
from nse_tf.reporting.classified_section import majority_text
from nse_tf.reporting.markup import Markup, figure, joined, table, tag
from nse_tf.reporting.motif_drawing import plot_motifs
from nse_tf.reporting.network_drawing import plot_network
from nse_tf.reporting.run_record import RunRecord, Status
from nse_tf.reporting.units import (
    cost_name,
    exact_cost,
    percent,
    shape_text,
    short_cost,
    short_count,
    short_size,
    three_digits,
)


def banner(record: RunRecord) -> Markup:
    """Returns what a reader must know first of a run that did not finish."""
    if record.status is Status.FINISHED:
        return Markup("")
    so_far = f" So far: {progress_text(record)}."
    if record.status is Status.FAILED:
        return tag(
            "p", tag("b", "This run failed: "), record.failure or "", so_far,
            class_="banner bad",
        )  # fmt: skip
    return tag(
        "p",
        tag("b", "This run has not finished. "),
        "It may still be running. If it was stopped, re-run the command to "
        "resume it.",
        so_far,
        class_="banner",
    )


def answer_section(answer: Answer, trust: str) -> Markup:
    """Returns the winner's figures, and whether the budget is met.

    Args:
        answer: What was found.
        trust: How far the ranking that found it can be trusted, in sentences.
    """
    return joined(
        [
            tag("div", *_tiles(answer), class_="tiles"),
            _measured_on(answer.files),
            _budget_table(answer.verdicts),
            tag("p", tag("b", "The ranking. "), trust),
        ]
    )


def _tiles(answer: Answer) -> list[Markup]:
    tiles = [_accuracy_tile(answer), *_balance_tiles(answer.classified)]
    for cost, shown in (("macs", "MACs"), ("params", "Parameters")):
        if cost in answer.costs:
            value = answer.costs[cost]
            exact = f"{exact_cost(cost, value)} for one image"
            if cost == "params":
                exact = f"{exact_cost(cost, value)} trained numbers"
            tiles.append(_tile(shown, short_count(value), exact))
    timed = [(f, f.latency.median_ms) for f in answer.files if f.latency]
    if timed:
        fastest, median = min(timed, key=lambda pair: pair[1])
        tiles.append(
            _tile(
                f"Latency, {fastest.precision}",
                f"{three_digits(median)} ms",
                *(
                    f"{file.precision} {three_digits(each)} ms"
                    for file, each in timed
                    if file is not fastest
                ),
            )
        )
    if answer.files:
        smallest = min(answer.files, key=_size)
        tiles.append(
            _tile(
                f"File size, {smallest.precision}",
                short_size(_size(smallest)),
                *(
                    f"{file.precision} {short_size(_size(file))}"
                    for file in answer.files
                    if file is not smallest
                ),
            )
        )
    return [*tiles, _budget_tile(answer.verdicts)]


def _accuracy_tile(answer: Answer) -> Markup:
    if answer.test_accuracy is not None:
        below = ""
        if answer.test_errors is not None and answer.test_images is not None:
            below = (
                f"{answer.test_errors} of {answer.test_images:,} test images "
                "wrong"
            )
        found = answer.classified
        is_bad = found is not None and not found.beats_majority
        return _tile(
            "Test accuracy",
            percent(answer.test_accuracy),
            below,
            majority_text(found) if found else "",
            mood="bad" if is_bad else "",
        )
    if answer.validation_accuracy is not None:
        return _tile(
            "Validation accuracy",
            percent(answer.validation_accuracy),
            "trained alone; not tested yet",
        )
    inherited = answer.inherited_accuracy
    return _tile(
        "Validation accuracy",
        "unknown" if inherited is None else percent(inherited),
        "with inherited weights; not tested yet",
    )


def _balance_tiles(found: Classified | None) -> list[Markup]:
    """Returns what the accuracy hides where classes differ in size."""
    if found is None:
        return []
    never = f"never right: {', '.join(found.never_found[:3])}"
    return [
        _tile(
            "Balanced accuracy",
            percent(found.balanced_accuracy),
            f"mean of {len(found.present)} classes; macro F1 "
            f"{percent(found.macro_f1)}",
            never if found.never_found else "",
            mood="bad" if found.never_found else "",
        )
    ]


def _budget_tile(verdicts: Sequence[Verdict]) -> Markup:
    if not verdicts:
        return _tile("Budget", "none", "no limit was set")
    missed = [verdict for verdict in verdicts if verdict.is_met is False]
    if any(verdict.is_met is None for verdict in verdicts) and not missed:
        return _tile("Budget", "open", *map(limit_text, verdicts))
    return _tile(
        "Budget",
        "missed" if missed else "met",
        *map(limit_text, missed or verdicts),
        mood="bad" if missed else "good",
    )


def _tile(name: str, value: str, *below: str, mood: str = "") -> Markup:
    """Returns a figure in large print, its unit smaller, with lines below."""
    number, _, unit = value.partition(" ")
    return tag(
        "div",
        name,
        tag("b", number, tag("small", f" {unit}") if unit else "", class_=mood),
        *(tag("span", line) for line in below if line),
        class_="tile",
    )


def limit_text(verdict: Verdict) -> str:
    """Returns a limit such as `MACs ≤ 3.00 M`."""
    sign = "≥" if verdict.is_floor else "≤"
    limit = short_cost(verdict.cost, verdict.limit)
    return f"{cost_name(verdict.cost)} {sign} {limit}"


def _budget_table(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return ""
    return table(
        ["Limit", "Allowed", "Winner", ""],
        [
            [
                cost_name(verdict.cost),
                verdict.shown_limit,
                verdict.shown_actual,
                verdict_mark(verdict),
            ]
            for verdict in verdicts
        ],
        caption="The budget and whether it is met",
        kind="wraps",
    )


def verdict_mark(verdict: Verdict) -> Markup:
    """Returns whether a limit is met, in a word and a color."""
    if verdict.is_met is None:
        return tag("span", "open")
    if verdict.is_met:
        return tag("span", "✓\N{NO-BREAK SPACE}met", class_="good")
    return tag("span", f"✗ missed by {verdict.shown_excess}", class_="bad")


def _measured_on(files: Sequence[ExportedFile]) -> str:
    """Returns what the latencies were measured on, one line a setting."""
    settings = list(dict.fromkeys(f.measured_on for f in files if f.latency))
    return joined(
        [
            *(
                tag(
                    "p", f"Latency was measured on {each}.", class_="soft small"
                )
                for each in settings
            ),
            *(
                tag("p", tag("span", "✗ ", class_="bad"), f"Unsteady: {each}.")
                for each in unsteady_text(files)
            ),
        ]
    )


def _size(file: ExportedFile) -> int:
    return file.check.size_bytes


def winner_section(answer: Answer) -> str:
    """Returns the winner's parts, one by one."""
    network = answer.network
    if network is None:
        return ""
    rows = [
        [
            part.name,
            tag(
                "span",
                tag(
                    "span",
                    ("+" if part.is_choice else ", ").join(part.ops),
                    class_="" if part.is_choice else "soft",
                ),
                tag(
                    "span",
                    f"{shape_text(part.in_shape)} → "
                    f"{shape_text(part.out_shape)}",
                    class_="soft",
                ),
                class_="op",
            ),
            _shared(part.macs, network.macs),
            _shared(part.params, network.params),
        ]
        for part in network.blocks
    ]
    total = ["total", "", f"{network.macs:,}", f"{network.params:,}"]
    published = ""
    if network.published_macs != network.macs:
        published = tag(
            "p",
            f"The authors of this space would count "
            f"{network.published_macs:,} MACs.",
            class_="soft small",
        )
    return joined(
        [
            tag("h2", "The winner, block by block"),
            _resized(answer),
            figure(plot_network(network)),
            *map(figure, plot_motifs(network)),
            table(
                ["Block", "Operator and shape", "MACs", "Parameters"],
                [*rows, total],
                caption="The parts of the winner with their costs",
                num_left=2,
                kind="parts",
                last_is_total=True,
            ),
            published,
            tag(
                "details",
                tag("summary", "The winner as text"),
                tag("pre", network.genotype),
            ),
        ]
    )


def _resized(answer: Answer) -> Markup:
    """Returns in what the winner differs from what was searched, if it does."""
    if not answer.resized:
        return Markup("")
    return tag(
        "p",
        f"It has {answer.resized}, as asked for, unlike the networks that were "
        "searched. Its costs are those of what was handed over.",
    )


def _shared(value: int, total: int) -> Markup:
    """Returns a number over a bar that shows its share of the total."""
    width = f"--width: {100 * value / max(total, 1):.0f}%"
    return tag("span", f"{value:,}", class_="share", style=width)
