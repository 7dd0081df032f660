"""Weights that are carried over to a supernet with one cell more."""

import dataclasses
import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from nse_tf.datasets import ImageData, ImageSet, epoch_batches
from nse_tf.jobs import (
    RateSchedule,
    Start,
    SupernetTrained,
    TrainSupernet,
    weights_of,
)
from nse_tf.supernet import DartsNetworks, Networks, networks_of
from nse_tf.training import (
    ChildRecipe,
    SupernetRecipe,
    SupernetTrainer,
    Worker,
)
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.progressive_depth import deepened
from nse_tf.training.trainings import Trainings
from tests.supernet.tiny_cells import tiny_cells
from tests.supernet.tiny_darts import tiny_darts
from tests.supernet.tiny_spaces import tiny_space
from tests.training.tiny_data import image_data

SPACE = tiny_darts("darts_shrinking", num_cells=5)
RECIPE = SupernetRecipe(batch_size=4)


def noise(count: int, seed: int) -> ImageSet:
    rng = np.random.default_rng(seed)
    return ImageSet(
        rng.integers(0, 256, (count, 40, 34, 3)).astype(np.uint8),
        np.arange(count, dtype=np.int32) % 4,
    )


DATA = ImageData(
    name="noise",
    train=noise(8, 0),
    validation=noise(8, 1),
    test=noise(4, 2),
    class_names=("a", "b", "c", "d"),
)


def trainer_of(num_cells: int) -> SupernetTrainer:
    networks: Networks = DartsNetworks(SPACE)
    if num_cells < 5:
        networks = networks.with_fewer_cells(num_cells)
    return SupernetTrainer(networks.supernet(), RECIPE, DATA.train)


def lively(trainer: SupernetTrainer) -> Checkpoint:
    """Returns a checkpoint of weights and momenta that are told apart."""
    rng = np.random.default_rng(5)
    kept = trainer.checkpoint("job", "origin")
    weights, momenta = (
        [rng.standard_normal(v.shape).astype(np.float32) for v in values]
        for values in (kept.weights, kept.momenta)
    )
    return dataclasses.replace(
        kept, weights=weights, momenta=momenta, losses=(1.0, 0.5)
    )


def by_name(
    trainer: SupernetTrainer, kept: Checkpoint
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Returns weights and momenta by layer and weight."""
    supernet: Any = trainer.supernet
    names = {
        id(variable): f"{layer.name}/{variable.name}"
        for layer in (*supernet.backbone_layers, *supernet.cells)
        for variable in layer.variables
    }
    return (
        {
            names[id(v)]: value
            for v, value in zip(supernet.variables, kept.weights, strict=True)
        },
        {
            names[id(v)]: value
            for v, value in zip(
                supernet.trainable_variables, kept.momenta, strict=True
            )
        },
    )


def test_a_cell_between_the_reductions_leaves_all_others_as_they_were() -> None:
    small, large = trainer_of(3), trainer_of(4)
    kept = lively(small)
    found = deepened(kept, small.supernet, large, seed=3)  # type: ignore[arg-type]
    old, old_momenta = by_name(small, kept)
    new, momenta = by_name(large, found)
    large.start_over(3)
    fresh, _ = by_name(large, large.checkpoint("job", "origin"))

    # Cells 0, 1 and 2 are now 0, 1 and 3.
    for before, after in ((0, 0), (1, 1), (2, 3)):
        for name in ("rows", "statistics"):
            np.testing.assert_array_equal(
                new[f"cell{after}/{name}"], old[f"cell{before}/{name}"]
            )
        np.testing.assert_array_equal(
            momenta[f"cell{after}/rows"], old_momenta[f"cell{before}/rows"]
        )
    for name in ("stem0/kernel", "classifier/kernel", "classifier/bias"):
        np.testing.assert_array_equal(new[name], old[name])
        np.testing.assert_array_equal(momenta[name], old_momenta[name])
    inserted = [name for name in new if name.startswith("cell2")]
    # The second reduction halved its first input, and does not any more.
    changed = [name for name in new if name.startswith("cell3_input0_conv")]
    assert inserted
    assert changed
    for name in (*inserted, *changed):
        np.testing.assert_array_equal(new[name], fresh[name])
        assert not momenta.get(name, np.zeros(1)).any()

    assert found.losses == kept.losses
    assert found.fingerprint == large.supernet.space.fingerprint
    large.restore(found)
    np.testing.assert_array_equal(
        large.supernet.variables[0].numpy(), found.weights[0]
    )


def test_weights_of_another_size_are_refused() -> None:
    small, large = trainer_of(3), trainer_of(5)
    other: Any = trainer_of(4).supernet
    with pytest.raises(ValueError, match="checkpoint is that of space"):
        deepened(lively(small), other, large, seed=0)


JOBS = [
    TrainSupernet(
        id=f"0000{number}_train_supernet",
        active=SPACE.active,
        epochs=2,
        schedule=RateSchedule(first=0.05, last=0.05),
        start=start,
        base="reset" if number else "initial",
        seed=0,
        num_cells=num_cells,
    )
    for number, (num_cells, start) in enumerate(
        (
            (3, Start()),
            (4, Start(source="pieces", num_cells=3)),
            (None, Start(source="pieces", num_cells=4)),
        )
    )
]


def _worker(folder: pathlib.Path) -> Worker:
    return Worker(
        SPACE,
        DATA,
        folder,
        RECIPE,
        ChildRecipe(batch_size=4),
        checkpoint_seconds=0,
    )


def _breaking_off(*args: Any, epoch: int, **kwargs: Any) -> Iterator[Any]:
    if epoch == 1:
        raise KeyboardInterrupt
    yield from epoch_batches(*args, epoch=epoch, **kwargs)


def _starting_from(job: TrainSupernet, weights: str | None) -> TrainSupernet:
    start = dataclasses.replace(job.start, weights=weights)
    return dataclasses.replace(job, start=start)


@pytest.mark.long
def test_a_supernet_grows_to_all_its_cells_to_the_bit(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, previous = [], None
    worker = _worker(tmp_path / "one")
    for job in JOBS:
        asked = _starting_from(job, previous)
        result = worker.run(asked)
        assert isinstance(result, SupernetTrained)
        previous = weights_of(job.id, result)
        found.append(result)
    assert worker.supernet().num_cells == 5  # type: ignore[attr-defined]

    # Angles are measured from the weights right after the last insertion.
    kept = Checkpoint.load(tmp_path / "one/supernet/00001_train_supernet.npz")
    large = trainer_of(5)
    rng = np.random.default_rng([0, 5])
    before: Any = trainer_of(4).supernet
    large.restore(deepened(kept, before, large, int(rng.integers(2**31))))
    last = Checkpoint.load(tmp_path / "one/supernet/00002_train_supernet.npz")
    for one, same in zip(last.base, large.kernels(), strict=True):
        np.testing.assert_array_equal(one, same)
    assert np.array(found[-1].angle_sums)[..., 1].any()

    # Broken off in each job, and gone on with by another process.
    previous = None
    for job, wanted in zip(JOBS, found, strict=True):
        asked = _starting_from(job, previous)
        with monkeypatch.context() as patch:
            patch.setattr(
                "nse_tf.training.epoch_loop.epoch_batches", _breaking_off
            )
            with pytest.raises(KeyboardInterrupt):
                _worker(tmp_path / "two").run(asked)
        again = _worker(tmp_path / "two").run(asked)
        assert isinstance(again, SupernetTrained)
        assert dataclasses.replace(again, seconds=wanted.seconds) == wanted
        previous = weights_of(job.id, again)


def test_chains_have_no_cells_to_insert(tmp_path: pathlib.Path) -> None:
    space = tiny_space()
    worker = Worker(
        space, image_data(), tmp_path, RECIPE, ChildRecipe(batch_size=4)
    )
    job = dataclasses.replace(JOBS[0], active=space.active)
    with pytest.raises(ValueError, match="do not grow cell by cell"):
        worker.run(job)


def test_cells_without_roles_are_not_taken_over() -> None:
    """Those of NAS-Bench-201 may be fewer, but none is inserted."""
    space = tiny_cells(2)
    trainings = Trainings(
        space=space,
        networks=networks_of(space),
        data=DATA,
        supernet_recipe=RECIPE,
        child_recipe=ChildRecipe(batch_size=4),
    )
    small = trainings.supernet_trainer(num_cells=1)
    job = dataclasses.replace(
        JOBS[2],
        active=space.active,
        start=Start(source="pieces", num_cells=1),
    )
    with pytest.raises(ValueError, match="cannot grow by cells"):
        trainings.carried_over(small, job, small.checkpoint("job", "origin"))
