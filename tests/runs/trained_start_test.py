"""Runs whose space is cut out of a trained network."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pytest

from nse_tf.costs import Budget, BudgetError
from nse_tf.events import StageTrained, TrainedAlone, WinnerChosen
from nse_tf.reporting.run_record import Status, read_record
from nse_tf.runs.effort_choice import make_effort
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import make_space, networks_for, run_search
from nse_tf.spaces.files import read_json
from nse_tf.starts import networks_from
from tests.starts.tiny_trained import tiny_trained
from tests.training.tiny_data import image_data

DATA = image_data()


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("start") / "mine.keras"
    tiny_trained().save(path)
    return path


def config_of(start: pathlib.Path, **given: Any) -> SearchConfig:
    return SearchConfig(run_dir=start.parent / "run", start=str(start), **given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"space": "spos"}, "--space` is 'spos', but --start=mine.keras decid"),
        ({"width": 0.5}, "--width` is 0.5, but --start=mine.keras decides"),
        ({"sharing": "rows"}, "--sharing` is 'rows', but what is cut out of"),
        ({"score": "accuracy"}, "--score` is 'accuracy', but a space that is"),
        ({"shrink_schedule": "spos"}, "is not shrunk: leave it out"),
        (
            {"method": "darts"},
            "--start` is for --method=spos or fairnas or nse",
        ),
        (
            {"method": "autospace"},
            "--method=autospace evolves cells of its own",
        ),
        (
            {"start": None, "start_weights": pathlib.Path("w.npz")},
            "w.npz are weights of a --start, and none is given",
        ),
    ],
    ids=str,
)
def test_what_does_not_go_with_a_trained_start_is_refused(
    given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        SearchConfig(
            run_dir=pathlib.Path("never_made"),
            **{"start": "mine.keras", **given},
        )


def test_the_space_is_made_for_the_data_and_its_networks_are_trained(
    start: pathlib.Path,
) -> None:
    config = config_of(start)
    space = make_space(config, DATA)
    assert (space.name, space.skeleton.num_classes) == ("cut_mine", 3)
    networks = networks_for(config, space)
    assert networks.sharing == "nested"
    child = networks.child(space.genotype([0, 0]))
    np.testing.assert_array_equal(
        child.get_layer("stem").get_weights()[0],
        tiny_trained().get_layer("stem").get_weights()[0],
    )
    with pytest.raises(ValueError, match="of 1 channels, and these have 3"):
        networks_from(
            str(start), image_size=(8, 8), image_channels=3, num_classes=3
        )


def test_a_trained_start_takes_few_steps_at_low_rates(
    start: pathlib.Path,
) -> None:
    effort = make_effort(config_of(start), DATA)
    search = effort.search
    assert search.shrinking is None
    assert search.child_start == "inherited"
    assert search.learning_rates[0] == effort.child.learning_rate == 0.03
    steps = search.search_epochs * len(DATA.train) / effort.child.batch_size
    assert steps == pytest.approx(250, rel=0.1)
    given = {"supernet_epochs": 2, "child_learning_rate": 0.01}
    config = config_of(
        start, overrides=tuple(given.items()), child_start="fresh"
    )
    changed = make_effort(config, DATA)
    assert changed.search.search_epochs == 2
    assert changed.child.learning_rate == 0.01
    assert changed.search.child_start == "fresh"


@pytest.mark.slow
def test_a_search_cuts_a_network_out_and_trains_it_on(
    start: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = config_of(
        start,
        effort="demo",
        budget=Budget(macs=60e3),
        overrides=(
            ("supernet_epochs", 2),
            ("child_epochs", 2),
            ("num_children", 6),
            ("population", 3),
            ("num_rank_checks", 0),
            ("max_trainings", 1),
        ),
        baselines="never",
        precisions=("int8",),
    )
    config = dataclasses.replace(
        config, run_dir=tmp_path / "run", cache_dir=tmp_path / "cache"
    )
    run_search(config)
    record = read_record(config.run_dir)
    (winner,) = record.named(WinnerChosen)
    assert winner.costs["macs"] <= 60e3
    # It goes on from what it has, so that it begins above guessing.
    (trained,) = record.named(TrainedAlone)
    assert trained.losses[0] < np.log(10)
    result: Any = read_json(config.run_dir / "best" / "result.json", dict)
    assert result["test_accuracy"] > 0.2
    _search_under_another_limit(config, monkeypatch)
    # The winner may itself be a start.
    networks = networks_from(
        str(config.run_dir / "best" / "model.keras"),
        image_size=(8, 8),
        image_channels=1,
        num_classes=4,
    )
    tops = [block.candidates[0].name for block in networks.space.blocks]
    assert tops == [op for op in result["ops"] if op != "identity"]


def _search_under_another_limit(
    config: SearchConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Searches a finished run's supernet again, which leaves it as it is."""
    run_dir = config.run_dir
    files = {
        path: path.read_bytes()
        for path in run_dir.rglob("*")
        if path.is_file() and path.name != "report.html"
    }
    second = dataclasses.replace(config, budget=Budget(macs=45e3))
    report = run_search(second)
    assert report.parent == run_dir / "limits" / "max_macs_45000"
    assert {path: path.read_bytes() for path in files} == files
    again = read_record(report.parent)
    assert again.status is Status.FINISHED
    assert not again.named(StageTrained)
    (winner,) = again.named(WinnerChosen)
    assert winner.costs["macs"] <= 45e3
    (trained,) = again.named(TrainedAlone)
    assert trained.losses[0] < np.log(10)
    budget: Any = read_json(report.parent / "best" / "result.json", dict)
    assert budget["budget"]["macs"] == 45e3
    for page in (report, run_dir / "report.html"):
        assert "Winners under several limits" in page.read_text("utf-8")
    # It is finished; and what the supernet has nothing for is told at once.
    monkeypatch.setattr(
        "nse_tf.runs.search_run.write_report",
        lambda folder: folder / "report.html",
    )
    assert run_search(second) == report
    with pytest.raises(BudgetError, match="the cheapest costs"):
        run_search(dataclasses.replace(config, budget=Budget(macs=10)))
    with pytest.raises(ValueError, match="child_start was 'not given'"):
        run_search(dataclasses.replace(second, child_start="fresh"))
