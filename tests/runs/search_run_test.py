import dataclasses
import pathlib
from typing import Any

import pytest

from nse_tf.costs import Budget, BudgetError
from nse_tf.datasets import ImageData
from nse_tf.runs.effort_choice import make_effort
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import (
    make_space,
    networks_for,
    run_search,
)
from nse_tf.spaces import save_space
from tests.supernet.tiny_spaces import tiny_space
from tests.training.tiny_data import image_data

DATA: ImageData = image_data()
CONFIG = SearchConfig(run_dir=pathlib.Path("never_made"))


def with_overrides(**numbers: float) -> SearchConfig:
    """Returns a config with single numbers overridden."""
    return dataclasses.replace(CONFIG, overrides=tuple(numbers.items()))


def test_the_space_is_made_for_the_data() -> None:
    skeleton = make_space(CONFIG, DATA).skeleton
    assert skeleton.image_size == (8, 8)
    assert skeleton.image_channels == 1
    assert skeleton.num_classes == 3


def test_a_space_goes_by_name_and_multipliers() -> None:
    config = dataclasses.replace(CONFIG, space="fairnas", width=0.5, depth=0.5)
    space = make_space(config, DATA)
    assert space.name == "fairnas"
    plain = make_space(dataclasses.replace(CONFIG, space="fairnas"), DATA)
    assert len(space.blocks) < len(plain.blocks)


def test_a_space_may_come_from_a_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "mine.json"
    save_space(tiny_space(), path)
    config = dataclasses.replace(CONFIG, space=str(path))
    assert make_space(config, DATA) == tiny_space()
    with pytest.raises(ValueError, match="leave out --width, or"):
        make_space(dataclasses.replace(config, width=0.5), DATA)


def test_a_file_s_space_for_other_images_is_refused(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "mine.json"
    save_space(tiny_space((16, 16)), path)
    with pytest.raises(ValueError, match=r"\(16, 16, 1, 3\).*\(8, 8, 1, 3\)"):
        make_space(dataclasses.replace(CONFIG, space=str(path)), DATA)


def test_a_space_of_cells_can_be_searched() -> None:
    space = make_space(dataclasses.replace(CONFIG, space="nb201"), DATA)
    assert space.skeleton.num_classes == DATA.num_classes


def test_candidates_share_weights_as_asked_or_are_refused_by_name() -> None:
    nested = dataclasses.replace(CONFIG, sharing="nested")
    networks = networks_for(nested, make_space(nested, DATA))
    assert networks.sharing == "nested"
    assert networks_for(CONFIG, networks.space).sharing == "rows"
    with pytest.raises(ValueError, match="'none' does not nest in others"):
        make_space(dataclasses.replace(nested, space="nb201"), DATA)


def test_a_latency_limit_on_cells_is_refused_before_anything_is_measured(
    tmp_path: pathlib.Path,
) -> None:
    config = dataclasses.replace(
        CONFIG,
        space="nb201",
        run_dir=tmp_path / "run",
        budget=Budget(latency_ms=1.0),
    )
    with pytest.raises(ValueError, match="--max_macs_m"):
        run_search(config)


def test_a_child_is_trained_with_what_flags_say_where_it_can_be(
    tmp_path: pathlib.Path,
) -> None:
    config = with_overrides(drop_path=0.2, auxiliary_weight=0.4, cutout=0.5)
    child = make_effort(config, DATA).child
    assert child == dataclasses.replace(
        make_effort(CONFIG, DATA).child,
        drop_path=0.2,
        auxiliary_weight=0.4,
        cutout=0.5,
    )
    config = dataclasses.replace(
        config, space="nb201", run_dir=tmp_path / "run"
    )
    with pytest.raises(ValueError, match=r"`auxiliary_weight` is 0\.4"):
        run_search(config)
    assert not config.run_dir.exists()


def test_a_budget_is_checked_for_the_network_that_is_handed_over(
    tmp_path: pathlib.Path,
) -> None:
    config = dataclasses.replace(
        with_overrides(final_cells=20, final_channels=36),
        space="darts_cifar",
        run_dir=tmp_path / "run",
        budget=Budget(params=0.5e6),
    )
    for method in ("spos", "darts", "proxylessnas"):
        own = dataclasses.replace(config, method=method)
        with pytest.raises(BudgetError, match="20 cells of 36 channels"):
            run_search(own)
    assert not config.run_dir.exists()
    effort = make_effort(config, DATA)
    for numbers in (effort.search, effort.mixture, effort.proxylessnas):
        assert (numbers.final_cells, numbers.final_channels) == (20, 36)
    chain = dataclasses.replace(config, space="spos_tiny")
    with pytest.raises(ValueError, match="`final_cells` is 20"):
        run_search(chain)


def test_a_network_out_of_reach_is_refused_before_anything_is_written(
    tmp_path: pathlib.Path,
) -> None:
    config = dataclasses.replace(
        CONFIG,
        run_dir=tmp_path / "run",
        cache_dir=tmp_path / "cache",
        budget=Budget(macs=10, latency_ms=1.0),
    )
    with pytest.raises(
        BudgetError, match=r"cheapest costs .* the most expensive"
    ):
        run_search(config)
    assert not any(tmp_path.iterdir())


# Evolving spaces.

NSE = dataclasses.replace(CONFIG, method="nse")


def test_an_evolving_space_is_one_of_multi_branch_cells() -> None:
    assert make_space(NSE, DATA).name == "nse_tiny"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"overrides": (("num_active", 14),)}, "`num_active` is 14"),
        ({"budget": Budget(macs=1e3)}, "the cheapest costs"),
    ],
)
def test_what_does_not_suit_an_evolving_space_is_refused(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    message: str,
) -> None:
    monkeypatch.setattr("nse_tf.runs.search_run.load_data", lambda config: DATA)
    config = dataclasses.replace(NSE, run_dir=tmp_path / "run", **changes)
    with pytest.raises(ValueError, match=message):
        run_search(config)
