"""Does the jobs of a method one by one, without keras-tuner."""

from typing import Protocol

from nse_tf.costs import CostModel
from nse_tf.datasets import ImageData
from nse_tf.jobs import Job, Result
from nse_tf.methods import Done, Method, Wait
from nse_tf.methods.forecast import Forecast
from nse_tf.methods.formula_worker import FormulaWorker
from nse_tf.runs.run_folder import RunFolder
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.sealed_files import read_either, write_twice
from nse_tf.training.progress import Progress


class DoesJobs(Protocol):
    """What does jobs, as a `Worker` does."""

    def run(self, job: Job) -> Result:
        """Does a job."""


def finish(
    method: Method,
    space: SearchSpace,
    worker: DoesJobs,
    data: ImageData,
    folder: RunFolder,
    name: str,
) -> None:
    """Does all jobs of a method, and saves its state after each.

    Args:
        method: Resumes from the state that the folder has, if any.
        space: The space of its jobs.
        worker: Does the jobs.
        data: The worker's images.
        folder: Gets state and events.
        name: What all jobs together are called where their time is shown.

    Raises:
        SearchError: If the search cannot continue.
    """
    path = folder.path / "method.json"
    if path.exists():
        method.set_state(read_either(path))
    forecast = Forecast(
        method,
        FormulaWorker(CostModel(space)).run,
        len(data.train),
        len(data.validation),
    )
    waiting = list(method.out)
    with Progress.within(forecast.outlook, name):
        while True:
            job = waiting.pop(0) if waiting else method.ask()
            folder.log.append(method.history)
            if isinstance(job, Done | Wait):  # Every job is answered at once.
                return
            forecast.begin(job, job.id)
            result = worker.run(job)
            method.tell(job.id, result)
            forecast.end(job.id, job.id, result)
            write_twice(path, method.get_state())
