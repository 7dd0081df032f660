"""The trials of a tuner as jobs for workers that share no folder with it."""

import pathlib
from collections.abc import Callable
from typing import Any

from keras_tuner.engine.trial import Trial, TrialStatus

from nse_tf.distribute.dealing import Dealer, Engine
from nse_tf.distribute.remote_worker import WorkerParts
from nse_tf.distribute.roles import Role, present_role
from nse_tf.jobs import Job, Result
from nse_tf.trials.job_files import finished_result, read_job, write_result


class DealtTrials:
    """Takes trials from a tuner's oracle, and ends them as the tuner would.

    See `distribute.dealing.Trials`.

    Args:
        tuner: A `SupernetTuner`.
    """

    def __init__(self, tuner: Any) -> None:
        self._tuner, self._oracle = tuner, tuner.oracle
        self._trials: dict[str, Trial] = {}

    @property
    def folder(self) -> pathlib.Path:
        """The run's folder."""
        folder: pathlib.Path = self._tuner.folder
        return folder

    def is_over(self) -> bool:
        """Whether no trial is running and none is left to run."""
        over: bool = self._oracle.is_over()
        return over

    def outlook(self) -> tuple[float, float] | None:
        """Returns how far the search has come; see `LeasedTrials.outlook`."""
        outlook: tuple[float, float] | None = self._oracle.outlook()
        return outlook

    def share_among(self, num_workers: int) -> None:
        """Says how many workers share the next generation."""
        self._oracle.num_workers = num_workers

    def take(self, worker: str) -> Job | None:
        """Returns the job of a worker's next trial, if there is one.

        A trial whose result a killed run left ends at once.
        """
        while True:
            trial = self._oracle.create_trial(worker)
            if trial.status != TrialStatus.RUNNING:
                return None
            self._tuner.on_trial_begin(trial)
            self._trials[worker] = trial
            job_id = trial.hyperparameters.values["job"]
            reference = finished_result(self.folder, job_id)
            if reference is None:
                return self.job(job_id)
            self._end(worker, reference)

    def job(self, job_id: str) -> Job:
        """Returns a job that was asked for before."""
        job: Job = self._tuner.replaced(read_job(self.folder, job_id))
        return job

    def finish(self, worker: str, result: Result) -> None:
        """Notes the result of a worker's job."""
        job_id = self._trials[worker].hyperparameters.values["job"]
        self._end(worker, write_result(self.folder, job_id, result))

    def fail(self, worker: str, error: str) -> None:
        """Notes that a worker could not do its job; it may be tried again."""
        trial = self._trials.pop(worker)
        trial.status, trial.message = TrialStatus.INVALID, error
        self._tuner.on_trial_end(trial)

    def drop(self, worker: str) -> None:
        """Takes back the trial of a worker that is gone, for another one."""
        del self._trials[worker]
        self._oracle.drop_worker(worker)

    def _end(self, worker: str, reference: str) -> None:
        trial = self._trials.pop(worker)
        metrics = self._tuner.shown(trial, reference)
        self._oracle.update_trial(trial.trial_id, metrics)
        trial.status = TrialStatus.COMPLETED
        self._tuner.on_trial_end(trial)


def require_engine_alone(strategy: Any) -> None:
    """Refuses what shares a search in another way than an engine does.

    Args:
        strategy: Shares each batch of a training; None trains on one device.

    Raises:
        ValueError: If there is a strategy, or this process is a chief or a
            worker of keras-tuner.
    """
    if strategy is not None:
        raise ValueError(
            "An `engine` shares the jobs of a search, and each of its workers "
            "trains on one device: leave out `distribution_strategy`."
        )
    if present_role() is not Role.ALONE:
        raise ValueError(
            "An `engine` starts its own workers, but KERASTUNER_TUNER_ID is "
            "set, which is for keras-tuner's: leave out one of them."
        )


def deal_trials(
    tuner: Any,
    engine: Engine,
    parts: WorkerParts,
    here: Callable[[Job], Result],
) -> None:
    """Lets an engine's workers do the trials of a tuner, to the end.

    Args:
        tuner: A `SupernetTuner`.
        engine: Starts the workers.
        parts: What they are made of.
        here: Does a job in this process.

    Raises:
        SearchError: If no worker is left.
        ValueError: If a worker does not fit the search.
    """
    trials = DealtTrials(tuner)
    if trials.is_over():  # Nothing to start workers for.
        return
    with engine.workers(parts) as workers:
        Dealer(trials, workers, here).serve()
