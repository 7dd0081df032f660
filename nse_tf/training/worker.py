"""Turns a job into a result."""

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from nse_tf.datasets import ImageData
from nse_tf.jobs import (
    EvaluateChildren,
    Job,
    MeasureChildren,
    Result,
    TrainChild,
    TrainSupernet,
)
from nse_tf.spaces import SearchSpace
from nse_tf.supernet import Networks, WeightSharing, networks_of_space
from nse_tf.training import handlers
from nse_tf.training.callbacks import (
    FileEvaluator,
    Measurer,
    MemoryMeasurer,
)
from nse_tf.training.evaluation import ChildEvaluator
from nse_tf.training.held_supernet import HeldSupernet
from nse_tf.training.mixed_precision import say_if_slow
from nse_tf.training.peers import Peers
from nse_tf.training.recipes import ChildRecipe, SupernetRecipe
from nse_tf.training.teaching import TeacherFile
from nse_tf.training.trainings import Trainings
from nse_tf.training.weight_files import WeightFiles

HANDLERS: Mapping[type[Any], Callable[..., Result]] = {
    TrainSupernet: handlers.train_supernet,
    EvaluateChildren: handlers.evaluate_children,
    MeasureChildren: handlers.measure_children,
    TrainChild: handlers.train_child,
}


class Worker:
    """Does jobs on one machine; holds the supernet between them.

    Args:
        space: The full space of the search.
        data: Training, validation and test images; the test part is not looked
            at here.
        folder: Where checkpoints and trained children go, the run's folder.
        supernet_recipe: How shared weights are trained.
        child_recipe: How a child is trained alone.
        measure: See `callbacks`; None where no job asks for it.
        evaluate_file: See `callbacks`; None where no job asks for it.
        measure_memory: See `callbacks`; None where no job asks for it.
        checkpoint_seconds: Least time between two checkpoints of a training;
            its end is always kept.
        networks: Makes the networks of the space; our own layers' if None.
        callbacks: Watch each child that is trained alone; see `EpochCallbacks`.
        strategy: Shares each batch of a training among devices; None trains on
            one. Evaluating and measuring stay with one.
        teacher: The file of who teaches children, for jobs that name it.
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
        measure_memory: MemoryMeasurer | None = None,
        teacher: TeacherFile | None = None,
    ) -> None:
        trainings = Trainings(
            space=space,
            networks=networks or networks_of_space(space),
            data=data,
            supernet_recipe=supernet_recipe,
            child_recipe=child_recipe,
            strategy=strategy,
            teacher=teacher,
        )
        say_if_slow(child_recipe.compute)
        peers = Peers(strategy)
        self.weights = WeightFiles(folder / "supernet")
        self._held = HeldSupernet(trainings, self.weights, peers)
        self._context = handlers.WorkerContext(
            trainings=trainings,
            folder=folder,
            held=self._held,
            children=WeightFiles(folder / "children"),
            peers=peers,
            measure=measure,
            measure_memory=measure_memory,
            evaluate_file=evaluate_file,
            callbacks=callbacks,
            checkpoint_seconds=checkpoint_seconds,
        )

    def run(self, job: Job) -> Result:
        """Does a job.

        Raises:
            ValueError: If the job does not fit the space or the folder, wants a
                supernet that was never trained, or trains one that diverges.
            LostWeightsError: If it builds on weights whose file is gone: do
                the job that it names again, then this one.
        """
        return HANDLERS[type(job)](self._context, job)

    def supernet(self, reference: str | None = None) -> WeightSharing:
        """Returns the supernet as last trained, or as a reference names it.

        Raises:
            LostWeightsError: If the file of those weights is gone.
            ValueError: If none was trained in this run's folder.
        """
        return self._held.supernet(reference)

    def evaluator(self, reference: str | None = None) -> ChildEvaluator:
        """Returns what evaluates children of a supernet; see `supernet`."""
        return self._held.evaluator(reference)
