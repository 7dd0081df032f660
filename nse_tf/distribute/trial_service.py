"""keras-tuner's service, which checks what its callers send.

keras-tuner believes its callers: one of them can ask for any worker's trial and
end it with any values, and what does not fit raises an error somewhere inside.
"""

import logging
import math
from typing import Any

import grpc
from keras_tuner.engine.hyperparameters import HyperParameters
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_chief import OracleServicer

from nse_tf.distribute.caller import Caller, named_in
from nse_tf.distribute.leased_trials import LeasedTrials
from nse_tf.distribute.refusals import RefusedError
from nse_tf.terminal import printable

LOGGER = logging.getLogger("nse_tf")

MOST_METRICS = 1_000
MOST_HYPERPARAMETERS = 100_000
# Characters of the name of a metric or hyperparameter.
MOST_OF_A_NAME = 1_000

_ENDS = (TrialStatus.COMPLETED, TrialStatus.INVALID, TrialStatus.FAILED)
# Of a trial that nobody does any more.
_FINAL = (TrialStatus.COMPLETED, TrialStatus.FAILED)


class TrialServicer(OracleServicer):
    """Answers calls about trials that make sense, and refuses the others.

    What a slow worker reports of a trial that another does now, or that has
    ended, is taken without an effect: the worker has done nothing wrong.

    Args:
        oracle: The oracle of the search.
    """

    oracle: LeasedTrials

    def UpdateSpace(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Takes new hyperparameters."""
        _check_hyperparameters(request.hyperparameters)
        return super().UpdateSpace(request, context)

    def CreateTrial(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Hands out a trial to the worker that asks."""
        caller = _caller(context)
        if request.tuner_id != caller.name:
            raise RefusedError(
                grpc.StatusCode.PERMISSION_DENIED,
                f"{caller.name!r} asks for the trial of {request.tuner_id!r}.",
            )
        return super().CreateTrial(request, context)

    def UpdateTrial(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Takes metrics of a trial from the worker that does it."""
        if len(request.metrics) > MOST_METRICS:
            raise _invalid(
                f"{len(request.metrics)} metrics, of {MOST_METRICS} at most."
            )
        _check_names(request.metrics)
        with self.oracle.lock:
            trial = self._known(request.trial_id)
            if self._counts(trial, _caller(context)):
                return super().UpdateTrial(request, context)
            return protos.get_service().UpdateTrialResponse(
                trial=trial.to_proto()
            )

    def EndTrial(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Takes the end of a trial from the worker that did it."""
        _check_hyperparameters(request.trial.hyperparameters)
        ended = _read(Trial.from_proto, request.trial)
        if ended.status not in _ENDS:
            raise _invalid(f"A trial cannot end as {ended.status!r}.")
        with self.oracle.lock:
            trial = self._known(request.trial.trial_id)
            if self._counts(trial, _caller(context)):
                return super().EndTrial(request, context)
        return protos.get_service().EndTrialResponse()

    def GetTrial(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Returns a trial."""
        self._known(request.trial_id)
        return super().GetTrial(request, context)

    def GetBestTrials(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Returns the best trials; whoever wants all may ask for any number."""
        if request.num_trials < 1:
            raise _invalid(f"{request.num_trials} trials, of 1 or more.")
        return super().GetBestTrials(request, context)

    def _known(self, trial_id: str) -> Trial:
        if trial_id not in self.oracle.trials:
            raise _invalid(f"There is no trial {printable(trial_id, 50)!r}.")
        return self.oracle.trials[trial_id]

    def _counts(self, trial: Trial, caller: Caller) -> bool:
        """Returns whether a report counts, and logs why it does not."""
        mine = self.oracle.ongoing_trials.get(caller.name)
        if mine is not None and mine.trial_id == trial.trial_id:
            return True
        others = [
            name
            for name, each in self.oracle.ongoing_trials.items()
            if each.trial_id == trial.trial_id
        ]
        if not others and trial.status not in _FINAL:
            return True  # It was taken for dead, and nobody began it again.
        LOGGER.info(
            "%s reports on trial %s, which %s: nothing is changed.",
            printable(caller.name),
            trial.trial_id,
            f"{printable(others[0])} does" if others else "has ended",
        )
        return False


def _caller(context: grpc.ServicerContext) -> Caller:
    return named_in(context.invocation_metadata())


def _check_hyperparameters(proto: Any) -> None:
    """Refuses hyperparameters that are too many, or none."""
    num = len(proto.values.values) + sum(
        len(each) for _, each in proto.space.ListFields()
    )
    if num > MOST_HYPERPARAMETERS:
        raise _invalid(
            f"{num} hyperparameters, of {MOST_HYPERPARAMETERS} at most."
        )
    _check_names(proto.values.values)
    values = _read(HyperParameters.from_proto, proto).values
    for name, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise _invalid(f"The value {name!r} is {value}.")


def _check_names(names: Any) -> None:
    if any(len(each) > MOST_OF_A_NAME for each in names):
        raise _invalid(f"A name is longer than {MOST_OF_A_NAME} characters.")


def _read(from_proto: Any, proto: Any) -> Any:
    """Returns what a message means to keras-tuner.

    Raises:
        RefusedError: If it means nothing.
    """
    try:
        return from_proto(proto)
    # What keras-tuner raises is not said anywhere.
    except Exception as error:
        raise _invalid(f"keras-tuner cannot read it: {error}") from error


def _invalid(reason: str) -> RefusedError:
    return RefusedError(grpc.StatusCode.INVALID_ARGUMENT, reason)
