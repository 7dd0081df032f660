"""All that a run's folder tells, read once."""

import dataclasses
import enum
import pathlib
from typing import Any

from nse_tf.reporting.run_log import Event, RunLog
from nse_tf.spaces import SearchSpace, load_space
from nse_tf.spaces.files import read_json

Facts = dict[str, Any]


class Status(enum.Enum):
    """How far a run has come."""

    FINISHED = "finished"
    UNFINISHED = "not finished"
    FAILED = "failed"


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """A run as its folder holds it; None is what is not there (yet).

    Attributes:
        name: Name of the folder.
        config: `config.json`: settings, data, versions.
        events: `log.jsonl`, in order.
        space: The search space with all its candidates.
        export: `best/export.json`: files and how they were checked.
        latency: `best/latency.json`: how long one inference takes.
        result: `best/result.json`: the winner.
        artifacts: Sizes in bytes of the files in `best/`, by name.
    """

    name: str
    config: Facts | None = None
    events: tuple[Event, ...] = ()
    space: SearchSpace | None = None
    export: Facts | None = None
    latency: Facts | None = None
    result: Facts | None = None
    artifacts: dict[str, int] = dataclasses.field(default_factory=dict)

    def named(self, name: str) -> list[Event]:
        """Returns the events of one name, in order."""
        return [event for event in self.events if event["event"] == name]

    def last(self, name: str) -> Event | None:
        """Returns the last event of one name."""
        return next(reversed(self.named(name)), None)

    @property
    def status(self) -> Status:
        """How far the run has come; an error counts while it is the last word.

        A run that was killed looks like one that goes on.
        """
        if self.named("finished"):
            return Status.FINISHED
        if self.events and self.events[-1]["event"] == "error":
            return Status.FAILED
        return Status.UNFINISHED

    @property
    def settings(self) -> Facts:
        """The run's settings by flag; empty if they are not known."""
        return dict(self.config["settings"]) if self.config else {}


def read_record(run_dir: pathlib.Path) -> RunRecord:
    """Returns what a run's folder tells, however far the run has come.

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
        config=_facts(config_path, "nse_tf.config/1"),
        events=tuple(RunLog(log_path).read()),
        space=load_space(spaces[0]).whole if spaces else None,
        export=_facts(best / "export.json", "nse_tf.export/1"),
        latency=_facts(best / "latency.json", "nse_tf.latency/1"),
        result=_facts(best / "result.json", "nse_tf.result/1"),
        artifacts={
            path.name: path.stat().st_size
            for path in sorted(best.glob("*"))
            if path.is_file() and not path.name.startswith(".")
        },
    )


def _facts(path: pathlib.Path, schema: str) -> Facts | None:
    """Returns a file's JSON object, or None if there is no such file."""

    def checked(value: Any) -> Facts:
        found = value.get("schema") if isinstance(value, dict) else None
        if found != schema:
            raise ValueError(f"Not of schema {schema!r}: it says {found!r}.")
        return dict(value)

    return read_json(path, checked) if path.exists() else None
