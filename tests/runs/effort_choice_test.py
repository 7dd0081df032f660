"""Settings of a run become the numbers of an effort."""

import dataclasses
import pathlib

import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.jobs import EvaluateChildren, TrainChild
from nse_tf.methods import FairNASConfig
from nse_tf.runs.effort_choice import make_effort
from nse_tf.runs.method_choice import METHOD_ROWS
from nse_tf.runs.search_config import SearchConfig
from nse_tf.runs.search_run import load_data
from nse_tf.shrinking import PUBLISHED_SCHEDULES
from nse_tf.spaces import make_preset
from nse_tf.testing import FormulaWorker
from nse_tf.training import NB201_RECIPE
from nse_tf.tuners.efforts import EFFORTS
from tests.methods.plans import do_all
from tests.training.tiny_data import image_data

DATA = image_data()
CONFIG = SearchConfig(run_dir=pathlib.Path("never_made"))
# What learns a space looks at no child: the search that follows does.
JUDGING = [name for name, row in METHOD_ROWS.items() if not row.learns_space]
NSE = dataclasses.replace(CONFIG, method="nse")


def with_overrides(**numbers: float) -> SearchConfig:
    """Returns a config with single numbers overridden."""
    return dataclasses.replace(CONFIG, overrides=tuple(numbers.items()))


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


def test_an_objective_reaches_every_method() -> None:
    sought = dataclasses.replace(CONFIG, objective="macro_f1")
    effort = make_effort(sought, DATA)
    for name in JUDGING:
        numbers = METHOD_ROWS[name].numbers(make_effort(CONFIG, DATA))
        assert numbers.objective == "accuracy"
    scoring = effort.search.scoring.evaluating
    assert scoring.objective == effort.search.evaluating.objective == "macro_f1"
    assert sought.settings()["objective"] == "macro_f1"
    assert not {"objective", "class_weight"} & CONFIG.settings().keys()


@pytest.mark.parametrize("name", JUDGING)
def test_every_method_judges_by_the_objective_from_first_to_last(
    name: str,
) -> None:
    few = {"num_children": 4, "population": 2, "children_per_operator": 2}
    numbers = {"num_rank_checks": 2, "max_stages": 1, "num_proposals": 20}
    config = dataclasses.replace(
        with_overrides(**few, **numbers),
        method=name,
        objective="macro_f1",
        effort="demo",
        score="angle" if name == "nse" else "accuracy",
    )
    row = METHOD_ROWS[name]
    chain = "nse_tiny" if name == "nse" else "spos_tiny"
    model = CostModel(make_preset(row.preset or chain))
    oracle = row.make_oracle(config, model, make_effort(config, DATA))
    assert oracle.objective.name == "val_macro_f1"
    jobs = do_all(oracle.method, FormulaWorker(model).run)
    kinds = EvaluateChildren, TrainChild
    judged = [job for job in jobs if isinstance(job, kinds)]
    assert {type(job) for job in judged} == set(kinds)
    assert {job.objective for job in judged} == {"macro_f1"}


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
    effort = make_effort(CONFIG, load_data(CONFIG))
    # A command asks for baselines where they are cheap, a method for none.
    assert effort.search == dataclasses.replace(
        EFFORTS["quick"].search, baselines="cheap"
    )
    assert effort.supernet == dataclasses.replace(
        EFFORTS["quick"].supernet, augmentation="digits"
    )
    assert effort.child == dataclasses.replace(
        EFFORTS["quick"].child, augmentation="digits"
    )


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
            max_trainings=25,
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
    assert search.max_trainings == 25
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


def test_fairnas_drops_the_lowest_of_each_block_unless_told_otherwise() -> None:
    config = dataclasses.replace(CONFIG, method="fairnas", effort="demo")
    demo = EFFORTS["demo"].search
    data = load_data(config)
    found = make_effort(config, data).search
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


def test_numbers_of_evolving_cells_can_be_overridden() -> None:
    config = dataclasses.replace(
        with_overrides(
            max_rounds=3,
            round_epochs=4,
            cell_population=9,
            cell_slots=5,
            mutation_share=0.4,
            tournament=2,
            fitness_momentum=0.25,
            group_depth=3,
            num_evolved=7,
            loss_images=48,
            max_cell_cost=1.5,
            penalty=0.3,
            architecture_rate=0.07,
            target_m=2.5,
            supernet_learning_rate=0.04,
        ),
        method="autospace",
        fitness="loss",
        reference="yardstick",
        cell_start="fresh",
        seed=8,
    )
    cells = make_effort(config, DATA).cells
    assert dataclasses.asdict(cells) == {
        **dataclasses.asdict(EFFORTS["quick"].cells),
        "max_rounds": 3,
        "round_epochs": 4,
        "population": 9,
        "slots": 5,
        "mutation_share": 0.4,
        "tournament": 2,
        "momentum": 0.25,
        "group_depth": 3,
        "num_evolved": 7,
        "loss_images": 48,
        "max_cost": 1.5,
        "penalty": 0.3,
        "architecture_rate": 0.07,
        "target": 2.5e6,
        "learning_rates": (0.04, 0.001),
        "fitness": "loss",
        "reference": "yardstick",
        "cell_start": "fresh",
        "seed": 8,
    }
    limited = dataclasses.replace(config, budget=Budget(latency_ms=1.0))
    with pytest.raises(ValueError, match="leave out --target_m, or add"):
        make_effort(limited, DATA)
