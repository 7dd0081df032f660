"""How the finalists' files rank them, compared with how the networks do."""

from collections.abc import Iterator, Sequence

from nse_tf.events import FinalistsRanked
from nse_tf.reporting.markup import Markup, joined, table, tag
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.units import counted, percent


def ranking_rows(
    ranking: FinalistsRanked,
) -> Iterator[tuple[str, str, str, str]]:
    """Yields number, both accuracies with ranks, and what was chosen."""
    by_network = _ranks(ranking.accuracies)
    by_file = _ranks(ranking.file_accuracies)
    chosen = by_file.index(1)
    for index, (network, file) in enumerate(
        zip(ranking.accuracies, ranking.file_accuracies, strict=True)
    ):
        yield (
            str(index + 1),
            _ranked(network, by_network[index]),
            _ranked(file, by_file[index]),
            "chosen" if index == chosen else "",
        )


def file_ranking_lines(record: RunRecord) -> list[tuple[str, str]]:
    """Returns names and texts for a terminal; empty where files ranked none."""
    ranking = record.last(FinalistsRanked)
    if ranking is None:
        return []
    lines = [
        (
            f"ranked by {ranking.file}",
            f"{ranking.num_otherwise} of "
            f"{counted(ranking.num_pairs, 'pair')} of finalists the other way "
            "round than by Keras",
        )
    ]
    for number, network, file, chosen in ranking_rows(ranking):
        text = f"Keras {network}  {ranking.file} {file}  {chosen}"
        lines.append((f"finalist {number}", text.rstrip()))
    return lines


def file_ranking_section(record: RunRecord) -> Markup:
    """Returns the finalists with both accuracies; empty if files ranked none.

    It also says how often the two orders differ.
    """
    ranking = record.last(FinalistsRanked)
    if ranking is None:
        return Markup("")
    caption = f"Finalists by the accuracy of networks and {ranking.file} files"
    return joined(
        [
            tag("h2", f"Finalists ranked by their {ranking.file} files"),
            tag(
                "p",
                f"Keras networks and {ranking.file} files order "
                f"{ranking.num_otherwise} of "
                f"{counted(ranking.num_pairs, 'pair')} of finalists "
                "differently. Accuracies are those on the validation images, "
                "after training alone; ranks are in brackets.",
            ),
            table(
                ["", "Keras network", f"{ranking.file} file", ""],
                ranking_rows(ranking),
                caption=caption,
            ),
        ]
    )


def _ranks(accuracies: Sequence[float | None]) -> list[int]:
    """Returns the rank of each, from 1; equal ones share one."""
    known = [-1.0 if each is None else each for each in accuracies]
    return [1 + sum(other > each for other in known) for each in known]


def _ranked(accuracy: float | None, rank: int) -> str:
    return "diverged" if accuracy is None else f"{percent(accuracy)} ({rank})"
