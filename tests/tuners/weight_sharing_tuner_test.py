"""The short form of a search: limits and an effort in place of records."""

import dataclasses
import inspect
import pathlib
from typing import Any

import keras_tuner
import pytest

import nse_tf
from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.export import accuracy_of_file, measure_memory, measure_models
from nse_tf.methods import OneShotConfig, SpaceEvolutionConfig
from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.supernet import networks_of
from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.tuners import (
    EFFORTS,
    AngleShrinking,
    SpaceEvolution,
    SpaceEvolutionOracle,
    SpaceHyperModel,
    SupernetTuner,
)
from nse_tf.tuners.weight_sharing_tuner import WeightSharingTuner
from tests.costs.strategies import made_up_table
from tests.supernet.choice_models import choice_model
from tests.supernet.tiny_spaces import NESTED_OPS, tiny_space
from tests.training.tiny_data import image_data
from tests.tuners.tiny_search import CONFIG, SPACE

BRANCHES = make_preset(
    "nse_tiny", image_size=(8, 8), image_channels=1, num_classes=3
)


def method_of(tuner: SupernetTuner) -> Any:
    """Returns the method that a tuner's oracle asks for jobs."""
    return tuner.oracle.method


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> dict[str, Any]:
    """Where a tuner's run goes."""
    return {"directory": str(tmp_path), "project_name": "run"}


def test_an_effort_gives_configuration_and_recipes(
    folder: dict[str, Any],
) -> None:
    tuner = AngleShrinking(
        SPACE, seed=5, max_macs=80_000, effort="laptop", **folder
    )
    laptop = EFFORTS["laptop"]
    method = method_of(tuner)
    assert method.config == dataclasses.replace(laptop.search, seed=5)
    assert method.budget == Budget(macs=80_000)
    assert tuner._supernet_recipe == laptop.supernet
    assert tuner._child_recipe == laptop.child
    assert tuner._measure is measure_models
    assert tuner._measure_memory is measure_memory
    assert tuner._evaluate_file is accuracy_of_file


def test_without_an_effort_it_is_quick(folder: dict[str, Any]) -> None:
    tuner = nse_tf.AngleShrinking(choice_model(), **folder)
    assert method_of(tuner).config == EFFORTS["quick"].search


def test_an_effort_takes_as_many_steps_on_the_images_there_are(
    folder: dict[str, Any],
) -> None:
    tuner = AngleShrinking(SPACE, effort="laptop", num_images=900, **folder)
    assert method_of(tuner).config == EFFORTS["laptop"].for_images(900).search


def test_an_augmentation_goes_into_both_recipes_of_an_effort(
    folder: dict[str, Any],
) -> None:
    tuner = AngleShrinking(
        SPACE, effort="demo", augmentation="digits", **folder
    )
    assert tuner._supernet_recipe == SupernetRecipe(augmentation="digits")
    assert tuner._child_recipe == ChildRecipe(augmentation="digits")


def test_recipes_replace_those_of_an_effort(folder: dict[str, Any]) -> None:
    recipe = SupernetRecipe(batch_size=7)
    tuner = AngleShrinking(
        SPACE, effort="quick", supernet_recipe=recipe, **folder
    )
    assert tuner._supernet_recipe == recipe
    assert tuner._child_recipe == EFFORTS["quick"].child


def test_a_configuration_comes_with_the_default_recipes(
    folder: dict[str, Any],
) -> None:
    tuner = AngleShrinking(SPACE, config=CONFIG, **folder)
    assert method_of(tuner).config == CONFIG
    assert tuner._supernet_recipe == SupernetRecipe()
    assert tuner._child_recipe == ChildRecipe()


def test_cells_of_nasbench201_get_all_their_angles(
    folder: dict[str, Any],
) -> None:
    tuner = AngleShrinking(make_preset("nb201"), effort="quick", **folder)
    assert method_of(tuner).config.children_per_operator is None


@pytest.mark.parametrize(
    ("limits", "cost"),
    [
        ({}, "macs"),
        ({"max_params": 1e5}, "params"),
        ({"max_macs": 1e6}, "macs"),
    ],
)
def test_an_evolving_space_aims_at_what_is_limited(
    folder: dict[str, Any], limits: dict[str, Any], cost: str
) -> None:
    tuner = SpaceEvolution(BRANCHES, effort="demo", **limits, **folder)
    assert method_of(tuner).config == dataclasses.replace(
        EFFORTS["demo"].evolution, cost=cost
    )
    assert isinstance(tuner.oracle, SpaceEvolutionOracle)


def test_limits_are_those_of_a_budget(folder: dict[str, Any]) -> None:
    cost_model = CostModel(SPACE, made_up_table(SPACE))
    tuner = AngleShrinking(
        SPACE,
        max_params=9_000,
        max_latency_ms=100.0,
        max_size_kb=200.0,
        cost_model=cost_model,
        **folder,
    )
    method = method_of(tuner)
    assert method.budget == Budget(
        params=9_000, latency_ms=100.0, size_bytes=200_000.0
    )
    assert method.model is cost_model


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"max_macs": 1e5, "max_params": 1e5, "budget": Budget(macs=2e5)},
            r"`max_macs` and `max_params` and `budget` \(at most 200,000 M",
        ),
        (
            {"effort": "quick", "config": CONFIG},
            "`effort` 'quick' and `config` both",
        ),
        (
            {"num_images": 900, "config": CONFIG},
            "`num_images` 900 fits an effort's epochs",
        ),
        ({"num_images": 0}, "`num_images` must be at least 1, not 0"),
        ({"effort": "lunch"}, "`effort` 'lunch' is unknown: choose .*laptop"),
        (
            {"augmentation": "digits", "child_recipe": ChildRecipe()},
            "`augmentation` 'digits' is for recipes that are not given",
        ),
        ({"max_latency_ms": 1.0}, r"at most 1 ms, .*`cost_model=.*nse_lut"),
        (
            {"max_size_kb": 9.0},
            r"9,000 bytes of file, .*`cost_model=.*nse_search",
        ),
        ({"max_macs": 1}, "at most 1 MACs: the cheapest costs 26,192"),
        (
            {"max_ram_kb": 1.0},
            r"at most 1,000 bytes of RAM: the cheapest costs",
        ),
        ({"max_flash_kb": 1.0}, r"at most 1,000 bytes of flash: the cheapest"),
        ({"sharing": "nested"}, "'mbconv_k3_e1' and 'mbconv_k5_e3' of block"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    given: dict[str, Any], message: str, folder: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=message):
        AngleShrinking(SPACE, **given, **folder)
    assert not (pathlib.Path(folder["directory"]) / "run").exists()


def test_without_what_measures_ram_a_limit_on_it_is_refused(
    folder: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'nse-tf\[micro\]'"):
        AngleShrinking(SPACE, max_ram_kb=100.0, **folder)


def test_weights_are_shared_as_asked_or_as_the_hypermodel_says(
    folder: dict[str, Any],
) -> None:
    space = tiny_space(ops=NESTED_OPS)
    nested = SpaceHyperModel(networks_of(space, "nested"))
    for given in (
        {"hypermodel": space, "sharing": "nested"},
        {"hypermodel": nested},
    ):
        assert AngleShrinking(**given, **folder)._networks.sharing == "nested"
    assert AngleShrinking(space, **folder)._networks.sharing == "rows"
    with pytest.raises(ValueError, match=r"'rows', but .* by 'nested'"):
        AngleShrinking(nested, sharing="rows", **folder)


def test_a_limit_that_nothing_fits_is_a_budget_error() -> None:
    with pytest.raises(BudgetError):
        AngleShrinking(SPACE, max_macs=1)


@pytest.mark.parametrize("tuner", [AngleShrinking, SpaceEvolution])
def test_both_tuners_take_the_same_arguments(
    tuner: type[WeightSharingTuner[Any]],
) -> None:
    ours = inspect.signature(tuner).parameters
    assert list(ours)[:4] == ["hypermodel", "objective", "max_trials", "seed"]
    theirs = inspect.signature(keras_tuner.RandomSearch).parameters
    assert set(theirs) <= set(ours) | {"args", "kwargs"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "space", "config"),
    [
        (AngleShrinking, SPACE, CONFIG),
        pytest.param(
            SpaceEvolution,
            BRANCHES,
            SpaceEvolutionConfig(
                num_active=3,
                max_rounds=1,
                round_epochs=1,
                num_proposals=6,
                num_extra=1,
                calibration_images=20,
                child_epochs=1,
            ),
            marks=pytest.mark.long,
        ),
    ],
)
def test_the_short_form_comes_to_the_same_as_the_long_one(
    kind: type[WeightSharingTuner[Any]],
    space: SearchSpace,
    config: OneShotConfig | SpaceEvolutionConfig,
    tmp_path: pathlib.Path,
) -> None:
    data = image_data()
    oracle: Any = kind.oracle_class
    tuners = [
        kind(space, config=config, directory=str(tmp_path), project_name="a"),
        SupernetTuner(
            oracle(space, config=config),
            directory=str(tmp_path),
            project_name="b",
        ),
    ]
    winners = []
    for tuner in tuners:
        tuner.search(
            data.train,
            validation_data=data.validation,
            batch_size=20,
            verbose=0,
        )
        winners.append(tuner.get_best_models()[0].get_weights())
    for one, other in zip(*winners, strict=True):
        assert (one == other).all()
