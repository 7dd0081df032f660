"""keras-tuner's own state, restored from the results table.

keras-tuner rewrites all of it at every trial, so that each trial costs more
than the one before. Here a trial is a row, and the rest is constant.
"""

import dataclasses
import json
from typing import Any

import keras_tuner
from keras_tuner.engine import trial as trial_module

from nse_tf.distribute.shards import join_shards, parent_of
from nse_tf.jobs import result_from_json, result_to_json
from nse_tf.methods.method import SCHEMA
from nse_tf.trials.results_table import ResultsTable, TrialRow

Trials = dict[str, trial_module.Trial]


def trial_row(
    oracle: keras_tuner.Oracle, trial: trial_module.Trial, digest: str
) -> TrialRow:
    """Returns a trial as a row; `digest` is that of its whole job."""
    # keras-tuner saves a trial right after it ended, before any other ends.
    is_last = oracle.end_order[-1:] == [trial.trial_id]
    return TrialRow(
        number=int(trial.trial_id),
        job=trial.hyperparameters.values["job"],
        asked=digest,
        runs=oracle._run_times.get(trial.trial_id, 0),
        ended=len(oracle.end_order) - 1 if is_last else None,
        state=json.dumps(trial.get_state()),
    )


def begun_again(row: TrialRow) -> TrialRow:
    """Returns a trial that ended as one that has only begun."""
    trial = trial_module.Trial.from_state(json.loads(row.state))
    again = trial_module.Trial(
        trial.hyperparameters,
        trial_id=trial.trial_id,
        status=trial_module.TrialStatus.RUNNING,
    )
    return dataclasses.replace(
        row, runs=0, ended=None, state=json.dumps(again.get_state())
    )


def library_state(oracle: keras_tuner.Oracle) -> dict[str, Any]:
    """Returns the part of keras-tuner's state that does not grow."""
    return {
        "hyperparameters": oracle.hyperparameters.get_config(),
        "seed": oracle.seed,
    }


def state_of_table(
    table: ResultsTable, facts: dict[str, Any], state: dict[str, Any]
) -> tuple[Trials, dict[str, Any]]:
    """Returns the trials and an oracle's state.

    Trials that had not ended are to be run again, the earliest first.

    Args:
        table: The results table of the run.
        facts: Facts of the whole run; see `RunStorage.facts`.
        state: State of an oracle that has done nothing yet.
    """
    rows = table.trials()
    trials = {}
    for row in rows:
        trial = trial_module.Trial.from_state(json.loads(row.state))
        trials[trial.trial_id] = trial
    ids = dict(zip((row.number for row in rows), trials, strict=True))
    ended = sorted(
        (row for row in rows if row.ended is not None),
        key=lambda row: row.ended or 0,
    )
    results, shards = join_shards(
        {
            row.job: result_from_json(json.loads(row.told))
            for row in table.results()
        }
    )
    return trials, {
        **state,
        **facts["library"],
        "start_order": list(ids.values()),
        "end_order": [ids[row.number] for row in ended],
        "run_times": {ids[row.number]: row.runs for row in rows},
        # keras-tuner takes trials from the end of this list.
        "retry_queue": [
            ids[row.number] for row in reversed(rows) if row.ended is None
        ],
        "method": {
            "schema": SCHEMA,
            "settings": facts["settings"],
            "asked": {parent_of(row.job)[0]: row.asked for row in rows},
            "results": {
                job: result_to_json(result) for job, result in results.items()
            },
        },
        "shards": {
            shard: result_to_json(result) for shard, result in shards.items()
        },
    }
