"""Turns a job into a result."""

import dataclasses
import hashlib
import json
import math
import pathlib
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence

import keras

from nse_tf.datasets import ImageData, joined
from nse_tf.jobs import (
    ChildrenEvaluated,
    ChildrenMeasured,
    ChildTrained,
    EvaluateChildren,
    Genes,
    Job,
    MeasureChildren,
    Result,
    SupernetTrained,
    TrainChild,
    TrainSupernet,
    job_to_json,
)
from nse_tf.sampling import UniformSampler
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.spaces.files import write_bytes
from nse_tf.supernet import ChainNetworks, Networks, WeightSharing
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.evaluation import ChildEvaluator
from nse_tf.training.progress import Progress
from nse_tf.training.recipes import ChildRecipe, SupernetRecipe
from nse_tf.training.subnet_trainer import ChildTrainer, accuracy
from nse_tf.training.supernet_trainer import SupernetTrainer
from nse_tf.training.watching import Watch
from nse_tf.training.weight_files import WeightFiles

Measurer = Callable[
    [Sequence[keras.Model], str, int], tuple[list[float], list[int]]
]


class Worker:
    """Does jobs on one machine; holds the supernet between them.

    Args:
        space: The full space of the search.
        data: Training, validation and test images; the test part is not looked
            at here.
        folder: Where checkpoints and trained children go, the run's folder.
        supernet_recipe: How shared weights are trained.
        child_recipe: How a child is trained alone.
        measure: Returns the latencies, in milliseconds, and file sizes, in
            bytes, of models, given also the precision and the number of
            threads. None where no job asks for it.
        checkpoint_seconds: Least time between two checkpoints of a training;
            its end is always kept.
        networks: Makes the networks of the space; those of a chain if None.
        callbacks: Watch each child that is trained alone; see `Watch`.
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
    ) -> None:
        self._space = space
        self._networks = networks or ChainNetworks(space)
        self._data = data
        self._folder = folder
        self._supernet_recipe = supernet_recipe
        self._child_recipe = child_recipe
        self._measure = measure
        self._callbacks = callbacks
        self._checkpoint_seconds = checkpoint_seconds
        self.weights = WeightFiles(folder / "supernet")
        self._children = WeightFiles(folder / "children")
        self._trainer: SupernetTrainer | None = None
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
        if self._trainer is None or reference not in (None, self._trained):
            kept = self._kept(reference)
            trainer = self._trainer or self._new_trainer()
            self._trainer = None  # Until it is whole.
            trainer.restore(kept)
            self._hold(trainer, kept)
            return trainer.supernet
        return self._trainer.supernet

    def evaluator(self, reference: str | None = None) -> ChildEvaluator:
        """Returns what judges children of a supernet; see `supernet`."""
        supernet = self.supernet(reference)
        if self._evaluator is None or self._evaluator.supernet is not supernet:
            self._evaluator = ChildEvaluator(
                supernet,
                self._data.train,
                self._data.validation,
                cut_out=self._networks.cut_out,
            )
        return self._evaluator

    def _new_trainer(self) -> SupernetTrainer:
        return SupernetTrainer(
            self._networks.supernet(), self._supernet_recipe, self._data.train
        )

    def _hold(self, trainer: SupernetTrainer, weights: Checkpoint) -> None:
        """Keeps a trainer for the next jobs, and whose weights it has."""
        self._trainer = trainer
        self._trained = f"{weights.job_id}#{weights.digest}"

    def _kept(self, reference: str | None) -> Checkpoint:
        """Returns weights that this process or another kept."""
        reference = reference or self.weights.latest()
        if reference is None:
            raise ValueError(
                f"No supernet was trained in {self._folder}: there are no "
                "weights in supernet/."
            )
        return self.weights.load_finished(reference)

    def _origin(self, job: TrainSupernet | TrainChild) -> str:
        """Returns a digest of all that decides how a training goes."""
        recipe = (
            self._supernet_recipe
            if isinstance(job, TrainSupernet)
            else self._child_recipe
        )
        origin = [
            job_to_json(job),
            dataclasses.asdict(recipe),
            self._space.fingerprint,
            self._data.fingerprint(),
        ]
        return hashlib.sha256(json.dumps(origin).encode()).hexdigest()

    def _train_supernet(
        self, job: TrainSupernet, started: float
    ) -> SupernetTrained:
        origin = self._origin(job)
        trainer = self._trainer or self._new_trainer()
        self._trainer = None  # Until it is done: half-way weights are no one's.
        self._prepare(trainer, job, origin)
        self._train(trainer, job, origin)
        weights = trainer.checkpoint(job.id, origin)
        self.weights.keep(weights, is_finished=True)
        self._hold(trainer, weights)
        candidates, fixed = trainer.angle_sums()
        return SupernetTrained(
            tuple(trainer.losses),
            tuple(
                tuple((a, b, c) for a, b, c in place)
                for place in candidates.tolist()
            ),
            (float(fixed[0]), float(fixed[1]), float(fixed[2])),
            time.monotonic() - started,
            weights.digest,
        )

    def _prepare(
        self, trainer: SupernetTrainer, job: TrainSupernet, origin: str
    ) -> None:
        """Brings a trainer to where the job starts, or was broken off.

        Whatever goes on does so from the file, so that a process that was
        started again and one that was not train the same.
        """
        if job.start_from != "fresh" and job.base == "initial":
            raise ValueError(
                f"Job {job.id!r} starts from the previous weights, so the "
                "initial ones are gone: `base` must be 'previous' or 'reset'."
            )
        kept = self.weights.load(job.id)
        if kept is not None:
            _require_origin(kept, job, origin)
            trainer.restore(kept)
        elif job.start_from == "fresh":
            trainer.start_over(job.seed)
        else:
            trainer.restore(self._kept(job.previous))
            trainer.losses = []
            if job.base == "reset":
                trainer.base = trainer.kernels()

    def _train(
        self, trainer: SupernetTrainer, job: TrainSupernet, origin: str
    ) -> None:
        """Trains to the job's last epoch, with checkpoints on the way."""
        with Progress(
            f"training the supernet ({job.id})",
            job.epochs,
            "epochs",
            done=len(trainer.losses),
        ) as bar:
            trainer.train(
                UniformSampler(self._space.restrict(job.active)),
                job.epochs,
                job.learning_rates,
                job.seed,
                zlib.crc32(job.id.encode()),
                self._after_epoch(
                    bar,
                    self.weights,
                    lambda: trainer.checkpoint(job.id, origin),
                ),
            )

    def _after_epoch(
        self,
        bar: Progress,
        files: WeightFiles,
        checkpoint: Callable[[], Checkpoint],
    ) -> Callable[[float], None]:
        """Returns what advances a bar, and keeps a checkpoint when it is time.

        The first comes after the first epoch: it shows early that the disk
        takes it.
        """
        saved = -math.inf

        def after_epoch(loss: float) -> None:
            nonlocal saved
            bar.advance(loss=loss)
            if time.monotonic() - saved >= self._checkpoint_seconds:
                files.keep(checkpoint(), is_finished=False)
                saved = time.monotonic()

        return after_epoch

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
                    [self._genotype(genes)], job.calibration_images
                )
                bar.advance(accuracy=found[-1])
        return ChildrenEvaluated(tuple(found), time.monotonic() - started)

    def _measure_children(
        self, job: MeasureChildren, started: float
    ) -> ChildrenMeasured:
        if self._measure is None:
            raise ValueError(
                f"Job {job.id!r} wants children measured, but this worker was "
                "given no `measure`."
            )
        models = [
            self._networks.child(self._genotype(genes), fast=False)
            for genes in job.children
        ]
        latencies_ms, sizes_bytes = self._measure(
            models, job.precision, job.num_threads
        )
        return ChildrenMeasured(
            tuple(latencies_ms), tuple(sizes_bytes), time.monotonic() - started
        )

    def _train_child(self, job: TrainChild, started: float) -> ChildTrained:
        genotype = self._genotype(job.child)
        recipe = self._child_recipe
        child = self._networks.child(
            genotype, seed=job.seed, dropout=recipe.dropout
        )
        images = self._data.train
        if job.uses_validation:
            images = joined(images, self._data.validation)
        trainer = ChildTrainer(child, images, recipe)
        origin = self._origin(job)
        kept = self._children.load(job.id)
        if kept is not None:
            _require_origin(kept, job, origin)
            trainer.restore(kept)
        watch = Watch(
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
            keep = self._after_epoch(
                bar,
                self._children,
                lambda: trainer.checkpoint(
                    job.id, origin, self._space.fingerprint
                ),
            )

            def after_epoch(loss: float) -> bool:
                keep(loss)
                return watch.after_epoch(loss)

            trainer.train(job.epochs, job.seed, after_epoch)
        watch.end()
        stock = self._networks.with_stock_layers(genotype, child)
        found = (
            job.inherited_accuracy
            if job.uses_validation
            else accuracy(stock, self._data.validation)
        )
        model_file = pathlib.Path("children") / f"{job.id}.keras"
        digest = _save_model(stock, self._folder / model_file)
        self._children.drop_partial(job.id)
        return ChildTrained(
            tuple(trainer.losses),
            found,
            str(model_file),
            digest,
            time.monotonic() - started,
        )

    def _genotype(self, genes: Genes) -> Genotype:
        return self._space.require(Genotype(genes, self._space.fingerprint))


def _require_origin(
    kept: Checkpoint, job: TrainSupernet | TrainChild, origin: str
) -> None:
    """Refuses the checkpoint of another training.

    Raises:
        ValueError: If it is another's.
    """
    if kept.origin != origin:
        raise ValueError(
            f"The folder holds a checkpoint of a job of the same id, "
            f"{job.id!r}, but with other numbers, images or recipe. Use "
            "another folder."
        )


def _save_model(model: keras.Model, path: pathlib.Path) -> str:
    """Writes a model whole or not at all; returns the file's SHA-256."""
    with tempfile.TemporaryDirectory() as folder:
        temporary = pathlib.Path(folder) / path.name
        model.save(temporary)
        content = temporary.read_bytes()
    write_bytes(path, content)
    return hashlib.sha256(content).hexdigest()
