"""From job to result, on one machine, however often it is stopped."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pytest

from nse_tf.jobs import (
    EvaluateChildren,
    MeasureChildren,
    RateSchedule,
    Start,
    SupernetTrained,
    TrainChild,
    TrainSupernet,
    weights_of,
)
from nse_tf.training import (
    ChildEvaluator,
    ChildRecipe,
    SupernetRecipe,
    Worker,
)
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.weight_files import LostWeightsError
from tests.training.tiny_data import image_data
from tests.training.tiny_worker import (
    CHILDREN,
    DATA,
    RECIPE,
    SPACE,
    breaking_off_in_the_second_epoch,
    make_worker,
)

FIRST = TrainSupernet(
    id="00000_train_supernet",
    active=SPACE.active,
    epochs=2,
    schedule=RateSchedule(first=0.1, last=0.05),
    seed=0,
)
SECOND = dataclasses.replace(
    FIRST,
    id="00002_train_supernet",
    active=((0, 1), (1,)),
    schedule=RateSchedule(first=0.05),
    start=Start(source="previous"),
    base="previous",
)
EVALUATION = EvaluateChildren(
    id="00003_evaluate_children", children=CHILDREN, calibration_images=30
)


def _train(worker: Worker, job: TrainSupernet) -> SupernetTrained:
    """Does the job; returns the result, without the time it took."""
    result = worker.run(job)
    assert isinstance(result, SupernetTrained)
    assert result.seconds > 0
    return dataclasses.replace(result, seconds=0.0)


def _latest(worker: Worker) -> pathlib.Path:
    """Returns the checkpoint of the last training, also one broken off."""
    files = (worker.weights.folder).glob("*.npz")
    return max(files, key=lambda path: (path.name[:5], ".part" in path.name))


def _kept(worker: Worker) -> dict[str, Any]:
    """Returns what is in a worker's checkpoint, arrays as bytes."""
    return {
        name: [each.tobytes() for each in value]
        if isinstance(value, list)
        else value
        for name, value in vars(Checkpoint.load(_latest(worker))).items()
    }


@dataclasses.dataclass(frozen=True)
class _Run:
    """Two jobs done in one go, and what the file held after each."""

    worker: Worker
    results: tuple[SupernetTrained, SupernetTrained]
    kept: tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> _Run:
    worker = make_worker(tmp_path_factory.mktemp("run"))
    first = _train(worker, FIRST)
    after_first = _kept(worker)
    second = _train(worker, SECOND)
    return _Run(worker, (first, second), (after_first, _kept(worker)))


def test_a_training_tells_losses_and_sums(run: _Run) -> None:
    first, second = run.results
    for result in run.results:
        assert len(result.losses) == 2
        sums = np.array(result.angle_sums)
        assert sums.shape == (2, SPACE.max_candidates, 3)
        np.testing.assert_array_equal(sums[0, 2], 0)  # The identity.
        norms = np.sqrt(sums[..., 1] * sums[..., 2])
        assert (np.abs(sums[..., 0]) <= norms * (1 + 1e-12)).all()
    # The base stayed, the weights went on, and what was closed did not move.
    before, after = np.array(first.angle_sums), np.array(second.angle_sums)
    np.testing.assert_array_equal(before[..., 1], after[..., 1])
    assert (before[1, 1] != after[1, 1]).any()
    np.testing.assert_array_equal(before[1, 0], after[1, 0])
    assert first.backbone_sums[1] == second.backbone_sums[1]


@pytest.mark.slow
def test_broken_off_anywhere_and_started_again_it_comes_to_the_same_bits(
    run: _Run, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, job in enumerate((FIRST, SECOND)):
        with monkeypatch.context() as patch:
            patch.setattr(
                "nse_tf.training.epoch_loop.epoch_batches",
                breaking_off_in_the_second_epoch,
            )
            broken = make_worker(tmp_path, checkpoint_seconds=0)
            with pytest.raises(KeyboardInterrupt):
                broken.run(job)
        assert len(_kept(broken)["losses"]) == 1
        again = make_worker(tmp_path, checkpoint_seconds=0)
        assert _train(again, job) == run.results[number]
        # All of it: weights, momenta, base, losses.
        assert _kept(again) == run.kept[number]
    # A worker that is asked once more has nothing left to do.
    assert _train(make_worker(tmp_path), SECOND) == run.results[1]


@pytest.mark.slow
def test_one_worker_goes_on_after_an_interruption_as_a_new_one_would(
    run: _Run, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = make_worker(tmp_path)  # Too short for a checkpoint on the way.
    assert _train(worker, FIRST) == run.results[0]
    worker.evaluator()
    before = worker.supernet().get_weights()
    with monkeypatch.context() as patch:
        patch.setattr(
            "nse_tf.training.epoch_loop.epoch_batches",
            breaking_off_in_the_second_epoch,
        )
        with pytest.raises(KeyboardInterrupt):
            worker.run(SECOND)
    # Half-way weights are not evaluated, nor trained on.
    evaluated = worker.evaluator().supernet
    assert evaluated is worker.supernet()
    assert all(map(np.array_equal, before, evaluated.get_weights()))
    assert _train(worker, SECOND) == run.results[1]


def test_another_process_finds_the_supernet_as_it_was_left(run: _Run) -> None:
    folder = run.worker.weights.folder.parent
    other = make_worker(folder).supernet()
    pairs = zip(
        other.get_weights(), run.worker.supernet().get_weights(), strict=True
    )
    assert all(np.array_equal(one, same) for one, same in pairs)


def test_children_are_evaluated_on_the_trained_supernet(run: _Run) -> None:
    before = run.worker.supernet().get_weights()
    result = run.worker.run(EVALUATION)
    evaluator = ChildEvaluator(
        run.worker.supernet(), DATA.train, DATA.validation
    )
    genotypes = [SPACE.genotype(genes) for genes in CHILDREN]
    wanted = evaluator.accuracies(genotypes, 30)
    assert list(result.accuracies) == wanted  # type: ignore[union-attr]
    after = run.worker.supernet().get_weights()
    assert all(map(np.array_equal, before, after))


def test_base_follows_the_job(tmp_path: pathlib.Path) -> None:
    # No epochs, no trace: weights are only drawn, kept and compared.
    worker = make_worker(tmp_path)
    fresh = dataclasses.replace(FIRST, epochs=0)
    drawn = np.array(_train(worker, fresh).angle_sums)
    np.testing.assert_array_equal(drawn[..., 0], drawn[..., 2])
    np.testing.assert_array_equal(drawn[..., 0], drawn[..., 1])

    kept = Checkpoint.load(_latest(worker))
    doubled = [2 * value for value in kept.weights]
    dataclasses.replace(kept, weights=doubled).save(_latest(worker))
    previous = dataclasses.replace(SECOND, epochs=0)
    sums = np.array(_train(worker, previous).angle_sums)
    np.testing.assert_allclose(sums, drawn * [2, 1, 4])

    reset = dataclasses.replace(previous, id="00003_reset", base="reset")
    sums = np.array(_train(worker, reset).angle_sums)
    np.testing.assert_allclose(sums, drawn * 4)
    # And the base that was reset is kept in turn, by a new worker, too.
    later = dataclasses.replace(previous, id="00004_later")
    sums = np.array(_train(make_worker(tmp_path), later).angle_sums)
    np.testing.assert_allclose(sums, drawn * 4)

    again = dataclasses.replace(fresh, id="00005_again")
    assert np.array_equal(_train(worker, again).angle_sums, drawn)
    other = dataclasses.replace(again, id="00006_other", seed=1)
    assert not np.array_equal(_train(worker, other).angle_sums, drawn)


def test_a_fresh_training_forgets_the_momenta(
    run: _Run, tmp_path: pathlib.Path
) -> None:
    worker = make_worker(tmp_path)
    kept = Checkpoint.load(_latest(run.worker))
    kept.save(worker.weights.finished(kept.job_id))
    assert any(np.any(value) for value in kept.momenta)
    job = dataclasses.replace(FIRST, id="00009_fresh", epochs=0)
    worker.run(job)
    fresh = Checkpoint.load(_latest(worker))
    assert not any(np.any(value) for value in fresh.momenta)


def test_the_checkpoint_of_another_run_is_not_taken_for_ours(
    tmp_path: pathlib.Path,
) -> None:
    job = dataclasses.replace(FIRST, epochs=0)
    worker = make_worker(tmp_path)
    worker.run(job)
    make_worker(tmp_path).run(job)  # The same run goes on.
    kept = _kept(worker)
    others = (
        (make_worker(tmp_path), dataclasses.replace(job, seed=1)),
        (make_worker(tmp_path), dataclasses.replace(job, active=((0,), (0,)))),
        (make_worker(tmp_path, supernet_recipe=SupernetRecipe()), job),
        (
            Worker(SPACE, image_data(9), tmp_path, RECIPE, ChildRecipe()),
            job,
        ),
    )
    for stranger, other in others:
        with pytest.raises(ValueError, match="Use another folder"):
            stranger.run(other)
    assert _kept(worker) == kept


def test_what_was_never_trained_cannot_be_used(tmp_path: pathlib.Path) -> None:
    worker = make_worker(tmp_path)
    for job in (SECOND, EVALUATION):
        with pytest.raises(ValueError, match="No supernet was trained in"):
            worker.run(job)
    # Nor after the attempts.
    with pytest.raises(ValueError, match="No supernet was trained in"):
        worker.supernet()


def test_damaged_weights_are_kept_aside_and_trained_again(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    worker = make_worker(tmp_path)
    fresh = dataclasses.replace(FIRST, epochs=0)
    trained = _train(worker, fresh)
    named = weights_of(fresh.id, trained)
    for damage in (b"PK", b""):
        path = worker.weights.finished(fresh.id)
        path.write_bytes(damage)
        for builds_on_it in (
            dataclasses.replace(
                SECOND, start=Start(source="previous", weights=named)
            ),
            dataclasses.replace(EVALUATION, supernet=named),
        ):
            with pytest.raises(LostWeightsError) as lost:
                make_worker(tmp_path).run(builds_on_it)
            assert lost.value.job_id == fresh.id
        assert _train(make_worker(tmp_path), fresh) == trained
    assert caplog.text.count("00000_train_supernet.npz is no checkpoint") == 2
    aside = [path.read_bytes() for path in path.parent.glob("*.damaged*")]
    assert sorted(aside) == [b"", b"PK"]


def test_children_are_judged_on_the_weights_that_are_named(
    run: _Run, tmp_path: pathlib.Path
) -> None:
    """Also where another process has trained on, or trained otherwise."""
    first, second = (
        weights_of(j.id, r)
        for j, r in zip((FIRST, SECOND), run.results, strict=True)
    )
    worker = make_worker(run.worker.weights.folder.parent)
    found = [
        worker.run(dataclasses.replace(EVALUATION, supernet=named))
        for named in (second, first, second)
    ]
    accuracies = [each.accuracies for each in found]  # type: ignore[union-attr]
    assert accuracies[0] == accuracies[2]
    assert (
        worker.supernet(first).get_weights()[0].tobytes()
        == run.kept[0]["weights"][0]
    )
    foreign = f"{FIRST.id}#{'0' * 64}"
    with pytest.raises(
        ValueError, match="not 000000000000 as the search knows"
    ):
        worker.run(dataclasses.replace(EVALUATION, supernet=foreign))


@pytest.mark.slow
def test_a_training_that_diverges_is_not_kept(tmp_path: pathlib.Path) -> None:
    worker = make_worker(tmp_path, checkpoint_seconds=0)
    worker.run(dataclasses.replace(FIRST, epochs=0))
    kept = _kept(worker)
    wild = dataclasses.replace(
        SECOND, schedule=RateSchedule(first=1e30, last=1e30)
    )
    with pytest.raises(ValueError, match=r"diverged.* 1e\+30 now"):
        worker.run(wild)
    assert _kept(worker) == kept
    assert all(np.isfinite(each).all() for each in worker.supernet().weights)


def test_jobs_that_do_not_fit_are_refused(
    run: _Run, tmp_path: pathlib.Path
) -> None:
    worker = run.worker
    foreign = (((0,), (7,)),)
    with pytest.raises(ValueError, match=r"offers \(0, 1\), not \(7,\)"):
        worker.run(
            EvaluateChildren(id="00010", children=foreign, calibration_images=0)
        )
    with pytest.raises(ValueError, match=r"offers \(0, 1\), not \(7,\)"):
        worker.run(
            TrainChild(
                id="00011",
                child=foreign[0],
                epochs=1,
                uses_validation=False,
                inherited_accuracy=0.5,
                seed=0,
            )
        )
    with pytest.raises(ValueError, match="given no `measure`"):
        worker.run(
            MeasureChildren(
                id="00012", children=CHILDREN, precision="fp32", num_threads=1
            )
        )
    wide = dataclasses.replace(SECOND, id="00014", active=((0,), (0, 5)))
    with pytest.raises(ValueError, match="below 2"):
        worker.run(wide)
    # None of which did any harm.
    assert _kept(worker) == run.kept[1]
    assert (
        _train(make_worker(worker.weights.folder.parent), SECOND)
        == run.results[1]
    )
