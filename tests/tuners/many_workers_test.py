"""A chief and its workers over gRPC, the workers' jobs done by arithmetic."""

import os
import pathlib
import threading
import time
from typing import Any

import grpc
import pytest
from keras_tuner.engine.trial import Trial, TrialStatus

from nse_tf.costs import CostModel
from nse_tf.distribute.chief import Chief
from nse_tf.distribute.local_workers import LocalWorkers
from nse_tf.distribute.roles import VARIABLES
from nse_tf.distribute.worker_link import (
    BoundedStub,
    ChiefLink,
    await_chief,
    joined,
)
from nse_tf.events import JobFailed
from nse_tf.jobs import ChildrenMeasured, MeasureChildren, Result
from nse_tf.methods import Method, SearchError
from nse_tf.methods.method import Plan
from nse_tf.testing import FormulaWorker
from nse_tf.trials.job_files import error_path, read_job, write_result
from nse_tf.tuners import AngleShrinkingOracle, SearchOracle
from tests.tuners.live_workers import (
    IDENTITY,
    LiveWorker,
    serving,
    use_address,
)
from tests.tuners.tiny_search import (
    SPACE,
    TRACEBACK,
    do,
    do_trials,
    job_of,
    make_oracle,
)


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> str:
    """Where this test's chief serves."""
    return use_address(monkeypatch)


def events_of(oracle: AngleShrinkingOracle) -> list[dict[str, Any]]:
    """Returns what was decided, without how long it took."""
    return [
        {
            name: each
            for name, each in entry.to_json().items()
            if name != "seconds"
        }
        for entry in oracle.method.history
    ]


@pytest.fixture
def alone(tmp_path: pathlib.Path) -> AngleShrinkingOracle:
    """The same search with one worker."""
    oracle = make_oracle(tmp_path / "alone")
    while (trial := oracle.create_trial("w")).status == TrialStatus.RUNNING:
        job = read_job(oracle.folder, job_of(trial))
        finish(oracle, trial, FormulaWorker(CostModel(SPACE)).run(job))
    return oracle


def finish(oracle: SearchOracle, trial: Trial, result: Result) -> None:
    """Ends a trial with a result."""
    reference = write_result(oracle.folder, job_of(trial), result)
    trial.hyperparameters.values["result"] = reference
    trial.status = TrialStatus.COMPLETED
    oracle.end_trial(trial)


def evaluated(
    oracle: AngleShrinkingOracle,
) -> list[tuple[int, str, float | None]]:
    """Returns the children in the table, in an order of their own."""
    return sorted(
        (row.generation, row.genes, row.accuracy)
        for row in oracle.storage.table.children()
    )


@pytest.mark.usefixtures("address")
def test_two_workers_share_a_generation_and_come_to_the_same_answer(
    tmp_path: pathlib.Path, alone: AngleShrinkingOracle
) -> None:
    folder = tmp_path / "run"
    oracle = make_oracle(folder)
    done: list[list[str]] = []
    with serving(oracle):
        workers = [LiveWorker(f"w{index}", folder) for index in range(2)]
        threads = [
            threading.Thread(target=lambda w=w: done.append(w.work()))
            for w in workers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert events_of(oracle) == events_of(alone)
    assert evaluated(oracle) == evaluated(alone)
    shards = [job for jobs in done for job in jobs if "of2" in job]
    assert len(set(shards)) == len(shards) == 8
    # The wire rounds to float32; the chief does not believe it.
    scores = [trial.score for trial in oracle.get_best_trials(2)]
    assert scores == [trial.score for trial in alone.get_best_trials(2)]


@pytest.mark.usefixtures("address")
def test_what_a_silent_worker_did_is_done_by_another_and_counts_once(
    tmp_path: pathlib.Path, alone: AngleShrinkingOracle
) -> None:
    folder = tmp_path / "run"
    oracle = make_oracle(folder)
    with serving(oracle, lease_seconds=0.6):
        silent = LiveWorker("silent", folder)
        first = silent.ask()
        time.sleep(1.2)
        assert not oracle.ongoing_trials
        live = LiveWorker("live", folder)
        trial = live.ask()
        assert trial.trial_id == first.trial_id
        live.finish(trial)
        silent.finish(first)  # It was only slow, and comes too late.
        beating = threading.Event()

        def beat() -> None:
            while not beating.wait(0.1):
                live.call("Beat", {"doing": ""})

        heart = threading.Thread(target=beat)
        heart.start()
        while (trial := live.ask()).status == TrialStatus.RUNNING:
            live.finish(trial)
        beating.set()
        heart.join()  # Before the channel closes that it calls through.
        live.leave()
    assert events_of(oracle) == events_of(alone)
    assert evaluated(oracle) == evaluated(alone)
    assert oracle.end_order == sorted(set(oracle.end_order))


def test_a_worker_taken_for_dead_is_heard_before_another_began(
    tmp_path: pathlib.Path,
) -> None:
    oracle = make_oracle(tmp_path / "run")
    over_the_wire = oracle.create_trial("slow").to_proto()
    oracle.drop_worker("slow")
    do(oracle, Trial.from_proto(over_the_wire))
    assert job_of(oracle.create_trial("next")) == "00001_train_supernet"


def test_a_job_that_nobody_survives_is_failed(tmp_path: pathlib.Path) -> None:
    oracle = make_oracle(tmp_path / "run")
    do_trials(oracle, 2)
    ids = set()
    for number in range(5):
        ids.add(oracle.create_trial(f"w{number}").trial_id)
        oracle.drop_worker(f"w{number}")
    assert ids == {"0002"}
    do_trials(oracle)
    (failed,) = oracle.method.noted(JobFailed)
    assert failed.error == "5 workers ended while they did this job"


def test_the_error_that_the_wire_drops_is_kept(tmp_path: pathlib.Path) -> None:
    oracle = make_oracle(tmp_path / "run", max_retries_per_trial=0)
    trial = Trial.from_proto(oracle.create_trial("w0").to_proto())
    path = error_path(oracle.folder, trial.trial_id)
    path.write_text(f"{TRACEBACK}MemoryError: 3 GB of 2\n")
    trial.status = TrialStatus.INVALID
    oracle.end_trial(trial)
    oracle.create_trial("w0")
    assert "MemoryError: 3 GB of 2" in str(oracle.failure)


@pytest.mark.usefixtures("address")
def test_a_worker_that_does_not_fit_is_refused_with_both_sides(
    tmp_path: pathlib.Path,
) -> None:
    folder = tmp_path / "run"
    oracle = make_oracle(folder)
    with serving(oracle):
        worker = LiveWorker("w0", folder)
        with (
            pytest.raises(ValueError, match=r"rate was 0\.1 and is 0\.2"),
            joined(ChiefLink(folder), {**IDENTITY, "recipe.rate": 0.2}),
        ):
            pass
        with joined(ChiefLink(folder), IDENTITY):
            pass
        # The token is for who may read the folder.
        assert (folder / "chief.json").stat().st_mode & 0o777 == 0o600
        worker.work()


@pytest.mark.usefixtures("address")
def test_a_worker_with_another_folder_is_refused(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nse_tf.distribute.worker_link.FOLDER_SECONDS", 0.0)
    folder = tmp_path / "run"
    with serving(make_oracle(folder)):
        worker = LiveWorker("w0", folder)
        with (
            pytest.raises(ValueError, match="must share it"),
            joined(ChiefLink(tmp_path / "elsewhere"), IDENTITY),
        ):
            pass
        worker.work()


@pytest.mark.usefixtures("address")
def test_a_second_chief_at_one_address_is_refused(
    tmp_path: pathlib.Path,
) -> None:
    folder = tmp_path / "run"
    with serving(make_oracle(folder)):
        worker = LiveWorker("w0", folder)
        second = make_oracle(tmp_path / "second")
        with pytest.raises(ValueError, match="cannot serve at 127"):
            Chief(second, IDENTITY, 1.0).serve()
        worker.work()


def test_no_wait_for_a_chief_is_for_ever(
    address: str, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(SearchError, match=f"No chief answers at {address}"):
        await_chief(0.2)
    with grpc.insecure_channel(address) as channel:

        class Stub:
            """Calls what nobody serves."""

            CreateTrial = staticmethod(channel.unary_unary("/x/CreateTrial"))

        stub = BoundedStub(lambda _: Stub, ChiefLink(tmp_path), seconds=0.2)
        with pytest.raises(SearchError, match="did not answer CreateTrial"):
            stub.CreateTrial(b"")


class Mixed(Method):
    """Wants two measurements at once."""

    def describe(self) -> dict[str, Any]:
        """Has no settings."""
        return {}

    def plan(self) -> Plan:
        """Asks for both."""
        child = tuple((0,) for _ in SPACE.blocks)
        yield [
            MeasureChildren(
                id="00000_measure",
                children=(child,),
                precision="fp32",
                num_threads=1,
            ),
            MeasureChildren(
                id="00001_measure",
                children=(child,),
                precision="fp32",
                num_threads=1,
            ),
        ]


def test_what_is_measured_runs_alone(tmp_path: pathlib.Path) -> None:
    oracle = SearchOracle(Mixed(), SPACE)
    oracle._set_project_dir(str(tmp_path), "run")
    oracle.verbose = 0
    first = oracle.create_trial("w0")
    assert job_of(first) == "00000_measure"
    assert oracle.create_trial("w1").status == TrialStatus.IDLE
    finish(
        oracle,
        first,
        ChildrenMeasured(latencies_ms=(1.0,), sizes_bytes=(100,), seconds=1.0),
    )
    assert job_of(oracle.create_trial("w1")) == "00001_measure"


def test_local_workers_that_all_die_end_the_search_with_their_last_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    program = "import sys; sys.stderr.write('no memory\\n'); sys.exit(3)"
    workers = LocalWorkers(["python3", "-c", program], 2)
    with workers.at_work():
        assert os.environ[VARIABLES[0]] == "chief"
        for process in workers._processes.values():
            process.wait(20)
        with pytest.raises(SearchError, match="exit code 3: no memory"):
            workers.watch()
    assert VARIABLES[0] not in os.environ
    assert "worker-1 ended with exit code 3" in caplog.text
