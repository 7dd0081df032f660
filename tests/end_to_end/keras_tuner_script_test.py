"""A script that was written for keras-tuner runs on, but for an import.

The program is that of keras-tuner's README, with a classifier and labels in
place of its regression, as no stock tuner of ours regresses.
"""

import pathlib
from typing import Any

import pytest

from tests.training.tiny_data import image_data

MODEL = """
import keras

def build_model(hp):
    model = keras.Sequential()
    model.add(keras.Input((8, 8, 1)))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(
        hp.Choice('units', [8, 16, 32]),
        activation='relu'))
    model.add(keras.layers.Dense(3, activation='softmax'))
    model.compile(
        loss='sparse_categorical_crossentropy', metrics=['accuracy'],
        run_eagerly=True)
    return model
"""
OUR_MODEL = """
import keras
from tests.supernet.choice_models import dense_model
from nse_tf.tuners import SpaceHyperModel

build_model = SpaceHyperModel(dense_model())
"""
SCRIPT = """
tuner = {tuner}(
    build_model,
    objective='val_accuracy',
    max_trials=3,
    directory=directory,
    project_name='script')
tuner.search_space_summary()
tuner.search(
    x_train, y_train, epochs=2, batch_size=20, class_weight={{0: 2.0}},
    callbacks=[keras.callbacks.EarlyStopping('val_accuracy', patience=9)],
    validation_data=(x_val, y_val), verbose=0)
tuner.results_summary()
best_model = tuner.get_best_models()[0]
best_hp = tuner.get_best_hyperparameters()[0]
remaining = tuner.remaining_trials
rebuilt = tuner.hypermodel.build(best_hp)
"""
STOCK = ("import keras_tuner", "keras_tuner.RandomSearch")
OURS = ("import nse_tf.tuners as keras_tuner", "keras_tuner.Evolution")
SHARED = ("import nse_tf.tuners as keras_tuner", "keras_tuner.AngleShrinking")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Skipping variable loading")
@pytest.mark.parametrize(
    ("model", "tuner"),
    [
        (OUR_MODEL, STOCK),
        (MODEL, OURS),
        (OUR_MODEL, SHARED),
    ],
    ids=["our model", "our oracle", "shared weights"],
)
def test_the_script_runs_with_our_parts(
    model: str,
    tuner: tuple[str, str],
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = image_data()
    names: dict[str, Any] = {
        "directory": str(tmp_path),
        "x_train": data.train.images,
        "y_train": data.train.labels,
        "x_val": data.validation.images,
        "y_val": data.validation.labels,
    }
    program = "\n".join([tuner[0], model, SCRIPT.format(tuner=tuner[1])])
    exec(program, names)
    assert "Results summary" in capsys.readouterr().out
    assert names["remaining"] == 0
    assert names["rebuilt"].count_params() == names["best_model"].count_params()
    # The same script resumes: nothing is left to do.
    exec(program, names)
    assert len(names["tuner"].oracle.trials) == 3
