"""What the handlers of one worker share."""

import dataclasses
import pathlib
from collections.abc import Callable, Sequence

import keras

from nse_tf.training.callbacks import (
    FileEvaluator,
    Measurer,
    MemoryMeasurer,
)
from nse_tf.training.checkpointing import after_epoch
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.held_supernet import HeldSupernet
from nse_tf.training.peers import Peers
from nse_tf.training.progress import Progress
from nse_tf.training.trainings import Trainings
from nse_tf.training.weight_files import WeightFiles


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorkerContext:
    """A worker's means, from job to job.

    Attributes:
        trainings: All that decides a training but its job.
        folder: The run's folder.
        held: The supernet between jobs, and its weights' files.
        children: Where checkpoints of children lie.
        peers: The other processes of a multi-worker strategy.
        measure: Measures children; None where no job asks for it.
        measure_memory: The same for RAM and flash of a microcontroller.
        evaluate_file: Evaluates `.tflite` files; None where no job asks for it.
        callbacks: Watch each child that is trained alone.
        checkpoint_seconds: Least time between two checkpoints of a training.
    """

    trainings: Trainings
    folder: pathlib.Path
    held: HeldSupernet
    children: WeightFiles
    peers: Peers
    measure: Measurer | None
    measure_memory: MemoryMeasurer | None
    evaluate_file: FileEvaluator | None
    callbacks: Sequence[keras.callbacks.Callback]
    checkpoint_seconds: float

    def after_epoch(
        self,
        bar: Progress,
        files: WeightFiles,
        checkpoint: Callable[[], Checkpoint],
    ) -> Callable[[float], None]:
        """Returns what happens after each epoch of a training.

        Args:
            bar: Advances.
            files: Where checkpoints go.
            checkpoint: Makes one.
        """
        return after_epoch(bar, files, checkpoint, self.checkpoint_seconds)
