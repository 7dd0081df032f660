"""Turns a job into a result."""

import pathlib
import time
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from nse_tf.datasets import ImageData
from nse_tf.jobs import (
    ChildrenEvaluated,
    ChildrenMeasured,
    ChildTrained,
    EvaluateChildren,
    Job,
    MeasureChildren,
    Result,
    SupernetTrained,
    TrainChild,
    TrainSupernet,
    job_to_json,
)
from nse_tf.spaces import SearchSpace
from nse_tf.supernet import (
    BranchSupernet,
    Networks,
    WeightSharing,
    networks_of_space,
)
from nse_tf.training.angle_sums import as_tuples
from nse_tf.training.branch_trainer import branch_supernet
from nse_tf.training.callbacks import FileEvaluator, Measurer, file_accuracy
from nse_tf.training.checkpointing import after_epoch
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.child_trainer import accuracy
from nse_tf.training.config_digests import (
    config_digest_of,
    require_config_digest,
)
from nse_tf.training.epoch_callbacks import EpochCallbacks
from nse_tf.training.evaluation import ChildEvaluator
from nse_tf.training.peers import Peers
from nse_tf.training.progress import Progress
from nse_tf.training.recipes import ChildRecipe, SupernetRecipe
from nse_tf.training.replica_worker import MAKE
from nse_tf.training.supernet_trainer import SupernetTrainer
from nse_tf.training.trainings import Trainings
from nse_tf.training.weight_files import WeightFiles, save_model


class Worker:
    """Does jobs on one machine; holds the supernet between them.

    Args:
        space: The full space of the search.
        data: Training, validation and test images; the test part is not looked
            at here.
        folder: Where checkpoints and trained children go, the run's folder.
        supernet_recipe: How shared weights are trained.
        child_recipe: How a child is trained alone.
        measure: See `judges`; None where no job asks for it.
        evaluate_file: See `judges`; None where no job asks for it.
        checkpoint_seconds: Least time between two checkpoints of a training;
            its end is always kept.
        networks: Makes the networks of the space; our own layers' if None.
        callbacks: Watch each child that is trained alone; see `EpochCallbacks`.
        strategy: Shares each batch of a training among devices; None trains on
            one. Judging and measuring stay with one.
    """

    def __init__(
        self,
        space: SearchSpace,
        data: ImageData,
        folder: pathlib.Path,
        supernet_recipe: SupernetRecipe,
        child_recipe: ChildRecipe,
        measure: Measurer | None = None,
        checkpoint_seconds: float = 60.0,
        networks: Networks | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        strategy: tf.distribute.Strategy | None = None,
        evaluate_file: FileEvaluator | None = None,
    ) -> None:
        self._space = space
        self._networks = networks or networks_of_space(space)
        self._data = data
        self._folder = folder
        self._trainings = Trainings(
            space,
            self._networks,
            data,
            supernet_recipe,
            child_recipe,
            strategy,
        )
        self._peers = Peers(strategy)
        self._measure = measure
        self._evaluate_file = evaluate_file
        self._callbacks = callbacks
        self._checkpoint_seconds = checkpoint_seconds
        self.weights = WeightFiles(folder / "supernet")
        self._children = WeightFiles(folder / "children")
        self._trainer: SupernetTrainer | None = None
        self._supernet: WeightSharing | None = None
        self._trained = ""
        self._evaluator: ChildEvaluator | None = None

    def run(self, job: Job) -> Result:
        """Does a job.

        Raises:
            ValueError: If the job does not fit the space or the folder, wants a
                supernet that was never trained, or trains one that diverges.
            LostWeightsError: If it builds on weights whose file is gone: do
                the job that it names again, then this one.
        """
        started = time.monotonic()
        match job:
            case TrainSupernet(only_active=True):
                return self._train_branches(job, started)
            case TrainSupernet():
                return self._train_supernet(job, started)
            case EvaluateChildren():
                return self._evaluate_children(job, started)
            case MeasureChildren():
                return self._measure_children(job, started)
            case TrainChild():
                return self._train_child(job, started)

    def supernet(self, reference: str | None = None) -> WeightSharing:
        """Returns the supernet as last trained, or as a reference names it.

        Raises:
            LostWeightsError: If the file of those weights is gone.
            ValueError: If none was trained in this run's folder.
        """
        known = self._trained and reference in (None, self._trained)
        if self._supernet is None or not known:
            kept = self._kept(reference)
            if kept.active:
                return self._hold_branches(
                    branch_supernet(self._space, kept), kept
                )
            trainer = self._trainer or self._new_trainer()
            self._trainer, self._trained = None, ""  # Until it is whole.
            trainer.restore(kept)
            return self._hold(trainer, kept)
        return self._supernet

    def evaluator(self, reference: str | None = None) -> ChildEvaluator:
        """Returns what judges children of a supernet; see `supernet`."""
        supernet = self.supernet(reference)
        if self._evaluator is None or self._evaluator.supernet is not supernet:
            self._evaluator = ChildEvaluator(
                supernet,
                self._data.train,
                self._data.validation,
            )
        return self._evaluator

    def _new_trainer(self, num_cells: int | None = None) -> SupernetTrainer:
        self._peers.tell([MAKE, num_cells])
        return self._trainings.supernet_trainer(num_cells)

    def _hold(
        self, trainer: SupernetTrainer, weights: Checkpoint
    ) -> WeightSharing:
        """Keeps a trainer for the next jobs; returns what children inherit of.

        That is a copy on one device, where the training has several.
        """
        self._trainer = trainer
        self._trained = f"{weights.job_id}#{weights.digest}"
        if self._trainings.strategy is None:
            self._supernet = trainer.supernet
        else:
            self._supernet = self._supernet or self._networks.supernet()
            weights.assign_to(self._supernet.variables)
        return self._supernet

    def _hold_branches(
        self, supernet: BranchSupernet, weights: Checkpoint
    ) -> WeightSharing:
        """Keeps multi-branch cells for the next jobs; returns them."""
        self._trainer, self._supernet = None, supernet
        self._trained = f"{weights.job_id}#{weights.digest}"
        return supernet

    def _kept(self, reference: str | None) -> Checkpoint:
        """Returns weights that this process or another kept."""
        reference = reference or self.weights.latest()
        if reference is None:
            raise ValueError(
                f"No supernet was trained in {self._folder}: there are no "
                "weights in supernet/."
            )
        return self.weights.load_finished(reference)

    def _train_supernet(
        self, job: TrainSupernet, started: float
    ) -> SupernetTrained:
        config_digest = config_digest_of(self._trainings, job)
        trainer = self._trainer if job.num_cells is None else None
        trainer = trainer or self._new_trainer(job.num_cells)
        # Until it is done: half-way weights are no one's.
        self._trainer, self._trained = None, ""
        self._prepare(trainer, job, config_digest)
        self._peers.tell(job_to_json(job))
        self._peers.send(lambda: trainer.checkpoint(job.id, config_digest))
        self._train(trainer, job, config_digest)
        weights = trainer.checkpoint(job.id, config_digest)
        self.weights.keep(weights, is_finished=True)
        if job.num_cells is None:  # Of fewer cells, no child inherits.
            self._hold(trainer, weights)
        sums = trainer.angle_sums()
        return SupernetTrained(
            losses=tuple(trainer.losses),
            angle_sums=as_tuples(sums.candidates),
            backbone_sums=as_tuples(sums.backbone),
            seconds=time.monotonic() - started,
            weights_sha256=weights.digest,
            unit_sums=as_tuples(sums.unit_candidates),
            architecture=trainer.architecture.trained(job.active)
            if trainer.architecture
            else None,
        )

    def _train_branches(
        self, job: TrainSupernet, started: float
    ) -> SupernetTrained:
        config_digest = config_digest_of(self._trainings, job)
        trainer = self._trainings.branch_trainer(job)
        self._trained = ""
        kept = self.weights.load(job.id)
        if kept is not None:
            require_config_digest(kept, job, config_digest)
            trainer.restore(kept)
        with Progress(
            f"training multi-branch cells ({job.id})",
            job.epochs,
            "epochs",
            done=len(trainer.losses),
        ) as bar:
            trainer.train_on(
                self._after_epoch(
                    bar,
                    self.weights,
                    lambda: trainer.checkpoint(job.id, config_digest),
                )
            )
        weights = trainer.checkpoint(job.id, config_digest)
        self.weights.keep(weights, is_finished=True)
        self._hold_branches(trainer.supernet, weights)
        return trainer.result(time.monotonic() - started, weights.digest)

    def _prepare(
        self, trainer: SupernetTrainer, job: TrainSupernet, config_digest: str
    ) -> None:
        """Brings a trainer to where the job starts, or was broken off.

        Whatever goes on does so from the file, so that a process that was
        started again and one that was not train the same.
        """
        kept = self.weights.load(job.id)
        if kept is not None:
            require_config_digest(kept, job, config_digest)
            trainer.restore(kept)
        elif job.start.source == "fresh":
            trainer.start_over(job.seed)
        else:
            kept = self._kept(job.start.weights)
            trainer.restore(self._trainings.start_weights(trainer, job, kept))
            trainer.losses = []
            if job.base == "reset":
                trainer.base = trainer.kernels()

    def _train(
        self, trainer: SupernetTrainer, job: TrainSupernet, config_digest: str
    ) -> None:
        """Trains to the job's last epoch, with checkpoints on the way."""
        with Progress(
            f"training the supernet ({job.id})",
            job.epochs,
            "epochs",
            done=len(trainer.losses),
        ) as bar:
            self._trainings.train_supernet(
                trainer,
                job,
                self._after_epoch(
                    bar,
                    self.weights,
                    lambda: trainer.checkpoint(job.id, config_digest),
                ),
            )

    def _after_epoch(
        self,
        bar: Progress,
        files: WeightFiles,
        checkpoint: Callable[[], Checkpoint],
    ) -> Callable[[float], None]:
        return after_epoch(bar, files, checkpoint, self._checkpoint_seconds)

    def _evaluate_children(
        self, job: EvaluateChildren, started: float
    ) -> ChildrenEvaluated:
        evaluator = self.evaluator(job.supernet)
        found: list[float] = []
        with Progress(
            f"evaluating children ({job.id})", len(job.children), "children"
        ) as bar:
            for genes in job.children:
                found += evaluator.accuracies(
                    [self._trainings.genotype(genes)], job.calibration_images
                )
                bar.advance(accuracy=found[-1])
        return ChildrenEvaluated(
            accuracies=tuple(found), seconds=time.monotonic() - started
        )

    def _measure_children(
        self, job: MeasureChildren, started: float
    ) -> ChildrenMeasured:
        if self._measure is None:
            raise ValueError(
                f"Job {job.id!r} wants children measured, but this worker was "
                "given no `measure`."
            )
        models = [
            self._networks.child(self._trainings.genotype(genes), fast=False)
            for genes in job.children
        ]
        latencies_ms, sizes_bytes = self._measure(
            models, job.precision, job.num_threads
        )
        return ChildrenMeasured(
            latencies_ms=tuple(latencies_ms),
            sizes_bytes=tuple(sizes_bytes),
            seconds=time.monotonic() - started,
        )

    def _train_child(self, job: TrainChild, started: float) -> ChildTrained:
        self._peers.tell(job_to_json(job))
        child, trainer = self._trainings.child_trainer(job)
        config_digest = config_digest_of(self._trainings, job)
        kept = self._children.load(job.id)
        if kept is not None:
            require_config_digest(kept, job, config_digest)
            trainer.restore(kept)

        def checkpoint() -> Checkpoint:
            return trainer.checkpoint(
                job.id, config_digest, self._space.fingerprint
            )

        self._peers.send(checkpoint)
        watch = EpochCallbacks(
            self._callbacks,
            child,
            self._data.validation,
            job.epochs,
            first_epoch=len(trainer.losses),
        )
        with Progress(
            f"training one child alone ({job.id})",
            job.epochs,
            "epochs",
            done=len(trainer.losses),
        ) as bar:
            keep = self._after_epoch(bar, self._children, checkpoint)

            def after_epoch(loss: float) -> bool:
                keep(loss)
                return self._peers.agreed(watch.after_epoch(loss))

            trainer.train(job.epochs, job.seed, after_epoch)
        watch.end()
        stock = self._networks.with_stock_layers(
            self._trainings.genotype(job.child), child
        )
        found = (
            job.inherited_accuracy
            if job.uses_validation
            else accuracy(stock, self._data.validation)
        )
        model_file = pathlib.Path("children") / f"{job.id}.keras"
        digest = save_model(stock, self._folder / model_file)
        self._children.drop_partial(job.id)
        return ChildTrained(
            losses=tuple(trainer.losses),
            validation_accuracy=found,
            model_file=str(model_file),
            model_sha256=digest,
            seconds=time.monotonic() - started,
            file_accuracy=file_accuracy(
                self._evaluate_file, job, stock, self._data
            ),
        )
