"""A keras-tuner Tuner with the faults around its search corrected."""

import contextlib
import logging
import os
import pathlib
import time
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.src import protos

from nse_tf.distribute.chief import Chief
from nse_tf.distribute.roles import Role, is_worker, present_role
from nse_tf.distribute.worker_link import BoundedStub, ChiefLink, joined
from nse_tf.spaces.files import write_bytes, write_json
from nse_tf.trials.folder_lock import sole_decider
from nse_tf.trials.job_files import error_path, file_name
from nse_tf.trials.trial_results import (
    error_line,
    plain_values,
    require_objective,
)

LOGGER = logging.getLogger("nse_tf")

# How long a worker without work pauses before it asks again.
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0


class BaseTuner(keras_tuner.Tuner):
    """A tuner with durable files, which prints what it resumes.

    * `tuner_id` names the file that is read as well as the one written.
    * `overwrite` deletes nothing on a worker, whose chief owns the folder.
    * Files are written whole or not at all.
    * A project whose space is not that of the code is refused.
    * A missing objective and an uncopyable callback are refused in a sentence.
    * A search of which every trial failed says so.
    * Every execution's score is kept beside the mean, which is the trial's.
    * `search` raises the error that ended a search early, also on a chief.
    * The error of a failed trial is written to its folder, since the wire
      between worker and chief drops it.
    * A chief survives its workers: a silent worker is taken for dead, and
      another does its trial. An idle worker polls less and less often.
    * A process may be limited to a number of trials, since each model that
      Keras fits leaks some megabytes in TensorFlow.

    Args:
        oracle: See `keras_tuner.Tuner`.
        hypermodel: See `keras_tuner.Tuner`.
        *args: See `keras_tuner.Tuner`.
        overwrite: See `keras_tuner.Tuner`.
        tuner_id: See `keras_tuner.Tuner`.
        trials_per_process: `search` returns after so many trials and leaves the
            others to the next process. None does all.
        **kwargs: See `keras_tuner.Tuner`.

    Attributes:
        lease_seconds: How long a worker may be silent before its chief takes it
            for dead.
        watch: Called by a chief in regular intervals; raises if no worker can
            join any more.
    """

    lease_seconds: float = 30.0
    watch: Callable[[], None] = staticmethod(lambda: None)
    # What a chief and its workers must have in common.
    _identity: Mapping[str, Any] = types.MappingProxyType({})

    def __init__(
        self,
        oracle: keras_tuner.Oracle,
        hypermodel: Any = None,
        *args: Any,
        overwrite: bool = False,
        tuner_id: str | None = None,
        trials_per_process: int | None = None,
        **kwargs: Any,
    ) -> None:
        if trials_per_process is not None and trials_per_process < 1:
            raise ValueError(
                "`trials_per_process` must be at least 1, not "
                f"{trials_per_process}."
            )
        if hypermodel is None and type(self).run_trial is BaseTuner.run_trial:
            raise ValueError(
                "Received `hypermodel=None`: give a `hypermodel`, or a "
                "subclass whose `run_trial` needs none."
            )
        # Before the base class, whose constructor reads the tuner's file.
        self._given_space = _space_of(oracle)
        self._given_id = tuner_id
        self._num_left_here = trials_per_process
        self._num_idle = 0
        super().__init__(
            oracle,
            hypermodel,
            *args,
            overwrite=overwrite and not is_worker(),
            tuner_id=tuner_id,
            **kwargs,
        )
        if hasattr(self.oracle, "stub"):  # keras-tuner's client of a chief.
            self._link = ChiefLink(self.folder)
            self.oracle.stub = BoundedStub(
                protos.get_service_grpc().OracleStub, self._link
            )

    def _get_tuner_fname(self) -> str:
        name = self._given_id or self.tuner_id
        return os.path.join(str(self.project_dir), f"{name}.json")  # noqa: PTH118

    def reload(self) -> None:
        """Resumes from the project's files.

        Raises:
            ValueError: If the project's space is not that of the code, which
                keras-tuner would silently ignore.
        """
        super().reload()
        self._check_space()

    def _check_space(self) -> None:
        """Compares the reloaded space with that of the code.

        The code is hypermodel and `hyperparameters`, which override it.
        """
        if self.hypermodel is None:
            return
        hp = self._given_space.copy()
        self.hypermodel.declare_hyperparameters(hp)
        self.hypermodel.build(hp)
        known = {
            (each.name, str(each.conditions)): each.get_config()
            for each in self.oracle.get_space().space
        }
        for each in hp.space:
            config = each.get_config()
            kept = known.get((each.name, str(each.conditions)), config)
            if kept != config:
                raise ValueError(
                    f"Hyperparameter {each.name!r} is {config} in the code, "
                    f"but {kept} in {self.project_dir}. Name another "
                    "`project_name`, or delete that project's trials with "
                    "`overwrite=True`."
                )

    def search(self, *args: Any, **kwargs: Any) -> None:
        """Searches, alone, as chief or as worker; see `keras_tuner.Tuner`.

        Raises:
            FatalValueError: If a callback cannot be copied for each trial.
        """
        self._deepcopy_callbacks(kwargs.get("callbacks") or [])
        try:
            if is_worker():
                with joined(self._link, dict(self._identity)):
                    super().search(*args, **kwargs)
                return
            with self._deciding():
                if present_role() is Role.CHIEF:
                    self._lead(kwargs.get("verbose", 1))
                else:
                    self._search_here(*args, **kwargs)
        except _EnoughHereError:
            self.on_search_end()
            if getattr(self.oracle, "verbose", 1):
                print(  # noqa: T201 - as keras-tuner does.
                    "This process has done its trials; start it again to "
                    "resume the search."
                )

    def _search_here(self, *args: Any, **kwargs: Any) -> None:
        """Decides and works in this process; see `keras_tuner.Tuner`."""
        super().search(*args, **kwargs)

    @contextlib.contextmanager
    def _deciding(self) -> Iterator[None]:
        """Locks the folder against a second process that would decide there."""
        with sole_decider(self.folder):
            yield

    def _lead(self, verbose: int | str) -> None:
        """Assigns trials to workers until the search is over."""
        self.oracle.verbose = verbose
        self.on_search_begin()
        self.save()
        Chief(
            self.oracle, dict(self._identity), self.lease_seconds, self.watch
        ).serve()
        self.on_search_end()

    @property
    def folder(self) -> pathlib.Path:
        """The run's folder."""
        return pathlib.Path(self.project_dir)

    def pre_create_trial(self) -> None:
        """Pauses before an idle worker polls again, longer each time.

        Leaves the search once this process has done its trials.
        """
        super().pre_create_trial()
        if self._num_left_here == 0:
            raise _EnoughHereError
        if self._num_idle:
            pause = FIRST_PAUSE_SECONDS * 2 ** min(self._num_idle - 1, 10)
            time.sleep(min(pause, LONGEST_PAUSE_SECONDS))
        self._num_idle += 1

    def on_trial_begin(self, trial: Trial) -> None:
        """Resets the pause; refuses an id that leads to another folder."""
        file_name(trial.trial_id)
        super().on_trial_begin(trial)
        self._num_idle = 0

    def on_trial_end(self, trial: Trial) -> None:
        """Ends a trial; writes the error of a failed one to its folder."""
        # Before the end is reported: the chief then reads this file.
        if trial.message:
            write_bytes(
                error_path(pathlib.Path(self.project_dir), trial.trial_id),
                trial.message.encode(),
            )
        super().on_trial_end(trial)
        if self._num_left_here:
            self._num_left_here -= 1

    def _run_and_update_trial(
        self, trial: Trial, *args: Any, **kwargs: Any
    ) -> None:
        """Runs a trial; refuses a result without the objective."""
        results = self.run_trial(trial, *args, **kwargs)
        require_objective(results, self.oracle.objective)
        # keras-tuner's method runs the trial itself; here it was run.
        self.run_trial = lambda *_, **__: results  # type: ignore[method-assign]
        try:
            super()._run_and_update_trial(trial)
        finally:
            del self.run_trial

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        """Runs a trial; keeps the metrics of each of its executions."""
        results = super().run_trial(trial, *args, **kwargs)
        if self.executions_per_trial > 1:
            path = pathlib.Path(self.get_trial_dir(trial.trial_id))
            write_json(
                path / "executions.json",
                [plain_values(each) for each in results],
            )
        return results

    def save(self) -> None:
        """Writes the state, whole or not at all."""
        if not is_worker():
            self.oracle.save()
        write_json(pathlib.Path(self._get_tuner_fname()), self.get_state())

    def on_search_begin(self) -> None:
        """Prints how much of a reloaded project is already done."""
        super().on_search_begin()
        trials = getattr(self.oracle, "trials", {}) if not is_worker() else {}
        if trials and getattr(self.oracle, "verbose", 1):
            print(  # noqa: T201 - as keras-tuner does.
                f"Resuming {self.project_dir} with {len(trials)} trials; "
                f"{self.oracle.remaining_trials()} remain."
            )

    def on_search_end(self) -> None:
        """Raises the error that ended the search early, if there is one.

        Where every trial failed, it says so, with the last error.
        """
        super().on_search_end()
        self._raise_failure()
        trials = {} if is_worker() else self.oracle.trials
        failed = TrialStatus.FAILED
        if trials and all(each.status == failed for each in trials.values()):
            last = trials[self.oracle.end_order[-1]]
            LOGGER.warning(
                "None of the %d trials in %s ended well; the last failed "
                "with %s",
                len(trials),
                self.project_dir,
                error_line(last.message),
            )

    def _raise_failure(self) -> None:
        failure = None if is_worker() else getattr(self.oracle, "failure", None)
        if failure is not None:
            raise failure


class _EnoughHereError(Exception):
    """Leaves keras-tuner's loop."""


def _space_of(oracle: Any) -> keras_tuner.HyperParameters:
    """Returns the `hyperparameters` of an oracle; none if it is no oracle."""
    if isinstance(oracle, keras_tuner.Oracle):
        return oracle.get_space()
    return keras_tuner.HyperParameters()  # keras-tuner refuses it.
