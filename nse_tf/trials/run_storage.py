"""The files of a run, brought up to date with its oracle step by step.

A trial counts from its commit to `results.sqlite` on. All else follows from
that table and is made again if it is lost: `oracle.json`, `trial_*/`, `jobs/`,
`results/`, the log, the spaces. Conversely, the table can be made again from
`results/`.
"""

import dataclasses
import json
import logging
import math
import pathlib
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from nse_tf.costs import CostModel
from nse_tf.distribute.shards import parent_of
from nse_tf.events import Entry, SpaceAtStage
from nse_tf.jobs import (
    ChildrenEvaluated,
    EvaluateChildren,
    Failed,
    Genes,
    Job,
    Result,
    job_from_json,
    job_to_json,
    result_from_json,
    result_to_json,
)
from nse_tf.reporting import RunLog
from nse_tf.reporting.scalars import ScalarFile
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.files import json_bytes, json_line, write_bytes
from nse_tf.spaces.sealed_files import (
    DamagedError,
    read_sealed,
    sealed_bytes,
    set_aside,
    write_sealed,
)
from nse_tf.spaces.space_json import space_to_json
from nse_tf.trials.job_files import job_path, result_content, result_path
from nse_tf.trials.keras_tuner_state import begun_again
from nse_tf.trials.results_table import (
    COST_COLUMNS,
    ChildRow,
    ResultRow,
    ResultsTable,
    TrialRow,
)

LOGGER = logging.getLogger("nse_tf")

TABLE = "results.sqlite"
ORACLE_FILE = "oracle.json"
_SCHEMA = "nse_tf.oracle/1"


def is_ours(folder: pathlib.Path) -> bool:
    """Whether a folder holds a run of this package, with its table or without.

    A table that is gone is made again as one that is damaged.
    """
    if (folder / TABLE).exists():
        return True
    try:
        schema: str = read_sealed(folder / ORACLE_FILE)["schema"]
    except (FileNotFoundError, DamagedError, KeyError):
        return False
    return schema == _SCHEMA


class RunStorage:
    """The results table of a run and the files that follow from it.

    A damaged table is renamed, and a new one is begun. The search then reads
    its results again, which costs no training.

    Args:
        folder: The run's folder.
        space: What is searched.
        cost_model: Computes the costs of evaluated children.

    Raises:
        ValueError: If another process writes the table.
    """

    def __init__(
        self, folder: pathlib.Path, space: SearchSpace, cost_model: CostModel
    ) -> None:
        self._folder = folder
        self._space = space
        self._cost_model = cost_model
        self._log = RunLog(folder / "log.jsonl")
        self._scalars = ScalarFile(folder)
        self._num_recorded = 0
        self.table = self._open()

    def record(self, history: Sequence[Entry]) -> None:
        """Writes what is new in a history to log, curves and spaces.

        The first time, the log of an earlier process is compared and repaired.
        """
        if self._num_recorded == 0:
            self._log.repair(history)
        new = history[self._num_recorded :]
        if not new:
            return
        self._log.append(new)
        events = [entry.event for entry in new]
        self._scalars.extend(events)
        for event in events:
            if isinstance(event, SpaceAtStage):
                self._keep_space(event)
        self._num_recorded = len(history)

    def note_facts(self, facts: dict[str, Any]) -> None:
        """Records facts of the whole run, in the table and beside it."""
        known = self.table.facts()
        for name, value in facts.items():
            if name not in known or known[name] != value:
                self.table.set_fact(name, value)
        content = {"schema": _SCHEMA, **known, **facts}
        path = self._folder / ORACLE_FILE
        if not path.exists() or path.read_bytes() != sealed_bytes(content):
            write_sealed(path, content)

    def facts(self) -> dict[str, Any]:
        """Returns the facts; if the table is a new one, those beside it."""
        path = self._folder / ORACLE_FILE
        facts = self.table.facts()
        try:
            beside = read_sealed(path)
        except FileNotFoundError:
            return facts
        except DamagedError as error:
            LOGGER.warning(
                "%s Kept as %s; written again from %s.",
                error,
                set_aside(path).name,
                TABLE,
            )
            return facts
        return facts or {k: v for k, v in beside.items() if k != "schema"}

    def note_trial(self, row: TrialRow) -> None:
        """Records a trial, also in the file that keras-tuner's users read."""
        self.table.set_trial(row)
        self._show_trial(row)

    def note_result(self, job: Job, result: Result) -> None:
        """Records the result of a job, with the children it evaluated."""
        self.table.add_result(
            ResultRow(
                job=job.id,
                asked=json.dumps(job_to_json(job)),
                told=json.dumps(result_to_json(result)),
            ),
            self._children(job, result),
        )
        # A worker whose job failed has not written it.
        content = sealed_bytes(result_content(job, result))
        self._restored(result_path(self._folder, job.id), content)

    def forget_failures(self, jobs: Collection[str]) -> None:
        """Takes back the failures of jobs and of their shards, for good."""
        failed = {
            row.job
            for row in self.table.results()
            if parent_of(row.job)[0] in jobs
            and isinstance(result_from_json(json.loads(row.told)), Failed)
        }
        for job in failed:
            # First, or a worker would find it where the table has it no more.
            result_path(self._folder, job).unlink(missing_ok=True)
            self.table.remove_result(job)
        num_ended = 0
        ended_last = sorted(
            self.table.trials(), key=lambda row: (row.ended is None, row.ended)
        )
        for row in ended_last:
            if row.job in failed:
                row = begun_again(row)
            elif row.ended is not None:
                row = dataclasses.replace(row, ended=num_ended)
                num_ended += 1
            self.note_trial(row)
        self.table.commit()

    def repair(self) -> None:
        """Writes derived files again that are missing or damaged."""
        repaired: list[str] = []
        for trial in self.table.trials():
            repaired += self._show_trial(trial)
        for row in self.table.results():
            job = job_from_json(json.loads(row.asked))
            result = result_from_json(json.loads(row.told))
            for path, content in (
                (job_path(self._folder, job.id), {"job": job_to_json(job)}),
                (
                    result_path(self._folder, job.id),
                    result_content(job, result),
                ),
            ):
                repaired += self._restored(path, sealed_bytes(content))
        if repaired:
            LOGGER.warning(
                "Damaged or missing, and written again from %s: %s.",
                TABLE,
                ", ".join(repaired),
            )

    def _open(self) -> ResultsTable:
        path = self._folder / TABLE
        again = (
            f"the search reads the results in {self._folder / 'results'} "
            "again, and trains only what is not there."
        )
        try:
            if not path.exists() and is_ours(self._folder):
                self._set_journal_aside()
                LOGGER.warning("%s is gone; %s", path, again)
            return ResultsTable(path)
        except DamagedError as error:
            aside = set_aside(path)
            self._set_journal_aside()
            LOGGER.warning("%s Kept as %s; %s", error, aside.name, again)
            return ResultsTable(path)

    def _set_journal_aside(self) -> None:
        """Keeps SQLite from playing a journal into a new table."""
        journal = self._folder / f"{TABLE}-journal"
        if journal.exists():
            set_aside(journal)

    def _children(self, job: Job, result: Result) -> list[ChildRow]:
        if not isinstance(job, EvaluateChildren) or not isinstance(
            result, ChildrenEvaluated
        ):
            return []
        return [
            ChildRow(
                job=job.id,
                generation=job.generation,
                genes=json.dumps(genes),
                accuracy=accuracy if math.isfinite(accuracy) else None,
                **{name: costs.get(name) for name in COST_COLUMNS},
            )
            for genes, accuracy, costs in zip(
                job.children,
                result.accuracies,
                self._costs(job.children),
                strict=True,
            )
        ]

    def _costs(self, children: Sequence[Genes]) -> list[dict[str, float]]:
        """Returns the costs of each child; of single paths in one call."""
        if any(len(gene) != 1 for genes in children for gene in genes):
            return [
                {name: float(cost) for name, cost in costs.items()}
                for costs in (
                    self._cost_model.costs(self._space.genotype(genes))
                    for genes in children
                )
            ]
        paths = np.array(children)[:, :, 0]
        # As floats: SQLite returns these from a REAL column, and a row's seal
        # must be that of what is read.
        columns = {
            name: self._cost_model.path_costs(name, paths)
            .astype(float)
            .tolist()
            for name in self._cost_model.names
            if name in COST_COLUMNS
        }
        return [
            dict(zip(columns, row, strict=True))
            for row in zip(*columns.values(), strict=True)
        ]

    def _keep_space(self, event: SpaceAtStage) -> None:
        """Writes the space after a stage, unless the file is intact."""
        path = self._folder / f"space_{event.stage:03d}.json"
        space = self._space.restrict(event.active)
        self._restored(path, json_bytes(space_to_json(space)))

    def _show_trial(self, row: TrialRow) -> list[str]:
        state = json.loads(row.state)
        path = self._folder / f"trial_{state['trial_id']}" / "trial.json"
        return self._restored(path, json_line(state))

    def _restored(self, path: pathlib.Path, content: bytes) -> list[str]:
        """Writes a file that has other content; returns its name if so."""
        if path.exists() and path.read_bytes() == content:
            return []
        # Derived from the table, so a power cut may take it.
        write_bytes(path, content, durable=False)
        return [str(path.relative_to(self._folder))]
