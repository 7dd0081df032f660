"""Training jobs whose slots are given to other cells from round to round."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pytest

from nse_tf.jobs import (
    ArchitectureRule,
    ArchitectureTrained,
    CostPenalty,
    RateSchedule,
    Seats,
    Start,
    SupernetTrained,
    TrainSupernet,
    WeightRule,
    weights_of,
)
from nse_tf.supernet import SlotSupernet, networks_of
from nse_tf.training import ChildRecipe, Worker
from nse_tf.training.trainings import Trainings
from tests.supernet.tiny_slots import CELLS, tiny_slots
from tests.training.tiny_worker import DATA, RECIPE

FIRST, SECOND, THIRD = CELLS
SPACE = tiny_slots(num_slots=2, bench=1)
RULE = ArchitectureRule(
    rule="first_order",
    rate=0.05,
    weight_decay=0.0,
    deviation=0.0,
    epochs_without=1,
    penalties=(
        CostPenalty(
            cost="macs",
            target=0.02,
            coefficient=900.0,
            backbone_cost=0.01,
            op_costs=((0.01, 0.04), (0.01, 0.04)),
        ),
    ),
    loss_images=24,
    distance_images=24,
)


TRAININGS = Trainings(
    space=SPACE,
    networks=networks_of(SPACE),
    data=DATA,
    supernet_recipe=RECIPE,
    child_recipe=ChildRecipe(batch_size=12),
)


def seats(*cells: str, parent: str = "", bench: str = "") -> Seats:
    """Returns the same cells for both blocks; the last one has the parent."""
    places = 2
    nobody = ("",) * (len(cells) - 1)
    return Seats(
        cells=(cells,) * places,
        parents=((*nobody, parent),) * places,
        bench=((bench,) if bench else (),) * places,
    )


ROUND = TrainSupernet(
    id="00000_train_supernet",
    active=SPACE.active,
    epochs=2,
    schedule=RateSchedule(first=0.1, last=0.05),
    seed=0,
    weights=WeightRule(rule="mixed"),
    architecture=RULE,
    seats=seats(FIRST, SECOND),
)


def following(result: SupernetTrained, **changes: Any) -> TrainSupernet:
    """Returns the next round, in which the third cell replaces the second."""
    start = Start(source="previous", weights=weights_of(ROUND.id, result))
    given: dict[str, Any] = {
        "seats": seats(FIRST, THIRD, parent=SECOND, bench=SECOND),
        **changes,
    }
    return dataclasses.replace(
        ROUND, id="00001_train_supernet", start=start, base="reset", **given
    )


def worker(folder: pathlib.Path) -> Worker:
    child = ChildRecipe(batch_size=12)
    return Worker(SPACE, DATA, folder, RECIPE, child, checkpoint_seconds=0.0)


def done(one: Worker, job: TrainSupernet) -> SupernetTrained:
    found = one.run(job)
    assert isinstance(found, SupernetTrained)
    return dataclasses.replace(found, seconds=0.0)


def stop(loss: float) -> None:
    """Ends a training after its first epoch."""
    del loss
    raise KeyboardInterrupt


def architecture_of(result: SupernetTrained) -> ArchitectureTrained:
    assert result.architecture is not None
    return result.architecture


@pytest.mark.slow
def test_rounds_go_on_from_each_other(tmp_path: pathlib.Path) -> None:
    """One training of two rounds, looked at from all sides."""
    one = worker(tmp_path)
    first = done(one, ROUND)
    found = architecture_of(first)
    # In the first epoch shares stay; in the second one they learn what costs.
    assert found.history[0] == ((0.5, 0.5),) * 2
    assert len(found.losses) == 1
    assert all(row[0] > row[1] for row in found.probabilities)
    losses = np.array(found.candidate_losses)
    assert losses.shape == (2, 2)
    assert (losses[:, 1] > losses[:, 0]).all()  # By its costs.
    distances = np.array(found.candidate_distances)
    assert ((distances[:, 0] > 0) & (distances[:, 0] < 2)).all()
    assert (distances[:, 1] == 0).all()
    assert np.array(first.unit_sums).shape == (2, 2, 3)

    supernet = one.supernet()
    assert isinstance(supernet, SlotSupernet)
    trainer = one._held._trainer  # No other way to its step.
    assert trainer is not None
    kept = trainer.slot_architecture(DATA.validation, RULE, 0)
    step = kept.step_of_weights(SPACE.active)
    assert step.num_traces == 1
    second_job = following(first)
    done(one, second_job)
    assert step.num_traces == 1
    assert trainer.slot_architecture(DATA.validation, RULE, 0) is kept
    assert supernet.cells == ((FIRST, THIRD),) * 2
    # Stopped half-way and resumed, it comes to the same bits.
    before = one.weights.load_finished(ROUND.id)
    whole = one.weights.load_finished(second_job.id)
    two = TRAININGS.supernet_training(second_job, trainer)
    two.start_from(before)
    with pytest.raises(KeyboardInterrupt):
        two.run(after_epoch=stop)
    half = two.checkpoint(whole.config_digest)
    trainer.start_over(99)
    two = TRAININGS.supernet_training(second_job, trainer)
    two.resume(half)
    two.run()
    assert two.checkpoint(whole.config_digest).digest == whole.digest
    assert step.num_traces == 1


def test_a_job_seats_cells_before_it_trains() -> None:
    """Kept rows and momenta stay to the bit; who comes in inherits."""
    trainer = TRAININGS.supernet_trainer()
    one = TRAININGS.supernet_training(ROUND, trainer)
    one.start_fresh()
    for momentum in trainer.momenta:
        momentum.assign(momentum + 0.5)
    blocks = trainer.supernet.blocks
    rows = [block.rows.numpy() for block in blocks]
    before = one.checkpoint("digest")
    result = one.result(0.0, "digest")
    job = following(result)
    two = TRAININGS.supernet_training(job, trainer)
    two.start_from(before)
    momenta = {
        id(variable): momentum.numpy()
        for variable, momentum in zip(
            trainer.supernet.trainable_variables, trainer.momenta, strict=True
        )
    }
    for block, row in zip(blocks, rows, strict=True):
        assert np.array_equal(block.rows.numpy()[0], row[0])
        assert not np.array_equal(block.rows.numpy()[1], row[1])
        moved = momenta[id(block.rows)]
        length = sum(piece.size for piece in block.layouts[0].weights)
        assert (moved[0, :length] == 0.5).all()
        assert not moved[1].any()
    # Angles are measured from here on.
    assert all(
        np.array_equal(base, now)
        for base, now in zip(trainer.base, trainer.kernels(), strict=True)
    )


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        (dataclasses.replace(ROUND, seats=None, architecture=None,
                             weights=WeightRule()), "give it `seats`"),
        (dataclasses.replace(ROUND, seats=seats(FIRST, "motif_9.5.00.12.112")),
         "index of the expansion, which must be one of 0, 1, 2"),
        (dataclasses.replace(ROUND, seats=seats(FIRST, "motif_2.9.00.12.112")),
         "cannot sit in a slot"),
        (dataclasses.replace(ROUND, seats=dataclasses.replace(
            seats(FIRST, SECOND), bench=(CELLS, CELLS))), None),
    ],
)  # fmt: skip
def test_what_cannot_be_seated_is_refused(
    job: TrainSupernet, reason: str | None
) -> None:
    one = TRAININGS.supernet_training(job, TRAININGS.supernet_trainer())
    if reason is None:  # Cells without weights need no place on the bench.
        one.start_fresh()
        return
    with pytest.raises(ValueError, match=reason):
        one.start_fresh()
