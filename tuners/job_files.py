"""Jobs and results as files in the run's folder, which all workers share.

keras-tuner's wire rounds metrics to float32 and takes no lists, so a trial
carries names of files, and the file a hash.
"""

import hashlib
import json
import pathlib

from nse_tf.jobs import (
    Job,
    Result,
    job_from_json,
    job_to_json,
    result_from_json,
    result_to_json,
)
from nse_tf.spaces.files import write_json


def write_job(folder: pathlib.Path, job: Job) -> None:
    """Writes a job where a worker will look for it."""
    write_json(folder / "jobs" / f"{job.id}.json", job_to_json(job))


def read_job(folder: pathlib.Path, job_id: str) -> Job:
    """Returns the job of that id.

    Raises:
        ValueError: If there is no such job in the folder.
    """
    path = folder / "jobs" / f"{job_id}.json"
    if not path.exists():
        raise ValueError(
            f"There is no job file {path}. Chief and workers must share the "
            "run's folder."
        )
    return job_from_json(json.loads(path.read_text()))


def write_result(folder: pathlib.Path, job_id: str, result: Result) -> str:
    """Writes a result; returns the reference that the trial carries."""
    path = folder / "results" / f"{job_id}.json"
    write_json(path, result_to_json(result))
    return f"{job_id}#{hashlib.sha256(path.read_bytes()).hexdigest()}"


def read_result(folder: pathlib.Path, reference: str) -> Result:
    """Returns the result that a trial refers to.

    Raises:
        ValueError: If the file is missing or is not what was written.
    """
    job_id, _, digest = reference.partition("#")
    path = folder / "results" / f"{job_id}.json"
    if not path.exists():
        raise ValueError(f"There is no result file {path}.")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(
            f"{path} is not the file that its trial refers to. Start the "
            "search anew in another folder."
        )
    return result_from_json(json.loads(content))


def finished_result(folder: pathlib.Path, job_id: str) -> str | None:
    """Returns the reference of a result that a killed run left, if any."""
    path = folder / "results" / f"{job_id}.json"
    if not path.exists():
        return None
    return f"{job_id}#{hashlib.sha256(path.read_bytes()).hexdigest()}"
