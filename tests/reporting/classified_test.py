"""What the page says of the classes, however good the accuracy looks."""

import dataclasses
import io
import pathlib
import re
import shutil

import numpy as np
from PIL import Image

from nse_tf.reporting import summary_text, write_report
from nse_tf.reporting.classified import (
    Classified,
    ErrorFacts,
    classified,
    objective_name,
)
from nse_tf.reporting.classified_section import classes_section
from nse_tf.reporting.figures import search_figures
from nse_tf.reporting.run_files import RunResult, read_facts
from nse_tf.reporting.run_record import read_record
from nse_tf.spaces.files import read_json, write_json

# 4 cats, 400 dogs, and a network that always says dog; one error is surest.
LABELS = np.array([0] * 4 + [1] * 400)
ALWAYS_DOG = np.tile([0.0, 2.0], (404, 1))
NAMES = ("cat", "dog")


def as_result(
    run_dir: pathlib.Path, to: pathlib.Path, found: Classified
) -> pathlib.Path:
    """Returns a copy of a run whose winner has these classes."""
    shutil.copytree(run_dir, to)
    path = to / "best" / "result.json"
    value = read_json(path, dict)
    right = sum(each.right for each in found.classes)
    count = sum(each.images for each in found.classes)
    value |= {
        "test_accuracy": right / count,
        "test_errors": count - right,
        "test_images": count,
        "classified": dataclasses.asdict(found),
    }
    write_json(path, value)
    return to


def png(color: int) -> bytes:
    """Returns a small picture."""
    file = io.BytesIO()
    Image.fromarray(np.full((4, 4), color, np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_98_77_percent_that_never_say_cat_look_as_bad_as_they_are(
    run_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    error = ErrorFacts(
        file="error_00.png", image=2, label=0, predicted=1, confidence=0.88
    )
    found = dataclasses.replace(
        classified(ALWAYS_DOG, LABELS, NAMES),
        errors=(error,),
        seen=("seen_00.png",),
    )
    assert not found.beats_majority
    assert found.never_found == ["cat"]
    assert found.taken_for(0) == ("dog", 4)
    assert found.taken_for(1) is None
    folder = as_result(run_dir, tmp_path / "run", found)
    for name, color in (("error_00.png", 9), ("seen_00.png", 200)):
        (folder / "best" / name).write_bytes(png(color))
    # Exact through the file.
    result = read_facts(
        folder / "best" / "result.json", "nse_tf.result/1", RunResult
    )
    assert result is not None
    assert result.classified == found
    page = write_report(folder).read_text(encoding="utf-8")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page))
    tiles = re.findall(r'<div class="tile">(.*?)</div>', page)
    accuracy, balanced = tiles[:2]
    assert 'class="bad"' in accuracy
    assert "always saying &#x27;dog&#x27; would reach 99.01 %" in accuracy
    assert 'class="bad"' in balanced
    assert "50.00 %" in re.sub(r"<[^>]*>", "", balanced)
    assert "never right: cat" in balanced
    assert "It is not shown to be better than that." in text
    assert "cat taken for dog, 88.00 % sure" in text
    assert page.count("data:image/png;base64,") == 2
    assert 'id="confusion"' in page or "Confusion matrix" in page
    assert "error_00.png" not in text  # Pictures are no artifacts.
    summary = summary_text(folder)
    assert "NEVER RIGHT: cat" in summary
    assert "NO BETTER than chance" in summary


def test_a_good_network_is_not_scolded() -> None:
    found = classified(5.0 * np.eye(2)[LABELS], LABELS, NAMES)
    assert (found.macro_f1, found.balanced_accuracy, found.auc) == (1, 1, 1)
    section = classes_section(found, {})
    assert "bad" not in section
    assert "Confusion matrix" in section
    assert classes_section(None, {}) == ""


def test_of_many_classes_the_worst_are_listed() -> None:
    labels = np.repeat(np.arange(50), 4)
    logits = np.eye(50)[np.where(labels == 41, 7, labels)]
    names = tuple(f"class {number}" for number in range(50))
    section = classes_section(classified(logits, labels, names), {})
    assert "the 30 classes with the least" in section
    assert section.index(">class 41<") < section.index(">class 0<")
    assert "Confusion matrix" not in section


def test_figures_name_what_was_sought(run_dir: pathlib.Path) -> None:
    record = read_record(run_dir)
    assert record.classified is None  # An older run.
    assert record.config is not None
    config = dataclasses.replace(
        record.config, settings={"objective": "macro_f1"}
    )
    sought = dataclasses.replace(record, config=config)
    for each, name in ((record, "accuracy"), (sought, "macro F1")):
        assert objective_name(each.settings) == name
        drawing = next(search_figures(each, None))
        assert f"{name}, %</text>" in drawing.svg
        assert drawing.title.lower().startswith(name.lower())
