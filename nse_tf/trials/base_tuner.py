"""What keras-tuner's tuners get wrong around a search, put right."""

import contextlib
import os
import pathlib
import time
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine.trial import Trial

from nse_tf.distribute.chief import Chief
from nse_tf.distribute.roles import Role, is_worker, present_role
from nse_tf.distribute.worker_link import BoundedStub, joined
from nse_tf.spaces.files import write_bytes, write_json
from nse_tf.trials.folder_lock import sole_decider
from nse_tf.trials.job_files import error_path

# How long a worker without work pauses before it asks again.
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0


class BaseTuner(keras_tuner.Tuner):
    """A tuner whose files hold, and that says what it goes on with.

    * `tuner_id` names the file that is looked for as well as the one written.
    * `overwrite` deletes nothing on a worker, whose chief owns the folder.
    * Files are written whole or not at all.
    * A project whose space is not that of the code is refused.
    * Every execution's score is kept beside the mean, which is the trial's.
    * What ended a search before its time is raised from `search`, also from
      that of a chief.
    * The error of a trial that failed is left in its folder, since the wire
      between worker and chief drops it.
    * A chief survives its workers: who falls silent is taken for dead, and what
      it did is done by another. A worker without work asks ever more rarely.
    * A process may do only so many trials, since each model that Keras fits
      leaves some megabytes behind in TensorFlow.

    Args:
        *args: As of `keras_tuner.Tuner`.
        overwrite: As of every tuner.
        tuner_id: As of every tuner.
        trials_per_process: After so many trials `search` returns, with the
            others left for a process that is started next. None does all.
        **kwargs: As of `keras_tuner.Tuner`.

    Attributes:
        lease_seconds: How long a chief bears the silence of a worker.
        watch: Called all along by a chief; raises where no worker will come
            any more.
    """

    lease_seconds: float = 30.0
    watch: Callable[[], None] = staticmethod(lambda: None)
    # What a chief and its workers must have in common.
    _identity: Mapping[str, Any] = types.MappingProxyType({})

    def __init__(
        self,
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
        self._given_id = tuner_id
        self._num_left_here = trials_per_process
        self._num_idle = 0
        super().__init__(
            *args,
            overwrite=overwrite and not is_worker(),
            tuner_id=tuner_id,
            **kwargs,
        )
        if hasattr(self.oracle, "stub"):  # keras-tuner's client of a chief.
            self.oracle.stub = BoundedStub(self.oracle.stub)

    def _get_tuner_fname(self) -> str:
        name = self._given_id or self.tuner_id
        return os.path.join(str(self.project_dir), f"{name}.json")  # noqa: PTH118

    def reload(self) -> None:
        """Goes on from the project's files.

        Raises:
            ValueError: If the project's space is not that of the code, which
                keras-tuner would leave unused without a word.
        """
        super().reload()
        self._check_space()

    def _check_space(self) -> None:
        """Holds the reloaded space against that of the code."""
        hp = keras_tuner.HyperParameters()
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
                    "`project_name`, or start anew with `overwrite=True`."
                )

    def search(self, *args: Any, **kwargs: Any) -> None:
        """Searches, alone, as a chief, or for one; see `keras_tuner.Tuner`."""
        try:
            if is_worker():
                with joined(self.folder, dict(self._identity)):
                    super().search(*args, **kwargs)
                return
            with self._deciding():
                if present_role() is Role.CHIEF:
                    self._lead(kwargs.get("verbose", 1))
                else:
                    super().search(*args, **kwargs)
        except _EnoughHereError:
            self.on_search_end()
            if getattr(self.oracle, "verbose", 1):
                print(  # noqa: T201 - as keras-tuner speaks.
                    "This process has done its trials; started again, the "
                    "search goes on."
                )

    @contextlib.contextmanager
    def _deciding(self) -> Iterator[None]:
        """Holds the folder against others that would decide there, too."""
        with sole_decider(self.folder):
            yield

    def _lead(self, verbose: int | str) -> None:
        """Hands out trials to workers until the search is over."""
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
        """Waits before it asks again, longer each time there was nothing.

        Ends the part of this process once it has done its trials.
        """
        super().pre_create_trial()
        if self._num_left_here == 0:
            raise _EnoughHereError
        if self._num_idle:
            pause = FIRST_PAUSE_SECONDS * 2 ** min(self._num_idle - 1, 10)
            time.sleep(min(pause, LONGEST_PAUSE_SECONDS))
        self._num_idle += 1

    def on_trial_begin(self, trial: Trial) -> None:
        """Ends the waiting."""
        super().on_trial_begin(trial)
        self._num_idle = 0

    def on_trial_end(self, trial: Trial) -> None:
        """Ends a trial; leaves the error of one that failed in its folder."""
        if trial.message:
            write_bytes(
                error_path(pathlib.Path(self.project_dir), trial.trial_id),
                trial.message.encode(),
            )
        super().on_trial_end(trial)
        if self._num_left_here:
            self._num_left_here -= 1

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        """Runs a trial; keeps what each of its executions reported."""
        results = super().run_trial(trial, *args, **kwargs)
        if self.executions_per_trial > 1:
            path = pathlib.Path(self.get_trial_dir(trial.trial_id))
            write_json(
                path / "executions.json",
                [_plain_values(each) for each in results],
            )
        return results

    def save(self) -> None:
        """Writes the state, whole or not at all."""
        if not is_worker():
            self.oracle.save()
        write_json(pathlib.Path(self._get_tuner_fname()), self.get_state())

    def on_search_begin(self) -> None:
        """Says how much of a reloaded project is done already."""
        super().on_search_begin()
        trials = getattr(self.oracle, "trials", {}) if not is_worker() else {}
        if trials and getattr(self.oracle, "verbose", 1):
            print(  # noqa: T201 - as keras-tuner speaks.
                f"Going on with {len(trials)} trials of {self.project_dir}; "
                f"{self.oracle.remaining_trials()} remain."
            )

    def on_search_end(self) -> None:
        """Raises what ended the search before its time, if anything did."""
        super().on_search_end()
        self._raise_failure()

    def _raise_failure(self) -> None:
        failure = None if is_worker() else getattr(self.oracle, "failure", None)
        if failure is not None:
            raise failure


class _EnoughHereError(Exception):
    """Leaves keras-tuner's loop."""


def _plain_values(result: Any) -> Any:
    """Returns what an execution reported, epoch by epoch, as plain numbers."""
    history = getattr(result, "history", result)
    if isinstance(history, dict):
        return {
            name: np.asarray(values, float).tolist()
            for name, values in history.items()
        }
    return float(history)
