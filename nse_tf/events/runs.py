"""Events of a run, around its search."""

import dataclasses

from nse_tf.events.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class StageTimed(Event):
    """A stage of a run is over.

    Attributes:
        name: What was done, for people, such as `search`.
        seconds: Time it took.
    """

    name: str
    seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunFailed(Event):
    """A run ended by an error; it may be resumed.

    Attributes:
        error: What went wrong, for people.
    """

    error: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunFinished(Event):
    """A run came to its end, and its artifacts are written."""
