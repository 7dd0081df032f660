"""What keras-tuner's tuners get wrong around a search, put right."""

import os
import pathlib
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine.trial import Trial

from nse_tf.spaces.files import write_bytes, write_json
from nse_tf.tuners.job_files import error_path
from nse_tf.tuners.roles import is_worker


class CarefulTuner(keras_tuner.Tuner):
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
    * A process may do only so many trials, since each model that Keras fits
      leaves some megabytes behind in TensorFlow.

    Args:
        *args: As of `keras_tuner.Tuner`.
        overwrite: As of every tuner.
        tuner_id: As of every tuner.
        trials_per_process: After so many trials `search` returns, with the
            others left for a process that is started next. None does all.
        **kwargs: As of `keras_tuner.Tuner`.
    """

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
        super().__init__(
            *args,
            overwrite=overwrite and not is_worker(),
            tuner_id=tuner_id,
            **kwargs,
        )

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
        """Searches; see `keras_tuner.Tuner`."""
        try:
            super().search(*args, **kwargs)
        except _EnoughHereError:
            self.on_search_end()
            if getattr(self.oracle, "verbose", 1):
                print(  # noqa: T201 - as keras-tuner speaks.
                    "This process has done its trials; started again, the "
                    "search goes on."
                )
        self._raise_failure()  # A chief never gets to `on_search_end`.

    def pre_create_trial(self) -> None:
        """Ends the part of this process once it has done its trials."""
        super().pre_create_trial()
        if self._num_left_here == 0:
            raise _EnoughHereError

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
