"""Scores trials on shared weights instead of training each."""

import contextlib
import dataclasses
import errno
import logging
import os
from collections.abc import Iterator
from typing import Any

import keras
import keras_tuner
import numpy as np

from nse_tf.distribute.dealing import Engine
from nse_tf.distribute.identity import identity_of
from nse_tf.distribute.remote_worker import WorkerParts
from nse_tf.distribute.strategies import checked_strategy, num_replicas
from nse_tf.jobs import (
    ChildrenEvaluated,
    ChildTrained,
    EvaluateChildren,
    Job,
    Result,
    TrainChild,
)
from nse_tf.spaces import Genotype
from nse_tf.spaces.files import write_json
from nse_tf.spaces.sealed_files import require_intact
from nse_tf.training import ChildRecipe, SupernetRecipe, Worker, callbacks
from nse_tf.training.peers import Peers, is_multi_worker
from nse_tf.training.progress import Progress
from nse_tf.training.replica_worker import ReplicaWorker
from nse_tf.training.weight_files import LostWeightsError
from nse_tf.trials.base_tuner import BaseTuner
from nse_tf.trials.fit_arguments import read_fit_arguments
from nse_tf.trials.job_files import (
    finished_result,
    read_generation,
    read_job,
    read_result,
    write_result,
)
from nse_tf.trials.run_storage import ORACLE_FILE, TABLE, is_ours
from nse_tf.trials.unsupported_arguments import refuse_unmeant
from nse_tf.tuners.dealt_trials import deal_trials, require_engine_alone
from nse_tf.tuners.hypermodel_adapter import agreed_networks
from nse_tf.tuners.hyperparameters import declare, require_whole, values_of
from nse_tf.tuners.search_oracle import SearchOracle, metrics_of
from nse_tf.tuners.space_hypermodel import SpaceHyperModel
from nse_tf.tuners.teachers import require_fitting, teacher_for

LOGGER = logging.getLogger("nse_tf")


class SupernetTuner(BaseTuner):
    """Does the jobs of a `SearchOracle`; holds the supernet between trials.

    Args:
        oracle: Asks for jobs.
        hypermodel: What the oracle searches, once more: a space, a Keras model
            with `nse_tf.Choice` layers or a `SpaceHyperModel`. None takes it
            from the oracle.
        supernet_recipe: How shared weights are trained.
        child_recipe: How a child is trained alone.
        measure: Measures whole models, for budgets on latency or file size;
            see `training.Worker`.
        directory: Folder of all runs; see `keras_tuner.Tuner`.
        project_name: The run's folder in there; see `keras_tuner.Tuner`.
        overwrite: Whether to start over; see `keras_tuner.Tuner`.
        max_model_size: Has no use here; `refuse_unmeant` names what to give
            instead. So have the next three and `executions_per_trial`, unless
            they ask for what is done anyway.
        optimizer: See `max_model_size`.
        loss: See `max_model_size`.
        metrics: See `max_model_size`.
        distribution_strategy: Shares each batch of a training among devices, or
            among processes of which the first decides; see docs/workers.md.
        logger: See `keras_tuner.Tuner`, which ignores it with a warning.
        tuner_id: See `keras_tuner.Tuner`.
        executions_per_trial: See `max_model_size`.
        evaluate_file: Evaluates finalists as files; see `training.Worker`.
        measure_memory: The same for budgets on RAM or flash.
        teacher: File of who teaches, if the oracle's numbers name its SHA-256.

    Attributes:
        engine: Starts the workers that do the jobs, such as a `RayEngine`; None
            does them here, or as keras-tuner's variables say.
        later_seconds: What follows after the search, by a guess, which the time
            left is shown with.

    Raises:
        ValueError: If an argument has no use here, oracle and hypermodel are
            not of the same space, `hyperparameters` override its choices, or
            nobody can be taught by the teacher.
    """

    engine: Engine | None = None
    later_seconds: float = 0.0

    def __init__(
        self,
        oracle: SearchOracle,
        hypermodel: Any = None,
        supernet_recipe: SupernetRecipe | None = None,
        child_recipe: ChildRecipe | None = None,
        measure: callbacks.Measurer | None = None,
        directory: str | None = None,
        project_name: str | None = None,
        overwrite: bool = False,
        max_model_size: int | None = None,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        distribution_strategy: Any = None,
        logger: Any = None,
        tuner_id: str | None = None,
        executions_per_trial: int = 1,
        evaluate_file: callbacks.FileEvaluator | None = None,
        measure_memory: callbacks.MemoryMeasurer | None = None,
        teacher: str | os.PathLike[str] | None = None,
    ) -> None:
        refuse_unmeant(
            max_model_size=max_model_size,
            optimizer=optimizer,
            loss=loss,
            metrics=metrics,
            executions_per_trial=executions_per_trial,
        )
        self._networks = agreed_networks(oracle, hypermodel)
        self._space = oracle.space
        self._supernet_recipe = supernet_recipe or SupernetRecipe()
        self._child_recipe = child_recipe or ChildRecipe()
        self._space.skeleton.require_extras(self._child_recipe.extras)
        self._measure = measure
        self._evaluate_file = evaluate_file
        self._measure_memory = measure_memory
        self._strategy = checked_strategy(distribution_strategy)
        self._peers = Peers(self._strategy)
        self._own_identity: dict[str, Any] = {}
        self._worker: Worker | None = None
        self._disk_error: OSError | None = None
        if is_multi_worker(self._strategy):  # Others are amid what failed.
            oracle.max_retries_per_trial = 0
        self._settings = oracle.method.get_settings()
        settings, child = self._settings, self._child_recipe
        require_fitting(settings, self._networks, self._strategy, child)
        self._teacher = teacher_for(settings, teacher, self._space, child)
        self._child_epochs: int | None = None
        super().__init__(
            oracle,
            SpaceHyperModel(self._networks),
            directory=directory,
            project_name=project_name,
            overwrite=overwrite,
            logger=logger,
            tuner_id=tuner_id,
        )

    def _populate_initial_space(self) -> None:
        """Declares the space without building a model of it."""
        hp = self.oracle.get_space()
        require_whole(self._space, hp)
        declare(self._space, hp)
        self.oracle.update_space(hp)

    def search(
        self,
        x: Any,
        y: Any = None,
        *,
        validation_data: Any = None,
        verbose: int | str = 1,
        **fit: Any,
    ) -> None:
        """Searches; call it again after an interruption to resume.

        Args:
            x: Training images with `y`, or a pair of both, an `ImageSet`, or a
                finite `tf.data.Dataset` of (image, label). Pixels in 0..255,
                labels as integers.
            y: Labels, where `x` is an array of images.
            validation_data: The validation part, in any of the forms of `x`.
            verbose: 0 silences keras-tuner's own display.
            **fit: More arguments of `keras.Model.fit`: `validation_split` in
                place of `validation_data`; `epochs` of each child trained
                alone, and `callbacks` for these; `batch_size` and
                `class_weight` of all training.

        Raises:
            TypeError: If there is an argument that has no use here.
            ValueError: If images or labels do not fit the space.
            SearchError: If the search cannot continue.
        """
        given = read_fit_arguments(
            self._space.skeleton.num_classes,
            x,
            y,
            validation_data=validation_data,
            **fit,
        )
        if self.engine is not None:
            require_engine_alone(self._strategy)
        self._child_epochs = given.epochs
        recipes = given.recipes(self._supernet_recipe, self._child_recipe)
        parts = WorkerParts(
            space=self._space,
            networks=self._networks,
            data=given.data_for(self._space.skeleton),
            supernet_recipe=recipes[0],
            child_recipe=recipes[1],
            evaluate_file=self._evaluate_file,
            callbacks=given.callbacks,
            teacher=self._teacher,
        )
        if not self._peers.leads:
            ReplicaWorker(parts.trainings(self._strategy)).follow()
            return
        self._prepare(parts)
        super().search(verbose=verbose)

    def _search_here(self, *args: Any, **kwargs: Any) -> None:
        """Decides in this process, and works here or where the engine is."""
        if self.engine is None or self._worker is None:
            super()._search_here(*args, **kwargs)
            return
        self.oracle.verbose = kwargs.get("verbose", 1)
        self.on_search_begin()
        deal_trials(self, self.engine, self._parts, self._worker.run)
        self.on_search_end()

    def _prepare(self, parts: WorkerParts) -> None:
        """Makes the worker of a search, and what identifies the search."""
        self._parts = parts
        self._worker = parts.worker(
            self.folder,
            measure=self._measure,
            strategy=self._strategy,
            measure_memory=self._measure_memory,
        )
        identity = identity_of(
            self._space.fingerprint,
            parts.data,
            *(parts.supernet_recipe, parts.child_recipe),
            child_epochs=self._child_epochs,
            num_replicas=num_replicas(self._strategy),
            networks=self._networks,
        )
        self._own_identity = identity
        self._identity = {**identity, **self._settings}

    @contextlib.contextmanager
    def _deciding(self) -> Iterator[None]:
        """Locks the folder, and checks that it is that of the same run."""
        with self._peers.dismissed(), super()._deciding():
            self.oracle.claim(self._own_identity)
            data = self._parts.data
            sizes = len(data.train), len(data.validation)
            self.oracle.rehearse(*sizes, self.later_seconds)
            with Progress.within(self.oracle.outlook):
                yield

    def on_search_begin(self) -> None:
        """Marks the folder as this run's before the first job writes to it."""
        super().on_search_begin()
        if not self._is_worker():
            write_json(self.folder / "tuner0.json", self.get_state())
            self.save()

    def save(self) -> None:
        """Commits what happened, whole or not at all."""
        if not self._is_worker():
            self.oracle.save()

    def reload(self) -> None:
        """Resumes from the run's files, if there are any of this package."""
        if not self._is_worker():
            self.oracle.reload()
        self._populate_initial_space()

    def _get_tuner_fname(self) -> str:
        """Returns the file that exists if there is a run to resume.

        That is the results table, for every process of a run, or the file
        beside it that says that there was one. Where only keras-tuner's own
        file is found, the project is of another kind, which `reload` refuses.
        """
        for name in (TABLE, ORACLE_FILE):
            path = self.folder / name
            if path.exists() and is_ours(self.folder):
                return str(path)
        return super()._get_tuner_fname()

    def run_trial(
        self, trial: keras_tuner.engine.trial.Trial, *args: Any, **kwargs: Any
    ) -> dict[str, float]:
        """Does the trial's job and returns what to show of its result."""
        del args, kwargs
        if self._worker is None:
            raise keras_tuner.errors.FatalValueError(
                "Call `search`, which provides the images."
            )
        values = trial.hyperparameters.values
        reference = finished_result(self.folder, values["job"])
        if reference is None:
            job = read_job(self.folder, values["job"])
            result = self._done(self._worker, self.replaced(job))
            reference = write_result(self.folder, values["job"], result)
        return self.shown(trial, reference)

    def shown(
        self, trial: keras_tuner.engine.trial.Trial, reference: str
    ) -> dict[str, float]:
        """Lets a trial refer to its result; returns what to show of that."""
        values = trial.hyperparameters.values
        values["result"] = reference
        result = read_result(self.folder, reference)
        if isinstance(result, ChildrenEvaluated):
            best = self._best_child(
                read_generation(self.folder, values["job"]), result
            )
            values |= values_of(self._space, best)
        return metrics_of(result, self.oracle.objective.name)

    def replaced(self, job: Job) -> Job:
        """Returns the job, with the number of epochs given to `search`."""
        if isinstance(job, TrainChild) and self._child_epochs is not None:
            return dataclasses.replace(job, epochs=self._child_epochs)
        return job

    def _done(self, worker: Worker, job: Job) -> Result:
        """Returns the result of a job; trains weights again that were lost."""
        try:
            return worker.run(job)
        except LostWeightsError as lost:
            if lost.job_id == job.id:
                raise
            LOGGER.warning("%s They are trained again.", lost)
            self._done(worker, read_job(self.folder, lost.job_id))
            return worker.run(job)

    def _run_and_update_trial(
        self, trial: keras_tuner.engine.trial.Trial, *args: Any, **kwargs: Any
    ) -> None:
        """Reports metrics as they are: not every job has the objective.

        A full disk is no fault of the job, which is not reported as failed: the
        search ends, and does the job when it is started again.
        """
        try:
            metrics = self.run_trial(trial, *args, **kwargs)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                self._disk_error = error
            raise
        self.oracle.update_trial(trial.trial_id, metrics)

    def _try_run_and_update_trial(
        self, trial: keras_tuner.engine.trial.Trial, *args: Any, **kwargs: Any
    ) -> None:
        """Ends the search where keras-tuner would record a failed trial."""
        super()._try_run_and_update_trial(trial, *args, **kwargs)
        if self._disk_error is not None:
            raise self._disk_error

    def load_model(self, trial: keras_tuner.engine.trial.Trial) -> keras.Model:
        """Returns the model of a trial, of stock layers.

        A child trained alone is returned as it was trained; of an evaluated
        generation, the best child with inherited weights, as it was evaluated.

        Raises:
            ValueError: If the trial has no model.
        """
        values = trial.hyperparameters.values
        result = read_result(self.folder, values.get("result", ""))
        if isinstance(result, ChildTrained):
            require_intact(self.folder / result.model_file, result.model_sha256)
            return keras.saving.load_model(self.folder / result.model_file)
        if not isinstance(result, ChildrenEvaluated):
            raise ValueError(
                f"Trial {trial.trial_id!r} did the job {values['job']!r}, "
                "which leaves no model of one network."
            )
        if self._worker is None:
            raise ValueError(
                "No child was trained alone yet, and the supernet is not "
                "loaded: call `search` first, which resumes where it stopped."
            )
        job = read_generation(self.folder, values["job"])
        return self._worker.evaluator().child(
            self._best_child(job, result), job.calibration_images
        )

    def _best_child(
        self, job: EvaluateChildren, result: ChildrenEvaluated
    ) -> Genotype:
        """Returns the child of a generation that did best."""
        best = job.children[int(np.argmax(result.accuracies))]
        return Genotype(best, self._space.fingerprint)
