"""Searches a small ResNet: every block chooses its own convolutions.

    python examples/resnet_choice.py --epochs=8 --run_dir=runs/resnet

The model is written as any Keras model is, with an `nse_tf.Choice` for each
block that is to be searched. On the embedded digits it takes a few minutes on
two cores.
"""

import pathlib
from collections.abc import Sequence

import keras
import numpy as np
from absl import app, flags

import nse_tf
from nse_tf.evolution import ExplorerConfig
from nse_tf.methods import OneShotConfig
from nse_tf.shrinking import ShrinkSchedule

EPOCHS = flags.DEFINE_integer(
    "epochs", 8, "Epochs of the supernet, after shrinking.", lower_bound=1
)
CHILDREN = flags.DEFINE_integer(
    "children", 60, "How many networks are evaluated.", lower_bound=2
)
MAX_MACS = flags.DEFINE_float("max_macs", 1.5e6, "Most MACs of the network.")
RUN_DIR = flags.DEFINE_string("run_dir", "runs/resnet", "The run's folder.")

L = keras.layers


def conv(filters: int, kernel: int = 3, stride: int = 1) -> keras.layers.Layer:
    """Returns a convolution without bias."""
    return L.Conv2D(filters, kernel, stride, padding="same", use_bias=False)


def residual_block(
    x: keras.KerasTensor, filters: int, stride: int
) -> keras.KerasTensor:
    """Returns a ResNet block whose branch is a choice of four."""
    shortcut = x
    if stride > 1 or x.shape[-1] != filters:
        shortcut = L.BatchNormalization()(conv(filters, 1, stride)(x))
    branch = nse_tf.Choice(
        [
            keras.Sequential(  # The block of He et al.
                [
                    conv(filters, 3, stride),
                    L.BatchNormalization(),
                    L.ReLU(),
                    conv(filters, 3),
                    L.BatchNormalization(),
                ],
                name="basic",
            ),
            keras.Sequential(
                [
                    conv(filters // 2, 1),
                    L.BatchNormalization(),
                    L.ReLU(),
                    conv(filters // 2, 3, stride),
                    L.BatchNormalization(),
                    L.ReLU(),
                    conv(filters, 1),
                    L.BatchNormalization(),
                ],
                name="bottleneck",
            ),
            keras.Sequential(
                [
                    L.SeparableConv2D(
                        filters, 5, stride, padding="same", use_bias=False
                    ),
                    L.BatchNormalization(),
                ],
                name="separable",
            ),
            keras.Sequential(
                [conv(filters, 1, stride), L.BatchNormalization()],
                name="pointwise",
            ),
        ]
    )(x)
    return L.ReLU()(L.Add()([shortcut, branch]))


def make_resnet(image_shape: tuple[int, ...], num_classes: int) -> keras.Model:
    """Returns a ResNet of three stages, two blocks each: 4,096 networks."""
    images = keras.Input(image_shape)
    x = L.Rescaling(1 / 127.5, offset=-1)(images)
    x = L.ReLU()(L.BatchNormalization()(conv(16)(x)))
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        x = residual_block(x, filters, stride)
        x = residual_block(x, filters, 1)
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(
        images, L.Dense(num_classes, activation="softmax")(x), name="resnet"
    )


def make_config() -> OneShotConfig:
    """Returns numbers for a space this small; an effort has larger ones."""
    return OneShotConfig(
        exploring=ExplorerConfig(
            num_children=CHILDREN.value,
            population=max(2, CHILDREN.value // 3),
            num_parents=max(1, CHILDREN.value // 6),
        ),
        shrinking=ShrinkSchedule(
            drop_per_stage=2,
            stop_size=600,
            first_epochs=EPOCHS.value,
            other_epochs=max(1, EPOCHS.value // 4),
        ),
        search_epochs=EPOCHS.value,
        learning_rates=(0.1, 0.001),
        calibration_images=512,
        child_epochs=EPOCHS.value,
    )


def main(argv: Sequence[str]) -> None:
    """Searches, and prints what was found."""
    del argv
    data = nse_tf.load("digits")
    folder = pathlib.Path(RUN_DIR.value)
    tuner = nse_tf.AngleShrinking(
        make_resnet(data.image_shape, data.num_classes),
        max_macs=MAX_MACS.value,
        config=make_config(),
        directory=str(folder.parent),
        project_name=folder.name,
    )
    tuner.search(data.train, validation_data=data.validation, verbose=0)
    best = tuner.get_best_models()[0]
    for name, value in tuner.get_best_hyperparameters()[0].values.items():
        if name.startswith("choice"):
            print(f"{name}: {value}")
    report = nse_tf.export_model(
        best,
        folder / "best",
        calibration_images=data.train.images[:200],
        test_images=np.asarray(data.test.images),
        test_labels=data.test.labels,
        class_names=data.class_names,
    )
    for precision, check in report.checks.items():
        print(f"{precision}: test accuracy {check.accuracy:.4f}")


if __name__ == "__main__":
    app.run(main)
