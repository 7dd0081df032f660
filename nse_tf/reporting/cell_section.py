"""The part of a page on cells that evolved into a space."""

from nse_tf.events import CellsScored, Event, SpaceLearned
from nse_tf.reporting.cell_plots import (
    plot_descent,
    plot_expected_cost,
    plot_fitness,
    plot_genes,
)
from nse_tf.reporting.markup import Markup, figure, joined, table, tag
from nse_tf.reporting.motif_drawing import draw_motifs
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.units import counted
from nse_tf.spaces import Motif, motif_named

_HOW_TO_READ = (
    "Neighboring blocks share a population of cells. A round trains some of "
    "them side by side, and moves their fitness by what it says of them: a "
    "cell as good as the mean has zero. That the fitness ranks cells was not "
    "shown; see docs/methods/autospace.md."
)


def cells_section(record: RunRecord) -> str:
    """Returns how cells evolved; empty where none did."""
    events: tuple[Event, ...] = (*record.evolution, *record.events)
    scored = [each for each in events if isinstance(each, CellsScored)]
    learned = [each for each in events if isinstance(each, SpaceLearned)]
    if not scored:
        return ""
    drawings = [plot_fitness(scored), plot_genes(scored)]
    cost = plot_expected_cost(scored)
    if cost is not None:
        drawings.insert(1, cost)
    parts = [
        tag("h2", "How the cells evolved"),
        tag("p", _HOW_TO_READ, class_="soft small"),
    ]
    if learned:
        drawings.append(plot_descent(scored, learned[-1]))
    parts.append(tag("div", *map(figure, drawings), class_="figures"))
    if learned:
        parts += [_table(learned[-1]), _cells(learned[-1])]
    return joined(parts)


def _table(learned: SpaceLearned) -> Markup:
    rows = [
        [
            _blocks(group),
            ", ".join(name.removeprefix("motif_") for name in names),
        ]
        for group, names in zip(learned.groups, learned.cells, strict=True)
    ]
    references = ", ".join(
        name.removeprefix("motif_") for name in learned.references
    )
    return joined(
        [
            table(
                ["Blocks", "Evolved cells, best first"],
                rows,
                caption="The learned space",
                kind="wraps",
            ),
            tag(
                "p",
                f"Each block has the references {references} as well. The "
                f"space holds {learned.size:,} networks.",
                class_="soft small",
            ),
        ]
    )


def _blocks(group: tuple[int, ...]) -> str:
    first, last = group[0] + 1, group[-1] + 1
    return str(first) if first == last else f"{first} to {last}"


def _cells(learned: SpaceLearned) -> Markup:
    """Returns all evolved cells as graphs, to be opened."""
    where: dict[Motif, list[str]] = {}
    for group, names in zip(learned.groups, learned.cells, strict=True):
        for motif in filter(None, map(motif_named, names)):
            where.setdefault(motif, []).append(f"blocks {_blocks(group)}")
    drawing = draw_motifs("evolved_cells", "The evolved cells as graphs", where)
    return tag(
        "details",
        tag("summary", f"{counted(len(where), 'evolved cell')} as graphs"),
        tag("div", figure(drawing), class_="figures"),
    )
