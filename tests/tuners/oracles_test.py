import dataclasses
import pathlib

import keras_tuner
import pytest
from keras_tuner.engine.trial import TrialStatus

from nse_tf.costs import Budget, CostModel
from nse_tf.events import (
    JobFailed,
    Purpose,
    SpaceAtStage,
    TrainedAlone,
    WinnerChosen,
)
from nse_tf.jobs import (
    ChildrenEvaluated,
    ChildTrained,
    Failed,
    SupernetTrained,
    TrainChild,
)
from nse_tf.methods import OneShotConfig, SearchError
from nse_tf.spaces import load_space
from nse_tf.trials.job_files import read_job, read_result, write_result
from nse_tf.tuners import AngleShrinkingOracle
from nse_tf.tuners.search_oracle import metrics_of
from tests.costs.strategies import made_up_devices
from tests.tuners.tiny_search import (
    CONFIG,
    SPACE,
    do,
    do_trials,
    fail,
    is_open,
    job_of,
    make_oracle,
)

KINDS = [
    *("train_supernet", "train_supernet"),
    *("evaluate_children",) * 4,
    *("train_child", "train_child"),
]


def test_every_job_is_a_trial_and_the_end_is_stopped(
    folder: pathlib.Path,
) -> None:
    oracle = make_oracle(folder)
    trials = do_trials(oracle)
    assert [job_of(each) for each in trials] == [
        f"{number:05d}_{kind}" for number, kind in enumerate(KINDS)
    ]
    assert [each.hyperparameters.values["job_kind"] for each in trials] == KINDS
    assert oracle.create_trial("tuner0").status == TrialStatus.STOPPED
    assert oracle.failure is None
    assert isinstance(oracle.method.history[-1].event, WinnerChosen)


def test_a_trial_says_no_more_than_its_job(folder: pathlib.Path) -> None:
    """keras-tuner fills in random values for what a trial leaves open."""
    oracle = make_oracle(folder)
    blocks = {block.name for block in SPACE.blocks}
    for trial in do_trials(oracle):
        named = blocks & trial.hyperparameters.values.keys()
        is_child = job_of(trial).endswith("train_child")
        assert named == (blocks if is_child else set())


def test_the_values_of_a_child_name_its_ops(folder: pathlib.Path) -> None:
    oracle = make_oracle(folder)
    trial = do_trials(oracle)[-1]
    job = read_job(folder, job_of(trial))
    assert isinstance(job, TrainChild)
    assert {
        block.name: block.candidates[index].name
        for block, (index,) in zip(SPACE.blocks, job.child, strict=True)
    }.items() <= trial.hyperparameters.values.items()


def test_only_children_trained_alone_compete(folder: pathlib.Path) -> None:
    oracle = make_oracle(folder)
    trials = do_trials(oracle)
    best = oracle.get_best_trials(10)
    assert {job_of(each) for each in best} == {
        job_of(each) for each in trials[-2:]
    }
    assert best[0].score >= best[1].score
    # The generations scored too, and must not have won.
    assert all(each.score > 0 for each in trials[2:6])


def test_the_winner_is_the_best_trial_and_rank_checks_are_none(
    folder: pathlib.Path,
) -> None:
    """Trained on the validation part too, it has no score of its own."""
    config = dataclasses.replace(
        CONFIG, num_rank_checks=3, rank_check_epochs=1, retrain_on_all=True
    )
    oracle = make_oracle(folder, config=config)
    trials = do_trials(oracle)
    (winner,) = oracle.method.noted(WinnerChosen)
    checks = {
        event.job
        for event in oracle.method.noted(TrainedAlone)
        if event.purpose is Purpose.RANK_CHECK
    }
    best = [job_of(trial) for trial in oracle.get_best_trials(100)]
    assert len(checks) == 3
    assert checks.isdisjoint(best)
    assert winner.model_file == f"children/{best[0]}.keras"
    assert best[0] == job_of(trials[-1])


def test_generations_compete_while_no_child_is_trained(
    folder: pathlib.Path,
) -> None:
    oracle = make_oracle(folder)
    do_trials(oracle, 2)
    assert oracle.get_best_trials(10) == []
    do_trials(oracle, 2)
    best = oracle.get_best_trials(10)
    assert sorted(map(job_of, best)) == [
        "00002_evaluate_children",
        "00003_evaluate_children",
    ]
    for trial in best:
        result = read_result(folder, trial.hyperparameters.values["result"])
        assert isinstance(result, ChildrenEvaluated)
        assert trial.score == max(result.accuracies)


def test_it_idles_while_all_jobs_are_out(folder: pathlib.Path) -> None:
    oracle = make_oracle(folder)
    do_trials(oracle, 2)
    first, second = (oracle.create_trial(f"worker{i}") for i in range(2))
    assert job_of(first) != job_of(second)
    do(oracle, second)
    assert oracle.create_trial("worker1").status == TrialStatus.IDLE
    do(oracle, first)
    assert oracle.create_trial("worker1").status == TrialStatus.RUNNING


def test_the_order_of_results_changes_nothing(tmp_path: pathlib.Path) -> None:
    in_turns, reversed_ = (
        make_oracle(tmp_path / name) for name in ("in_turns", "reversed")
    )
    do_trials(in_turns)
    do_trials(reversed_, 2)
    for _ in range(2):
        out = [reversed_.create_trial(f"worker{i}") for i in range(2)]
        for trial in reversed(out):
            do(reversed_, trial)
    do_trials(reversed_)
    assert reversed_.method.history == in_turns.method.history


def test_max_trials_ends_the_search(folder: pathlib.Path) -> None:
    oracle = make_oracle(folder, max_trials=3)
    assert len(do_trials(oracle)) == 3
    assert oracle.remaining_trials() == 0
    assert oracle.create_trial("tuner0").status == TrialStatus.STOPPED


def test_a_search_that_cannot_continue_stops_and_says_why(
    folder: pathlib.Path,
) -> None:
    oracle = make_oracle(folder, max_retries_per_trial=0)
    fail(oracle, oracle.create_trial("tuner0"), "MemoryError: 3 GB of 2")
    assert oracle.create_trial("tuner0").status == TrialStatus.STOPPED
    assert isinstance(oracle.failure, SearchError)
    assert str(oracle.failure) == (
        "Job '00000_train_supernet' failed, and nothing follows: "
        "MemoryError: 3 GB of 2. Start the search again to try it again."
    )
    assert is_open(oracle)


def test_a_failed_generation_is_reported_and_does_not_end_the_search(
    folder: pathlib.Path,
) -> None:
    oracle = make_oracle(folder, max_retries_per_trial=0)
    do_trials(oracle, 2)
    fail(oracle, oracle.create_trial("tuner0"), "OSError: no space left")
    do_trials(oracle)
    assert oracle.failure is None
    (failed,) = oracle.method.noted(JobFailed)
    assert failed.error == "OSError: no space left"
    assert failed.job == "00002_evaluate_children"


def test_too_many_failures_in_a_row_end_the_search_and_leave_the_lock_open(
    folder: pathlib.Path,
) -> None:
    oracle = make_oracle(
        folder, max_consecutive_failed_trials=2, max_retries_per_trial=0
    )
    do_trials(oracle, 2)
    for _ in range(2):
        fail(oracle, oracle.create_trial("tuner0"), "OSError: no space left")
    assert oracle.create_trial("tuner0").status == TrialStatus.STOPPED
    assert "exceeded the limit of 2" in str(oracle.failure)
    assert "no space left" in str(oracle.failure)
    assert is_open(oracle)


def test_a_trial_is_retried_as_often_as_asked(folder: pathlib.Path) -> None:
    oracle = make_oracle(folder, max_retries_per_trial=1)
    first = oracle.create_trial("tuner0")
    fail(oracle, first, "OSError: for a moment")
    again = oracle.create_trial("tuner0")
    assert job_of(again) == job_of(first)
    do(oracle, again)
    do_trials(oracle)
    assert oracle.failure is None


@pytest.mark.parametrize("has_file", [True, False])
def test_a_result_that_does_not_hold_fails_its_trial(
    folder: pathlib.Path, has_file: bool
) -> None:
    oracle = make_oracle(folder, max_retries_per_trial=0)
    trial = oracle.create_trial("tuner0")
    reference = write_result(folder, job_of(trial), Failed("never read"))
    path = folder / "results" / f"{job_of(trial)}.json"
    if has_file:
        path.write_text(path.read_text().replace("never", "always"))
    else:
        path.unlink()
    trial.hyperparameters.values["result"] = reference
    trial.status = TrialStatus.COMPLETED
    oracle.end_trial(trial)
    assert oracle.trials[trial.trial_id].status == TrialStatus.FAILED
    oracle.create_trial("tuner0")
    assert str(path) in str(oracle.failure)


def test_a_trial_without_a_result_fails(folder: pathlib.Path) -> None:
    oracle = make_oracle(folder, max_retries_per_trial=0)
    trial = oracle.create_trial("tuner0")
    trial.status = TrialStatus.COMPLETED
    oracle.end_trial(trial)
    assert oracle.create_trial("tuner0").status == TrialStatus.STOPPED
    assert isinstance(oracle.failure, SearchError)


def test_without_a_seed_it_is_that_of_the_config(folder: pathlib.Path) -> None:
    config = dataclasses.replace(CONFIG, seed=5)
    assert make_oracle(folder, config=config).seed == 5


def test_another_seed_is_another_search(tmp_path: pathlib.Path) -> None:
    one, other = (make_oracle(tmp_path / str(s), seed=s) for s in (0, 1))
    do_trials(one)
    do_trials(other)
    assert one.method.history != other.method.history


def test_spaces_are_written_as_they_shrink(folder: pathlib.Path) -> None:
    oracle = make_oracle(folder)
    do_trials(oracle)
    spaces = [load_space(path) for path in sorted(folder.glob("space_*.json"))]
    assert len(spaces) == 2
    assert spaces[0] == SPACE
    noted = oracle.method.noted(SpaceAtStage)
    for space, event in zip(spaces, noted, strict=True):
        assert space.size == event.size
    assert spaces[1].size < spaces[0].size


def test_a_budget_on_latency_needs_a_cost_table() -> None:
    with pytest.raises(
        ValueError, match="needs a measured cost table: pass `cost_m"
    ):
        AngleShrinkingOracle(SPACE, Budget(latency_ms=1.0))
    model = CostModel(SPACE, made_up_devices(SPACE))
    for limit, unknown in ((1e9, "latency_ms"), ({"phone": 1e9}, "ms@phone")):
        with pytest.raises(ValueError, match=f"{unknown}, which the cost mod"):
            AngleShrinkingOracle(
                SPACE, Budget(latency_ms=limit), cost_model=model
            )
    devices = {"pi": 1e9, "pixel": 1e9}
    budget = Budget(latency_ms=devices)
    oracle = AngleShrinkingOracle(SPACE, budget, cost_model=model)
    assert oracle.method.describe()["budget"]["latency_ms"] == devices


def test_an_objective_goes_to_the_jobs_and_names_the_metric() -> None:
    oracle = AngleShrinkingOracle(SPACE, objective="val_macro_f1")
    assert oracle.method.objective == "macro_f1"
    assert str(oracle.objective) == str(
        keras_tuner.Objective("val_macro_f1", "max")
    )
    config = OneShotConfig(objective="auc")
    assert AngleShrinkingOracle(SPACE, config=config).objective.name == (
        "val_auc"
    )
    generation = ChildrenEvaluated(accuracies=(0.25, 0.5), seconds=4.0)
    assert metrics_of(generation, "val_auc") == {"val_auc": 0.5, "seconds": 4.0}
    # As it was before there were others, so that older runs resume.
    assert "objective" not in AngleShrinkingOracle(SPACE).method.get_settings()
    with pytest.raises(ValueError, match="can report one of val_accuracy, "):
        AngleShrinkingOracle(SPACE, objective="val_loss")
    with pytest.raises(ValueError, match="No job reports"):
        AngleShrinkingOracle(
            SPACE, objective=keras_tuner.Objective("val_auc", "min")
        )


def test_metrics_are_finite_and_name_the_objective() -> None:
    child = ChildTrained(
        losses=(2.0, float("nan")),
        validation_accuracy=0.75,
        model_file="a.keras",
        model_sha256="0",
        seconds=3.0,
    )
    assert metrics_of(child) == {"val_accuracy": 0.75, "seconds": 3.0}
    generation = ChildrenEvaluated(accuracies=(0.25, 0.5), seconds=4.0)
    assert metrics_of(generation) == {"val_accuracy": 0.5, "seconds": 4.0}
    trained = SupernetTrained(
        losses=(1.0,), angle_sums=(), backbone_sums=(1.0, 1.0, 1.0), seconds=5.0
    )
    assert metrics_of(trained) == {"seconds": 5.0}
