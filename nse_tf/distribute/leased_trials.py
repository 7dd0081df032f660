"""Trials that workers hold on lease: what an oracle does when one is gone."""

import abc
import pathlib
import threading
from typing import Any

from keras_tuner.engine import trial as trial_module

from nse_tf.distribute.locking import synchronized

# A job that takes its process with it, for want of memory, say, would
# otherwise take all workers in turn.
MOST_LOST_WORKERS = 5


class LeasedTrials(abc.ABC):
    """Mixed into a `keras_tuner.Oracle` that a chief can lead.

    Attributes:
        failure: Why the search could not go on, if it could not.
        lock: Held by whoever changes anything.
        num_workers: How many share the work.
    """

    trials: dict[str, trial_module.Trial]
    ongoing_trials: dict[str, trial_module.Trial]
    tuner_ids: set[str]
    _retry_queue: list[str]
    _project_dir: str

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.failure: Exception | None = None
        self.lock = threading.RLock()
        self.num_workers = 1
        self._num_lost: dict[str, int] = {}

    @property
    def folder(self) -> pathlib.Path:
        """The run's folder."""
        return pathlib.Path(self._project_dir)

    @abc.abstractmethod
    def is_over(self) -> bool:
        """Whether nothing is at work and nothing is left to do."""

    def _may_be_needed(self, trial: trial_module.Trial) -> bool:
        """Whether a worker that would be stopped is to stay for others' work.

        One of those at work may die, and what it did is to be done again.
        """
        return (
            trial.status == trial_module.TrialStatus.STOPPED
            and self.failure is None
            and bool(self.ongoing_trials or self._retry_queue)
        )

    @synchronized
    def drop_worker(self, tuner_id: str) -> None:
        """Gives what a worker did to the next that asks: it is gone.

        A job that nobody survives is failed at the fifth time.
        """
        self.tuner_ids.discard(tuner_id)
        trial = self.ongoing_trials.pop(tuner_id, None)
        if trial is None:
            return
        num_lost = self._num_lost.get(trial.trial_id, 0) + 1
        self._num_lost[trial.trial_id] = num_lost
        if num_lost < MOST_LOST_WORKERS:
            self._retry_queue.append(trial.trial_id)
            return
        trial.status = trial_module.TrialStatus.FAILED
        trial.message = f"{num_lost} workers ended while they did it"
        oracle: Any = self  # A keras-tuner oracle, too.
        oracle.end_trial(trial)
