"""A run's folder: which run it belongs to, and what lies in it."""

import contextlib
import datetime
import importlib.metadata
import pathlib
import platform
import time
from collections.abc import Iterator
from typing import Any

from nse_tf.datasets import ImageData
from nse_tf.distribute.identity import (
    deciding_versions,
    differences,
    require_own_format,
)
from nse_tf.events import Event, RunFailed, StageTimed, new_entry
from nse_tf.reporting import RunLog, write_report
from nse_tf.reporting.run_record import CELLS
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.sealed_files import read_either, write_twice
from nse_tf.version import __version__

SCHEMA = "nse_tf.config/1"
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
            if any(path.name != CELLS for path in others):
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
        ours = deciding_versions()
        theirs = {name: config["versions"].get(name) for name in ours}
        if found := differences(theirs, ours):
            raise ValueError(
                f"{self.path} holds a run of other versions: {found}. They "
                "compute other bits: install the former ones to resume, or use "
                "another --run_dir."
            )
        return True

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
        if self._config() is None:
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
