"""Jobs and results as JSON, exact both ways."""

from typing import Any

from nse_tf.jobs.kinds import JOBS, Job
from nse_tf.jobs.results import RESULTS, Result, SupernetTrained
from nse_tf.records import RecordKinds

_JOBS = RecordKinds("job", JOBS)
_RESULTS = RecordKinds("result", RESULTS)


def weights_of(job_id: str, result: SupernetTrained) -> str:
    """Returns a reference of the weights that a training came to.

    It names the job and the weights' hash, so that another process can
    check the ones that it finds.
    """
    return f"{job_id}#{result.weights_sha256}"


def digest_of(job: Job) -> str:
    """Returns a short digest of all that a job says but its defaults."""
    return _JOBS.digest(job)


def job_to_json(job: Job) -> dict[str, Any]:
    """Returns a job as a JSON value, without what is default."""
    return _JOBS.to_json(job)


def job_from_json(value: Any) -> Job:
    """Returns the job that `job_to_json` wrote.

    Raises:
        ValueError: If it is no job, or fields are missing, unknown, or of
            another type.
    """
    return _JOBS.from_json(value)


def result_to_json(result: Result) -> dict[str, Any]:
    """Returns a result as a JSON value; its numbers are exact.

    Also those of a training that diverged, NaN and infinities.
    """
    return _RESULTS.to_json(result)


def result_from_json(value: Any) -> Result:
    """Returns the result that `result_to_json` wrote.

    Raises:
        ValueError: If it is no result, or fields are missing, unknown, or of
            another type.
    """
    return _RESULTS.from_json(value)
