"""A run's folder: which run it belongs to, and what lies in it."""

import contextlib
import datetime
import importlib.metadata
import pathlib
import platform
import time
from collections.abc import Iterator
from typing import Any

from nse_tf.costs import COSTS, base_cost
from nse_tf.datasets import ImageData
from nse_tf.distribute.identity import (
    deciding_versions,
    differences,
    require_own_format,
)
from nse_tf.events import Event, RunFailed, StageTimed, new_entry
from nse_tf.reporting import RunLog, write_report
from nse_tf.reporting.run_record import CELLS, SCALE
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.sealed_files import read_either, write_twice
from nse_tf.version import __version__

SCHEMA = "nse_tf.config/1"
# Settings that say where a limit on latency is read off.
_TABLES = ("latency_table", "latency_tables")
_PACKAGES = ("tensorflow", "keras", "keras-tuner", "ai-edge-litert", "numpy")


class RunFolder:
    """The folder of one run; refuses that of another.

    Args:
        path: The folder; made if missing.

    Attributes:
        path: The folder.
        log: Its event log.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.log = RunLog(path / "log.jsonl")

    @property
    def best(self) -> pathlib.Path:
        """Where the network found and its files lie."""
        return self.path / "best"

    @property
    def cost_table(self) -> pathlib.Path:
        """The measured cost table that its budget is checked with."""
        return self.path / "cost_table.json"

    @property
    def is_finished(self) -> bool:
        """Whether the run has ended well."""
        return (self.best / "result.json").exists()

    def check(self, settings: dict[str, Any]) -> bool:
        """Returns whether there is a run to resume here; writes nothing.

        Raises:
            ValueError: If the folder holds something else, or a run of other
                settings or another version; says what differs.
        """
        config = self._config()
        if config is None:
            others = self.path.iterdir() if self.path.exists() else ()
            if any(path.name not in (CELLS, SCALE) for path in others):
                raise ValueError(
                    f"{self.path} is not empty and holds no run. Use another "
                    "--run_dir; nothing was overwritten."
                )
            return False
        require_own_format(self.path, config["versions"].get("nse_tf"))
        if found := differences(config["settings"], settings):
            raise ValueError(
                f"{self.path} holds a run of other settings: {found}. Use "
                "another --run_dir, or the former settings to resume."
            )
        self._check_versions(config)
        return True

    @property
    def has_begun(self) -> bool:
        """Whether a run has begun here."""
        return self._config() is not None

    def has_other_limits(self, settings: dict[str, Any]) -> bool:
        """Whether a run lies here that differs by its limits alone.

        Raises:
            ValueError: If it does, but has not finished, or is of another
                version; see also `check`.
        """
        config = self._config()
        if config is None or config["settings"] == settings:
            return False
        if _but_limits(config["settings"]) != _but_limits(settings):
            return False
        require_own_format(self.path, config["versions"].get("nse_tf"))
        self._check_versions(config)
        if not self.is_finished:
            found = differences(config["settings"], settings)
            raise ValueError(
                f"{self.path} holds a run of other limits that has not "
                f"finished: {found}. Finish it by the former limits, and its "
                "supernet is searched again by others; or use another "
                "--run_dir."
            )
        return True

    def has_table_settings(self, settings: dict[str, Any]) -> bool:
        """Whether the run's cost table was asked for in the same way."""
        config = self._config() or {"settings": {}}
        return all(
            config["settings"].get(name) == settings.get(name)
            for name in _TABLES
        )

    def _check_versions(self, config: dict[str, Any]) -> None:
        """Refuses a run of other versions, which compute other bits.

        Raises:
            ValueError: If it is one; says which.
        """
        ours = deciding_versions()
        theirs = {name: config["versions"].get(name) for name in ours}
        if found := differences(theirs, ours):
            raise ValueError(
                f"{self.path} holds a run of other versions: {found}. They "
                "compute other bits: install the former ones to resume, or use "
                "another --run_dir."
            )

    def begin(
        self, settings: dict[str, Any], data: ImageData, space: SearchSpace
    ) -> None:
        """Writes down what the run is."""
        write_twice(
            self.path / "config.json",
            {
                "schema": SCHEMA,
                "settings": settings,
                "data": {
                    "name": data.name,
                    "train": len(data.train),
                    "validation": len(data.validation),
                    "test": len(data.test),
                    "classes": list(data.class_names),
                    "image_shape": list(data.image_shape),
                    "unreadable": len(data.unreadable),
                    "fingerprint": data.fingerprint(),
                },
                "space": space.name,
                "versions": {
                    "nse_tf": __version__,
                    "python": platform.python_version(),
                    **{
                        name: importlib.metadata.version(name)
                        for name in _PACKAGES
                    },
                },
                "started": datetime.datetime.now(datetime.UTC).isoformat(
                    timespec="seconds"
                ),
            },
        )

    def check_data(self, data: ImageData) -> None:
        """Refuses to resume with other images than the run began with.

        Raises:
            ValueError: If the images are not those of the run.
        """
        config = self._config()
        known = config and config["data"]["fingerprint"]
        if known != data.fingerprint():
            raise ValueError(
                f"The images of {data.name!r} are not those that the run in "
                f"{self.path} began with. Use another --run_dir."
            )

    def _config(self) -> dict[str, Any] | None:
        """Returns what `begin` wrote; None if no run has begun."""
        path = self.path / "config.json"
        if not path.exists():
            return None
        config = read_either(path)
        if config.get("schema") != SCHEMA:
            raise ValueError(f"{path} is not of schema {SCHEMA!r}.")
        return config

    def require(self) -> None:
        """Refuses to write where no run has begun.

        Raises:
            ValueError: If the folder was deleted or moved since.
        """
        if not self.has_begun:
            raise ValueError(f"The run's folder {self.path} is gone.")

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Logs how long something took."""
        started = time.monotonic()
        yield
        seconds = time.monotonic() - started
        self.note(StageTimed(name=name, seconds=seconds))

    def note(self, event: Event) -> None:
        """Adds an event to the log."""
        stamp = datetime.datetime.now(datetime.UTC).isoformat()
        self.log.append([new_entry(stamp, event)])

    def note_failure(self, error: Exception) -> None:
        """Adds what ended a run to its log and report, if there is room."""
        # The disk may be full, or the folder gone.
        with contextlib.suppress(OSError, ValueError):
            self.require()
            self.note(RunFailed(error=str(error)))
            write_report(self.path)


def _but_limits(settings: dict[str, Any]) -> dict[str, Any]:
    """Returns what else settings say than limits, and whose tables tell."""
    return {
        name: value
        for name, value in settings.items()
        if name not in _TABLES and not is_limit(name)
    }


def is_limit(setting: str) -> bool:
    """Whether a setting is one of a budget's limits, such as `max_macs`."""
    bound, _, cost = setting.partition("_")
    return bound in ("max", "min") and base_cost(cost) in COSTS
