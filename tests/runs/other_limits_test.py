import dataclasses
import pathlib
from typing import Any

import pytest

from nse_tf.costs import Budget
from nse_tf.runs.learned_space import searching_learned
from nse_tf.runs.other_limits import limits_name, under_other_limits
from nse_tf.runs.run_folder import RunFolder, is_limit
from nse_tf.runs.search_config import SearchConfig
from nse_tf.spaces.files import write_json
from tests.supernet.tiny_spaces import tiny_space
from tests.training.tiny_data import image_data

OTHER = Budget(macs=0.8e6)


def config_of(path: pathlib.Path, **given: Any) -> SearchConfig:
    """Returns the settings of a first run, with others in place of some."""
    return SearchConfig(
        run_dir=path / "run", **{"budget": Budget(params=1e5), **given}
    )


def begun(config: SearchConfig, *, is_finished: bool = True) -> RunFolder:
    """Returns the folder of a run of these settings."""
    folder = RunFolder(config.run_dir)
    folder.begin(config.settings(), image_data(), tiny_space())
    if is_finished:
        write_json(folder.best / "result.json", {})
    return folder


def test_other_limits_alone_search_a_finished_run_s_supernet_again(
    tmp_path: pathlib.Path,
) -> None:
    first = config_of(tmp_path)
    assert under_other_limits(first) is None
    folder = begun(first)
    assert under_other_limits(first) is None
    second = dataclasses.replace(first, budget=OTHER)
    again = under_other_limits(second)
    assert again == dataclasses.replace(
        second,
        run_dir=folder.path / "limits" / "max_macs_800000",
        inherits_from=folder.path,
    )
    # Whether the run's folder is moved in between makes no other run of it.
    assert again.settings() == second.settings()
    # A third; and no limit is one, too.
    for budget, name in (
        (Budget(macs=2e6, min_macs=1e6), "max_macs_2000000_min_macs_1000000"),
        (Budget(latency_ms={"a b/c": 0.5}), "max_latency_ms_a_b_c_0.5"),
        (Budget(), "no_limit"),
    ):
        third = under_other_limits(dataclasses.replace(first, budget=budget))
        assert third is not None
        assert third.run_dir.name == name == limits_name(third)


def test_what_differs_by_more_is_another_run(tmp_path: pathlib.Path) -> None:
    first = config_of(tmp_path)
    folder = begun(first)
    for changes in ({"seed": 1}, {"overrides": (("child_epochs", 3),)}):
        other = dataclasses.replace(first, budget=OTHER, **changes)
        assert under_other_limits(other) is None
        with pytest.raises(ValueError, match="holds a run of other settings"):
            folder.check(other.settings())


def test_an_unfinished_run_is_to_be_finished_first(
    tmp_path: pathlib.Path,
) -> None:
    first = config_of(tmp_path)
    begun(first, is_finished=False)
    second = dataclasses.replace(first, budget=OTHER)
    with pytest.raises(ValueError, match="has not finished: max_macs was"):
        under_other_limits(second)


@pytest.mark.parametrize("method", ["darts", "pdarts", "proxylessnas", "nse"])
def test_methods_that_train_for_one_limit_say_so(
    tmp_path: pathlib.Path, method: str
) -> None:
    first = config_of(tmp_path, method=method)
    begun(first)
    second = dataclasses.replace(first, budget=OTHER)
    with pytest.raises(ValueError, match=f"--method={method} trains for one"):
        under_other_limits(second)


def test_a_learned_space_is_searched_again_as_it_was_first(
    tmp_path: pathlib.Path,
) -> None:
    first = config_of(tmp_path, method="autospace", then="fairnas")
    folder = begun(searching_learned(first))
    again = under_other_limits(dataclasses.replace(first, budget=OTHER))
    assert again is not None
    assert again.method == "fairnas"
    assert again.space == str(folder.path / "cells" / "space.json")
    gates = dataclasses.replace(first, then="proxylessnas")
    begun(searching_learned(gates))
    with pytest.raises(ValueError, match="--method=proxylessnas trains for"):
        under_other_limits(dataclasses.replace(gates, budget=OTHER))


def test_a_run_of_another_version_is_not_explored(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = config_of(tmp_path)
    begun(first)
    monkeypatch.setattr("nse_tf.distribute.identity.__version__", "0.2.99")
    with pytest.raises(ValueError, match="holds a run of other versions"):
        under_other_limits(dataclasses.replace(first, budget=OTHER))


def test_a_cost_table_serves_again_where_it_is_asked_for_likewise(
    tmp_path: pathlib.Path,
) -> None:
    first = config_of(tmp_path, latency_table=pathlib.Path("mine.json"))
    folder = begun(first)
    assert folder.has_table_settings(first.settings())
    other = dataclasses.replace(first, latency_table=None)
    assert not folder.has_table_settings(other.settings())


def test_limits_are_told_from_other_settings() -> None:
    budget = Budget(
        macs=2,
        params=1,
        latency_ms={"pi": 1.0},
        size_bytes=1,
        ram_bytes=1,
        flash_bytes=1,
        min_macs=1,
    )
    settings = config_of(
        pathlib.Path("never_made"),
        budget=budget,
        max_megapixels=9.0,
        overrides=(("max_rounds", 3), ("max_trainings", 2)),
    ).settings()
    assert {name for name in settings if is_limit(name)} == {
        *("max_macs", "max_params", "max_latency_ms@pi", "max_size_bytes"),
        *("max_ram_bytes", "max_flash_bytes", "min_macs"),
    }
