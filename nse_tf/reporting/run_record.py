"""The contents of a run's folder, read once."""

import dataclasses
import enum
import pathlib
import posixpath
from typing import Any, TypeVar

from nse_tf.events import Event, RunFailed, RunFinished
from nse_tf.reporting.classified import Classified
from nse_tf.reporting.run_files import (
    ExportFacts,
    LatencyFacts,
    MicroFacts,
    RunConfig,
    RunResult,
    read_facts,
)
from nse_tf.reporting.run_log import RunLog
from nse_tf.spaces import SearchSpace, load_space

_CONFIG, _RESULT = "nse_tf.config/1", "nse_tf.result/1"
Kind = TypeVar("Kind", bound=Event)
# Where, in a run's folder, the cells of its space evolved.
CELLS = "cells"
# Where, in a run's folder, the scale of its space was chosen.
SCALE = "scale"
# Where, in a run's folder, those under other limits lie, a folder each.
LIMITS = "limits"


class Status(enum.Enum):
    """How far a run has come."""

    FINISHED = "finished"
    UNFINISHED = "not finished"
    FAILED = "failed"


@dataclasses.dataclass(frozen=True, kw_only=True)
class LimitedRun:
    """One of the runs that share a supernet, under limits of its own.

    Attributes:
        folder: Its folder, relative to the one whose record has it; `.` for
            that one itself.
        config: Its `config.json`.
        result: Its winner; None while there is none.
    """

    folder: str
    config: RunConfig
    result: RunResult | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A run as its folder holds it; None is what is not there (yet).

    Attributes:
        name: Name of the folder.
        config: `config.json`: settings, data, versions.
        events: Events of `log.jsonl`, in order.
        evolution: Events of the evolution of cells that came before, if any.
        choice_of_scale: Events of the choice of a scale that came before.
        space: The search space with all its candidates.
        export: `best/export.json`: files and how they were checked.
        latency: `best/latency.json`: how long one inference takes.
        micro: `best/micro.json`: what the winner needs on a microcontroller.
        result: `best/result.json`: the winner.
        artifacts: Sizes in bytes of the files in `best/`, by name.
        pictures: The PNG files in `best/`, by name.
        limited: The runs that share its supernet, the one that trained it
            first; empty where there is but one.
    """

    name: str
    config: RunConfig | None = None
    events: tuple[Event, ...] = ()
    evolution: tuple[Event, ...] = ()
    choice_of_scale: tuple[Event, ...] = ()
    space: SearchSpace | None = None
    export: ExportFacts | None = None
    latency: LatencyFacts | None = None
    micro: MicroFacts | None = None
    result: RunResult | None = None
    artifacts: dict[str, int] = dataclasses.field(default_factory=dict)
    pictures: dict[str, bytes] = dataclasses.field(default_factory=dict)
    limited: tuple[LimitedRun, ...] = ()

    @property
    def classified(self) -> Classified | None:
        """What the winner makes of each class of the test images."""
        return self.result.classified if self.result else None

    def named(self, kind: type[Kind]) -> list[Kind]:
        """Returns the events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    def last(self, kind: type[Kind]) -> Kind | None:
        """Returns the last event of one kind."""
        return next(reversed(self.named(kind)), None)

    @property
    def failure(self) -> str | None:
        """Why the run failed; None unless an error is its last event."""
        last = self.events[-1] if self.events else None
        return last.error if isinstance(last, RunFailed) else None

    @property
    def status(self) -> Status:
        """How far the run has come; an error counts while it comes last.

        A run that was killed looks like one that still runs.
        """
        if self.named(RunFinished):
            return Status.FINISHED
        if self.failure is not None:
            return Status.FAILED
        return Status.UNFINISHED

    @property
    def settings(self) -> dict[str, Any]:
        """The run's settings by flag; empty if they are not known."""
        return self.config.settings if self.config else {}


def read_record(run_dir: pathlib.Path) -> RunRecord:
    """Returns the contents of a run's folder, at any stage of the run.

    Raises:
        ValueError: If there is no such folder, if it is not that of a run, or
            if one of its files is damaged or of another schema.
    """
    config_path, log_path = run_dir / "config.json", run_dir / "log.jsonl"
    if not run_dir.is_dir():
        raise ValueError(f"`run_dir` is {str(run_dir)!r}: no such folder.")
    if not config_path.exists() and not log_path.exists():
        raise ValueError(
            f"`run_dir` is {str(run_dir)!r}, which holds no run: there is "
            "neither config.json nor log.jsonl."
        )
    best = run_dir / "best"
    spaces = sorted(run_dir.glob("space_*.json"))
    return RunRecord(
        name=run_dir.resolve().name,
        config=read_facts(config_path, _CONFIG, RunConfig),
        events=_events(log_path),
        evolution=_events(run_dir / CELLS / "log.jsonl"),
        choice_of_scale=_events(run_dir / SCALE / "log.jsonl"),
        space=load_space(spaces[0]).whole if spaces else None,
        export=read_facts(best / "export.json", "nse_tf.export/1", ExportFacts),
        latency=read_facts(
            best / "latency.json", "nse_tf.latency/1", LatencyFacts
        ),
        micro=read_facts(best / "micro.json", "nse_tf.micro/1", MicroFacts),
        result=read_facts(best / "result.json", _RESULT, RunResult),
        artifacts={
            path.name: path.stat().st_size
            for path in sorted(best.glob("*"))
            if path.is_file()
            and not path.name.startswith(".")
            and path.suffix != ".png"
        },
        pictures={
            path.name: path.read_bytes() for path in sorted(best.glob("*.png"))
        },
        limited=_limited_runs(run_dir),
    )


def _limited_runs(run_dir: pathlib.Path) -> tuple[LimitedRun, ...]:
    """Returns the runs under other limits beside or in a run's folder."""
    first = run_dir.resolve()
    up = "."
    if (
        first.parent.name == LIMITS
        and (first.parent.parent / "config.json").exists()
    ):
        first, up = first.parent.parent, "../.."
    others = sorted((first / LIMITS).glob("*/config.json"))
    if not others:
        return ()
    runs = []
    for folder in (first, *(path.parent for path in others)):
        config = read_facts(folder / "config.json", _CONFIG, RunConfig)
        if config is not None:
            is_own = folder == run_dir.resolve()
            below = folder.relative_to(first).as_posix()
            runs.append(
                LimitedRun(
                    folder="."
                    if is_own
                    else posixpath.normpath(posixpath.join(up, below)),
                    config=config,
                    result=read_facts(
                        folder / "best" / "result.json", _RESULT, RunResult
                    ),
                )
            )
    return tuple(runs)


def _events(path: pathlib.Path) -> tuple[Event, ...]:
    """Returns the events of a log; none where there is no log."""
    return tuple(entry.event for entry in RunLog(path).read())
