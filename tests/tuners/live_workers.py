"""A chief in a thread, and workers that do its jobs by arithmetic."""

import contextlib
import pathlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_client import OracleClient

from nse_tf.costs import CostModel
from nse_tf.distribute.caller import Caller
from nse_tf.distribute.chief import Chief
from nse_tf.distribute.lease_service import lease_call
from nse_tf.distribute.local_workers import _free_port
from nse_tf.distribute.roles import VARIABLES, chief_address
from nse_tf.distribute.worker_link import BoundedStub, ChiefLink, await_chief
from nse_tf.testing import FormulaWorker
from nse_tf.trials.job_files import read_job, write_result
from nse_tf.tuners import AngleShrinkingOracle
from nse_tf.tuners.search_oracle import metrics_of
from tests.tuners.tiny_search import SPACE, job_of, make_oracle

IDENTITY = {"seed": 0, "recipe.rate": 0.1}


def use_address(monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes this process a worker of a chief at a free port; returns it."""
    values = ("worker", "127.0.0.1", str(_free_port()))
    for name, value in zip(VARIABLES, values, strict=True):
        monkeypatch.setenv(name, value)
    return chief_address()


@contextlib.contextmanager
def serving(
    oracle: AngleShrinkingOracle, lease_seconds: float = 5.0
) -> Iterator[threading.Thread]:
    """Runs a chief in a thread."""
    chief = Chief(oracle, IDENTITY, lease_seconds)
    thread = threading.Thread(target=chief.serve, daemon=True)
    thread.start()
    yield thread
    thread.join(20)
    assert not thread.is_alive()


class LiveWorker:
    """keras-tuner's own client, that does jobs by arithmetic."""

    def __init__(self, name: str, folder: pathlib.Path) -> None:
        self.name = name
        self.folder = folder
        self.client = OracleClient(make_oracle(folder.with_name("unused")))
        self.link = ChiefLink(folder, Caller(name, "process"))
        self.client.stub = BoundedStub(
            protos.get_service_grpc().OracleStub, self.link
        )
        await_chief(10)
        self.link.join(IDENTITY)

    def call(self, name: str, message: dict[str, Any]) -> None:
        """Makes a call beside keras-tuner's."""
        self.link.call(lease_call(self.link.channel, name), message, 5)

    def ask(self) -> Trial:
        """Asks for a trial until there is one, or the end."""
        for _ in range(200):
            trial = self.client.create_trial(self.name)
            if trial.status != TrialStatus.IDLE:
                return trial
            time.sleep(0.02)
        raise AssertionError("nothing came")

    def finish(self, trial: Trial) -> str:
        """Does a trial; returns its job."""
        job = read_job(self.folder, job_of(trial))
        result = FormulaWorker(CostModel(SPACE)).run(job)
        reference = write_result(self.folder, job.id, result)
        trial.hyperparameters.values["result"] = reference
        self.client.update_trial(trial.trial_id, metrics_of(result))
        trial.status = TrialStatus.COMPLETED
        self.client.end_trial(trial)
        return job.id

    def work(self) -> list[str]:
        """Does trials to the end; returns their jobs."""
        done = []
        while (trial := self.ask()).status == TrialStatus.RUNNING:
            done.append(self.finish(trial))
        self.leave()
        return done

    def leave(self) -> None:
        """Says good-bye."""
        self.call("Leave", {})
        self.link.close()
