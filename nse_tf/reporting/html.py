"""One self-contained page per run."""

import os
import pathlib

from nse_tf.reporting.answer import Answer, find_answer
from nse_tf.reporting.answer_section import (
    answer_section,
    banner,
    winner_section,
)
from nse_tf.reporting.baselines import baselines_section
from nse_tf.reporting.cell_section import cells_section
from nse_tf.reporting.choice import choice_section
from nse_tf.reporting.classified import objective_name
from nse_tf.reporting.classified_section import classes_section
from nse_tf.reporting.figures import (
    score_figures,
    search_figures,
    training_figures,
)
from nse_tf.reporting.file_ranking import file_ranking_section
from nse_tf.reporting.limits_section import limits_section
from nse_tf.reporting.markup import Markup, document, figure, joined, tag
from nse_tf.reporting.memory_section import memory_section
from nse_tf.reporting.mixture_stages import stages_section
from nse_tf.reporting.mixtures import mixture_figures, mixture_section
from nse_tf.reporting.rank_trust import trust_text
from nse_tf.reporting.run_record import RunRecord, read_record
from nse_tf.reporting.scale_section import scale_section
from nse_tf.reporting.sections import (
    failures_section,
    files_section,
    measured_section,
    settings_section,
    times_section,
)
from nse_tf.reporting.units import counted, date_text, duration, shape_text
from nse_tf.spaces.files import write_bytes

_HOW_TO_READ = (
    "Accuracies of evaluated children are those on the validation images, with "
    "weights inherited from the supernet. An operator's score by angle is how "
    "far, in radians, the weights of children with that operator have turned "
    "in training; the lowest are dropped."
)


def write_report(run_dir: str | os.PathLike[str]) -> pathlib.Path:
    """Writes `report.html` into a run's folder; returns its path.

    The page needs nothing else: no network, no script, no other file. It shows
    what is there, also for a run that is under way or that failed. The same
    folder gives the same bytes.

    Args:
        run_dir: The run's folder.

    Raises:
        ValueError: If the folder is not that of a run, or a file in it is
            damaged.
    """
    path = pathlib.Path(run_dir) / "report.html"
    write_bytes(
        path,
        page(read_record(pathlib.Path(run_dir))).encode(
            errors="backslashreplace"
        ),
    )
    return path


def page(record: RunRecord) -> str:
    """Returns the report of a run as an HTML document."""
    answer = find_answer(record)
    name = _title(record)
    body = [
        _header(record, name),
        banner(record),
        "" if answer is None else answer_section(answer, trust_text(record)),
        "" if answer is None else choice_section(record),
        limits_section(record),
        baselines_section(record),
        "" if answer is None else winner_section(answer),
        classes_section(record.classified, record.pictures),
        _figures(record, answer),
        memory_section(record),
        scale_section(record),
        cells_section(record),
        mixture_section(record),
        stages_section(record),
        measured_section(record),
        file_ranking_section(record),
        "" if answer is None else files_section(answer.files, record.artifacts),
        times_section(record),
        failures_section(record),
        settings_section(record),
    ]
    return document(f"{name}: search report", body)


def _title(record: RunRecord) -> str:
    if record.config is None:
        return record.name
    return f"{record.config.data.name} on {record.config.space}"


def _header(record: RunRecord, name: str) -> Markup:
    parts = [f"Run {record.name}, {record.status.value}"]
    if record.config is not None:
        data = record.config.data
        parts.append(f"started {date_text(record.config.started)}")
        parts.append(
            f"{data.train:,} training, {data.validation:,} validation "
            f"and {data.test:,} test images of "
            f"{shape_text(data.image_shape)}"
        )
    if record.result is not None and record.result.seconds is not None:
        parts.append(f"took {duration(record.result.seconds)}")
    return tag(
        "header",
        tag("h1", name),
        tag("p", " · ".join(parts), class_="soft"),
    )


def _how_to_read(record: RunRecord) -> str:
    name = objective_name(record.settings)
    if name == "accuracy":
        return _HOW_TO_READ
    return (
        f"This search sought {name}: wherever the accuracy of a child or "
        f"finalist is told, it is its {name}. {_HOW_TO_READ}"
    )


def _figures(record: RunRecord, answer: Answer | None) -> str:
    maps = score_figures(record)
    earlier = maps[1:]
    drawings = [
        *search_figures(record, answer),
        *mixture_figures(record),
        *training_figures(record),
        *maps[:1],
    ]
    if not drawings:
        return ""
    parts = [
        tag("h2", "How it was found"),
        tag("p", _how_to_read(record), class_="soft small"),
        tag("div", *map(figure, drawings), class_="figures"),
    ]
    if earlier:
        parts.append(
            tag(
                "details",
                tag(
                    "summary",
                    f"Scores of {counted(len(earlier), 'stage')} before",
                ),
                tag("div", *map(figure, earlier), class_="figures"),
            )
        )
    return joined(parts)
