"""Does the jobs of a method one by one, without keras-tuner."""

from nse_tf.methods import Done, Method, Wait
from nse_tf.runs.run_folder import RunFolder
from nse_tf.spaces.sealed_files import read_either, write_twice
from nse_tf.training import Worker


def finish(method: Method, worker: Worker, folder: RunFolder) -> None:
    """Does all jobs of a method, and saves its state after each.

    Args:
        method: Resumes from the state that the folder has, if any.
        worker: Does the jobs.
        folder: Gets state and events.

    Raises:
        SearchError: If the search cannot continue.
    """
    path = folder.path / "method.json"
    if path.exists():
        method.set_state(read_either(path))
    waiting = list(method.out)
    while True:
        job = waiting.pop(0) if waiting else method.ask()
        folder.log.append(method.history)
        if isinstance(job, Done | Wait):  # Every job is answered at once.
            return
        method.tell(job.id, worker.run(job))
        write_twice(path, method.get_state())
