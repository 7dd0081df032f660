"""How the finalists' files rank them, against how the networks do."""

import dataclasses
from collections.abc import Iterator, Sequence

from nse_tf.reporting.markup import Markup, joined, table, tag
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.units import counted, percent


@dataclasses.dataclass(frozen=True)
class FileRanking:
    """Finalists, judged as networks and as files, by falling inherited rank.

    Attributes:
        file: The kind of file, such as `int8`.
        networks: Accuracies of the networks; None where training diverged.
        files: Accuracies of their files, on the same validation images.
        num_pairs: How many pairs of finalists there are.
        num_otherwise: How many of these the files order the other way round;
            a tie of either is no other order.
    """

    file: str
    networks: tuple[float | None, ...]
    files: tuple[float | None, ...]
    num_pairs: int
    num_otherwise: int

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Yields number, accuracies with places, and what was handed over."""
        chosen = _blocks(self.files).index(1)
        for index, (network, file, by_network, by_file) in enumerate(
            zip(
                self.networks,
                self.files,
                _blocks(self.networks),
                _blocks(self.files),
                strict=True,
            )
        ):
            yield (
                str(index + 1),
                _placed(network, by_network),
                _placed(file, by_file),
                "chosen" if index == chosen else "",
            )


def file_ranking(record: RunRecord) -> FileRanking | None:
    """Returns how the files ranked the finalists; None where none did."""
    noted = record.last("ranked_by_file")
    if noted is None:
        return None
    return FileRanking(
        file=noted["file"],
        networks=tuple(noted["accuracies"]),
        files=tuple(noted["file_accuracies"]),
        num_pairs=noted["num_pairs"],
        num_otherwise=noted["num_otherwise"],
    )


def file_ranking_lines(record: RunRecord) -> list[tuple[str, str]]:
    """Returns names and texts for a terminal; empty where files ranked none."""
    ranking = file_ranking(record)
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
    for number, network, file, chosen in ranking.rows():
        told = f"Keras {network}  {ranking.file} {file}  {chosen}"
        lines.append((f"finalist {number}", told.rstrip()))
    return lines


def file_ranking_section(record: RunRecord) -> Markup:
    """Returns the finalists with both accuracies; empty if files ranked none.

    It says, too, how often the two orders differ.
    """
    ranking = file_ranking(record)
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
                "after training alone; places are in brackets.",
            ),
            table(
                ["", "Keras network", f"{ranking.file} file", ""],
                ranking.rows(),
                caption=caption,
            ),
        ]
    )


def _blocks(accuracies: Sequence[float | None]) -> list[int]:
    """Returns the place of each, from 1; equal ones share one."""
    known = [-1.0 if each is None else each for each in accuracies]
    return [1 + sum(other > each for other in known) for each in known]


def _placed(accuracy: float | None, place: int) -> str:
    return "diverged" if accuracy is None else f"{percent(accuracy)} ({place})"
