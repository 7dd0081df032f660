"""A search that is played through without training, to know its jobs."""

import contextlib
import itertools
from collections.abc import Callable, Iterator

from nse_tf.jobs import Job, Result
from nse_tf.methods.method import Done, Method, SearchError, Wait

# A method that never ends is not rehearsed to its end.
MOST_JOBS = 10_000


def rehearse(
    method: Method, answer: Callable[[Job], Result]
) -> Iterator[tuple[Job, Result | None]]:
    """Yields the jobs of a search, from its first on, and known results.

    The method itself is left as it is. A search that cannot continue ends here;
    that it cannot is for the method to say.

    Args:
        method: In any state; where it has no result yet, one is made up.
        answer: Makes up the result of a job, as a `FormulaWorker` does.
    """
    twin = method.afresh()
    with contextlib.suppress(SearchError):
        for _ in itertools.repeat(None, MOST_JOBS):
            job = twin.ask()
            if isinstance(job, Done | Wait):
                return
            known = method.result_of(job.id)
            yield job, known
            twin.tell(job.id, known or answer(job))
