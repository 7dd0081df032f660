"""Training the shared weights of cells."""

import numpy as np
import pytest

from nse_tf.datasets import ImageSet
from nse_tf.sampling import CellSampler
from nse_tf.shrinking import EVERY_BACKBONE_WEIGHT, CellAngleSums
from nse_tf.supernet import NB201Supernet
from nse_tf.training import CellTrainer, ChildEvaluator, SupernetRecipe
from tests.supernet.tiny_cells import PATHS, images_of, tiny_cells

# Tracing a step of cells takes ten seconds.
pytestmark = pytest.mark.slow

SPACE = tiny_cells()
RECIPE = SupernetRecipe(batch_size=8, weight_decay=5e-4)


def noise(count: int = 24) -> ImageSet:
    labels = np.arange(count, dtype=np.int32) % 4
    return ImageSet(images_of(SPACE, count).astype(np.uint8), labels)


@pytest.fixture(scope="module")
def trainer() -> CellTrainer:
    return CellTrainer(NB201Supernet(SPACE), RECIPE, noise())


def test_an_epoch_is_exact_and_goes_on_from_a_state(
    trainer: CellTrainer,
) -> None:
    start = trainer.state()
    first = trainer.train_epoch(0, 0.02, seed=3)
    between = trainer.state()
    second = trainer.train_epoch(1, 0.02, seed=3)
    end = trainer.state()
    trainer.restore(between)
    assert trainer.train_epoch(1, 0.02, seed=3) == second
    for one, two in zip(trainer.state(), end, strict=True):
        np.testing.assert_array_equal(one, two)
    trainer.restore(start)
    assert trainer.train_epoch(0, 0.02, seed=3) == first
    trainer.restore(start)
    assert trainer.train_epoch(0, 0.02, seed=4) != first
    assert trainer.step.num_traces == 1
    with pytest.raises(ValueError, match="that of another supernet"):
        trainer.restore(start[1:])


def test_only_what_was_open_moves(trainer: CellTrainer) -> None:
    rng = np.random.default_rng(0)
    images = noise(8)
    for number in range(2):
        opened = CellSampler(SPACE).sample(rng)
        before = _by_stage(trainer)
        pixels = np.asarray(images.images)
        trainer.step(pixels, images.labels, opened, 0.1, (0, number))
        after = _by_stage(trainer)
        for index, stage in enumerate(trainer.supernet.cells):
            here = opened.reshape(-1, 6)[index : index + 1]
            rows = np.take_along_axis(stage.row_index, here[..., None], axis=2)
            with_weights = set(rows.ravel().tolist()) - {len(stage.pieces)}
            for old, new in zip(before[index], after[index], strict=True):
                moved = np.flatnonzero((old != new).any(axis=1)).tolist()
                assert set(moved) <= with_weights
                assert moved


def _by_stage(trainer: CellTrainer) -> list[list[np.ndarray]]:
    """Returns rows, statistics and momenta of each stage."""
    supernet = trainer.supernet
    num_weights = len(supernet.variables)
    momenta = dict(
        zip(
            [variable.path for variable in supernet.trainable_variables],
            trainer.state()[num_weights:],
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
    trainer: CellTrainer,
) -> None:
    base = trainer.weights()
    trainer.train_epoch(0, 0.05, seed=0)
    candidates, backbone = trainer.angle_sums(base)
    now = trainer.weights()
    squares = sum((rows.astype(float) ** 2).sum() for rows in now.rows)
    assert candidates[:, :, 2].sum() == pytest.approx(squares)
    assert not candidates[:, [0, 1, 4]].any()
    kernel = now.backbone["classifier/kernel"].astype(float)
    dot = (base.backbone["classifier/kernel"].astype(float) * kernel).sum()
    assert backbone["classifier/kernel"][0] == pytest.approx(dot)
    assert "tail_bn/gamma" in backbone
    # By hand for one candidate: over cells of all three stages.
    by_hand = 0.0
    for stage, rows in zip(trainer.supernet.cells, now.rows, strict=True):
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
    trainer: CellTrainer,
) -> None:
    evaluator = ChildEvaluator(trainer.supernet, noise(), noise(), 8)
    genotypes = [SPACE.genotype(path) for path in PATHS[:3]]
    before = trainer.state()
    accuracies = evaluator.accuracies(genotypes, 16)
    assert all(0 <= each <= 1 for each in accuracies)
    assert evaluator.num_traces == 2
    for one, two in zip(before, trainer.state(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_training_that_diverges_is_an_error(trainer: CellTrainer) -> None:
    kept = trainer.state()
    try:
        with pytest.raises(ValueError, match="diverged"):
            trainer.train_epoch(0, 1e30, seed=0)
    finally:
        trainer.restore(kept)
