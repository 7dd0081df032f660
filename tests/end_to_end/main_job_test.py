"""The main job as a user starts it, with little to do."""

import functools
import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from nse_tf.datasets import load
from nse_tf.events import (
    BaselineTrained,
    ChildMeasured,
    GenerationEvaluated,
    SpaceAtStage,
    WinnerChosen,
)
from nse_tf.export import PRECISIONS, predict
from nse_tf.reporting.run_record import read_record
from nse_tf.spaces.genotype import as_path

# One process for all, since they share a run.
pytestmark = pytest.mark.slow

CHECKOUT = pathlib.Path.cwd()
# Enough for every stage to be there, not for accuracy.
LITTLE = (
    *("--shrink_first_epochs=1", "--shrink_epochs=1", "--drop_per_stage=6"),
    *("--stop_size=300", "--supernet_epochs=2", "--num_children=10"),
    *("--population=5", "--calibration_images=64", "--child_epochs=2"),
    *("--num_rank_checks=2", "--rank_check_epochs=1", "--depth=0.25"),
)


PICTURE = r"(seen|error)_\d\d\.png"
# Three more networks, which the winner is held against.
BASELINES = "--baselines=always"


def search(cwd: pathlib.Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Runs `nse_search` in a folder, with its cache there too."""
    program = "import sys; sys.argv[0] = 'nse_search'\n"
    program += "from nse_tf.flags.search import run\nrun()"
    done = subprocess.run(
        [sys.executable, "-c", program, *argv, f"--cache_dir={cwd / 'cache'}"],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@functools.cache
def digits() -> Any:
    """Returns the digits, read once."""
    return load("digits")


def result_of(run_dir: pathlib.Path) -> dict[str, Any]:
    """Returns what a run found."""
    result: dict[str, Any] = json.loads(
        (run_dir / "best" / "result.json").read_text()
    )
    return result


def weights_of(run_dir: pathlib.Path) -> list[np.ndarray]:
    """Returns the weights that a run exports."""
    weights: list[np.ndarray] = keras.saving.load_model(
        run_dir / "best" / "model.keras"
    ).get_weights()
    return weights


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The folder of a run on digits."""
    folder = tmp_path_factory.mktemp("user")
    done = search(folder, *LITTLE, BASELINES)
    assert "Report: runs/digits/report.html" in done.stdout
    for line in done.stderr.splitlines():
        assert not line.startswith(
            ("W0000", "I0000", "E0000", "WARNING: All", "INFO: ")
        )
    return folder / "runs" / "digits"


def test_the_folder_has_what_a_run_leaves(run_dir: pathlib.Path) -> None:
    names = {path.name for path in run_dir.iterdir()}
    assert {
        *("config.json", "oracle.json", "space_000.json", "log.jsonl"),
        *("supernet", "children", "best", "report.html"),
    } <= names
    best = {path.name for path in (run_dir / "best").iterdir()}
    # As many pictures of images, and of the surest errors, as there are.
    pictures = {name for name in best if re.fullmatch(PICTURE, name)}
    assert "seen_00.png" in pictures
    assert best - pictures == {
        *("genotype.json", "model.keras", "result.json"),
        *("export.json", "latency.json", "labels.txt"),
        *(f"model_{name}.tflite" for name in PRECISIONS),
    }


def test_the_report_names_the_winner(run_dir: pathlib.Path) -> None:
    page = (run_dir / "report.html").read_text(encoding="utf-8")
    result = result_of(run_dir)
    assert f"{100 * result['test_accuracy']:.2f}" in page
    (winner,) = read_record(run_dir).named(WinnerChosen)
    assert winner.path == as_path(result["path"])
    for name in {*result["ops"]} - {"identity"}:
        assert name in page


def test_the_winner_is_held_against_others(run_dir: pathlib.Path) -> None:
    trained = read_record(run_dir).named(BaselineTrained)
    tested = result_of(run_dir)["baselines"]
    assert len(tested) == len(trained) == 3
    page = (run_dir / "report.html").read_text(encoding="utf-8")
    test = digits().test
    for event, baseline in zip(trained, tested, strict=True):
        assert baseline["name"] == event.name
        assert event.name in page
        assert event.uses_validation
        network = keras.saving.load_model(run_dir / event.model_file)
        right = network(test.images).numpy().argmax(1) == test.labels
        assert baseline["test_accuracy"] == pytest.approx(right.mean())
        lead = result_of(run_dir)["test_accuracy"] - right.mean()
        assert baseline["lead"] == pytest.approx(lead)


def test_the_model_loads_without_the_package(run_dir: pathlib.Path) -> None:
    program = """
import sys
sys.modules["nse_tf"] = None
import keras, numpy
images = numpy.load("images.npy")
numpy.save("scores.npy", keras.saving.load_model("best/model.keras")(images))
"""
    images = np.asarray(digits().test.images)
    np.save(run_dir / "images.npy", images.astype(np.float32))
    subprocess.run([sys.executable, "-c", program], cwd=run_dir, check=True)
    scores = np.load(run_dir / "scores.npy")
    num_right = (scores.argmax(axis=1) == digits().test.labels).sum()
    result = result_of(run_dir)
    assert result["test_images"] == len(images) == 360
    assert result["test_errors"] == 360 - num_right


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_file_runs_and_agrees_with_its_check(
    run_dir: pathlib.Path, precision: str
) -> None:
    content = (run_dir / "best" / f"model_{precision}.tflite").read_bytes()
    test = digits().test
    scores = predict(content, np.asarray(test.images))
    accuracy = (scores.argmax(axis=1) == test.labels).mean()
    checks = json.loads((run_dir / "best" / "export.json").read_text())
    assert str(precision) in json.dumps(checks)
    assert accuracy == pytest.approx(
        result_of(run_dir)["test_accuracy"],
        abs=0.003 if precision in ("fp32", "fp16") else 0.1,
    )


def test_it_is_finished_at_once_the_second_time(run_dir: pathlib.Path) -> None:
    before = {
        path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()
    }
    done = search(run_dir.parent.parent, *LITTLE, BASELINES)
    assert "is already finished" in done.stderr
    assert "Report: runs/digits/report.html" in done.stdout
    for path, content in before.items():
        assert path.read_bytes() == content, path


@pytest.mark.long
def test_a_limit_on_latency_and_size_is_kept_as_measured(
    tmp_path: pathlib.Path,
) -> None:
    """Few ops at few shapes, so that the table takes seconds.

    How right it is says the machine, which other tests keep busy.
    """
    limits = (
        *("--max_latency_ms=0.5", "--max_size_kb=500"),
        "--max_table_error=inf",
    )
    search(
        tmp_path,
        *LITTLE,
        *limits,
        *("--space=spos_tiny", "--run_dir=small"),
    )
    run_dir = tmp_path / "small"
    path = as_path(result_of(run_dir)["path"])
    (measured,) = [
        event.costs
        for event in read_record(run_dir).named(ChildMeasured)
        if event.path == path
    ]
    assert measured["latency_ms"] <= 0.5
    assert measured["size_bytes"] <= 500_000
    size = (run_dir / "best" / "model_fp32.tflite").stat().st_size
    assert size <= 500_000
    assert (run_dir / "cost_table.json").exists()


@pytest.mark.long
def test_random_search_without_shrinking(tmp_path: pathlib.Path) -> None:
    search(tmp_path, *LITTLE, "--noshrink", "--explorer=random", "--run_dir=r")
    record = read_record(tmp_path / "r")
    assert len(record.named(SpaceAtStage)) == 1
    evaluated = [
        path
        for event in record.named(GenerationEvaluated)
        for path in event.paths
    ]
    assert len(set(evaluated)) == len(evaluated) == 10
    assert (tmp_path / "r" / "report.html").exists()


def test_fairnas_within_a_window_by_nsga2(tmp_path: pathlib.Path) -> None:
    search(
        tmp_path,
        *LITTLE,
        *("--method=fairnas", "--explorer=nsga2", "--num_rank_checks=0"),
        *("--baselines=never", "--precisions=int8"),
        *("--drop_per_stage=4", "--min_macs_m=0.6", "--max_macs_m=1"),
        "--run_dir=r",
    )
    record = read_record(tmp_path / "r")
    assert len(record.named(SpaceAtStage)) > 1
    macs = [
        each
        for event in record.named(GenerationEvaluated)
        for each in event.costs["macs"]
    ]
    assert len(macs) == 10
    assert 0.6e6 <= min(macs) <= max(macs) <= 1e6
    (winner,) = record.named(WinnerChosen)
    assert 0.6e6 <= winner.costs["macs"] <= 1e6
    assert (tmp_path / "r" / "report.html").exists()
    assert (tmp_path / "r" / "best" / "model_int8.tflite").exists()


def test_photographs_of_unequal_sizes_and_classes(
    tmp_path: pathlib.Path,
) -> None:
    make_photos(tmp_path / "photos")
    flags = (
        *(*LITTLE, "--data_dir=photos", "--image_size=16"),
        *("--space=spos_tiny", "--batch_size=16"),
        *("--num_rank_checks=0", "--baselines=never", "--precisions=fp32"),
    )
    done = search(tmp_path, *flags)
    assert "broken.png" in done.stderr
    run_dir = tmp_path / "runs" / "photos"
    config = json.loads((run_dir / "config.json").read_text())
    assert config["data"]["unreadable"] == 1
    assert config["data"]["classes"] == ["dark", "light", "striped"]
    assert config["data"]["image_shape"] == [16, 16, 3]
    assert (run_dir / "best" / "labels.txt").read_text().split() == [
        *("dark", "light", "striped")
    ]
    assert (run_dir / "report.html").exists()

    # The same seed finds the same network, bit by bit.
    search(tmp_path, *flags, "--seed=0", "--run_dir=again")
    again = tmp_path / "again"
    assert result_of(again)["path"] == result_of(run_dir)["path"]
    for ours, theirs in zip(
        weights_of(again), weights_of(run_dir), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def make_photos(folder: pathlib.Path) -> None:
    """Writes three classes of 40, 24 and 16 images, and one broken file."""
    rng = np.random.default_rng(0)
    for name, count, low in (
        ("dark", 40, 0),
        ("light", 24, 150),
        ("striped", 16, 80),
    ):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            height, width = rng.integers(16, 25, 2)
            pixels = rng.integers(low, low + 100, (height, width, 3))
            if name == "striped":
                pixels[::2] = 255
            image = Image.fromarray(pixels.astype(np.uint8))
            image.save(folder / name / f"{index:03d}.png")
    (folder / "dark" / "broken.png").write_bytes(b"no image")
