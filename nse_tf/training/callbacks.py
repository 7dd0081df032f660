"""What a worker is given by callers: latencies, and accuracies of files."""

from collections.abc import Callable, Sequence

import keras

from nse_tf.datasets import ImageData, ImageSet
from nse_tf.jobs import TrainChild

# Returns the latencies, in milliseconds, and file sizes, in bytes, of models,
# given also the precision, the number of threads, and the names of the classes.
Measurer = Callable[
    [Sequence[keras.Model], str, int, Sequence[str]],
    tuple[list[float], list[int]],
]
# Returns the tensor arenas on a microcontroller and the sizes, in bytes, of the
# int8 files of models, given also the names of the classes.
MemoryMeasurer = Callable[
    [Sequence[keras.Model], Sequence[str]], tuple[list[int], list[int]]
]
# Returns the accuracy of a model's .tflite file, given also the precision,
# images to calibrate with, images to evaluate on, and the objective that is
# told instead of the accuracy where it is another one.
FileEvaluator = Callable[[keras.Model, str, ImageSet, ImageSet, str], float]


def file_accuracy(
    evaluate: FileEvaluator | None,
    job: TrainChild,
    network: keras.Model,
    data: ImageData,
) -> float | None:
    """Returns the accuracy of the file that a job asks for, if it does.

    Raises:
        ValueError: If it does, and this worker cannot evaluate files.
    """
    if job.file is None:
        return None
    if evaluate is None:
        raise ValueError(
            f"Job {job.id!r} wants the accuracy of a {job.file} file, but "
            "this worker was given no `evaluate_file`."
        )
    return evaluate(
        network, job.file, data.train, data.validation, job.objective
    )
