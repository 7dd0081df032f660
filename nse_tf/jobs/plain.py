"""Jobs and results as JSON, exact both ways."""

import dataclasses
import hashlib
import json
import math
from typing import Any

from nse_tf.jobs.kinds import JOBS, Job
from nse_tf.jobs.results import (
    RESULTS,
    BranchesTrained,
    Result,
    SupernetTrained,
)


def weights_of(job_id: str, result: SupernetTrained | BranchesTrained) -> str:
    """Returns a reference of the weights that a training came to.

    It names the job and the weights' hash, so that another process can tell
    whether the ones it finds are meant.
    """
    return f"{job_id}#{result.weights_sha256}"


def digest_of(job: Job) -> str:
    """Returns a short digest of all that a job says."""
    text = json.dumps(job_to_json(job), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    """Returns a value with what JSON lacks, NaN and infinities, spelt out."""
    try:  # Nearly always; a hundred times as fast as what follows.
        return json.loads(json.dumps(value, allow_nan=False))
    except ValueError:
        return _spelt_out(value)


def _spelt_out(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, tuple):
        return [_spelt_out(each) for each in value]
    return value


def _unplain(value: Any) -> Any:
    """Returns what `_plain` was given."""
    if isinstance(value, dict) and value.keys() == {"float"}:
        return float(value["float"])
    if isinstance(value, list):
        return tuple(_unplain(each) for each in value)
    return value


def _to_json(value: Any, kind: str) -> dict[str, Any]:
    fields = dataclasses.fields(value)
    plain = {each.name: _plain(getattr(value, each.name)) for each in fields}
    return {"kind": kind, **plain}


def _from_json(value: Any, kinds: dict[str, type[Any]], what: str) -> Any:
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise ValueError(
            f"Not a {what} of a known kind: {kind!r}; known are "
            f"{', '.join(kinds)}."
        )
    fields = {
        name: _unplain(each) for name, each in value.items() if name != "kind"
    }
    try:
        return kinds[kind](**fields)
    except TypeError as error:
        raise ValueError(
            f"The {what} {kind!r} does not read: {error}."
        ) from error


def job_to_json(job: Job) -> dict[str, Any]:
    """Returns a job as a JSON value."""
    return _to_json(job, job.KIND)


def job_from_json(value: Any) -> Job:
    """Returns the job that `job_to_json` wrote.

    Raises:
        ValueError: If it is no job, or fields are missing or unknown.
    """
    job: Job = _from_json(value, JOBS, "job")
    return job


def result_to_json(result: Result) -> dict[str, Any]:
    """Returns a result as a JSON value; its numbers are exact.

    Also those of a training that diverged, NaN and infinities.
    """
    kinds = {kind: name for name, kind in RESULTS.items()}
    return _to_json(result, kinds[type(result)])


def result_from_json(value: Any) -> Result:
    """Returns the result that `result_to_json` wrote.

    Raises:
        ValueError: If it is no result, or fields are missing or unknown.
    """
    result: Result = _from_json(value, RESULTS, "result")
    return result
