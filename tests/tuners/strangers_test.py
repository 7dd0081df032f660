"""A chief on whose port others call, too."""

import contextlib
import logging
import pathlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import keras_tuner
import pytest
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.src import protos

from nse_tf.distribute import chief as chief_module
from nse_tf.distribute.caller import Caller, metadata_for
from nse_tf.distribute.lease_service import SERVICE, lease_call
from nse_tf.distribute.ports import open_channel
from nse_tf.distribute.roles import chief_address
from nse_tf.distribute.worker_link import ChiefLink, _token, joined
from nse_tf.methods import SearchError
from nse_tf.testing import raw_http2
from tests.tuners.live_workers import (
    IDENTITY,
    LiveWorker,
    serving,
    use_address,
)
from tests.tuners.tiny_search import make_oracle, make_tuner

service: Any = protos.get_service()
proto: Any = protos.get_proto()
HP = proto.HyperParameters


class Sender:
    """Sends keras-tuner's messages as a worker that joined."""

    def __init__(self, worker: LiveWorker) -> None:
        self.stub: Any = protos.get_service_grpc().OracleStub(
            worker.link.channel
        )
        caller = Caller(worker.name, "process")
        self.metadata = metadata_for(caller, _token(worker.folder))

    def code(self, name: str, request: Any) -> str:
        """Returns how a call ends."""
        try:
            getattr(self.stub, name)(
                request, metadata=self.metadata, timeout=10
            )
        except grpc.RpcError as error:
            return str(error.code().name)
        return "OK"


@pytest.fixture
def run(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Any, Callable[[str], LiveWorker]]]:
    """A search with a chief, and what makes workers; one does the rest."""
    use_address(monkeypatch)
    oracle = make_oracle(tmp_path / "run")
    made: list[LiveWorker] = []

    def worker(name: str) -> LiveWorker:
        made.append(LiveWorker(name, tmp_path / "run"))
        return made[-1]

    with serving(oracle):
        yield oracle, worker
        made[0].work()
        for each in made[1:]:
            with contextlib.suppress(grpc.RpcError):
                each.leave()


def senseless(trial: Trial) -> Iterator[tuple[str, Any]]:
    """Yields calls that the worker of a trial must not make."""

    def ended(**parts: Any) -> Any:
        found = trial.to_proto()
        found.status = proto.TrialStatus.COMPLETED
        for name, value in parts.items():
            setattr(found, name, value)
        return service.EndTrialRequest(trial=found)

    def ended_with(value: float) -> Any:
        found = ended()
        values = found.trial.hyperparameters.values.values
        values["x"].float_value = value
        return found

    one = proto.Value(int_value=1)
    for hp in (
        HP(values=HP.Values(values={"x": proto.Value()})),
        HP(values=HP.Values(values={f"h{i}": one for i in range(100_001)})),
        HP(values=HP.Values(values={"h" * 1001: one})),
        HP(space=HP.Space(choice_space=[proto.Choice(name="c")])),
    ):
        yield "UpdateSpace", service.UpdateSpaceRequest(hyperparameters=hp)
    for trial_id, metrics in (
        ("9999", {"a": 1.0}),
        (trial.trial_id, {f"m{i}": 1.0 for i in range(1001)}),
        (trial.trial_id, {"m" * 1001: 1.0}),
    ):
        yield (
            "UpdateTrial",
            service.UpdateTrialRequest(trial_id=trial_id, metrics=metrics),
        )
    for request in (
        service.EndTrialRequest(),
        ended(trial_id="9999"),
        ended(status=proto.TrialStatus.RUNNING),
        ended_with(float("nan")),
        ended_with(float("inf")),
    ):
        yield "EndTrial", request
    for trial_id in ("9999", "../x", ""):
        yield "GetTrial", service.GetTrialRequest(trial_id=trial_id)
    for count in (0, -1):
        yield "GetBestTrials", service.GetBestTrialsRequest(num_trials=count)


def test_what_makes_no_sense_is_refused_and_changes_nothing(
    run: tuple[Any, Callable[[str], LiveWorker]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    oracle, make_worker = run
    worker = make_worker("w0")
    sender = Sender(worker)
    trial = worker.ask()
    before = oracle.get_state()
    for name, request in senseless(trial):
        assert sender.code(name, request) == "INVALID_ARGUMENT", name
    # Whoever wants all of them asks for more than there are.
    every = service.GetBestTrialsRequest(num_trials=10**6)
    assert sender.code("GetBestTrials", every) == "OK"
    other = service.CreateTrialRequest(tuner_id="w1")
    assert sender.code("CreateTrial", other) == "PERMISSION_DENIED"
    # JSON has no such number; the search goes on without it.
    nan = service.UpdateTrialRequest(
        trial_id=trial.trial_id, metrics={"x": float("nan")}
    )
    assert sender.code("UpdateTrial", nan) == "OK"
    assert oracle.get_state() == before
    assert not oracle.trials[trial.trial_id].metrics.metrics
    assert not [each for each in caplog.records if each.exc_info]
    worker.finish(trial)


def test_a_worker_changes_no_trial_but_its_own(
    run: tuple[Any, Callable[[str], LiveWorker]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    oracle, make_worker = run
    worker, other = make_worker("w0"), make_worker("w1")
    trial = worker.ask()
    wire = trial.to_proto()
    wire.status = proto.TrialStatus.FAILED
    sender = Sender(other)
    before = oracle.get_state()
    update = service.UpdateTrialRequest(
        trial_id=trial.trial_id, metrics={"val_accuracy": 9.0}
    )
    assert sender.code("UpdateTrial", update) == "OK"
    assert sender.code("EndTrial", service.EndTrialRequest(trial=wire)) == "OK"
    assert oracle.get_state() == before
    assert "val_accuracy" not in trial.metrics.metrics
    assert f"w1 reports on trial {trial.trial_id}, which w0 does" in caplog.text
    worker.finish(trial)
    before = oracle.get_state()
    for sender in (Sender(other), Sender(worker)):
        assert sender.code("UpdateTrial", update) == "OK"
    assert oracle.get_state() == before
    ended = oracle.trials[trial.trial_id]
    assert not ended.metrics.exists("val_accuracy")
    other.leave()


def test_no_worker_makes_a_trial_another_job(
    tmp_path: pathlib.Path,
) -> None:
    oracle = make_oracle(tmp_path / "run", max_retries_per_trial=0)
    trial = Trial.from_proto(oracle.create_trial("w0").to_proto())
    mine = dict(oracle.trials[trial.trial_id].hyperparameters.values)
    trial.hyperparameters.values |= {"job": "9", "job_kind": 3, "result": 1.5}
    trial.status = TrialStatus.COMPLETED
    oracle.end_trial(trial)
    found = oracle.trials[trial.trial_id]
    assert found.status == TrialStatus.FAILED
    values = found.hyperparameters.values
    assert {name: values[name] for name in mine} == mine
    assert "refers to a result of '1.5'" in found.message


@contextlib.contextmanager
def beating(link: ChiefLink) -> Iterator[None]:
    """Keeps a lease."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(0.1):
            link.call(lease_call(link.channel, "Beat"), {"doing": ""}, 5)

    heart = threading.Thread(target=beat)
    heart.start()
    yield
    over.set()
    heart.join()


def test_no_chief_leads_a_worker_out_of_the_folder(
    tmp_path: pathlib.Path,
) -> None:
    tuner = make_tuner(tmp_path / "run")
    trial = Trial(keras_tuner.HyperParameters(), trial_id="x/../../y")
    with pytest.raises(ValueError, match="is no id of a job or trial"):
        tuner.on_trial_begin(trial)


def test_two_workers_of_one_name_are_refused_and_a_dead_one_is_replaced(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_address(monkeypatch)
    folder = tmp_path / "run"
    second = ChiefLink(folder, Caller("w0", "another"))
    with serving(make_oracle(folder), lease_seconds=0.6):
        first = LiveWorker("w0", folder)
        with (
            beating(first.link),
            pytest.raises(ValueError, match="Another process is called w0"),
        ):
            second.join(IDENTITY)
        trial = first.ask()
        second.join(IDENTITY)  # Once the lease of the first is over.
        with (
            beating(second),
            pytest.raises(ValueError, match="Another process is called w0"),
        ):
            first.client.end_trial(trial)
        first.link.close()
        first.link = first.client.stub._link = second
        assert first.ask().trial_id == trial.trial_id
        first.work()


def test_a_worker_goes_on_with_a_chief_that_was_started_again(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_address(monkeypatch)
    folder = tmp_path / "run"
    link = ChiefLink(folder, Caller("w0", "process"))  # Before any chief.
    oracle = make_oracle(folder)
    with pytest.MonkeyPatch.context() as patch:
        is_over = threading.Event()
        patch.setattr(oracle, "is_over", is_over.is_set)
        with serving(oracle, lease_seconds=0.5):
            worker = LiveWorker("w0", folder)
            former = _token(folder)
            trial = worker.ask()
            is_over.set()
    with serving(oracle):
        while _token(folder) == former:
            time.sleep(0.02)
        assert worker.finish(trial)
        worker.work()
    assert link._channel is None


def test_nobody_is_told_more_than_that_he_is_refused(
    run: tuple[Any, Callable[[str], LiveWorker]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    oracle, make_worker = run
    make_worker("w0")
    before = oracle.get_state()
    port = int(chief_address().rpartition(":")[2])
    path = f"/{SERVICE}/Join".encode()
    for begun in (
        raw_http2.begun_call(path, ((b"nse-token", b"\xff\xfe"),)),
        raw_http2.begun_call(path, ((b"nse-worker-bin", b"!\x00\xff"),)),
        raw_http2.begun_call(b"/\xff\xfe/Join"),
        raw_http2.begun_call(b""),
        raw_http2.frame(raw_http2.HEADERS, 4, 1, b"\xff" * 50),
        raw_http2.frame(raw_http2.DATA, 0, 1, b"x" * 5000),
        b"\x00" * 1000,
        b"GET / HTTP/1.1\r\n\r\n",
    ):
        with raw_http2.connected(port) as stranger:
            stranger.sendall(begun)
            stranger.settimeout(0.2)
            with contextlib.suppress(OSError):
                while stranger.recv(4096):
                    pass
    with open_channel(chief_address()) as channel:
        stub = protos.get_service_grpc().OracleStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.GetSpace(service.GetSpaceRequest(), timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert str(oracle.folder) not in str(caught.value)
    assert oracle.get_state() == before
    assert "gRPC says: Invalid encoding" in caplog.text
    assert not [each for each in caplog.records if each.exc_info]


def test_a_chief_in_the_clear_says_so_once(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    use_address(monkeypatch)
    monkeypatch.setattr(chief_module, "is_in_the_clear", lambda address: True)
    folder = tmp_path / "run"
    with serving(make_oracle(folder)):
        LiveWorker("w0", folder).work()
    assert caplog.text.count("can read the token") == 1


def test_a_worker_that_never_joined_gets_nothing(
    run: tuple[Any, Callable[[str], LiveWorker]], tmp_path: pathlib.Path
) -> None:
    _, make_worker = run
    worker = make_worker("w0")
    early = ChiefLink(tmp_path / "run", Caller("w1", "process"))
    worker.client.stub._link = early
    for ask in (
        worker.client.get_space,
        lambda: worker.client.create_trial("w1"),
        lambda: worker.client.get_best_trials(1),
        lambda: worker.client.update_space(keras_tuner.HyperParameters()),
    ):
        with pytest.raises(SearchError, match="'w1' has not joined"):
            ask()
    early.close()
    worker.client.stub._link = worker.link
    # As a search does.
    with joined(ChiefLink(tmp_path / "run", Caller("w2", "x")), IDENTITY):
        pass
