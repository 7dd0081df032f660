"""Heat maps of operator scores, block by block."""

import dataclasses
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from nse_tf.events import OperatorsScored, SpaceAtStage
from nse_tf.reporting.drawing import (
    DOTS,
    INK,
    SOFT,
    WINNER,
    Drawing,
    Key,
    canvas,
    to_svg,
)
from nse_tf.spaces import SearchSpace

# Of the color behind a number; more would hide the number.
FAINTEST, STRONGEST = 0.06, 0.6


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScoredStage:
    """One stage of shrinking: what was scored, and what went.

    Attributes:
        stage: Its number.
        score: What is scored, such as `angle`.
        scores: `(num_blocks, max_candidates)`; None where there is no score.
        active: Indices of the candidates that competed, a choice block each.
        dropped: `(block, candidate)` of what was dropped; None while that is
            not decided.
    """

    stage: int
    score: str
    scores: Sequence[Sequence[float | None]]
    active: Sequence[Sequence[int]]
    dropped: frozenset[tuple[int, int]] | None

    def of(self, block: int, candidate: int) -> float | None:
        """Returns the score of an operator that competed."""
        return self.scores[block][candidate]

    @property
    def known(self) -> list[float]:
        """All scores there are."""
        return [each for row in self.scores for each in row if each is not None]


def scored_stages(
    spaces: Sequence[SpaceAtStage], scored: Sequence[OperatorsScored]
) -> list[ScoredStage]:
    """Returns the stages whose operators were scored."""
    by_stage = {event.stage: event for event in spaces}
    return [
        ScoredStage(
            stage=event.stage,
            score=event.score,
            scores=event.scores,
            active=by_stage[event.stage].active,
            dropped=_dropped(by_stage.get(event.stage + 1)),
        )
        for event in scored
        if event.stage in by_stage
    ]


def _dropped(after: SpaceAtStage | None) -> frozenset[tuple[int, int]] | None:
    return None if after is None else frozenset(after.dropped)


def plot_scores(stage: ScoredStage, space: SearchSpace) -> Drawing:
    """Draws the scores of one stage: choice blocks as rows, ops as columns.

    Args:
        stage: What to draw; at least one operator has a score.
        space: Names the choice blocks and their candidates.
    """
    names = list(
        dict.fromkeys(op.name for b in space.blocks for op in b.candidates)
    )
    num_lines = max(name.count("_") for name in names) + 1
    height = 20 * len(space.blocks) + 16 * num_lines + 10
    low, high = min(stage.known), max(stage.known)
    has_missing = False
    with canvas(f"scores_{stage.stage}", height) as (figure, (axes,)):
        for row, (block, indices) in enumerate(
            zip(space.blocks, stage.active, strict=True)
        ):
            for index in indices:
                column = names.index(block.candidates[index].name)
                score = stage.of(row, index)
                has_missing |= score is None
                share = 0.0
                if score is not None and high > low:
                    share = (score - low) / (high - low)
                is_dropped = (row, index) in (stage.dropped or ())
                _draw_cell(axes, column, row, score, share, is_dropped)
        _label(axes, names, [block.name for block in space.blocks])
        return Drawing(
            f"scores_{stage.stage}",
            f"Operator scores by {stage.score}, stage {stage.stage}",
            to_svg(figure, _text(stage, space)),
            _keys(stage, has_missing),
        )


def _draw_cell(
    axes: Axes,
    column: int,
    row: int,
    score: float | None,
    share: float,
    is_dropped: bool,
) -> None:
    # Ten shades: readers distinguish no more.
    shade = FAINTEST + round(9 * share) / 9 * (STRONGEST - FAINTEST)
    axes.add_patch(
        Rectangle(
            (column - 0.47, row - 0.45),
            0.94,
            0.9,
            facecolor="none" if score is None else (DOTS, round(shade, 2)),
            edgecolor=SOFT if score is None else "none",
            linewidth=0.5,
        )
    )
    if score is not None:
        axes.text(
            column,
            row,
            f"{score:.3f}",
            ha="center",
            va="center",
            fontsize=10,
            in_layout=False,
        )
    if is_dropped:
        across = [column - 0.47, column + 0.47]
        for ends in ([row - 0.45, row + 0.45], [row + 0.45, row - 0.45]):
            axes.plot(across, ends, color=WINNER, linewidth=1)


def _label(axes: Axes, names: Sequence[str], blocks: Sequence[str]) -> None:
    """Names columns and rows; an op's name takes a line for each piece."""
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(blocks) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=10)
    axes.xaxis.tick_top()
    axes.set_xticks(
        range(len(names)), [name.replace("_", "\n") for name in names]
    )
    axes.set_yticks(range(len(blocks)), blocks)


def _keys(stage: ScoredStage, has_missing: bool) -> tuple[Key, ...]:
    keys = [Key("■", DOTS, "the stronger, the higher the score")]
    if stage.dropped is not None:
        keys.append(Key("✕", WINNER, f"dropped ({len(stage.dropped)})"))
    if has_missing:
        keys.append(Key("□", INK, "no score: no child within the budget"))
    return tuple(keys)


def _text(stage: ScoredStage, space: SearchSpace) -> str:
    known = stage.known
    text = (
        f"Operator scores by {stage.score} in stage {stage.stage}: "
        f"{len(known)} scores from {min(known):.3f} to {max(known):.3f}."
    )
    if not stage.dropped:
        return text
    gone = ", ".join(
        f"{space.blocks[block].candidates[index].name} of "
        f"{space.blocks[block].name}"
        for block, index in sorted(stage.dropped)
    )
    return f"{text} Dropped: {gone}."
