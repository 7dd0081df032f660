"""Runs whose cells evolve before their space is searched."""

import dataclasses
import pathlib
from typing import Any

import pytest

from nse_tf.costs import Budget
from nse_tf.datasets import ImageData
from nse_tf.events import CellsScored, SpaceLearned
from nse_tf.reporting.run_record import read_record
from nse_tf.runs.learned_space import learn_space
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import run_search
from nse_tf.spaces import Motif, load_space, save_space
from tests.supernet.tiny_motifs import tiny_motifs
from tests.training.tiny_data import image_data

DATA: ImageData = image_data()
CONFIG = SearchConfig(
    run_dir=pathlib.Path("never_made"),
    method="autospace",
    effort="demo",
    reference="none",
    shrink=False,
    baselines="never",
    overrides=(
        ("max_rounds", 2),
        ("round_epochs", 1),
        ("cell_population", 3),
        ("cell_slots", 1),
        ("mutation_share", 1.0),
        ("num_evolved", 2),
        ("supernet_epochs", 1),
        ("max_trainings", 1),
        ("num_children", 2),
        ("population", 2),
        ("calibration_images", 12),
        ("child_epochs", 1),
        ("batch_size", 12),
    ),
)


@pytest.fixture
def config(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> SearchConfig:
    for module in ("learned_space", "search_run"):
        monkeypatch.setattr(
            f"nse_tf.runs.{module}.load_data", lambda config: DATA
        )
    path = tmp_path / "chain.json"
    save_space(tiny_motifs(), path)
    return dataclasses.replace(
        CONFIG, space=str(path), run_dir=tmp_path / "run"
    )


@pytest.mark.slow
def test_cells_evolve_and_their_space_is_searched(
    config: SearchConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Files and their timing are tested elsewhere.
    monkeypatch.setattr(
        "nse_tf.runs.search_run.export_artifacts", lambda *args: None
    )
    report = run_search(config)
    space = load_space(config.run_dir / "cells" / "space.json")
    kinds = {type(op) for block in space.blocks for op in block.candidates}
    assert Motif in kinds
    record = read_record(config.run_dir)
    assert record.space is not None
    assert record.space.fingerprint == space.fingerprint
    evolution = read_record(config.run_dir / "cells")
    assert len(evolution.named(CellsScored)) == 2
    assert len(evolution.named(SpaceLearned)) == 1
    page = report.read_text("utf-8")
    assert "How the cells evolved" in page
    assert "How the cells evolved" in (
        config.run_dir / "cells" / "report.html"
    ).read_text("utf-8")
    # The space is not learned again.
    (config.run_dir / "cells" / "method.json").unlink()
    assert learn_space(config) == config.run_dir / "cells" / "space.json"
    with pytest.raises(ValueError, match="holds a run of other settings"):
        run_search(dataclasses.replace(config, seed=1))


def test_a_folder_of_something_else_is_left_alone(
    config: SearchConfig,
) -> None:
    config.run_dir.mkdir()
    (config.run_dir / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty and holds no run"):
        run_search(config)
    assert [path.name for path in config.run_dir.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"overrides": (("cell_population", 2),)}, "smaller than `slots` 3"),
        ({"overrides": (("target_m", 1e-9),)}, "no cell reaches it"),
        ({"budget": Budget(macs=1.0)}, "the cheapest costs"),
        ({"space": "nb201"}, "skeleton"),
    ],
)
def test_what_cannot_evolve_is_refused_before_work(
    config: SearchConfig, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        run_search(dataclasses.replace(config, **changes))
    assert not config.run_dir.exists()
