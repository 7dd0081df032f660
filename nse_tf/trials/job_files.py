"""Jobs and results as files in the run's folder, which all workers share.

keras-tuner's wire rounds metrics to float32 and takes no lists, so a trial
carries the name and the hash of a file. A result's file names the job that it
answers, so that the results table can be made again from these files.
"""

import hashlib
import logging
import pathlib
from typing import Any

from nse_tf.jobs import (
    EvaluateChildren,
    Job,
    Result,
    digest_of,
    job_from_json,
    job_to_json,
    result_from_json,
    result_to_json,
)
from nse_tf.spaces.sealed_files import (
    DamagedError,
    read_sealed,
    sealed_bytes,
    set_aside,
    write_sealed,
)

LOGGER = logging.getLogger("nse_tf")


def job_path(folder: pathlib.Path, job_id: str) -> pathlib.Path:
    """Returns where the job of that id lies."""
    return folder / "jobs" / f"{file_name(job_id)}.json"


def result_path(folder: pathlib.Path, job_id: str) -> pathlib.Path:
    """Returns where the result of that job lies."""
    return folder / "results" / f"{file_name(job_id)}.json"


def error_path(folder: pathlib.Path, trial_id: str) -> pathlib.Path:
    """Returns where a worker leaves the traceback of a trial that failed."""
    return folder / f"trial_{file_name(trial_id)}" / "error.txt"


def file_name(an_id: str) -> str:
    """Returns the id of a job or trial, which came over the wire, as it is.

    Raises:
        ValueError: If it would lead to another folder.
    """
    if "/" in an_id or "\\" in an_id or "\0" in an_id:
        raise ValueError(f"{an_id!r} is no id of a job or trial.")
    return an_id


def write_job(folder: pathlib.Path, job: Job) -> None:
    """Writes a job for the workers to read, without waiting for the disk.

    A file with the same content is left as it is.
    """
    path, content = job_path(folder, job.id), {"job": job_to_json(job)}
    wanted = sealed_bytes(content)
    if not path.exists() or path.read_bytes() != wanted:
        write_sealed(path, content, durable=False)


def read_job(folder: pathlib.Path, job_id: str) -> Job:
    """Returns the job of that id.

    Raises:
        ValueError: If there is no such job in the folder, or it is damaged.
    """
    path = job_path(folder, job_id)
    if not path.exists():
        raise ValueError(
            f"There is no job file {path}. Chief and workers must share the "
            "run's folder."
        )
    return job_from_json(read_sealed(path)["job"])


def read_generation(folder: pathlib.Path, job_id: str) -> EvaluateChildren:
    """Returns the job that asked for the accuracies of children.

    Raises:
        ValueError: If the job of that id asked for something else.
    """
    job = read_job(folder, job_id)
    if not isinstance(job, EvaluateChildren):
        raise ValueError(
            f"Job {job_id!r} came back with accuracies of children that it did "
            "not ask for."
        )
    return job


def result_content(job: Job, result: Result) -> dict[str, Any]:
    """Returns what a result's file holds."""
    return {"job": digest_of(job), "result": result_to_json(result)}


def write_result(folder: pathlib.Path, job_id: str, result: Result) -> str:
    """Writes a job's result; returns the reference that the trial carries."""
    path = result_path(folder, job_id)
    write_sealed(path, result_content(read_job(folder, job_id), result))
    return _reference(job_id, path)


def read_result(
    folder: pathlib.Path, reference: str, asked: str | None = None
) -> Result:
    """Returns the result that a trial refers to.

    Args:
        folder: The run's folder.
        reference: What `write_result` returned.
        asked: The id of the trial's job; None if any will do.

    Raises:
        ValueError: If the file is missing, is not what was written, or answers
            another job than the one that was asked for.
    """
    job_id, _, digest = reference.partition("#")
    if reference and asked not in (None, job_id):
        raise ValueError(
            f"The trial of job {asked} refers to a result of {job_id!r}."
        )
    path = result_path(folder, job_id)
    if not path.exists():
        raise ValueError(f"There is no result file {path}.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise ValueError(
            f"{path} is not the file that its trial refers to. Start the "
            "search again: it repairs what it can."
        )
    return result_from_json(read_sealed(path)["result"])


def finished_result(folder: pathlib.Path, job_id: str) -> str | None:
    """Returns the reference of a result that a killed run left, if any.

    One that is damaged is set aside, with a warning, to be worked out again.

    Raises:
        ValueError: If it answers another job of the same id.
    """
    path = result_path(folder, job_id)
    if not path.exists():
        return None
    try:
        answered = read_sealed(path)["job"]
    except DamagedError as error:
        LOGGER.warning(
            "%s Kept as %s; the job is done again.",
            error,
            set_aside(path).name,
        )
        return None
    if answered != digest_of(read_job(folder, job_id)):
        raise ValueError(
            f"{path} answers another job than the one that is asked for: the "
            "folder holds the results of another search, or of another version "
            "of nse_tf. Use another folder."
        )
    return _reference(job_id, path)


def _reference(job_id: str, path: pathlib.Path) -> str:
    return f"{job_id}#{hashlib.sha256(path.read_bytes()).hexdigest()}"
