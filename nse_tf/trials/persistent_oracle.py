"""keras-tuner's Oracle with durable records, at a constant cost a trial."""

import logging
import math
from typing import Any

import keras_tuner
from keras_tuner.engine import trial as trial_module

from nse_tf.costs import CostModel
from nse_tf.distribute.identity import differences, require_own_format
from nse_tf.distribute.leased_trials import LeasedTrials
from nse_tf.distribute.locking import release_library_lock, synchronized
from nse_tf.distribute.shards import SharedJobs
from nse_tf.methods import Method, SearchError
from nse_tf.spaces import SearchSpace
from nse_tf.trials.job_files import error_path, write_job
from nse_tf.trials.keras_tuner_state import (
    library_state,
    state_of_table,
    trial_row,
)
from nse_tf.trials.run_storage import TABLE, RunStorage, is_ours
from nse_tf.version import __version__

LOGGER = logging.getLogger("nse_tf")


class PersistentOracle(LeasedTrials, keras_tuner.Oracle):
    """What every oracle of this package keeps of a search, and how.

    A trial counts when its rows are committed to the run's results table; a
    reload resumes from them. A trial costs the same however many came before.

    Args:
        method: Asks for jobs.
        space: What the method searches.
        **kwargs: See `keras_tuner.Oracle`.

    Attributes:
        method: Asks for jobs.
        space: What the method searches.
    """

    def __init__(
        self, method: Method, space: SearchSpace, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.method = method
        self.space = space
        self._jobs = SharedJobs(method)
        self._ended: set[str] = set()
        # The folder is known only once a tuner has the oracle.
        self._storage: RunStorage | None = None

    @property
    def storage(self) -> RunStorage:
        """The run's files, opened on first use."""
        if self._storage is None:
            model = getattr(self.method, "model", None)
            self._storage = RunStorage(
                self.folder, self.space, model or CostModel(self.space)
            )
        return self._storage

    @synchronized
    def create_trial(self, tuner_id: str) -> trial_module.Trial:
        """Returns a trial to run; see `keras_tuner.Oracle`.

        A disk that is full ends the search; nothing is lost.
        """
        try:
            trial = super().create_trial(tuner_id)
            if trial.status == trial_module.TrialStatus.RUNNING:
                job_id = trial.hyperparameters.values["job"]
                write_job(self.folder, self._jobs.find(job_id))
            elif self._may_be_needed(trial):
                trial.status = trial_module.TrialStatus.IDLE
            return trial
        except OSError as error:
            self.failure = error
            self.ongoing_trials.pop(tuner_id, None)
            # keras-tuner releases its lock only where a method returns.
            release_library_lock(self)
        return trial_module.Trial(
            self.get_space(), status=trial_module.TrialStatus.STOPPED
        )

    @synchronized
    def is_over(self) -> bool:
        """Whether no trial is running and none is left to run."""
        if self.ongoing_trials or self._retry_queue:
            return self.failure is not None and not self.ongoing_trials
        if self.failure is not None or self.remaining_trials() == 0:
            return True
        try:
            is_done = self.method.is_done
            self.storage.record(self.method.history)
        except (OSError, RuntimeError, ValueError) as error:
            self.failure = self._explained(error)
            return True
        return is_done

    def _explained(self, error: Exception) -> Exception:
        """Returns an error that ended the search, with what to do about it."""
        if not self.method.failed:
            return error
        return SearchError(f"{error}. Start the search again to try it again.")

    @synchronized
    def update_trial(
        self, trial_id: str, metrics: dict[str, float], step: int = 0
    ) -> Any:
        """Records metrics; a trial that evaluates nothing has no objective.

        Numbers that are not finite are left out: JSON lacks them.
        """
        trial = self.trials[trial_id]
        for name, value in metrics.items():
            if not math.isfinite(value):
                continue
            if not trial.metrics.exists(name):
                is_objective = name == self.objective.name
                trial.metrics.register(
                    name,
                    direction=self.objective.direction
                    if is_objective
                    else "min",
                )
            trial.metrics.update(name, value, step=step)
        return trial

    def _take_over(self, trial: trial_module.Trial) -> None:
        """Completes a trial that came over the wire with what the wire drops.

        It shuffles the space and leaves out the message, which the worker
        writes into the trial's folder. No worker changes what job a trial is.
        """
        mine = self.trials[trial.trial_id]
        kept = {
            name: mine.hyperparameters.values[name]
            for name in ("job", "job_kind")
        }
        mine.hyperparameters.values |= trial.hyperparameters.values | kept
        trial.hyperparameters = mine.hyperparameters
        if trial.trial_id in self._retry_queue:  # It was taken for dead.
            self._retry_queue.remove(trial.trial_id)
        path = error_path(self.folder, trial.trial_id)
        if trial.message is None and path.exists():
            trial.message = path.read_text()

    def _check_consecutive_failures(self) -> None:
        """Ends the search after too many failures, but raises no error here."""
        # An error here would end up with the worker that reported last, and
        # leave keras-tuner's lock held; `search` raises it.
        limit = self.max_consecutive_failed_trials
        last = [self.trials[each] for each in self.end_order[-limit:]]
        failed = trial_module.TrialStatus.FAILED
        if len(last) == limit and all(each.status == failed for each in last):
            self.failure = SearchError(
                "Number of consecutive failures exceeded the limit of "
                f"{limit}.\n{last[-1].message or ''}"
            )

    def _record_values(self, trial: trial_module.Trial) -> None:
        """Leaves values as they are, where keras-tuner would add random ones.

        A trial that trains no child has no op for any block, and no two trials
        do the same job.
        """

    def get_state(self) -> dict[str, Any]:
        """Returns keras-tuner's state and the method's, whole."""
        state: dict[str, Any] = super().get_state()
        return {
            **state,
            "method": self.method.get_state(),
            "shards": self._jobs.get_state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Resumes from a state.

        Raises:
            ValueError: If it is that of another search; says what differs.
        """
        self.method.set_state(state["method"])
        super().set_state(state)
        # In order, and without one that a kill kept out of the state.
        self.trials: dict[str, trial_module.Trial] = {
            trial_id: self.trials[trial_id]
            for trial_id in self.start_order
            if trial_id in self.trials
        }
        self._ended = set(self.end_order)
        self._jobs.resume(
            state.get("shards", {}),
            [
                trial.hyperparameters.values["job"]
                for trial in self.trials.values()
            ],
        )

    @synchronized
    def claim(self, identity: dict[str, Any]) -> None:
        """Records what else decides the run's outcome; see `identity_of`.

        Where a job failed and ended the search, it is to be done again.

        Raises:
            ValueError: If the folder holds a run of another identity; says
                what differs.
        """
        known = self.storage.facts().get("identity")
        if known is not None and (found := differences(known, identity)):
            raise ValueError(
                f"{self.folder} holds another run: {found}. Resume it as it "
                "was begun, or use another folder."
            )
        self.storage.note_facts({"identity": identity, "version": __version__})
        if self.method.failed:
            self._forget_failures()

    def _forget_failures(self) -> None:
        """Takes back the failed jobs at which the search ended."""
        LOGGER.warning(
            "Tried again, since they failed: %s.", ", ".join(self.method.failed)
        )
        self.storage.forget_failures(self.method.failed)
        self._restore(self.storage.facts())

    @synchronized
    def save(self) -> None:
        """Commits what happened, whole or not at all."""
        self.storage.note_facts(
            {
                "version": __version__,
                "settings": self.method.get_settings(),
                "library": library_state(self),
            }
        )
        self.storage.table.commit()

    @synchronized
    def reload(self) -> None:
        """Resumes from the run's files; see `RunStorage`.

        Raises:
            RuntimeError: If the folder holds another kind of project.
            ValueError: If it holds another search, or one that another version
                began; says what differs.
        """
        if not is_ours(self.folder):
            raise RuntimeError(
                f"The existing project at {self.folder} has no {TABLE}, so it "
                "is not of this package. Change `project_name`, or pass "
                "`overwrite=True` to start over there."
            )
        facts = self.storage.facts()
        if not facts:
            return  # Killed before anything was recorded.
        require_own_format(self.folder, facts.get("version"))
        if "library" not in facts:
            return  # Killed before the first `save`.
        self._restore(facts)
        self.storage.repair()

    def _restore(self, facts: dict[str, Any]) -> None:
        """Takes over what the table has, given the facts of the run."""
        self.trials, state = state_of_table(
            self.storage.table, facts, self.get_state()
        )
        self.set_state(state)

    def _save_trial(self, trial: trial_module.Trial) -> None:
        """Records a trial, which counts from the next `save` on."""
        job_id = trial.hyperparameters.values["job"]
        digest = self._jobs.asked_digest(job_id)
        self.storage.note_trial(trial_row(self, trial, digest))
