"""Laws of methods: what oracles, resumed runs and reports rely on.

A law drives methods with a worker. Any deterministic one will do; a
`FormulaWorker` takes milliseconds.
"""

import json
from collections.abc import Callable

from nse_tf.events import Entry
from nse_tf.jobs import (
    EvaluateChildren,
    Failed,
    Genes,
    Job,
    MeasureChildren,
    Result,
    TrainChild,
    TrainSupernet,
    job_to_json,
)
from nse_tf.methods import Done, Method, SearchError, Wait
from nse_tf.methods.formula_worker import FormulaWorker as FormulaWorker
from nse_tf.methods.rehearsal import rehearse
from nse_tf.spaces import SearchSpace

MakeMethod = Callable[[int], Method]
Work = Callable[[Job], Result]

MAX_JOBS = 10_000


def equal_seeds_ask_for_equal_jobs(
    make: MakeMethod, work: Work, space: SearchSpace
) -> None:
    """The same settings and seed come to the same jobs.

    Args:
        make: Returns a new method for a seed; all else must be equal.
        work: Returns the result of a job; of equal jobs, equal results.
        space: The space that the method searches.

    Raises:
        AssertionError: If the law is broken.
    """
    del space
    _require_equal(_jobs(make(0), work), _jobs(make(0), work), "the same seed")


def other_seeds_ask_for_other_jobs(
    make: MakeMethod, work: Work, space: SearchSpace
) -> None:
    """The jobs follow the seed; 0 is one like any other.

    See `equal_seeds_ask_for_equal_jobs` for arguments and errors.
    """
    del space
    if _jobs(make(0), work) == _jobs(make(1), work):
        raise AssertionError("Seeds 0 and 1 asked for the same jobs.")


def jobs_lie_in_the_space(
    make: MakeMethod, work: Work, space: SearchSpace
) -> None:
    """No job names a candidate that the space does not hold.

    See `equal_seeds_ask_for_equal_jobs` for arguments and errors.
    """
    for job in _jobs(make(0), work):
        for genes in _genes(job):
            known = len(genes) == len(space.active) and all(
                len(gene) >= block.min_open and set(gene) <= set(active)
                for gene, active, block in zip(
                    genes, space.encodable, space.blocks, strict=True
                )
            )
            if not known:
                raise AssertionError(
                    f"Job {job.id!r} names {genes}; the space holds "
                    f"{space.active}."
                )


def resumes_from_its_state(
    make: MakeMethod, work: Work, space: SearchSpace
) -> None:
    """A method that is saved and loaded at every turn comes to the same end.

    Through JSON text, after each ask and after each tell; a job that was out
    when the method was saved is out after loading.

    See `equal_seeds_ask_for_equal_jobs` for arguments and errors.
    """
    del space
    whole = make(0)
    expected = _jobs(whole, work)

    def reloaded(method: Method) -> Method:
        loaded = make(0)
        loaded.set_state(json.loads(json.dumps(method.get_state())))
        return loaded

    method, jobs = reloaded(make(0)), []
    while not isinstance(job := method.ask(), Done | Wait):
        jobs.append(job)
        method = reloaded(method)
        if method.out != (job,):
            raise AssertionError(
                f"Job {job.id!r} was out when the state was saved; after "
                f"loading, out are {[each.id for each in method.out]}."
            )
        method.tell(job.id, work(job))
        method = reloaded(method)
    _require_equal(jobs, expected, "every turn saved and loaded")
    if method.history != whole.history:
        raise AssertionError(
            "Saved and loaded at every turn, the history became another."
        )


def the_order_of_telling_changes_nothing(
    make: MakeMethod, work: Work, space: SearchSpace
) -> None:
    """Results told last job first come to the same end.

    See `equal_seeds_ask_for_equal_jobs` for arguments and errors.
    """
    del space
    straight, crosswise = make(0), make(0)
    expected = _jobs(straight, work)
    jobs: list[Job] = []
    while not isinstance(job := crosswise.ask(), Done):
        lot: list[Job] = []
        while not isinstance(job, Done | Wait):
            lot.append(job)
            job = crosswise.ask()
        if not lot:
            raise AssertionError("`ask` says `Wait`, and no job is out.")
        for each in reversed(lot):
            crosswise.tell(each.id, work(each))
        jobs += lot
    _require_equal(jobs, expected, "told last job first")
    if crosswise.history != straight.history:
        raise AssertionError("Told last job first, the history became another.")


def telling_twice_is_telling_once(
    make: MakeMethod, work: Work, space: SearchSpace
) -> None:
    """Of two results for a job, the first holds.

    See `equal_seeds_ask_for_equal_jobs` for arguments and errors.
    """
    del space
    method, jobs = make(0), []
    while not isinstance(job := method.ask(), Done | Wait):
        jobs.append(job)
        method.tell(job.id, work(job))
        for each in jobs[:1] + jobs[-1:]:
            method.tell(each.id, Failed("told again"))
    _require_equal(jobs, _jobs(make(0), work), "each result told twice")


def a_rehearsal_changes_nothing(
    make: MakeMethod, work: Work, space: SearchSpace
) -> None:
    """A rehearsal names the jobs that follow, and leaves the method alone.

    See `equal_seeds_ask_for_equal_jobs` for arguments and errors.
    """
    del space
    expected = _jobs(make(0), work)
    method = make(0)
    for number, job in enumerate(expected):
        if number in (0, len(expected) // 2):
            rehearsed = list(rehearse(method, work))
            jobs = [each for each, _ in rehearsed]
            _require_equal(jobs, expected, "a rehearsal")
            known = [result for _, result in rehearsed if result is not None]
            if known != list(map(work, expected[:number])):
                raise AssertionError(
                    f"After {number} jobs, a rehearsal knew {len(known)} "
                    "results, or others than were told."
                )
        if method.ask() != job:
            raise AssertionError(
                f"After a rehearsal, {job_to_json(job)} was not asked for."
            )
        method.tell(job.id, work(job))


def an_unknown_job_is_refused(
    make: MakeMethod, work: Work, space: SearchSpace
) -> None:
    """Telling the result of a job that was not asked for is a `KeyError`.

    See `equal_seeds_ask_for_equal_jobs` for arguments and errors.
    """
    del work, space
    try:
        make(0).tell("no such job", Failed("nobody asked"))
    except KeyError as error:
        _require_words(error, "no such job")
        return
    raise AssertionError("The result of 'no such job' was taken.")


def stays_done(make: MakeMethod, work: Work, space: SearchSpace) -> None:
    """A method that has ended says so ever after, also when loaded.

    See `equal_seeds_ask_for_equal_jobs` for arguments and errors.
    """
    del space
    method, loaded = make(0), make(0)
    _jobs(method, work)
    loaded.set_state(json.loads(json.dumps(method.get_state())))
    for each in (method, method, loaded, loaded):
        if not isinstance(answer := each.ask(), Done):
            raise AssertionError(f"The search ended, then asked for {answer}.")


def a_state_of_another_search_is_refused(
    make: MakeMethod, work: Work, space: SearchSpace
) -> None:
    """The state of another seed is a `ValueError` that says what differs.

    So is what is no state. The method stays as it was.

    See `equal_seeds_ask_for_equal_jobs` for arguments and errors.
    """
    del space
    method = make(0)
    other = json.loads(json.dumps(make(1).get_state()))
    for state, word in ((other, "seed"), ({}, "schema"), (None, "schema")):
        try:
            method.set_state(state)
        except ValueError as error:
            _require_words(error, word)
        else:
            raise AssertionError(
                f"A state of another search was taken: {state}."
            )
    _require_equal(
        _jobs(method, work), _jobs(make(0), work), "after a refused state"
    )


def the_history_only_grows(
    make: MakeMethod, work: Work, space: SearchSpace
) -> None:
    """Events come back from JSON, have ids of their own, and stay.

    See `equal_seeds_ask_for_equal_jobs` for arguments and errors.
    """
    del space
    method = make(0)
    before: list[Entry] = []
    for _ in range(MAX_JOBS):
        job = method.ask()
        if method.history[: len(before)] != before:
            raise AssertionError(
                "The history was changed after the event: "
                f"{method.history[: len(before)]}."
            )
        for entry in method.history[len(before) :]:
            text = json.dumps(entry.to_json(), allow_nan=False)
            before.append(Entry.from_json(json.loads(text)))
            if before[-1] != entry:
                raise AssertionError(
                    f"{entry} came back from JSON as {before[-1]}."
                )
        if isinstance(job, Done | Wait):
            break
        method.tell(job.id, work(job))
    ids = [entry.id for entry in before]
    if len(set(ids)) < len(ids):
        raise AssertionError(f"Events share an id: {ids}.")


def a_failed_evaluation_is_survived(
    make: MakeMethod, work: Work, space: SearchSpace
) -> None:
    """The first `EvaluateChildren` may fail; the search still comes to an end.

    See `equal_seeds_ask_for_equal_jobs` for arguments and errors.
    """
    del space
    failed: list[str] = []

    def fail_one(job: Job) -> Result:
        if isinstance(job, EvaluateChildren) and failed in ([], [job.id]):
            failed[:] = [job.id]
            return Failed("out of memory")
        return work(job)

    jobs = _jobs(make(0), fail_one)
    if failed and jobs[-1].id == failed[0]:
        raise AssertionError(
            f"After {failed[0]!r} failed, nothing was asked for any more."
        )


def a_failed_training_ends_it_clearly(
    make: MakeMethod, work: Work, space: SearchSpace
) -> None:
    """A failed training is a `SearchError` that gives the reason.

    Also when asked again, and when the method was saved and loaded.

    See `equal_seeds_ask_for_equal_jobs` for arguments and errors.
    """
    del space
    method, loaded = make(0), make(0)
    while not isinstance(job := method.ask(), Done | Wait | TrainSupernet):
        method.tell(job.id, work(job))
    if isinstance(job, Done | Wait):
        return
    method.fail(job.id, "the disk is full")
    loaded.set_state(json.loads(json.dumps(method.get_state())))
    for each in (method, method, loaded, loaded):
        try:
            answer = each.ask()
        except SearchError as error:
            _require_words(error, job.id, "the disk is full")
        else:
            raise AssertionError(
                f"The training {job.id!r} failed, and `ask` returned {answer}."
            )


METHOD_LAWS = (
    equal_seeds_ask_for_equal_jobs,
    other_seeds_ask_for_other_jobs,
    jobs_lie_in_the_space,
    resumes_from_its_state,
    the_order_of_telling_changes_nothing,
    telling_twice_is_telling_once,
    a_rehearsal_changes_nothing,
    an_unknown_job_is_refused,
    stays_done,
    a_state_of_another_search_is_refused,
    the_history_only_grows,
    a_failed_evaluation_is_survived,
    a_failed_training_ends_it_clearly,
)


def _jobs(method: Method, work: Work) -> list[Job]:
    """Returns all jobs of a method, done one by one to the end."""
    jobs: list[Job] = []
    while not isinstance(job := method.ask(), Done):
        if isinstance(job, Wait):
            raise AssertionError("`ask` says `Wait`, and no job is out.")
        if len(jobs) == MAX_JOBS:
            raise AssertionError(f"No end after {MAX_JOBS} jobs.")
        jobs.append(job)
        method.tell(job.id, work(job))
    return jobs


def _genes(job: Job) -> tuple[Genes, ...]:
    """Returns all genes that a job names."""
    match job:
        case TrainSupernet():
            return (job.active,)
        case EvaluateChildren() | MeasureChildren():
            return job.children
        case TrainChild():
            return (job.child,)


def _require_equal(jobs: list[Job], expected: list[Job], when: str) -> None:
    for job, other in zip(jobs, expected, strict=False):
        if job != other:
            raise AssertionError(
                f"With {when}, job {job_to_json(job)} came where "
                f"{job_to_json(other)} was expected."
            )
    if len(jobs) != len(expected):
        raise AssertionError(
            f"With {when}, there were {len(jobs)} jobs instead of "
            f"{len(expected)}."
        )


def _require_words(error: Exception, *words: str) -> None:
    missing = [word for word in words if word not in str(error)]
    if missing:
        raise AssertionError(f"The error does not mention {missing}: {error}")
