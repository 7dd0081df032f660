"""Runs that choose resolution, width and depth before they search."""

import dataclasses
import functools
import pathlib
from typing import Any

import pytest

from nse_tf.costs import Budget, BudgetError
from nse_tf.datasets import ImageData, load
from nse_tf.events import ScaleChosen, TrainedAlone, WinnerChosen
from nse_tf.jobs import ChildTrained, Job, Result, TrainChild
from nse_tf.methods import ScaleChoiceConfig
from nse_tf.reporting.run_record import read_record
from nse_tf.runs.run_folder import RunFolder
from nse_tf.runs.run_inputs import make_space
from nse_tf.runs.scale_run import scale_of_chief, with_scale
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import run_search
from nse_tf.spaces.scales import ScaledSpace
from tests.starts.tiny_trained import tiny_trained

CONFIG = SearchConfig(
    run_dir=pathlib.Path("never_made"),
    scale="auto",
    depth=0.5,
    budget=Budget(macs=1.2e6),
    effort="demo",
    overrides=(("probe_epochs", 1), ("child_epochs", 2)),
)


class MadeUpWorker:
    """Trains nothing: a network is as good as its images are large."""

    trained: list[str]
    interrupted_after = 100

    def __init__(self, side: int) -> None:
        self._side = side

    def run(self, job: Job) -> Result:
        """Answers a short training."""
        assert isinstance(job, TrainChild)
        assert job.space is None
        if len(self.trained) == self.interrupted_after:
            raise KeyboardInterrupt
        self.trained.append(job.id)
        return ChildTrained(
            losses=(1.0,) * job.epochs,
            validation_accuracy=self._side / 20,
            model_file="children/a.keras",
            model_sha256="0" * 64,
            seconds=1.0,
        )


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads images once, and draws few networks."""
    monkeypatch.setattr("nse_tf.runs.scale_run.load_data", digits)
    monkeypatch.setattr("nse_tf.costs.scale_costs.NUM_DRAWN", 200)


def digits(config: SearchConfig) -> ImageData:
    """Returns the digits as a run reads them, the same object each time."""
    return _digits(config.image_size, config.image_channels)


@functools.lru_cache
def _digits(size: int | None, channels: int | None) -> ImageData:
    return load("digits", image_size=size, channels=channels)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> type[MadeUpWorker]:
    monkeypatch.setattr(MadeUpWorker, "trained", [], raising=False)

    def made(self: object, scaled: ScaledSpace) -> MadeUpWorker:
        return MadeUpWorker(scaled.scale.image_size)

    monkeypatch.setattr("nse_tf.runs.scale_run._ScaledWorker._worker", made)
    return MadeUpWorker


def chosen_of(config: SearchConfig) -> ScaleChosen:
    """Returns what was noted of the choice, from the record of a run."""
    found = read_record(config.run_dir / "scale").last(ScaleChosen)
    assert found is not None
    return found


def test_a_run_goes_on_as_if_its_scale_had_been_given(
    tmp_path: pathlib.Path, worker: type[MadeUpWorker]
) -> None:
    config = dataclasses.replace(CONFIG, run_dir=tmp_path / "run")
    resolved = with_scale(config)
    event = chosen_of(config)
    assert event.taken.image_size == 16
    assert event.taken.accuracies == (0.8, 0.8)
    assert resolved == dataclasses.replace(
        config,
        scale=None,
        space="spos",
        image_size=16,
        width=event.taken.width,
        overrides=(("child_epochs", 2),),
    )
    assert len(worker.trained) == 6
    # Nothing is chosen again, nor for a worker.
    assert with_scale(config) == scale_of_chief(config) == resolved
    assert len(worker.trained) == 6
    page = (config.run_dir / "scale" / "report.html").read_text("utf-8")
    assert "16 pixels" in page
    assert "(taken)" in page


def test_a_choice_that_was_broken_off_comes_to_the_same(
    tmp_path: pathlib.Path,
    worker: type[MadeUpWorker],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = dataclasses.replace(CONFIG, run_dir=tmp_path / "whole")
    with_scale(whole)
    broken = dataclasses.replace(CONFIG, run_dir=tmp_path / "broken")
    monkeypatch.setattr(worker, "trained", [])
    monkeypatch.setattr(worker, "interrupted_after", 3)
    with pytest.raises(KeyboardInterrupt):
        with_scale(broken)
    with pytest.raises(ValueError, match="holds no choice of a scale"):
        scale_of_chief(broken)
    with pytest.raises(ValueError, match="run of other settings: seed was 0"):
        with_scale(dataclasses.replace(broken, seed=1))
    monkeypatch.setattr(worker, "interrupted_after", 100)
    with_scale(broken)
    assert len(worker.trained) == 6
    assert chosen_of(broken) == chosen_of(whole)


def test_other_limits_keep_the_scale_of_a_run_that_has_begun(
    tmp_path: pathlib.Path, worker: type[MadeUpWorker]
) -> None:
    config = dataclasses.replace(CONFIG, run_dir=tmp_path / "run")
    other = dataclasses.replace(config, budget=Budget(macs=0.9e6))
    resolved = with_scale(config)
    with pytest.raises(ValueError, match="scale holds a run of other settings"):
        with_scale(other)
    data = digits(resolved)
    folder = RunFolder(config.run_dir)
    folder.begin(resolved.settings(), data, make_space(resolved, data))
    assert with_scale(other) == dataclasses.replace(
        resolved, budget=other.budget
    )
    # What is given now stays, for the run's folder to refuse.
    narrow = with_scale(dataclasses.replace(config, width=0.1))
    with pytest.raises(ValueError, match=r"width was 0\.2 and is 0\.1"):
        folder.check(narrow.settings())


def test_what_is_given_is_not_chosen(
    tmp_path: pathlib.Path, worker: type[MadeUpWorker]
) -> None:
    config = dataclasses.replace(
        CONFIG,
        run_dir=tmp_path / "run",
        image_size=8,
        width=0.22,
        depth=None,
    )
    resolved = with_scale(config)
    assert (resolved.image_size, resolved.width) == (8, 0.22)
    scales = chosen_of(config).alternatives
    assert {(each.image_size, each.width) for each in scales} == {(8, 0.22)}
    assert len(scales) > 1
    assert not worker.trained  # One resolution has nothing to compete with.


def test_a_named_space_has_its_own_numbers_among_the_others(
    tmp_path: pathlib.Path, worker: type[MadeUpWorker]
) -> None:
    config = dataclasses.replace(
        CONFIG,
        run_dir=tmp_path / "run",
        space="spos_tiny",
        depth=None,
        width=0.25,
    )
    resolved = with_scale(config)
    assert resolved.space == "spos_tiny"
    depths = {each.depth for each in chosen_of(config).alternatives}
    assert depths >= {0.75, resolved.depth}


def test_a_trained_network_has_its_own_width_and_depth(
    tmp_path: pathlib.Path, worker: type[MadeUpWorker]
) -> None:
    path = tmp_path / "mine.keras"
    tiny_trained().save(path)
    config = dataclasses.replace(
        CONFIG,
        run_dir=tmp_path / "run",
        start=str(path),
        depth=None,
        budget=Budget(macs=1e9),
        image_channels=tiny_trained().input_shape[-1],
        overrides=(("probe_epochs", 0),),
    )
    resolved = with_scale(config)
    # Without a narrow limit costs leave it at the middle of those close.
    given = (resolved.space, resolved.width, resolved.depth)
    assert given == (None, None, None)
    assert resolved.image_size == chosen_of(config).taken.image_size
    sides = {each.image_size for each in chosen_of(config).alternatives}
    assert sides == {8, 12, 16, 24}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"budget": Budget()}, "there is no limit"),
        (
            {"budget": Budget(latency_ms=1.0)},
            "but the budget is at most 1 ms: add",
        ),
        ({"budget": Budget(macs=1e3)}, "at any of .* scales.*lowest costs"),
        ({"image_size": 3}, "3x3 is too small for the strides"),
        ({"space": "spos_tinny"}, "Did you mean"),
        ({"teacher": "no.keras"}, "no.keras cannot be read"),
        ({"space": "nse_tiny"}, "'nse_tiny' open any number of branches"),
    ],
    ids=str,
)
def test_what_cannot_be_chosen_is_refused_before_anything_is_written(
    tmp_path: pathlib.Path, given: dict[str, Any], reason: str
) -> None:
    config = dataclasses.replace(CONFIG, run_dir=tmp_path / "run", **given)
    with pytest.raises((ValueError, BudgetError), match=reason):
        with_scale(config)
    assert not config.run_dir.exists()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"method": "nse"}, "--method=nse changes the space"),
        ({"method": "autospace"}, "--method=autospace changes the space"),
        ({"space": "mine.json"}, "--space=mine.json has its own sizes"),
        ({"distribute": "multi_worker"}, "--distribute=multi_worker"),
        ({"overrides": (("final_cells", 3),)}, "--final_cells sets a size"),
        ({"scale": None}, "`--probe_epochs` is 1, but it is for"),
    ],
    ids=str,
)
def test_settings_without_a_scale_to_choose_are_refused(
    given: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        dataclasses.replace(CONFIG, **given)


def test_a_folder_of_something_else_is_left_alone(
    tmp_path: pathlib.Path,
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty and holds no run"):
        with_scale(dataclasses.replace(CONFIG, run_dir=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_run_of_a_given_scale_is_no_other(tmp_path: pathlib.Path) -> None:
    config = dataclasses.replace(CONFIG, run_dir=tmp_path / "run")
    fixed = dataclasses.replace(config, scale=None, overrides=())
    data = digits(fixed)
    RunFolder(fixed.run_dir).begin(
        fixed.settings(), data, make_space(fixed, data)
    )
    with pytest.raises(ValueError, match="scale was 'not given' and is 'auto'"):
        with_scale(config)


@pytest.mark.slow
def test_a_search_has_the_bits_of_one_whose_scale_is_given(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Files and their timing are tested elsewhere.
    monkeypatch.setattr(
        "nse_tf.runs.search_run.export_artifacts", lambda *args: None
    )
    # A network each of two resolutions is enough.
    monkeypatch.setattr(
        "nse_tf.runs.scale_run.ScaleChoiceConfig",
        functools.partial(ScaleChoiceConfig, num_finalists=2, num_probed=1),
    )
    config = dataclasses.replace(
        CONFIG,
        run_dir=tmp_path / "auto",
        shrink=False,
        baselines="never",
        overrides=(
            ("supernet_epochs", 1),
            ("max_trainings", 1),
            ("num_children", 2),
            ("population", 2),
            ("child_epochs", 1),
            ("probe_epochs", 1),
        ),
    )
    page = run_search(config).read_text("utf-8")
    assert "How resolution, width and depth were chosen" in page
    assert len(chosen_of(config).taken.accuracies) == 1
    fixed = dataclasses.replace(with_scale(config), run_dir=tmp_path / "fixed")
    page = run_search(fixed).read_text("utf-8")
    assert "How resolution, width and depth were chosen" not in page
    auto, given = (read_record(each.run_dir) for each in (config, fixed))
    assert auto.settings == given.settings
    assert auto.named(WinnerChosen) == given.named(WinnerChosen)
    assert [each.model_sha256 for each in auto.named(TrainedAlone)] == [
        each.model_sha256 for each in given.named(TrainedAlone)
    ]
