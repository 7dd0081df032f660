"""Searches a small model with `Choice` layers, the same way each time.

    python benchmarks/robustness/choice_search.py --run_dir=runs/choice

What `bit_digests.py` reads afterwards lies in the run's folder; the chosen
candidates are in `genotype.json`. Takes a quarter of a minute.
"""

import dataclasses
import json
import pathlib
from collections.abc import Sequence

import keras
import small_search
from absl import app, flags

import nse_tf
from nse_tf import datasets
from nse_tf.datasets import ImageSet
from nse_tf.evolution import ExplorerConfig
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.supernet import space_of
from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.tuners import AngleShrinkingOracle, SupernetTuner

RUN_DIR = flags.DEFINE_string(
    "run_dir", None, "Folder of the run.", required=True
)

CONFIG = dataclasses.replace(
    small_search.CONFIG,
    exploring=ExplorerConfig(num_children=6, population=3, num_parents=2),
    shrinking=ShrinkSchedule(
        stop_size=12, drop_per_stage=1, first_epochs=2, other_epochs=1
    ),
    num_finalists=2,
)
BATCH_SIZE = 20

L = keras.layers


def choice_model() -> keras.Model:
    """Returns a model for 8x8 digits, 24 networks; its choices are unlike.

    It has what makes bits hard to keep: a shortcut around a choice, dropout
    within a candidate, a candidate without weights, one of dense layers, and a
    softmax that is left out while training.
    """
    images = keras.Input((8, 8, 1))
    x = L.Rescaling(1 / 255)(images)
    x = L.Conv2D(6, 3, padding="same", use_bias=False)(x)
    x = L.ReLU()(L.BatchNormalization()(x))
    separable = keras.Sequential(
        [
            L.DepthwiseConv2D(5, padding="same", use_bias=False),
            L.BatchNormalization(),
            L.Dropout(0.1),
            L.Conv2D(6, 1),
        ]
    )
    x = x + nse_tf.Choice(
        [
            L.Conv2D(6, 3, padding="same"),
            L.Conv2D(6, 5, padding="same", groups=2),
            separable,
            L.Identity(),
        ],
        name="residual",
    )(x)
    x = nse_tf.Choice(
        [
            L.SeparableConv2D(8, 3, 2, "same"),
            L.Conv2D(8, 3, 2, "same", groups=2),
            L.Conv2D(8, 1, 2, "same"),
        ],
        name="reduction",
    )(x)
    x = L.GlobalAveragePooling2D()(L.ReLU()(x))
    x = nse_tf.Choice(
        [L.Dense(8, activation="relu"), L.Identity()], name="features"
    )(x)
    scores = L.Dense(10, activation="softmax")(x)
    return keras.Model(images, scores, name="mine")


def main(argv: Sequence[str]) -> None:
    """Searches, or resumes a search that was interrupted."""
    del argv
    folder = pathlib.Path(RUN_DIR.value).resolve()
    data = datasets.load("digits")
    train, validation = (
        ImageSet(part.images[:count], part.labels[:count])
        for part, count in zip(
            (data.train, data.validation), small_search.NUM_IMAGES, strict=True
        )
    )
    model = choice_model()
    tuner = SupernetTuner(
        AngleShrinkingOracle(model, config=CONFIG),
        supernet_recipe=SupernetRecipe(batch_size=BATCH_SIZE),
        child_recipe=ChildRecipe(batch_size=BATCH_SIZE),
        directory=str(folder.parent),
        project_name=folder.name,
    )
    tuner.search(train, validation_data=validation, verbose=0)
    values = tuner.get_best_hyperparameters()[0].values
    chosen = {
        block.name: values[block.name] for block in space_of(model).blocks
    }
    (folder / "genotype.json").write_text(json.dumps(chosen))


if __name__ == "__main__":
    app.run(main)
