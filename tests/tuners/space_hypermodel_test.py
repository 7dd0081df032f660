"""A space as a hypermodel, by itself and under keras-tuner's own tuners."""

import dataclasses
import math
import pathlib
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from nse_tf.costs import CostModel
from nse_tf.evolution import ExplorerConfig
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.spaces import SearchSpace, load_space
from nse_tf.supernet import ModelNetworks, build_child
from nse_tf.training import ChildEvaluator, SupernetRecipe
from nse_tf.training.shared_weights import load_supernet
from nse_tf.tuners import (
    AngleShrinkingOracle,
    SpaceHyperModel,
    SupernetTuner,
)
from nse_tf.tuners.hyperparameters import genotype_of, values_of
from tests.supernet.choice_models import choice_model, dense_model
from tests.supernet.tiny_darts import tiny_darts
from tests.supernet.tiny_spaces import random_images
from tests.training.tiny_data import image_data
from tests.tuners.tiny_search import CONFIG, SPACE

DATA = image_data()
TRAIN = (np.asarray(DATA.train.images), DATA.train.labels)
VALIDATION = (np.asarray(DATA.validation.images), DATA.validation.labels)
STOCK = {
    keras_tuner.RandomSearch: {"max_trials": 2, "seed": 1},
    keras_tuner.GridSearch: {"max_trials": 2},
    keras_tuner.BayesianOptimization: {
        "max_trials": 3,
        "num_initial_points": 2,
        "seed": 1,
    },
    keras_tuner.Hyperband: {"max_epochs": 2, "seed": 1},
}
# What keras-tuner's own loading of weights, and scikit-learn's search for a
# kernel, warn of; neither is ours to change.
quiet_stock = pytest.mark.filterwarnings(
    "ignore:Skipping variable loading", "ignore:The optimal value found"
)


def drawn_values(seed: int, space: SearchSpace = SPACE) -> Any:
    """Returns the hyperparameters of a child drawn by seed."""
    hp = keras_tuner.HyperParameters()
    hp.values = values_of(space, space.sample(np.random.default_rng(seed)))
    return hp


def stock_tuner(
    kind: Any, folder: pathlib.Path, hypermodel: Any, **changes: Any
) -> Any:
    """Returns one of keras-tuner's tuners."""
    return kind(
        hypermodel,
        objective="val_accuracy",
        directory=str(folder),
        project_name=kind.__name__,
        **{**STOCK[kind], **changes},
    )


def test_the_hypermodel_builds_the_child_that_values_encode() -> None:
    hp = drawn_values(7)
    child = SpaceHyperModel(SPACE, seed=3).build(hp)
    genotype = genotype_of(SPACE, hp)
    params = CostModel(SPACE).costs(genotype)["params"]
    assert child.count_params() - num_statistics(child) == params
    images = random_images(SPACE, 4)
    expected = build_child(SPACE, genotype, seed=3, fast=False)(images)
    np.testing.assert_array_equal(child(images), expected)


def test_the_hypermodel_s_child_is_compiled() -> None:
    child = SpaceHyperModel(SPACE, learning_rate=0.01).build(drawn_values(1))
    history = child.fit(
        random_images(SPACE, 8), np.arange(8) % 3, batch_size=8, verbose=0
    )
    assert np.isfinite(history.history["loss"]).all()
    assert "accuracy" in history.history
    assert float(child.optimizer.learning_rate) == pytest.approx(0.01)


def num_statistics(child: keras.Model) -> int:
    """Returns how many numbers are none of the closed-form parameters."""
    return sum(math.prod(each.shape) for each in child.non_trainable_variables)


def test_another_execution_takes_the_next_seed() -> None:
    hypermodel = SpaceHyperModel(SPACE, seed=3)
    kernels = [
        hypermodel.build(drawn_values(7)).get_layer("stem").get_weights()[0]
        for _ in range(2)
    ]
    assert not np.array_equal(kernels[0], kernels[1])
    again = SpaceHyperModel(SPACE, seed=4).build(drawn_values(7))
    np.testing.assert_array_equal(
        kernels[1], again.get_layer("stem").get_weights()[0]
    )


def test_a_shrunk_space_offers_only_what_is_left() -> None:
    shrunk = SPACE.restrict([active[:2] for active in SPACE.active])
    for hypermodel in (
        SpaceHyperModel(shrunk),
        SpaceHyperModel(SPACE, within=shrunk),
    ):
        hp = keras_tuner.HyperParameters()
        hypermodel.declare_hyperparameters(hp)
        assert [len(each.values) for each in hp.space] == [2, 2, 2]
        with pytest.raises(
            keras_tuner.errors.FatalValueError, match="another space"
        ):
            hypermodel.build(equal_values(SPACE, -1))


def test_a_shrunk_space_of_cells_is_built_with_two_inputs_a_node() -> None:
    cells = tiny_darts()
    shrunk = cells.restrict([indices[-2:] for indices in cells.active])
    for hypermodel in (
        SpaceHyperModel(shrunk),
        SpaceHyperModel(cells, within=shrunk),
    ):
        hp = keras_tuner.HyperParameters()
        child = hypermodel.build(hp)
        genotype = genotype_of(shrunk, hp)
        assert shrunk.is_valid(np.array([genotype.path])).all()
        params = CostModel(shrunk).costs(genotype)["params"]
        assert child.count_params() - num_statistics(child) == params
        with pytest.raises(
            keras_tuner.errors.FatalValueError, match="another space"
        ):
            hypermodel.build(drawn_values(0, cells))


def equal_values(space: SearchSpace, index: int) -> Any:
    """Returns the hyperparameters of one candidate everywhere."""
    hp = keras_tuner.HyperParameters()
    hp.values = values_of(space, space.genotype([index] * len(space.blocks)))
    return hp


def test_a_project_of_another_space_is_refused() -> None:
    """keras-tuner continues with the choices of its files and never says so."""
    shrunk = SPACE.restrict([active[:2] for active in SPACE.active])
    hp = keras_tuner.HyperParameters()
    SpaceHyperModel(shrunk).declare_hyperparameters(hp)
    with pytest.raises(
        keras_tuner.errors.FatalValueError,
        match=r"of the project has \['mbconv_k3_e1', 'mbconv_k5_e3'\]",
    ):
        SpaceHyperModel(SPACE).build(hp)


def test_trials_report_what_children_cost() -> None:
    hypermodel = SpaceHyperModel(SPACE)
    hp = drawn_values(2)
    history = hypermodel.fit(
        hp, hypermodel.build(hp), *TRAIN, epochs=2, verbose=0
    )
    costs = CostModel(SPACE).costs(genotype_of(SPACE, hp))
    assert history.history["macs"] == [costs["macs"]] * 2
    assert history.history["params"] == [costs["params"]] * 2


@pytest.mark.parametrize("ending", [None, "softmax"])
def test_the_loss_suits_what_a_user_s_model_ends_in(ending: str | None) -> None:
    model = choice_model(ending=ending)
    hypermodel = SpaceHyperModel(model)
    child = hypermodel.build(drawn_values(0, hypermodel.space))
    assert child.loss.get_config()["from_logits"] == (ending is None)
    model.compile("sgd", "mse")
    assert SpaceHyperModel(model).build(
        drawn_values(0, hypermodel.space)
    ).loss == ("mse")


def test_a_subspace_of_another_space_is_refused() -> None:
    other = ModelNetworks(choice_model()).space
    with pytest.raises(ValueError, match="`within` is a subspace of"):
        SpaceHyperModel(SPACE, within=other.restrict([(0,)] * 3))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The folder of a run that shrank the space and trained its supernet."""
    folder: pathlib.Path = tmp_path_factory.mktemp("runs") / "run"
    shrinking = ShrinkSchedule(
        drop_per_stage=2,
        stop_size=4,
        first_epochs=1,
        other_epochs=1,
        total_epochs=2,
    )
    config = dataclasses.replace(
        CONFIG,
        shrinking=shrinking,
        exploring=ExplorerConfig(num_children=2, population=2, num_parents=1),
        num_finalists=1,
        child_epochs=1,
    )
    tuner = SupernetTuner(
        AngleShrinkingOracle(dense_model(), config=config),
        supernet_recipe=SupernetRecipe(batch_size=20),
        directory=str(folder.parent),
        project_name=folder.name,
    )
    tuner.search(DATA.train, validation_data=DATA.validation, verbose=0)
    return folder


# One of keras-tuner's tuners for each change, the others by hand.
ONE_OF_STOCK = [
    pytest.param(kind, marks=[pytest.mark.long] if number else [])
    for number, kind in enumerate(STOCK)
]


@pytest.mark.slow
@quiet_stock
@pytest.mark.parametrize("kind", ONE_OF_STOCK)
def test_stock_tuners_search_a_space_with_training_alone(
    kind: Any, tmp_path: pathlib.Path
) -> None:
    tuner = stock_tuner(kind, tmp_path, SpaceHyperModel(dense_model()))
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=2, verbose=0)
    (best,) = tuner.get_best_models()
    (trial,) = tuner.oracle.get_best_trials()
    accuracy = best.evaluate(*VALIDATION, verbose=0, return_dict=True)
    assert accuracy["accuracy"] == pytest.approx(trial.score, abs=1e-6)
    built = tuner.hypermodel.build(tuner.get_best_hyperparameters()[0])
    assert built.count_params() == best.count_params()
    assert trial.metrics.exists("macs")


@pytest.mark.slow
@quiet_stock
@pytest.mark.parametrize("kind", ONE_OF_STOCK)
def test_stock_tuners_search_a_shrunk_space_with_inherited_weights(
    kind: Any, run: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """The scores are those of the children cut out and calibrated."""
    shrunk = load_space(sorted(run.glob("space_*.json"))[-1])
    assert shrunk.size == 4
    hypermodel = SpaceHyperModel(
        dense_model(), within=shrunk, inherits_from=run, calibration_images=40
    )
    tuner = stock_tuner(kind, tmp_path, hypermodel)
    tuner.search(*TRAIN, validation_data=VALIDATION, verbose=0)
    networks = hypermodel.networks
    evaluator = ChildEvaluator(
        load_supernet(networks, run),
        DATA.train,
        DATA.validation,
    )
    trials = tuner.oracle.get_best_trials(2)
    assert len(trials) == 2
    for trial in trials:
        genotype = genotype_of(shrunk, trial.hyperparameters)
        assert genotype in shrunk
        if kind is not keras_tuner.Hyperband:  # Which trains on from there.
            (accuracy,) = evaluator.accuracies([genotype], 40)
            assert trial.score == pytest.approx(accuracy, abs=1e-6)


@pytest.mark.slow
def test_a_folder_without_a_supernet_or_of_another_space_is_refused(
    run: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(ValueError, match="No supernet was trained in"):
        SpaceHyperModel(dense_model(), inherits_from=tmp_path)
    with pytest.raises(ValueError, match="The checkpoint is that of space"):
        SpaceHyperModel(SPACE, inherits_from=run)
    hypermodel = SpaceHyperModel(dense_model(), inherits_from=run)
    hp = drawn_values(0, hypermodel.space)
    with pytest.raises(
        keras_tuner.errors.FatalValueError,
        match="evaluated on `validation_data`",
    ):
        hypermodel.fit(hp, hypermodel.build(hp), *TRAIN)
