import dataclasses
import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest

from nse_tf.events import (
    FrontFound,
    GenerationEvaluated,
    JobFailed,
    WinnerChosen,
)
from nse_tf.jobs import (
    ChildrenEvaluated,
    EvaluateChildren,
    Failed,
    Job,
    Result,
    TrainChild,
    TrainSupernet,
)
from nse_tf.methods import SearchError
from tests.methods.small_search import WORKER, of_kind, searched


def failing(kind: Any, number: int, **changes: Any) -> Callable[[Job], Result]:
    """Returns a worker whose n-th job of a kind goes wrong."""
    count = itertools.count()

    def work(job: Job) -> Result:
        result = WORKER.run(job)
        if isinstance(job, kind) and next(count) == number:
            if not changes:
                return Failed("out of memory")
            return dataclasses.replace(result, **changes)
        return result

    return work


def test_children_of_a_failed_job_are_left_out() -> None:
    method, jobs = searched(
        work=failing(EvaluateChildren, 1), children_per_job=10
    )
    failed = of_kind(jobs, EvaluateChildren)[1]
    assert method.noted(JobFailed) == [
        JobFailed(job=failed.id, error="out of memory")
    ]
    first = method.noted(GenerationEvaluated)[0]
    assert first.accuracies[10:] == (None,) * 10
    assert None not in first.accuracies[:10]
    (front,) = method.noted(FrontFound)
    lost = [tuple(gene[0] for gene in child) for child in failed.children]
    assert not any(path in lost for path in front.paths)


def test_a_child_without_a_number_is_left_out() -> None:
    unknown = (math.nan,) * 20
    method, _ = searched(
        work=failing(EvaluateChildren, 0, accuracies=unknown),
    )
    assert method.noted(GenerationEvaluated)[0].accuracies == (None,) * 20
    assert len(method.noted(WinnerChosen)) == 1


def test_a_search_in_which_no_child_could_be_evaluated_ends() -> None:
    def work(job: Job) -> Result:
        if isinstance(job, EvaluateChildren):
            return Failed("out of memory")
        return WORKER.run(job)

    with pytest.raises(SearchError, match="No child could be evaluated"):
        searched(work=work)


@pytest.mark.parametrize("number", [0, 1])
def test_a_failed_training_ends_it_with_job_and_reason(number: int) -> None:
    with pytest.raises(
        SearchError, match=rf"'0000{number}_train_supernet'.*out of memory"
    ):
        searched(work=failing(TrainSupernet, number))


def test_a_failed_last_training_ends_it_with_job_and_reason() -> None:
    with pytest.raises(SearchError, match=r"_train_child'.*out of memory"):
        searched(work=failing(TrainChild, 0))


def test_a_diverged_training_ends_it_and_names_the_block() -> None:
    sums = (((math.nan,) * 3,) * 7,) * 5
    with pytest.raises(
        SearchError, match=r"'mbconv_k3_e3' of block 'stage0_block0'.*diverged"
    ):
        searched(work=failing(TrainSupernet, 0, angle_sums=sums))


def test_too_few_accuracies_end_it_with_both_numbers() -> None:
    work = failing(EvaluateChildren, 0, accuracies=(0.5,))
    with pytest.raises(SearchError, match=r"20 paths .* 1 numbers"):
        searched(work=work)


def test_a_result_of_another_kind_ends_it() -> None:
    with pytest.raises(SearchError, match="got ChildrenEvaluated"):
        searched(
            work=lambda job: ChildrenEvaluated(accuracies=(0.5,), seconds=1.0)
        )
