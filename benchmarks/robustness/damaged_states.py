"""Truncates or flips files of an interrupted search, and resumes it.

    python benchmarks/robustness/damaged_states.py

Every file that a run resumes from may be hit, at random offsets. The run must
then come to the same end, or to an error that names the file. Nothing may be
deleted.
Jobs are answered by formulas; see `formula_search`.
"""

import collections
import contextlib
import io
import logging
import pathlib
import shutil
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import small_search
from absl import app, flags
from formula_search import FormulaTrainer, use_formulas

from nse_tf.datasets import ImageData, ImageSet, load
from nse_tf.events import Entry
from nse_tf.methods import SearchError
from nse_tf.runs.run_folder import RunFolder
from nse_tf.tuners import AngleShrinkingOracle, SupernetTuner

DAMAGES = flags.DEFINE_integer("damages", 100, "Number of damages.", 1)
SEED = flags.DEFINE_integer("seed", 0, "Seed of files and offsets.", 0)

SETTINGS = {"dataset": "digits"}
# What is written for people, and never read by a run.
LEFT_OUT = ("tensorboard", ".lock", "tuner0.json")


class Messages(logging.Handler):
    """Keeps the warnings that a user sees."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a message."""
        self.texts.append(record.getMessage())


class InterruptedSearchError(BaseException):
    """Ends a search as an interruption does."""


def resume(
    folder: pathlib.Path, data: ImageData, stop_at: str | None = None
) -> list[Entry]:
    """Does a search, or resumes it; returns what was decided."""
    run = FormulaTrainer.run

    def interrupting(self: FormulaTrainer, job: Any) -> Any:
        if stop_at is not None and job.id == stop_at:
            raise InterruptedSearchError
        return run(self, job)

    run_folder = RunFolder(folder)
    if not run_folder.check(SETTINGS):
        run_folder.begin(SETTINGS, data, small_search.SPACE)
    run_folder.check_data(data)
    with contextlib.redirect_stdout(io.StringIO()):  # What keras-tuner prints.
        tuner = SupernetTuner(
            AngleShrinkingOracle(
                small_search.SPACE, small_search.BUDGET, small_search.CONFIG
            ),
            directory=str(folder.parent),
            project_name=folder.name,
        )
    FormulaTrainer.run = interrupting  # type: ignore[method-assign]
    try:
        tuner.search(data.train, validation_data=data.validation, verbose=0)
    finally:
        FormulaTrainer.run = run  # type: ignore[method-assign]
        tuner.oracle.storage.table.close()
    history: list[Entry] = tuner.oracle.method.history
    return history


def damage(path: pathlib.Path, rng: np.random.Generator) -> str:
    """Cuts a file off or flips a bit of it; returns what was done."""
    content = bytearray(path.read_bytes())
    offset = int(rng.integers(len(content)))
    if rng.random() < 0.5:
        path.write_bytes(content[:offset])
        return f"cut at {offset}"
    content[offset] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)
    return f"flipped at {offset}"


def reaction_to(
    folder: pathlib.Path,
    name: str,
    data: ImageData,
    wanted: list[Entry],
) -> str:
    """Resumes a damaged run; returns how it went, in a few words."""
    before = {path.relative_to(folder) for path in folder.rglob("*")}
    messages = Messages()
    logger = logging.getLogger("nse_tf")
    logger.addHandler(messages)
    try:
        same = resume(folder, data) == wanted
        how = "the same end" if same else "ANOTHER END"
        is_named = any(
            pathlib.Path(name).name in text for text in messages.texts
        )
        how += ", reported" if is_named else ", not reported"
    except (OSError, ValueError, SearchError) as error:
        named = pathlib.Path(name).name in str(error)
        how = "a clear error" if named else f"AN UNCLEAR ERROR: {error}"
    except Exception as error:
        how = f"A FAULT: {error!r}"
    finally:
        logger.removeHandler(messages)
    after = {path.relative_to(folder) for path in folder.rglob("*")}
    return how if before <= after else f"{how}; DELETED {before - after}"


def main(argv: Sequence[str]) -> None:
    """Prints how often each reaction came, by file and altogether."""
    del argv
    use_formulas()
    FormulaTrainer.pause = 0.0
    logging.getLogger("nse_tf").propagate = False
    rng = np.random.default_rng(SEED.value)
    digits = load("digits")
    few = ImageSet(digits.train.images[:50], digits.train.labels[:50])
    data = ImageData(
        name="digits",
        train=few,
        validation=few,
        test=few,
        class_names=digits.class_names,
    )
    counts: collections.Counter[str] = collections.Counter()
    by_file: collections.Counter[tuple[str, str]] = collections.Counter()
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        wanted = resume(root / "whole", data)
        interrupted = root / "interrupted"
        try:
            resume(interrupted, data, stop_at="00002_evaluate_children")
        except InterruptedSearchError:
            print("interrupted at the second generation")
        names = sorted(
            str(path.relative_to(interrupted))
            for path in interrupted.rglob("*")
            if path.is_file()
            and not str(path.relative_to(interrupted)).startswith(LEFT_OUT)
            and path.stat().st_size
        )
        for number in range(DAMAGES.value):
            name = names[int(rng.integers(len(names)))]
            folder = root / f"damaged_{number}"
            shutil.copytree(interrupted, folder)
            done = damage(folder / name, rng)
            how = reaction_to(folder, name, data, wanted)
            counts[how] += 1
            by_file[name, how] += 1
            if how.isupper() or any(word.isupper() for word in how.split()):
                print(f"{name} {done}: {how}")
            shutil.rmtree(folder)
    for (name, how), count in sorted(by_file.items()):
        print(f"{count:4d} of {name}: {how}")
    for how, count in counts.most_common():
        print(f"{count:4d} {how}")


if __name__ == "__main__":
    app.run(main)
