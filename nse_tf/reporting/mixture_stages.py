"""What the stages of a search were that mixes candidates several times."""

import collections
import dataclasses
from collections.abc import Sequence

from nse_tf.events import MixtureTrained, SkipsLimited, SpaceAtStage
from nse_tf.reporting.markup import Markup, joined, table, tag
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.units import counted, percent
from nse_tf.spaces import SearchSpace


@dataclasses.dataclass(frozen=True)
class MixtureStage:
    """A mixture, and what was dropped after it.

    Attributes:
        trained: The mixture.
        dropped: `(block, candidate)` of each op that was dropped.
        cells: How many cells the supernet had.
    """

    trained: MixtureTrained
    dropped: tuple[tuple[int, int], ...]
    cells: str

    @property
    def ops(self) -> str:
        """How many ops an edge had, from the fewest to the most."""
        counts = sorted({len(indices) for indices in self.trained.active})
        return " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))

    @property
    def skips(self) -> str:
        """The share of edges without computation at the end, by kind of cell.

        It is that of the network that would have been drawn.
        """
        if not self.trained.skip_shares:
            return ""
        return ", ".join(map(percent, self.trained.skip_shares[-1]))


def mixture_stages(record: RunRecord) -> list[MixtureStage]:
    """Returns the stages of a search that drops ops after each mixture."""
    stages: list[MixtureStage] = []
    trained: MixtureTrained | None = None
    for event in record.events:
        if isinstance(event, MixtureTrained):
            trained = event
        elif isinstance(event, SpaceAtStage) and trained is not None:
            cells = str(trained.num_cells or _all_cells(record.space))
            stages.append(MixtureStage(trained, event.dropped, cells))
            trained = None
    return stages


def _all_cells(space: SearchSpace | None) -> str:
    """Returns how many cells all are, where that is known."""
    return "all" if space is None else str(space.as_cells().skeleton.num_cells)


def stage_summary(record: RunRecord) -> list[tuple[str, str]]:
    """Returns a name and a text for a terminal; empty without stages."""
    stages = mixture_stages(record)
    if not stages:
        return []
    cells = ", ".join(each.cells for each in stages)
    ops = ", ".join(each.ops for each in stages)
    text = f"{cells} cells, and {ops} ops an edge to choose from"
    return [("stages", f"{len(stages)}: {text}")]


def stages_section(record: RunRecord) -> Markup:
    """Returns the stages and the cells of few skips; empty without any."""
    stages, limited = mixture_stages(record), record.last(SkipsLimited)
    if not stages:
        return Markup("")
    rows = [
        [
            str(number),
            stage.cells,
            stage.ops,
            _dropped_by_op(stage, record.space),
            stage.skips,
        ]
        for number, stage in enumerate(stages, 1)
    ]
    kinds = ", ".join(stages[-1].trained.cell_kinds)
    return joined(
        [
            tag("h2", "Stages of the mixture"),
            table(
                [
                    "Stage",
                    "Cells",
                    "Ops an edge",
                    "Dropped after it",
                    f"Idle edges ({kinds})",
                ],
                rows,
                caption="What each stage mixed, and what it dropped",
                kind="wraps",
            ),
            _by_edge(stages, record.space),
            "" if limited is None else _limits(limited),
        ]
    )


def _dropped_by_op(stage: MixtureStage, space: SearchSpace | None) -> str:
    """Returns how often each op was dropped."""
    if space is None:
        return counted(len(stage.dropped), "op")
    counts = collections.Counter(
        space.blocks[block].candidates[index].name
        for block, index in stage.dropped
    )
    return ", ".join(f"{name} {num}×" for name, num in counts.most_common())


def _by_edge(
    stages: Sequence[MixtureStage], space: SearchSpace | None
) -> Markup:
    """Returns what was dropped at each edge, folded up."""
    if space is None:
        return Markup("")
    rows = [
        [
            edge.name,
            *(
                ", ".join(
                    edge.candidates[index].name
                    for at, index in stage.dropped
                    if at == block
                )
                for stage in stages
            ),
        ]
        for block, edge in enumerate(space.blocks)
    ]
    header = [f"after stage {number}" for number in range(1, len(stages) + 1)]
    return tag(
        "details",
        tag("summary", "Dropped at each edge"),
        table(
            ["Edge", *header],
            rows,
            caption="The ops that each edge lost, stage by stage",
            kind="wraps",
        ),
    )


def _limits(limited: SkipsLimited) -> Markup:
    """Returns the cells of at most so many skip connections."""
    rows = [
        [
            f"{most}, taken" if most == limited.chosen else str(most),
            str(count),
            tag("code", text),
        ]
        for most, count, text in zip(
            limited.limits, limited.num_skips, limited.genotypes, strict=True
        )
    ]
    return tag(
        "details",
        tag("summary", "Cells of fewer and fewer skip connections"),
        table(
            ["At most", "Skips", "Network, whatever it costs"],
            rows,
            caption="Networks by the most skip connections allowed in a cell "
            f"of the kind {limited.cell_kind}",
            kind="wraps",
        ),
    )
