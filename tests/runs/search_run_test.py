import dataclasses
import pathlib
from typing import Any

import pytest

from nse_tf.costs import Budget, BudgetError
from nse_tf.datasets import ImageData
from nse_tf.methods import FairNASConfig
from nse_tf.runs.effort_choice import make_effort
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import (
    load_data,
    make_space,
    networks_for,
    run_search,
)
from nse_tf.shrinking import PUBLISHED_SCHEDULES
from nse_tf.spaces import make_preset, save_space
from nse_tf.training import NB201_RECIPE
from nse_tf.tuners.efforts import EFFORTS
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


@pytest.mark.parametrize(
    ("score", "numbers", "expected"),
    [
        ("angle_of_unit_kernels", {}, None),
        ("angle", {"children_per_operator": 7}, 7),
        ("accuracy", {}, 1000),
        ("accuracy", {"children_per_operator": 7}, 7),
    ],
)
def test_cells_have_all_their_angles_but_not_all_accuracies(
    score: str, numbers: dict[str, float], expected: int | None
) -> None:
    config = dataclasses.replace(with_overrides(**numbers), score=score)
    space = make_preset("nb201")
    effort = make_effort(config, DATA).fitted_to(space, fixed=numbers)
    assert effort.search.children_per_operator == expected
    assert effort.supernet.weight_decay == NB201_RECIPE.weight_decay


def test_operators_are_dropped_as_published_but_for_single_numbers() -> None:
    config = dataclasses.replace(
        with_overrides(shrink_first_epochs=3), shrink_schedule="darts"
    )
    shrinking = make_effort(config, DATA).search.shrinking
    assert shrinking == dataclasses.replace(
        PUBLISHED_SCHEDULES["darts"], first_epochs=3
    )
    config = dataclasses.replace(config, shrink=False)
    assert make_effort(config, DATA).search.shrinking is None


def test_an_effort_is_taken_as_it_is_unless_overridden() -> None:
    effort = make_effort(CONFIG, DATA)
    assert effort.search == EFFORTS["quick"].search
    assert effort.supernet == EFFORTS["quick"].supernet
    assert effort.child == EFFORTS["quick"].child


def test_every_number_can_be_overridden() -> None:
    effort = make_effort(
        with_overrides(
            shrink_warmup_epochs=10,
            shrink_first_epochs=11,
            shrink_epochs=12,
            drop_per_stage=13,
            stop_size=14,
            supernet_epochs=15,
            num_children=16,
            population=17,
            calibration_images=18,
            num_finalists=19,
            child_epochs=20,
            batch_size=21,
            supernet_learning_rate=0.22,
            child_learning_rate=0.23,
            score_calibration_images=24,
        ),
        DATA,
    )
    search, shrinking = effort.search, effort.search.shrinking
    assert shrinking is not None
    assert shrinking.warmup_epochs == 10
    assert shrinking.first_epochs == 11
    assert shrinking.other_epochs == 12
    assert shrinking.drop_per_stage == 13
    assert shrinking.stop_size == 14
    assert search.search_epochs == 15
    assert search.exploring.num_children == 16
    assert search.exploring.population == 17
    assert search.calibration_images == 18
    assert search.num_finalists == 19
    assert search.child_epochs == 20
    assert effort.supernet.batch_size == effort.child.batch_size == 21
    assert search.learning_rates == (0.22, 0.001)
    assert effort.child.learning_rate == 0.23
    assert search.scoring.evaluating.calibration_images == 24


def test_single_numbers_of_a_search_by_gates_may_be_given() -> None:
    config = dataclasses.replace(
        with_overrides(
            weights_only_epochs=11,
            supernet_epochs=1,
            architecture_every=12,
            architecture_rate=0.13,
            penalty=0.14,
            num_derived=15,
            supernet_learning_rate=0.2,
            target_m=16.0,
            child_epochs=17,
        ),
        method="proxylessnas",
        gates="full",
        penalty_form="relative",
        budget=Budget(params=1e9),
        seed=5,
    )
    effort = make_effort(config, DATA)
    numbers = effort.proxylessnas
    assert (numbers.warmup_epochs, numbers.search_epochs) == (11, 1)
    assert numbers.epochs_without == 0
    assert (numbers.architecture_every, numbers.architecture_rate) == (12, 0.13)
    assert (numbers.penalty_form, numbers.coefficient) == ("relative", 0.14)
    assert (numbers.num_derived, numbers.gates) == (15, "full")
    assert (numbers.warmup_learning_rate, numbers.learning_rate) == (0.2, 0.1)
    assert (numbers.cost, numbers.target) == ("params", 16e6)
    assert (numbers.child_epochs, numbers.seed) == (17, 5)
    rewarded = dataclasses.replace(
        config,
        gates="reinforce",
        penalty_form=None,
        overrides=(("networks_per_step", 18), ("reward_exponent", 0.19)),
    )
    numbers = make_effort(rewarded, DATA).proxylessnas
    assert (numbers.gates, numbers.networks_per_step) == ("reinforce", 18)
    assert numbers.reward_exponent == 0.19
    shrunk = effort.shrunk_first(numbers).shrinking
    assert shrunk is not None
    assert shrunk.schedule == effort.search.shrinking
    unshrunk = make_effort(dataclasses.replace(config, shrink=False), DATA)
    assert unshrunk.shrunk_first(numbers).shrinking is None


def test_single_numbers_of_a_search_in_stages_may_be_given() -> None:
    config = dataclasses.replace(
        with_overrides(
            supernet_epochs=7,
            max_skips=0,
            architecture_rate=0.13,
            supernet_learning_rate=0.2,
            calibration_images=14,
            child_epochs=15,
        ),
        method="pdarts",
        score="accuracy",
        shrink=False,
        seed=5,
    )
    numbers = make_effort(config, DATA).progressive_mixture
    # As large a share of epochs without parameters as the effort has.
    assert (numbers.stage_epochs, numbers.epochs_without) == (7, 2)
    assert (numbers.max_skips, numbers.architecture_rate) == (0, 0.13)
    assert numbers.learning_rates == (0.2, 0.0)
    assert (numbers.calibration_images, numbers.child_epochs) == (14, 15)
    assert (numbers.score, numbers.shrinking, numbers.seed) == (
        "accuracy",
        None,
        5,
    )
    own = with_overrides(supernet_epochs=7, stage_weights_epochs=3)
    own = dataclasses.replace(own, method="pdarts")
    assert make_effort(own, DATA).pdarts.epochs_without == 3
    short = dataclasses.replace(
        with_overrides(supernet_epochs=1), method="pdarts"
    )
    assert make_effort(short, DATA).pdarts.epochs_without == 0


def test_what_is_no_number_of_an_effort_reaches_the_method() -> None:
    config = dataclasses.replace(
        CONFIG,
        explorer="random",
        shrink=False,
        precision="int8",
        num_threads=2,
        seed=4,
    )
    search = make_effort(config, DATA).search
    assert search.explorer == "random"
    assert search.shrinking is None
    assert (search.precision, search.num_threads, search.seed) == ("int8", 2, 4)


def test_the_data_settle_augmentation_unless_a_flag_does() -> None:
    augmented = dataclasses.replace(DATA, augmentation="digits")
    effort = make_effort(CONFIG, augmented)
    assert effort.supernet.augmentation == "digits"
    assert effort.child.augmentation == "digits"
    config = dataclasses.replace(CONFIG, augmentation="none")
    assert load_data(config).augmentation == "none"


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


def test_fairnas_drops_the_lowest_of_each_block_unless_told_otherwise() -> None:
    config = dataclasses.replace(CONFIG, method="fairnas", effort="demo")
    demo = EFFORTS["demo"].search
    found = make_effort(config, DATA).search
    assert isinstance(found, FairNASConfig)
    assert demo.shrinking is not None
    assert found.shrinking == dataclasses.replace(
        demo.shrinking, rule="each_block", drop_per_stage=1
    )
    assert found.search_epochs == demo.search_epochs
    changed = dataclasses.replace(
        config, shrink_schedule="spos", overrides=(("supernet_epochs", 3),)
    )
    found = make_effort(changed, DATA).search
    assert found.shrinking == PUBLISHED_SCHEDULES["spos"]
    assert found.search_epochs == 3


# Evolving spaces.

NSE = dataclasses.replace(CONFIG, method="nse")


def test_an_evolving_space_is_one_of_multi_branch_cells() -> None:
    assert make_space(NSE, DATA).name == "nse_tiny"


def test_an_evolving_space_aims_at_what_is_limited() -> None:
    for budget, cost in (
        (Budget(), "macs"),
        (Budget(macs=1e6, latency_ms=1.0), "macs"),
        (Budget(latency_ms=1.0), "latency_ms"),
        (Budget(params=1e5), "params"),
    ):
        config = dataclasses.replace(NSE, budget=budget)
        assert make_effort(config, DATA).evolution.cost == cost


def test_single_numbers_of_an_evolving_space_may_be_given() -> None:
    config = dataclasses.replace(
        NSE,
        inherit_by="angle",
        seed=3,
        overrides=(
            ("num_active", 4),
            ("target_m", 1.5),
            ("drop_below", -1.0),
            ("preserve_locked", False),
            ("supernet_learning_rate", 0.2),
        ),
    )
    found = make_effort(config, DATA).evolution
    assert (found.num_active, found.target) == (4, 1.5e6)
    assert (found.drop_below, found.preserve_locked) == (-1.0, False)
    assert found.learning_rates == pytest.approx((0.04, 0.2))
    assert (found.inherit_by, found.seed) == ("angle", 3)


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
