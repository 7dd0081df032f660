"""A method as an oracle: ask, tell, resume."""

import dataclasses
import logging
import math
from typing import Any, ClassVar

import keras_tuner
from keras_tuner.engine import trial as trial_module

from nse_tf.costs import Budget, CostModel
from nse_tf.distribute.leased_trials import accepting_ids
from nse_tf.distribute.locking import synchronized
from nse_tf.distribute.shards import parent_of
from nse_tf.events import (
    BaselineTrained,
    Purpose,
    TrainedAlone,
    WinnerChosen,
)
from nse_tf.jobs import (
    ChildrenEvaluated,
    ChildTrained,
    EvaluateChildren,
    Failed,
    Job,
    MeasureChildren,
    Result,
    TrainChild,
)
from nse_tf.methods import (
    Done,
    Method,
    SearchError,
    Wait,
)
from nse_tf.methods.forecast import Forecast
from nse_tf.methods.formula_worker import FormulaWorker
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.trials.job_files import read_result
from nse_tf.trials.persistent_oracle import PersistentOracle
from nse_tf.trials.trial_results import error_line
from nse_tf.tuners.hyperparameters import values_of
from nse_tf.tuners.objectives import ACCURACY, reported_objective

LOGGER = logging.getLogger("nse_tf")


class SearchOracle(PersistentOracle):
    """A method as a keras-tuner oracle.

    Every job of the method is a trial. Its hyperparameter values name the job
    (`job`, `job_kind`); those of a child trained alone also encode it, an op
    name for each choice block. The tuner that runs the trial must do the job
    and set the value `result` to a reference of its result, as `SupernetTuner`
    does; a trial whose reference does not hold fails.

    Only children trained alone compete for being best, or, while there is
    none, the evaluated generations.

    Args:
        method: Asks for jobs.
        space: What the method searches.
        objective: What the method compares children by, `val_accuracy` or
            another name of `objectives.REPORTED`; None takes it from the
            method. The oracles of this package pass it on to theirs.
        max_trials: Most trials of all kinds; None leaves the end to the method.
        hyperparameters: See `keras_tuner.Oracle`.
        allow_new_entries: See `keras_tuner.Oracle`.
        tune_new_entries: See `keras_tuner.Oracle`.
        seed: Kept for keras-tuner; the method has its own.
        max_retries_per_trial: See `keras_tuner.Oracle`. Once by default, from
            the last checkpoint: all that follows builds on a job.
        max_consecutive_failed_trials: See `keras_tuner.Oracle`.

    Attributes:
        failure: What ended the search early, or None.
        explores_supernet: Whether the method explores a trained supernet, and
            may begin with one that an earlier search left, `inherits_from`.
    """

    explores_supernet: ClassVar[bool] = False
    _forecast: Forecast | None = None

    def __init__(
        self,
        method: Method,
        space: SearchSpace,
        objective: Any = None,
        max_trials: int | None = None,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        allow_new_entries: bool = True,
        tune_new_entries: bool = True,
        seed: int | None = None,
        max_retries_per_trial: int = 1,
        max_consecutive_failed_trials: int = 3,
    ) -> None:
        super().__init__(
            method,
            space,
            objective=reported_objective(objective, f"val_{method.objective}"),
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            allow_new_entries=allow_new_entries,
            tune_new_entries=tune_new_entries,
            seed=seed,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        self.seed = seed  # keras-tuner takes 0 for none and draws one.

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Asks the method for a job; see `keras_tuner.Oracle`.

        An error is kept in `failure` and ends the search: one that is raised
        here would leave keras-tuner's lock held.
        """
        del trial_id
        job: Job | Wait | Done = Done()
        if self.failure is None:
            try:
                job = self._next_job()
                self.storage.record(self.method.history)
            except (OSError, RuntimeError, ValueError) as error:
                self.failure, job = self._explained(error), Done()
        if isinstance(job, Done):
            return {"status": trial_module.TrialStatus.STOPPED}
        if isinstance(job, Wait):
            return {"status": trial_module.TrialStatus.IDLE}
        if self._forecast is not None:
            self._forecast.begin(job, parent_of(job.id)[0])
        values: dict[str, str | bool] = {"job": job.id, "job_kind": job.KIND}
        if isinstance(job, TrainChild) and job.space is None:
            genotype = Genotype(job.child, self.space.fingerprint)
            values |= values_of(self.space, genotype)
        return {"status": trial_module.TrialStatus.RUNNING, "values": values}

    def _next_job(self) -> Job | Wait | Done:
        """Returns a job that may be done now; measuring runs alone.

        Raises:
            SearchError: If it waits for results of no running trial.
        """
        out = [
            trial.hyperparameters.values["job_kind"]
            for trial in self.ongoing_trials.values()
        ]
        if MeasureChildren.KIND in out:
            return Wait()
        job = self._jobs.ask(self.num_workers)
        if isinstance(job, MeasureChildren) and out:
            self._jobs.give_back(job)
            return Wait()
        if isinstance(job, Wait) and not out:
            waiting = [each.id for each in self.method.out]
            raise SearchError(
                f"The search waits for {waiting}, which no trial is doing."
            )
        return job

    def score_trial(self, trial: trial_module.Trial) -> None:
        """Scores by the objective; 0 where a trial classifies nothing.

        Such a score is never compared: `get_best_trials` leaves it out.
        """
        if trial.metrics.exists(self.objective.name):
            super().score_trial(trial)
        else:
            trial.score, trial.best_step = 0.0, 0

    @accepting_ids
    @synchronized
    def end_trial(self, trial: trial_module.Trial) -> None:
        """Tells the method the result of a job; see `keras_tuner.Oracle`.

        A trial that ended before stays as it is: its worker was taken for dead
        and reports late.
        """
        if trial.trial_id in self._ended or trial.trial_id not in self.trials:
            return
        mine = self.trials[trial.trial_id]
        values = mine.hyperparameters.values
        if trial is not mine:
            self._take_over(trial)
        if trial.status == trial_module.TrialStatus.COMPLETED:
            reference = str(trial.hyperparameters.values.get("result", ""))
            try:
                result = read_result(self.folder, reference, values["job"])
            except ValueError as error:
                trial.status = trial_module.TrialStatus.INVALID
                trial.message = str(error)
            else:
                # Where the wire rounds.
                exact = metrics_of(result, self.objective.name)
                for name in exact:
                    mine.metrics.metrics.pop(name, None)
                self.update_trial(trial.trial_id, exact)
                self._note_result(values["job"], result)
        super().end_trial(trial)

    def _note_result(self, job_id: str, result: Result) -> None:
        """Records the result of a job, and passes it to the method."""
        self.storage.note_result(self._jobs.find(job_id), result)
        self._jobs.tell(job_id, result)
        if self._forecast is not None:
            self._forecast.end(job_id, parent_of(job_id)[0], result)

    @synchronized
    def rehearse(
        self, num_train: int, num_validation: int, later_seconds: float = 0.0
    ) -> None:
        """Prepares to tell how long the search will take; see `Forecast`.

        Args:
            num_train: Training images.
            num_validation: Validation images.
            later_seconds: What follows after the search, by a guess.
        """
        self._forecast = Forecast(
            self.method,
            FormulaWorker(CostModel(self.space)).run,
            num_train,
            num_validation,
            later_seconds,
        )

    @synchronized
    def outlook(
        self, share: float | None = None, seconds_left: float = 0.0
    ) -> tuple[float, float] | None:
        """Returns what the forecast tells; see `Forecast.outlook`."""
        if self._forecast is None:
            return None
        return self._forecast.outlook(share, seconds_left)

    def _retry(self, trial: trial_module.Trial) -> bool:
        """Reports a failed job to the method once it is not retried."""
        job_id = trial.hyperparameters.values["job"]
        status = trial_module.TrialStatus
        if trial.status == status.INVALID:
            if self._run_times[trial.trial_id] <= self.max_retries_per_trial:
                LOGGER.warning(
                    "Job %s failed with %s; it is tried again, from its last "
                    "checkpoint if it has one.",
                    job_id,
                    error_line(trial.message),
                )
                self._retry_queue.append(trial.trial_id)
                return True
            trial.status = status.FAILED
        self._ended.add(trial.trial_id)
        if trial.status == status.FAILED:
            self._note_result(job_id, Failed(error_line(trial.message)))
        return False

    def get_best_trials(self, num_trials: int = 1) -> list[Any]:
        """Returns the best completed trials that may compete, best first.

        The winner's last training comes first: it used the validation part, so
        that its accuracy there says nothing.
        """
        trained = self.method.noted(TrainedAlone)
        others = {
            event.job
            for event in trained
            if event.purpose is Purpose.RANK_CHECK
        } | {event.job for event in self.method.noted(BaselineTrained)}
        winners = self.method.noted(WinnerChosen)
        won = [
            event.job
            for event in trained
            if winners and event.model_file == winners[-1].model_file
        ]
        sign = -1 if self.objective.direction == "max" else 1
        for kind in (TrainChild.KIND, EvaluateChildren.KIND):
            rivals = [
                trial
                for trial in self.trials.values()
                if trial.status == trial_module.TrialStatus.COMPLETED
                and trial.hyperparameters.values.get("job_kind") == kind
                and trial.hyperparameters.values["job"] not in others
            ]
            if rivals:
                rivals.sort(
                    key=lambda trial: (
                        trial.hyperparameters.values["job"] not in won,
                        sign * trial.score,
                    )
                )
                return rivals[:num_trials]
        return []


def cost_model_for(
    space: SearchSpace, budget: Budget, cost_model: CostModel | None = None
) -> CostModel:
    """Returns a cost model that knows every cost that a budget limits.

    RAM and flash are known where they are limited.

    Args:
        space: What is searched.
        budget: The limits.
        cost_model: The user's; None makes one without a table.

    Raises:
        ValueError: If a limit needs a table and there is none, or none of its
            device.
    """
    cost_model = cost_model or CostModel(space)
    if budget.needs_memory and not cost_model.counts_memory:
        cost_model = dataclasses.replace(cost_model, counts_memory=True)
    if budget.needs_table and cost_model.table is None:
        raise ValueError(
            f"The limit, {budget}, needs a measured cost table: pass "
            "`cost_model=CostModel(space, CostTable.load(FILE))` with a file "
            "that nse_lut made, or what nse_tf.measured_costs makes of a space "
            "or a model here, or use nse_search, which measures one itself."
        )
    limited = (*budget.limits, *budget.floors)
    unknown = [name for name in limited if name not in cost_model.names]
    if unknown:
        raise ValueError(
            f"The limit {budget} is on {', '.join(unknown)}, which the cost "
            f"model does not know, but {', '.join(cost_model.names)}. Give "
            "it tables of all devices that are limited, as "
            "`CostModel(space, DeviceTables.of([CostTable.load(FILE), ...]))`."
        )
    return cost_model


def metrics_of(result: Result, objective: str = ACCURACY) -> dict[str, float]:
    """Returns the metrics that a trial shows; the result file is exact.

    Numbers that are not finite are left out: JSON lacks them.

    Args:
        result: Result of its job.
        objective: What the job's accuracies are; a name of
            `objectives.REPORTED`.
    """
    metrics = {"seconds": getattr(result, "seconds", 0.0)}
    if isinstance(result, ChildTrained):
        metrics["loss"] = result.losses[-1]
        metrics[objective] = result.validation_accuracy
    elif isinstance(result, ChildrenEvaluated):
        metrics[objective] = max(result.accuracies)
    return {k: v for k, v in metrics.items() if math.isfinite(v)}
