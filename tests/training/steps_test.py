"""One training step of a supernet, number by number that of the child."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.spaces import Genotype, Stage
from nse_tf.supernet import Supernet
from nse_tf.supernet.layers.layouts import unpacked
from nse_tf.training import LazySGD, SupernetRecipe, SupernetTrainer
from nse_tf.training.losses import distillation_loss, smoothed_loss
from nse_tf.training.steps import TrainingStep, mean_loss
from tests.supernet.tiny_spaces import lively, tiny_space
from tests.training.tiny_data import image_set

BATCH = image_set(12)
IMAGES = np.asarray(BATCH.images)
RATE = 0.1
RECIPES = {
    "plain": SupernetRecipe(
        nesterov=False, weight_decay=0.0, label_smoothing=0.0, clip_norm=None
    ),
    "all of it": SupernetRecipe(weight_decay=1e-2, clip_norm=0.5),
}
GENES: dict[int, list[tuple[int | tuple[int, ...], ...]]] = {
    1: [(4, 1, 2), (2, 3, 2)],
    3: [((0, 2, 4), (1,), (2, 3)), ((2, 3), (0, 1, 2), (3,))],
}

Values = dict[str, np.ndarray]


class _Child:
    """A cut-out child with the step and the momenta that it should have."""

    def __init__(
        self,
        trainer: SupernetTrainer,
        genotype: Genotype,
        recipe: SupernetRecipe,
    ) -> None:
        assert isinstance(trainer.supernet, Supernet)
        self.model = trainer.supernet.cut_out(genotype)
        self.optimizer = LazySGD(
            self.model.trainable_variables,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            weight_decay=recipe.weight_decay,
            clip_norm=recipe.clip_norm,
        )
        inherited = _open_values(trainer, genotype)
        for path, slot in self._slots().items():
            slot.assign(inherited[f"momenta of {path}"])
        self.step = TrainingStep(
            lambda images, slots: self.model(images, training=True),
            self.optimizer,
            augmentation="none",
            label_smoothing=recipe.label_smoothing,
        )

    def _slots(self) -> dict[str, tf.Variable]:
        paths = [each.path for each in self.model.trainable_variables]
        return dict(zip(paths, self.optimizer.momenta, strict=True))

    def values(self) -> Values:
        """Returns all weights, statistics and momenta by name."""
        found = {each.path: each.numpy() for each in self.model.weights}
        for path, slot in self._slots().items():
            found[f"momenta of {path}"] = slot.numpy()
        return found


def _momenta(trainer: SupernetTrainer) -> Values:
    return {
        variable.path: value
        for variable, value in zip(
            trainer.supernet.trainable_variables,
            trainer.checkpoint("", "").momenta,
            strict=True,
        )
    }


def _open_values(trainer: SupernetTrainer, genotype: Genotype) -> Values:
    """Returns what a supernet has of a child, by the child's names."""
    supernet, momenta = trainer.supernet, _momenta(trainer)
    found: Values = {}
    for layer in supernet.backbone_layers:
        for weight in layer.weights:
            path = f"{layer.name}/{weight.name}"
            found[path] = weight.numpy()
            if weight.trainable:
                found[f"momenta of {path}"] = momenta[weight.path]
    for place, gene in zip(supernet.blocks, genotype.genes, strict=True):
        for index in gene:
            prefix = f"{place.name}_{place.block.candidates[index].name}"
            rows = momenta[place.rows.path]
            slots = unpacked(place.layouts[index].weights, rows[index])
            for (layer, name), value in place.values_of(index).items():
                found[f"{prefix}_{layer}/{name}"] = value
            for (layer, name), value in slots.items():
                found[f"momenta of {prefix}_{layer}/{name}"] = value
    return found


def _closed_rows(trainer: SupernetTrainer, genotype: Genotype) -> Values:
    """Returns rows of what is closed, and of what stands for closed slots."""
    momenta, found = _momenta(trainer), {}
    for place, gene in zip(
        trainer.supernet.blocks, genotype.genes, strict=True
    ):
        for name, rows in (
            ("weights", place.rows.numpy()),
            ("statistics", place.statistics.numpy()),
            ("momenta", momenta[place.rows.path]),
        ):
            found[f"{place.name} {name}"] = np.delete(rows, gene, axis=0)
    return found


def _check_close(found: Values, wanted: Values, of_momenta: float) -> None:
    """Compares to 1e-5 of each variable's largest number, or `of_momenta`.

    Some gradients are zero but for rounding, such as those of an offset before
    another batch norm: no momentum is held to less than 1e-6 of the largest.
    """
    assert found.keys() == wanted.keys()
    largest = {name: np.abs(value).max() for name, value in wanted.items()}
    longest = max(
        each for name, each in largest.items() if name.startswith("momenta")
    )
    for name, value in wanted.items():
        tolerance = 1e-5 * largest[name]
        if name.startswith("momenta"):
            tolerance = max(of_momenta * largest[name], 1e-6 * longest)
        np.testing.assert_allclose(
            found[name], value, rtol=0, atol=tolerance, err_msg=name
        )


@pytest.mark.parametrize(
    ("max_open", "recipe_name"),
    [
        (1, "all of it"),
        pytest.param(1, "plain", marks=pytest.mark.slow),
        pytest.param(3, "all of it", marks=pytest.mark.slow),
        pytest.param(3, "plain", marks=pytest.mark.long),
    ],
)
def test_steps_equal_those_of_the_children_and_move_nothing_else(
    max_open: int, recipe_name: str
) -> None:
    space, recipe = tiny_space(max_open=max_open), RECIPES[recipe_name]
    trainer = SupernetTrainer(lively(Supernet(space)), recipe, BATCH)
    for number, genes in enumerate(GENES[max_open]):
        genotype = space.genotype(genes)
        slots = trainer.supernet.encode(genotype)
        child = _Child(trainer, genotype, recipe)
        closed = _closed_rows(trainer, genotype)
        arguments = (IMAGES, BATCH.labels, slots, RATE, (0, number))

        loss, child_loss = trainer.step(*arguments), child.step(*arguments)

        np.testing.assert_allclose(loss, child_loss, rtol=1e-5)
        # Sums of branches are rounded in another order, and gradients cancel.
        of_momenta = 1e-5 if max_open == 1 else 1e-4
        found = _open_values(trainer, genotype)
        _check_close(found, child.values(), of_momenta)
        for name, rows in _closed_rows(trainer, genotype).items():
            np.testing.assert_array_equal(rows, closed[name], err_msg=name)
    assert trainer.step.num_traces == 1


def test_a_step_takes_one_trace_however_often_paths_change() -> None:
    space = tiny_space(stages=(Stage(8, 1, 1),))
    trainer = SupernetTrainer(Supernet(space), SupernetRecipe(), BATCH)
    rng = np.random.default_rng(0)
    for number in range(12):
        slots = trainer.supernet.encode(space.sample(rng))
        rate = RATE / (1 + number)
        trainer.step(IMAGES, BATCH.labels, slots, rate, (0, number))
    assert trainer.step.num_traces == 1
    # A smaller batch takes one more, which serves all other sizes.
    for size in (5, 7, 3):
        images, labels = IMAGES[:size], BATCH.labels[:size]
        trainer.step(images, labels, slots, RATE, (0, 0))
    assert trainer.step.num_traces == 2


def test_smoothed_loss_by_hand() -> None:
    logits = tf.constant([[0.0, np.log(2.0), 0.0], [0.0, 0.0, np.log(6.0)]])
    # Probabilities (1/4, 1/2, 1/4) and (1/8, 1/8, 3/4).
    labels = tf.constant([1, 0])
    plain = (np.log(2) + np.log(8)) / 2
    np.testing.assert_allclose(
        smoothed_loss(labels, logits, 0.0), plain, rtol=1e-6
    )
    first = 0.8 * np.log(2) + 0.1 * np.log(4) + 0.1 * np.log(4)
    second = 0.8 * np.log(8) + 0.1 * np.log(8) + 0.1 * np.log(4 / 3)
    np.testing.assert_allclose(
        smoothed_loss(labels, logits, 0.3), (first + second) / 2, rtol=1e-6
    )


def test_smoothed_loss_is_that_of_keras() -> None:
    rng = np.random.default_rng(0)
    logits = tf.constant(rng.normal(size=(5, 4)).astype(np.float32))
    labels = np.array([0, 3, 1, 1, 2])
    keras_loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=0.1
    )
    np.testing.assert_allclose(
        smoothed_loss(tf.constant(labels), logits, 0.1),
        keras_loss(np.eye(4)[labels], logits),
        rtol=1e-5,
    )


def test_mean_loss_refuses_a_training_that_diverged() -> None:
    assert mean_loss([tf.constant(1.0), tf.constant(2.0)], 0.1) == 1.5
    with pytest.raises(ValueError, match=r"diverged.*nan.*rate, 0\.25 now"):
        mean_loss([tf.constant(1.0), tf.constant(np.nan)], 0.25)


def test_class_weights_are_factors_and_the_mean_is_over_images() -> None:
    """Two images of uniform logits: each loses ln 3, one of them twice."""
    labels, logits = tf.constant([0, 2]), tf.zeros((2, 3))
    loss = smoothed_loss(labels, logits, 0.0, (1.0, 1.0, 2.0))
    assert float(loss) == pytest.approx(1.5 * np.log(3))
    same = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(
        labels, logits, sample_weight=[1.0, 2.0]
    )
    assert float(loss) == pytest.approx(float(same))


def test_the_loss_of_a_teacher_by_hand() -> None:
    taught, logits = tf.constant([[2.0, 0.0]]), tf.constant([[0.0, 0.0]])
    wanted = 1 / (1 + np.exp(-1.0))  # Half of the logits, at temperature 2.
    divergence = wanted * np.log(2 * wanted)
    divergence += (1 - wanted) * np.log(2 * (1 - wanted))
    loss = float(distillation_loss(taught, logits, 2.0))
    assert loss == pytest.approx(4 * divergence, rel=1e-5)
    assert float(distillation_loss(taught, taught, 2.0)) == 0.0


def test_the_loss_of_a_teacher_is_that_of_keras() -> None:
    rng = np.random.default_rng(0)
    taught, logits = (
        tf.constant(rng.normal(size=(6, 5)).astype(np.float32))
        for _ in range(2)
    )
    theirs = keras.distillation.LogitsDistillation(
        temperature=3.0, loss=keras.losses.KLDivergence()
    )
    np.testing.assert_allclose(
        distillation_loss(taught, logits, 3.0),
        theirs.compute_loss(taught, logits),
        rtol=1e-5,
    )


def test_the_graph_does_not_know_the_batch_size() -> None:
    # Else TensorFlow may add gradients up in the order in which they come.
    seen: list[int | None] = []
    weight = keras.Variable([[1.0]])

    def forward(images: tf.Tensor, slots: tf.Tensor) -> tf.Tensor:
        seen.append(images.shape[0])
        return tf.reduce_mean(images, [1, 2]) * weight.value

    step = TrainingStep(
        forward,
        LazySGD([weight]),
        augmentation="none",
        label_smoothing=0.0,
    )
    images = np.zeros((4, 2, 2, 1), np.uint8)
    step(images, np.zeros(4, np.int32), np.zeros((1, 1)), 0.1, (0, 0))
    assert set(seen) == {None}
