"""Trials on lease: how an oracle recovers the trials of dead workers."""

import abc
import functools
import pathlib
import threading
from collections.abc import Callable
from typing import Any

from keras_tuner.engine import trial as trial_module

from nse_tf.distribute.locking import synchronized

# A job that kills its process, say by lack of memory, would otherwise kill all
# workers in turn.
MOST_LOST_WORKERS = 5

_ENDS = (
    trial_module.TrialStatus.COMPLETED,
    trial_module.TrialStatus.INVALID,
    trial_module.TrialStatus.FAILED,
)


def accepting_ids(
    end_trial: Callable[..., None],
) -> Callable[..., None]:
    """Lets `end_trial` take a trial, or its id and how it ended.

    keras-tuner keeps the second form for oracles of before 1.2; there, the
    trial loses its hyperparameters.

    Raises:
        ValueError: If a trial cannot end so.
    """

    @functools.wraps(end_trial)
    def with_ids(
        self: Any,
        trial: trial_module.Trial | str | None = None,
        status: str = trial_module.TrialStatus.COMPLETED,
        *,
        trial_id: str | None = None,
    ) -> None:
        named = trial if trial_id is None else trial_id
        if not isinstance(named, str):
            end_trial(self, named)
            return
        if status not in _ENDS:
            raise ValueError(
                f"Trial {named!r} cannot end as {status!r}: `status` is one "
                f"of {', '.join(_ENDS)}."
            )
        ended = self.trials[named]
        ended.status = status
        end_trial(self, ended)

    return with_ids


class LeasedTrials(abc.ABC):
    """Mixed into a `keras_tuner.Oracle` that a chief can lead.

    Attributes:
        failure: What ended the search early, or None.
        lock: Held by the thread that changes the oracle.
        num_workers: How many workers share the jobs.
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
        """Whether no trial is running and none is left to run."""

    def outlook(self) -> tuple[float, float] | None:
        """Returns the share of the search that has passed, and seconds left.

        None where they are not known.
        """
        return None

    def _may_be_needed(self, trial: trial_module.Trial) -> bool:
        """Whether an idle worker must stay in case another one dies.

        The trial of a worker that dies has to be repeated.
        """
        return (
            trial.status == trial_module.TrialStatus.STOPPED
            and self.failure is None
            and bool(self.ongoing_trials or self._retry_queue)
        )

    @synchronized
    def drop_worker(self, tuner_id: str) -> None:
        """Queues the trial of a worker that is gone for another one.

        A job that five workers did not survive fails.
        """
        self.tuner_ids.discard(tuner_id)
        trial = self.ongoing_trials.pop(tuner_id, None)
        if trial is None:
            return
        num_lost = self._num_lost.get(trial.trial_id, 0) + 1
        self._num_lost[trial.trial_id] = num_lost
        if num_lost < MOST_LOST_WORKERS:
            # keras-tuner hands out what is queued here before anything new.
            self._retry_queue.append(trial.trial_id)
            return
        trial.status = trial_module.TrialStatus.FAILED
        trial.message = f"{num_lost} workers ended while they did this job"
        oracle: Any = self  # A keras-tuner oracle, too.
        oracle.end_trial(trial)
