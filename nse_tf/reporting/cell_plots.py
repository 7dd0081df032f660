"""Figures of a search in which the cells of a space evolved."""

import collections
import dataclasses
from collections.abc import Sequence

import numpy as np
from matplotlib.patches import Rectangle

from nse_tf.events import CellsScored, SpaceLearned
from nse_tf.reporting.drawing import (
    DOTS,
    FRONT,
    INK,
    LIMIT,
    SERIES,
    SOFT,
    Drawing,
    Key,
    canvas,
    sheet,
    to_svg,
    write,
)
from nse_tf.reporting.plots import few_ticks, in_a_sentence, scale_of
from nse_tf.reporting.units import counted, percent, short_cost
from nse_tf.spaces import motif_named
from nse_tf.spaces.motif_genes import EXPLORED

# More columns of rounds could not be told apart.
_MOST_COLUMNS = 24
_ROW = 15.0


def plot_fitness(scored: Sequence[CellsScored]) -> Drawing:
    """Draws the best and the mean fitness of each group, round by round.

    Args:
        scored: The rounds, in order; at least one.
    """
    rounds = np.arange(1, len(scored) + 1)
    num_groups = len(scored[0].scores)
    texts = []
    with canvas("fitness", 260) as (figure, (axes,)):
        for group in range(num_groups):
            color = SERIES[group % len(SERIES)]
            best, mean = (
                [float(take(event.scores[group])) for event in scored]
                for take in (np.max, np.mean)
            )
            axes.plot(rounds, best, color=color, linewidth=1.6, marker=".")
            axes.plot(rounds, mean, color=color, linewidth=0.8, linestyle="--")
            texts.append(
                f"group {group + 1}: best {best[-1]:.3g}, mean {mean[-1]:.3g}"
            )
        axes.set_xlabel("round")
        axes.set_ylabel("fitness")
        few_ticks(axes, integer=True)
        keys = [
            Key("━", SERIES[group], f"group {group + 1}")
            for group in range(num_groups)
            if num_groups <= len(SERIES)
        ]
        return Drawing(
            "fitness",
            "Fitness of the populations: best, and mean (dashed)",
            to_svg(
                figure,
                f"Fitness of cells over {counted(len(scored), 'round')}. At "
                f"the end: {'; '.join(texts)}.",
            ),
            tuple(keys),
        )


def plot_expected_cost(scored: Sequence[CellsScored]) -> Drawing | None:
    """Draws what networks were expected to cost, against the target.

    Args:
        scored: The rounds, in order; at least one.
    """
    known = [
        (number, event.expected_cost)
        for number, event in enumerate(scored, 1)
        if event.expected_cost is not None
    ]
    if not known:
        return None
    cost, target = scored[-1].cost, scored[-1].target
    largest = max([value for _, value in known] + [target or 0.0])
    scale, unit = scale_of(cost, largest)
    numbers, values = zip(*known, strict=True)
    text = (
        f"Expected {in_a_sentence(cost)} of networks by the shares of cells, "
        f"after the last round {short_cost(cost, values[-1])}."
    )
    keys = [Key("━", DOTS, "expected")]
    with canvas("cell_cost", 200) as (figure, (axes,)):
        axes.plot(numbers, np.array(values) / scale, color=DOTS, marker=".")
        if target is not None:
            axes.axhline(target / scale, color=LIMIT, linestyle="--")
            keys.append(Key("┅", LIMIT, "target"))
            text += f" The target is {short_cost(cost, target)}."
        axes.set_xlabel("round")
        axes.set_ylabel(f"{in_a_sentence(cost)}{unit}")
        few_ticks(axes, integer=True)
        return Drawing(
            "cell_cost",
            "Expected cost against the target",
            to_svg(figure, text),
            tuple(keys),
        )


def gene_shares(event: CellsScored) -> np.ndarray:
    """Returns how often each value of each gene is in the populations.

    Returns:
        In the order of `gene_values`, each gene adding up to 1.
    """
    genes = np.array(
        [
            motif.genes
            for names in event.population
            for motif in map(motif_named, names)
            if motif is not None
        ]
    )
    return np.array(
        [
            float((genes[:, position] == value).mean())
            for position, _, value, _ in gene_values()
        ]
    )


def gene_values() -> list[tuple[int, str, int, float]]:
    """Returns each value that a gene may have, and its share among all cells.

    Returns:
        `(position, gene, value, share)`, for genes of several values.
    """
    return [
        (position, gene, value, 1.0 / len(values))
        for position, (gene, values) in enumerate(EXPLORED.items())
        for value in values
        if len(values) > 1
    ]


def plot_genes(scored: Sequence[CellsScored]) -> Drawing:
    """Draws how often values of genes are in the populations, by rounds.

    Args:
        scored: The rounds, in order; at least one.
    """
    ends = np.linspace(0, len(scored) - 1, min(len(scored), _MOST_COLUMNS))
    chosen = np.unique(ends.round().astype(int))
    shares = np.stack([gene_shares(scored[number]) for number in chosen])
    rows = gene_values()
    left, width = 168.0, 150.0
    step = width / len(chosen)
    last_gene = ""
    texts = []
    with sheet("genes", 24 + _ROW * len(rows)) as (figure, axes):
        write(axes, left, 8, "share by round", SOFT)
        write(axes, left + width + 8, 8, "last (of all)", SOFT)
        for row, (_, gene, value, uniform) in enumerate(rows):
            top = 20 + _ROW * row
            if gene != last_gene:
                write(axes, 4, top + _ROW / 2, gene, SOFT)
                last_gene = gene
            write(axes, left - 14, top + _ROW / 2, str(value), INK)
            for column, share in enumerate(shares[:, row]):
                axes.add_patch(
                    Rectangle(
                        (left + step * column, top + 1),
                        step - 0.5,
                        _ROW - 2,
                        facecolor=(FRONT, min(1.0, max(0.03, share))),
                        edgecolor="none",
                    )
                )
            last = shares[-1, row]
            label = f"{100 * last:.0f} % ({100 * uniform:.0f})"
            write(axes, left + width + 8, top + _ROW / 2, label, INK)
            texts.append(f"{gene} {value}: {percent(last)}")
        return Drawing(
            "genes",
            "Values of genes in all populations, against those of all cells",
            to_svg(figure, f"After the last round: {'; '.join(texts)}."),
        )


@dataclasses.dataclass(frozen=True)
class Ancestor:
    """A cell of a line of descent.

    Attributes:
        name: Its name.
        born: The round in which it was first tested, from 1 on; 0 for cells of
            the first populations.
    """

    name: str
    born: int


def lines_of_descent(
    scored: Sequence[CellsScored], learned: SpaceLearned
) -> list[list[Ancestor]]:
    """Returns each evolved cell of the learned space after its ancestors.

    Args:
        scored: The rounds, in order.
        learned: What came out.
    """
    found = []
    for group, names in enumerate(learned.cells):
        births: dict[str, list[tuple[int, str]]] = collections.defaultdict(list)
        for event in scored:
            pairs = zip(event.tested[group], event.parents[group], strict=True)
            for name, parent in pairs:
                if parent:
                    births[name].append((event.stage + 1, parent))
        for name in names:
            found.append(_descent(name, births, len(scored) + 1))
    return found


def _descent(
    name: str, births: dict[str, list[tuple[int, str]]], until: int
) -> list[Ancestor]:
    """Returns a cell after its ancestors, the oldest first."""
    line: list[Ancestor] = []
    while True:
        earlier = [birth for birth in births[name] if birth[0] < until]
        if not earlier:
            line.append(Ancestor(name, 0))
            return line[::-1]
        until, parent = earlier[-1]
        line.append(Ancestor(name, until))
        name = parent


def plot_descent(
    scored: Sequence[CellsScored], learned: SpaceLearned
) -> Drawing:
    """Draws when evolved cells and their ancestors were born.

    Args:
        scored: The rounds, in order; at least one.
        learned: What came out.
    """
    lines = lines_of_descent(scored, learned)
    counts = [len(names) for names in learned.cells]
    ends = np.cumsum(counts)[:-1]
    with canvas("descent", 60 + _ROW * len(lines)) as (figure, (axes,)):
        for row, line in enumerate(lines):
            born = [each.born for each in line]
            axes.plot(
                [*born, len(scored)],
                [row] * (len(born) + 1),
                color=SOFT,
                linewidth=1,
            )
            axes.plot(born, [row] * len(born), linestyle="none", marker="o",
                      markersize=4, color=FRONT)  # fmt: skip
        for end in ends:
            axes.axhline(end - 0.5, color=SOFT, linewidth=0.5, linestyle=":")
        axes.set_yticks(
            range(len(lines)),
            [line[-1].name.removeprefix("motif_") for line in lines],
            fontsize=9,
        )
        axes.set_ylim(len(lines) - 0.5, -0.5)
        axes.set_xlim(-0.5, len(scored) + 0.5)
        axes.set_xlabel("round of birth; 0 is the first population")
        texts = [_descent_text(line) for line in lines]
        return Drawing(
            "descent",
            "Descent of the evolved cells, group by group",
            to_svg(figure, f"{'; '.join(texts)}."),
            (Key("●", FRONT, "birth of a cell or of an ancestor"),),
        )


def _descent_text(line: Sequence[Ancestor]) -> str:
    """Returns a line of descent in words, the youngest first."""
    return " from ".join(
        f"{each.name} of round {each.born}" for each in reversed(line)
    )
