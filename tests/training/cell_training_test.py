"""Training the shared weights of cells."""

from typing import Any

import numpy as np
import pytest

from nse_tf.datasets import ImageSet
from nse_tf.ranking.study_weights import StudyWeights, sums_since
from nse_tf.sampling import CellSampler
from nse_tf.shrinking import EVERY_BACKBONE_WEIGHT, CellAngleSums
from nse_tf.supernet import NB201Supernet
from nse_tf.training import ChildEvaluator, SupernetRecipe, SupernetTrainer
from tests.supernet.tiny_cells import PATHS, images_of, tiny_cells

# Tracing a step of cells takes ten seconds.
pytestmark = pytest.mark.slow

SPACE = tiny_cells()
RECIPE = SupernetRecipe(batch_size=8, weight_decay=5e-4)


def noise(count: int = 24) -> ImageSet:
    labels = np.arange(count, dtype=np.int32) % 4
    return ImageSet(images_of(SPACE, count).astype(np.uint8), labels)


@pytest.fixture(scope="module")
def trainer() -> SupernetTrainer:
    return SupernetTrainer(NB201Supernet(SPACE), RECIPE, noise())


def state_of(trainer: SupernetTrainer) -> list[np.ndarray]:
    variables = [*trainer.supernet.variables, *trainer.momenta]
    return [variable.numpy() for variable in variables]


def restore(trainer: SupernetTrainer, state: list[np.ndarray]) -> None:
    variables = [*trainer.supernet.variables, *trainer.momenta]
    for variable, value in zip(variables, state, strict=True):
        variable.assign(value)


def cells_of(trainer: SupernetTrainer) -> Any:
    supernet: Any = trainer.supernet
    return supernet.cells


def train_epoch(
    trainer: SupernetTrainer, epoch: int, rate: float, seed: int
) -> float:
    loop = trainer.loop(
        CellSampler(SPACE).sample,
        epochs=epoch + 1,
        rate=lambda done: rate,
        named_rate=rate,
        seeds=(seed,),
    )
    return loop.run_epoch(epoch)


def test_an_epoch_is_exact_and_resumes_from_a_state(
    trainer: SupernetTrainer,
) -> None:
    start = state_of(trainer)
    first = train_epoch(trainer, 0, 0.02, seed=3)
    between = state_of(trainer)
    second = train_epoch(trainer, 1, 0.02, seed=3)
    end = state_of(trainer)
    restore(trainer, between)
    assert train_epoch(trainer, 1, 0.02, seed=3) == second
    for one, two in zip(state_of(trainer), end, strict=True):
        np.testing.assert_array_equal(one, two)
    restore(trainer, start)
    assert train_epoch(trainer, 0, 0.02, seed=3) == first
    restore(trainer, start)
    assert train_epoch(trainer, 0, 0.02, seed=4) != first
    assert trainer.step.num_traces == 1


def test_only_what_was_open_moves(trainer: SupernetTrainer) -> None:
    rng = np.random.default_rng(0)
    images = noise(8)
    for number in range(2):
        opened = CellSampler(SPACE).sample(rng)
        before = _by_stage(trainer)
        pixels = np.asarray(images.images)
        trainer.step(pixels, images.labels, opened, 0.1, (0, number))
        after = _by_stage(trainer)
        for index, stage in enumerate(cells_of(trainer)):
            here = opened.reshape(-1, 6)[index : index + 1]
            rows = np.take_along_axis(stage.row_index, here[..., None], axis=2)
            with_weights = set(rows.ravel().tolist()) - {len(stage.pieces)}
            for old, new in zip(before[index], after[index], strict=True):
                moved = np.flatnonzero((old != new).any(axis=1)).tolist()
                assert set(moved) <= with_weights
                assert moved


def _by_stage(trainer: SupernetTrainer) -> list[list[np.ndarray]]:
    """Returns rows, statistics and momenta of each stage."""
    supernet: Any = trainer.supernet
    num_weights = len(supernet.variables)
    momenta = dict(
        zip(
            [variable.path for variable in supernet.trainable_variables],
            state_of(trainer)[num_weights:],
            strict=True,
        )
    )
    return [
        [
            stage.rows.numpy(),
            stage.statistics.numpy(),
            momenta[stage.rows.path],
        ]
        for stage in supernet.cells
    ]


def test_sums_since_a_base_are_those_of_all_weights(
    trainer: SupernetTrainer,
) -> None:
    base = StudyWeights.of_supernet(trainer.supernet)
    train_epoch(trainer, 0, 0.05, seed=0)
    candidates, backbone = sums_since(base, trainer.supernet)
    now = StudyWeights.of_supernet(trainer.supernet)
    squares = sum((rows.astype(float) ** 2).sum() for rows in now.rows)
    assert candidates[:, :, 2].sum() == pytest.approx(squares)
    assert not candidates[:, [0, 1, 4]].any()
    kernel = now.backbone["classifier/kernel"].astype(float)
    dot = (base.backbone["classifier/kernel"].astype(float) * kernel).sum()
    assert backbone["classifier/kernel"][0] == pytest.approx(dot)
    assert "tail_bn/gamma" in backbone
    # By hand for one candidate: over cells of all three stages.
    by_hand = 0.0
    for stage, rows in zip(cells_of(trainer), now.rows, strict=True):
        chosen = rows[stage.row_index[:, 4, 3]].astype(float)
        by_hand += (chosen**2).sum()
    assert candidates[4, 3, 2] == pytest.approx(by_hand)
    sums = CellAngleSums.of_weights(
        SPACE, candidates, backbone, EVERY_BACKBONE_WEIGHT
    )
    angles = sums.angles(np.array(PATHS))
    assert (angles > 0).all()
    assert (angles < np.pi / 2).all()


def test_children_are_judged_with_inherited_weights(
    trainer: SupernetTrainer,
) -> None:
    evaluator = ChildEvaluator(trainer.supernet, noise(), noise(), 8)
    genotypes = [SPACE.genotype(path) for path in PATHS[:3]]
    before = state_of(trainer)
    accuracies = evaluator.accuracies(genotypes, 16)
    assert all(0 <= each <= 1 for each in accuracies)
    assert evaluator.num_traces == 2
    for one, two in zip(before, state_of(trainer), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_training_that_diverges_is_an_error(trainer: SupernetTrainer) -> None:
    kept = state_of(trainer)
    try:
        with pytest.raises(ValueError, match="diverged"):
            train_epoch(trainer, 0, 1e30, seed=0)
    finally:
        restore(trainer, kept)
