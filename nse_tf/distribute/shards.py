"""A generation of children in shards, one for each worker.

A method asks for a job and gets its result; it does not know how many workers
shared it. Children are evaluated one by one, so that the result does not depend
on how they were divided.
"""

import dataclasses
import re
from typing import Any

from nse_tf.jobs import (
    ChildrenEvaluated,
    EvaluateChildren,
    Failed,
    Job,
    Result,
    digest_of,
    result_from_json,
    result_to_json,
)
from nse_tf.methods import Done, Method, Wait

_SHARD = re.compile(r"(.+)_(\d+)of(\d+)")


def shard_of(job: Job, index: int, count: int) -> Job:
    """Returns one of `count` parts of a job, or the whole if it has none.

    Shards differ in size by at most one child, and have ids of their own.
    """
    if count == 1 or not isinstance(job, EvaluateChildren):
        return job
    start, end = (
        number * len(job.children) // count for number in (index, index + 1)
    )
    return dataclasses.replace(
        job,
        id=f"{job.id}_{index + 1}of{count}",
        children=job.children[start:end],
    )


def parent_of(job_id: str) -> tuple[str, int, int]:
    """Returns the id of the whole job, the index of a shard and their count."""
    found = _SHARD.fullmatch(job_id)
    if found is None:
        return job_id, 0, 1
    return found[1], int(found[2]) - 1, int(found[3])


class SharedJobs:
    """Splits the jobs of a method into shards and joins their results.

    Args:
        method: Asks for jobs.
    """

    def __init__(self, method: Method) -> None:
        self._method = method
        self._waiting: list[Job] = []
        self._out: dict[str, Job] = {}
        self._results: dict[str, Result] = {}
        self._digests: dict[str, str] = {}

    def ask(self, num_workers: int) -> Job | Wait | Done:
        """Returns the next job or shard; see `Method.ask`.

        Args:
            num_workers: How many workers can share the next job.
        """
        if not self._waiting:
            job = self._method.ask()
            if isinstance(job, (Wait, Done)):
                return job
            self._share(job, num_workers)
        shard = self._waiting.pop(0)
        self._out[shard.id] = shard
        return shard

    def give_back(self, job: Job) -> None:
        """Takes back a job that `ask` returned, to return it next time."""
        del self._out[job.id]
        self._waiting.insert(0, job)

    def find(self, job_id: str) -> Job:
        """Returns a job or shard whose result is not known yet."""
        return self._out[job_id]

    def asked_digest(self, job_id: str) -> str:
        """Returns the digest of the whole job, as the method asked for it."""
        return self._digests[parent_of(job_id)[0]]

    def tell(self, job_id: str, result: Result) -> None:
        """Takes a result; passes it to the method once all shards are in."""
        self._out.pop(job_id, None)
        whole, _, count = parent_of(job_id)
        if count == 1:
            self._method.tell(job_id, result)
            return
        self._results.setdefault(job_id, result)
        ids = [f"{whole}_{index + 1}of{count}" for index in range(count)]
        if all(each in self._results for each in ids):
            results = [self._results.pop(each) for each in ids]
            self._method.tell(whole, joined(results))

    def get_state(self) -> dict[str, Any]:
        """Returns results that the method has not got yet, as a JSON value."""
        return {
            job_id: result_to_json(result)
            for job_id, result in self._results.items()
        }

    def resume(self, shards: dict[str, Any], started: list[str]) -> None:
        """Resumes after the method's state was set.

        Args:
            shards: What `get_state` returned.
            started: Ids of the jobs and shards that trials were started for.
        """
        self._waiting, self._out, self._results = [], {}, {}
        # As many shards as before, however many workers there are now, since
        # trials know them by their ids.
        counts = dict(
            (whole, count) for whole, _, count in map(parent_of, started)
        )
        for job in self._method.out:
            self._share(job, counts.get(job.id, 1))
        known = {*started, *shards}
        waiting, self._waiting = self._waiting, []
        for shard in waiting:
            if shard.id not in known:
                self._waiting.append(shard)
            # Started, without a result: its trial runs again and looks here.
            elif shard.id not in shards:
                self._out[shard.id] = shard
        for job_id, result in shards.items():
            self.tell(job_id, result_from_json(result))

    def _share(self, job: Job, num_workers: int) -> None:
        count = 1
        if isinstance(job, EvaluateChildren):
            count = max(1, min(num_workers, len(job.children)))
        self._digests[job.id] = digest_of(job)
        self._waiting += [shard_of(job, i, count) for i in range(count)]


def join_shards(
    found: dict[str, Result],
) -> tuple[dict[str, Result], dict[str, Result]]:
    """Returns the results of whole jobs, and those of shards of others.

    Args:
        found: Results of jobs and shards, by id.
    """
    by_job: dict[tuple[str, int], dict[int, str]] = {}
    for job_id in found:
        whole, index, count = parent_of(job_id)
        by_job.setdefault((whole, count), {})[index] = job_id
    results: dict[str, Result] = {}
    rest: dict[str, Result] = {}
    for (whole, count), ids in by_job.items():
        if len(ids) == count:
            parts = [found[ids[index]] for index in range(count)]
            results[whole] = parts[0] if count == 1 else joined(parts)
        else:
            rest |= {job_id: found[job_id] for job_id in ids.values()}
    return results, rest


def joined(results: list[Result]) -> Result:
    """Returns the result of a job of which these are the shards'."""
    accuracies: list[float] = []
    seconds, chance, num_images = 0.0, None, 0
    for result in results:
        if not isinstance(result, ChildrenEvaluated):
            return result if isinstance(result, Failed) else Failed(str(result))
        accuracies += result.accuracies
        seconds += result.seconds
        # All shards evaluate on the same images.
        chance, num_images = result.chance, result.num_images
    return ChildrenEvaluated(
        accuracies=tuple(accuracies),
        seconds=seconds,
        chance=chance,
        num_images=num_images,
    )
