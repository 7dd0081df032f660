"""Jobs dealt out to workers in this process, which share no folder."""

import dataclasses
import pathlib
from typing import Any

import pytest

from nse_tf.costs import CostModel
from nse_tf.distribute import dealing
from nse_tf.distribute.dealing import (
    Answered,
    Joined,
    Lost,
    Message,
    Reported,
)
from nse_tf.distribute.identity import deciding_versions
from nse_tf.distribute.roles import VARIABLES
from nse_tf.jobs import (
    EvaluateChildren,
    Job,
    MeasureChildren,
    Result,
    SupernetTrained,
)
from nse_tf.methods import SearchError
from nse_tf.testing import FormulaWorker
from tests.distribute.engine_here import WIDTH, Here, checkpoint
from tests.methods.plans import do_all
from tests.training.tiny_data import image_data
from tests.tuners.tiny_search import SPACE, make_oracle, make_tuner


def searched(folder: pathlib.Path, engine: Here, **changes: Any) -> Any:
    """Returns a tuner whose search an engine's workers did."""
    tuner = make_tuner(folder, **changes)
    tuner.engine = engine
    data = image_data()
    tuner.search(data.train, validation_data=data.validation, verbose=0)
    return tuner


def decided(oracle: Any) -> list[dict[str, Any]]:
    """Returns what a search decided; times and hashes are left out."""
    left_out = {"seconds", "model_sha256"}
    return [
        {k: v for k, v in entry.to_json().items() if k not in left_out}
        for entry in oracle.method.history
    ]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the same search comes to in one process."""
    oracle = make_oracle(tmp_path_factory.mktemp("alone") / "run")
    do_all(oracle.method, FormulaWorker(CostModel(SPACE)).run)
    return decided(oracle)


def test_workers_come_to_the_answer_of_one_process(
    folder: pathlib.Path, wanted: list[dict[str, Any]]
) -> None:
    engine = Here()
    tuner = searched(folder, engine)
    assert decided(tuner.oracle) == wanted
    shards = [each for each in engine.ids if "of3" in each]
    assert len(set(shards)) == len(shards) > WIDTH
    assert {worker for worker, _, _ in engine.submitted} == {
        f"worker-{i}" for i in range(WIDTH)
    }
    # As after a search by one process: the last two trainings, all children.
    names = sorted(path.name for path in (folder / "supernet").iterdir())
    trained = sorted(each for each in engine.ids if "supernet" in each)
    assert names == [f"{each}.npz" for each in trained[-2:]]
    for path in (folder / "children").iterdir():
        assert path.read_bytes() == path.stem.encode()
    # Who trained has the file already, and whoever got it keeps it.
    assert len(engine.fetched) < len(shards)


def test_a_search_goes_on_in_another_way_than_it_began(
    folder: pathlib.Path, wanted: list[dict[str, Any]]
) -> None:
    def stop(number: int, worker: str, job: Job) -> list[Message] | None:
        if number == 4:
            raise SearchError("the power failed")
        return None

    with pytest.raises(SearchError, match="power"):
        searched(folder, Here(instead=stop))
    assert decided(searched(folder, Here(num_workers=1)).oracle) == wanted


def lost(worker: str) -> Lost:
    return Lost(worker=worker, reason="its node died")


def test_what_a_lost_worker_did_is_done_by_another(
    folder: pathlib.Path,
    wanted: list[dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It goes on from the checkpoint that came last."""
    half_way = checkpoint("00000_train_supernet").to_bytes()

    def die(number: int, worker: str, job: Job) -> list[Message] | None:
        if number == 1:
            report = Reported(
                worker=worker, job_id=job.id, doing="x", partial=half_way
            )
            other = dataclasses.replace(report, partial=b"torn")
            return [report, other, lost(worker)]
        if number in (5, 7):
            return [lost(worker), engine.joined(worker)]
        return None

    engine = Here(instead=die)
    assert decided(searched(folder, engine).oracle) == wanted
    first, second = engine.submitted[:2]
    assert first[1] == second[1]
    assert first[0] != second[0]
    assert second[2] == {"supernet/00000_train_supernet.part.npz"}
    assert not list(folder.rglob("*.part.npz"))
    assert "worker-0 is gone (its node died); another worker" in caplog.text
    assert "its checksum" in caplog.text


def test_a_job_that_no_worker_survives_ends_the_search(
    folder: pathlib.Path,
) -> None:
    def die(number: int, worker: str, job: Job) -> list[Message] | None:
        return [lost(worker), engine.joined(worker)]

    engine = Here(instead=die)
    with pytest.raises(SearchError, match="5 workers ended while they did"):
        searched(folder, engine)
    assert engine.ids == ["00000_train_supernet"] * 5


def test_what_fails_twice_ends_the_search_with_its_error(
    folder: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    def run_out(number: int, worker: str, job: Job) -> list[Message] | None:
        trace = "Traceback (most recent call last):\nMemoryError: 3 GB of 2\n"
        return [Answered(worker=worker, error=trace)]

    engine = Here(instead=run_out)
    with pytest.raises(SearchError, match="MemoryError: 3 GB of 2"):
        searched(folder, engine)
    assert engine.ids == ["00000_train_supernet"] * 2
    assert "it is tried again" in caplog.text


def test_files_that_are_not_what_the_job_made_are_not_kept(
    folder: pathlib.Path,
) -> None:
    weights = checkpoint("00000_train_supernet")
    made = SupernetTrained(
        losses=(1.0,),
        angle_sums=(),
        backbone_sums=(1.0, 1.0, 1.0),
        seconds=1.0,
        weights_sha256=weights.digest,
    )
    name = "supernet/00000_train_supernet.npz"
    bad: list[tuple[dict[str, bytes], str]] = [
        ({}, f"came back without {name}"),
        ({name: checkpoint("00001_x").to_bytes()}, "is not what it made"),
        ({name: weights.to_bytes()[:-1]}, "its checksum"),
    ]
    for index, (files, message) in enumerate(bad):

        def forge(
            number: int,
            worker: str,
            job: Job,
            files: dict[str, bytes] = files,
        ) -> list[Message] | None:
            return [Answered(worker=worker, result=made, files=files)]

        run = folder / str(index)
        with pytest.raises(SearchError, match=message):
            searched(run, Here(1, forge))
        assert not list(run.rglob("*.npz"))


def test_weights_that_are_gone_are_trained_again(
    folder: pathlib.Path,
    wanted: list[dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def remove(number: int, worker: str, job: Job) -> list[Message] | None:
        if isinstance(job, EvaluateChildren) and not gone:
            assert job.supernet is not None
            gone.append(job.supernet.partition("#")[0])
            (folder / "supernet" / f"{gone[0]}.npz").unlink()
            return [lost(worker)]
        return None

    gone: list[str] = []
    engine = Here(instead=remove)
    assert decided(searched(folder, engine).oracle) == wanted
    assert engine.ids.count(gone[0]) > 1
    assert "They are trained again" in caplog.text


def test_a_silent_worker_is_started_again(
    folder: pathlib.Path,
    wanted: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(dealing, "SILENCE_SECONDS", 0.05)

    def hang(number: int, worker: str, job: Job) -> list[Message] | None:
        return [] if number == 1 else None

    engine = Here(1, hang)
    assert decided(searched(folder, engine).oracle) == wanted
    assert engine.restarted[0] == "worker-0"
    assert "worker-0 was silent for 0.05 s" in caplog.text


def test_a_worker_that_computes_something_else_is_refused_or_named(
    folder: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Old(Here):
        """Its worker has other versions, and another processor."""

        def joined(self, name: str) -> Joined:
            """Says so."""
            joined = super().joined(name)
            versions = {**joined.versions, "numpy": "1.0"}
            return Joined(worker=name, versions=versions, processor="Z80")

    with pytest.raises(ValueError, match=r"numpy was .* and is '1\.0'"):
        searched(folder, Old(1))
    old = {**deciding_versions(), "numpy": "1.0"}
    monkeypatch.setattr(dealing, "deciding_versions", lambda: old)
    searched(folder, Old(1))
    assert "worker-0 has another processor than this process, Z80" in (
        caplog.text
    )


def test_what_is_measured_is_measured_here_and_alone() -> None:
    """Latencies of several machines would not compare."""
    child = tuple((0,) for _ in SPACE.blocks)
    measure = MeasureChildren(
        id="m", children=(child,), precision="fp32", num_threads=1
    )
    trained = FormulaWorker(CostModel(SPACE)).run(measure)

    class OneJob:
        """Trials of one job."""

        folder = pathlib.Path("nowhere")
        told: list[Any] = []  # noqa: RUF012

        def is_over(self) -> bool:
            """Whether it is done."""
            return bool(self.told)

        def outlook(self) -> None:
            """Is not known."""

        def take(self, worker: str) -> Job | None:
            """Returns it once."""
            return None if self.told else measure

        def finish(self, worker: str, result: Result) -> None:
            """Notes its result."""
            self.told.append(result)

        def share_among(self, num_workers: int) -> None:
            """Has nothing to share."""

    class Idle:
        """Workers that must not be sent anything."""

        def wait(self, seconds: float) -> list[Message]:
            """Lets one join."""
            return [
                Joined(
                    worker="w",
                    versions=deciding_versions(),
                    processor="",
                )
            ]

    trials: Any = OneJob()
    workers: Any = Idle()
    dealing.Dealer(trials, workers, lambda job: trained).serve()
    assert trials.told == [trained]


def test_there_is_an_end_to_waiting_for_workers(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dealing, "PATIENCE_SECONDS", 0.01)
    with pytest.raises(SearchError, match=r"no worker for 0\.01 s"):
        searched(folder, Here(0))


def test_an_engine_is_not_joined_with_other_ways_to_share(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in zip(VARIABLES, ("chief", "127.0.0.1", "1"), strict=True):
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match="starts its own workers"):
        searched(folder, Here())
