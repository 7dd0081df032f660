"""Laws of oracles: what keras-tuner's life cycle asks of them.

Each law drives an oracle by hand, as a tuner would. They hold for our oracles,
and can be run on any other.
"""

import contextlib
import dataclasses
import json
import pathlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

SECONDS_TO_LOCK = 3.0


@dataclasses.dataclass(frozen=True)
class OracleCase:
    """How to make an oracle, and what a tuner does with its trials.

    Attributes:
        make: Returns an oracle of ours, equal every time but for the keyword
            arguments that it is given: those of `keras_tuner.Oracle`.
        work: Does a trial: returns its metrics, and may set values of its
            hyperparameters, as `run_trial` does.
        num_trials: More than two; no more than a search of it has.
    """

    make: Callable[..., keras_tuner.Oracle]
    work: Callable[[keras_tuner.Oracle, Trial], dict[str, float]]
    num_trials: int = 5


def in_folder(
    case: OracleCase, folder: pathlib.Path, **changes: Any
) -> keras_tuner.Oracle:
    """Returns an oracle whose files go to a folder."""
    oracle = case.make(**changes)
    oracle._set_project_dir(str(folder.parent), folder.name)
    oracle.verbose = 0
    return oracle


def do(case: OracleCase, oracle: keras_tuner.Oracle, trial: Trial) -> None:
    """Does a trial and ends it well."""
    oracle.update_trial(trial.trial_id, case.work(oracle, trial))
    trial.status = TrialStatus.COMPLETED
    oracle.end_trial(trial)


def trials_of(
    case: OracleCase, oracle: keras_tuner.Oracle, count: int
) -> Iterator[Trial]:
    """Yields up to `count` new trials, which are done afterwards."""
    for _ in range(count):
        trial = oracle.create_trial("tuner0")
        if trial.status != TrialStatus.RUNNING:
            return
        yield trial
        do(case, oracle, trial)


def a_trial_is_created_updated_and_ended(
    case: OracleCase, folder: pathlib.Path
) -> None:
    """Trials run, have values that travel, end well and are counted.

    Raises:
        AssertionError: If the law is broken.
    """
    oracle = in_folder(case, folder)
    for trial in trials_of(case, oracle, case.num_trials):
        values = trial.hyperparameters.values
        same = Trial.from_proto(trial.to_proto()).hyperparameters.values
        _require(same == values, f"{values} travels as {same}.")
        _require(json.loads(json.dumps(values)) == values, f"{values} in JSON.")
        asked_again = oracle.create_trial("tuner0")
        _require(
            asked_again.trial_id == trial.trial_id,
            "A tuner that has a trial going was given another one.",
        )
    states = [trial.status for trial in oracle.trials.values()]
    _require(
        states == [TrialStatus.COMPLETED] * case.num_trials,
        f"{case.num_trials} trials ended well, but are {states}.",
    )
    _require(not oracle.ongoing_trials, "Ended trials are still going.")


def max_trials_stops_the_search(case: OracleCase, folder: pathlib.Path) -> None:
    """No more trials than that are created, of whatever kind.

    Raises:
        AssertionError: If the law is broken.
    """
    oracle = in_folder(case, folder, max_trials=2)
    _require(oracle.remaining_trials() == 2, "Two trials do not remain.")
    count = sum(1 for _ in trials_of(case, oracle, case.num_trials))
    _require(count == 2, f"With `max_trials` 2 there were {count}.")
    _require(oracle.remaining_trials() == 0, "Trials remain after the last.")
    status = oracle.create_trial("tuner0").status
    _require(status == TrialStatus.STOPPED, f"After the last: {status}.")


def a_failed_trial_is_tried_again_as_often_as_asked(
    case: OracleCase, folder: pathlib.Path
) -> None:
    """A retry is the same trial with the same values, and may end well.

    Raises:
        AssertionError: If the law is broken.
    """
    oracle = in_folder(case, folder, max_retries_per_trial=1)
    first = oracle.create_trial("tuner0")
    values = dict(first.hyperparameters.values)
    _fail(oracle, first)
    again = oracle.create_trial("tuner0")
    _require(
        (again.trial_id, again.hyperparameters.values)
        == (first.trial_id, values),
        f"Trial {first.trial_id} of {values} was tried again as "
        f"{again.trial_id} of {again.hyperparameters.values}.",
    )
    do(case, oracle, again)
    status = oracle.get_trial(first.trial_id).status
    _require(status == TrialStatus.COMPLETED, f"The retry ended as {status}.")


def a_nan_is_forgotten_by_the_retry(
    case: OracleCase, folder: pathlib.Path
) -> None:
    """A trial that reported no number can still end well when tried again.

    Raises:
        AssertionError: If the law is broken.
    """
    oracle = in_folder(case, folder, max_retries_per_trial=1)
    trial = oracle.create_trial("tuner0")
    metrics = case.work(oracle, trial)
    if oracle.objective.name not in metrics:
        return  # It evaluates nothing.
    broken = {**metrics, oracle.objective.name: float("nan")}
    try:
        oracle.update_trial(trial.trial_id, broken)
        trial.status = TrialStatus.COMPLETED
    except ValueError:  # Then a tuner ends it so.
        trial.status = TrialStatus.INVALID
    oracle.end_trial(trial)
    again = oracle.create_trial("tuner0")
    do(case, oracle, again)
    status = oracle.get_trial(again.trial_id).status
    _require(status == TrialStatus.COMPLETED, f"The retry ended as {status}.")


def failures_end_the_search_and_leave_it_answering(
    case: OracleCase, folder: pathlib.Path
) -> None:
    """After failures in a row it stops; no other thread waits for ever.

    Raises:
        AssertionError: If the law is broken.
    """
    oracle = in_folder(
        case, folder, max_consecutive_failed_trials=2, max_retries_per_trial=0
    )
    for _ in range(2):
        trial = oracle.create_trial("tuner0")
        if trial.status == TrialStatus.RUNNING:
            with contextlib.suppress(RuntimeError):
                _fail(oracle, trial)
    found: list[str] = []
    asking = threading.Thread(
        target=lambda: found.append(oracle.create_trial("tuner1").status),
        daemon=True,
    )
    asking.start()
    asking.join(SECONDS_TO_LOCK)
    _require(
        found == [TrialStatus.STOPPED],
        f"Two failures in a row were to stop the search; another tuner got "
        f"{found or 'no answer'}.",
    )


def a_reloaded_search_resumes_as_if_nothing_had_been(
    case: OracleCase, folder: pathlib.Path
) -> None:
    """Reloaded after any trial, also within one, it asks for the same.

    Raises:
        AssertionError: If the law is broken.
    """
    whole = in_folder(case, folder / "whole")
    expected = [
        dict(trial.hyperparameters.values)
        for trial in trials_of(case, whole, case.num_trials)
    ]
    for num_done in range(case.num_trials):
        part = folder / f"after_{num_done}"
        before = in_folder(case, part)
        for _ in trials_of(case, before, num_done):
            pass
        before.create_trial("tuner0")
        after = in_folder(case, part)
        after.reload()
        found = [
            dict(trial.hyperparameters.values)
            for trial in trials_of(case, after, case.num_trials - num_done)
        ]
        _require(
            found == expected[num_done:],
            f"Reloaded within trial {num_done} it resumed with {found} where "
            f"{expected[num_done:]} was expected.",
        )


def only_completed_trials_are_best(
    case: OracleCase, folder: pathlib.Path
) -> None:
    """However many are asked for, none that failed is among them.

    Raises:
        AssertionError: If the law is broken.
    """
    oracle = in_folder(case, folder)
    _require(oracle.get_best_trials(9) == [], "The best of no trials is one.")
    for _ in trials_of(case, oracle, case.num_trials - 1):
        pass
    _fail(oracle, oracle.create_trial("tuner0"))
    states = {trial.status for trial in oracle.get_best_trials(99)}
    _require(
        states <= {TrialStatus.COMPLETED}, f"The best trials are {states}."
    )


def zero_is_a_seed(case: OracleCase, folder: pathlib.Path) -> None:
    """Two oracles of seed 0 ask for the same; it is kept as 0.

    Raises:
        AssertionError: If the law is broken.
    """
    found = []
    for name in ("one", "other"):
        oracle = in_folder(case, folder / name, seed=0)
        _require(oracle.seed == 0, f"Seed 0 became {oracle.seed}.")
        found.append(
            [
                dict(trial.hyperparameters.values)
                for trial in trials_of(case, oracle, case.num_trials)
            ]
        )
    _require(found[0] == found[1], f"Seed 0 gave {found[0]} and {found[1]}.")


ORACLE_LAWS = (
    a_trial_is_created_updated_and_ended,
    max_trials_stops_the_search,
    a_failed_trial_is_tried_again_as_often_as_asked,
    a_nan_is_forgotten_by_the_retry,
    failures_end_the_search_and_leave_it_answering,
    a_reloaded_search_resumes_as_if_nothing_had_been,
    only_completed_trials_are_best,
    zero_is_a_seed,
)


def _fail(oracle: keras_tuner.Oracle, trial: Trial) -> None:
    """Ends a trial as keras-tuner does after an exception."""
    trial.status = TrialStatus.INVALID
    trial.message = "OSError: made up by a law"
    oracle.end_trial(trial)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)
