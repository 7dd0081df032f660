"""A run's numbers for TensorBoard, made from its events alone.

    tensorboard --logdir=runs

The file of a run only grows, as its log does: the same events make the same
bytes, so what is there already is a prefix of what will be there. No clock is
read; times are those of the events, one after the other.
"""

import io
import itertools
import math
import os
import pathlib
from collections.abc import Sequence

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event as Record
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from nse_tf.events import (
    Event,
    GenerationEvaluated,
    JobDone,
    OperatorsScored,
    SpaceAtStage,
    StageTrained,
    SupernetWarmedUp,
    TrainedAlone,
    WinnerChosen,
)
from nse_tf.spaces.files import write_bytes

# TensorBoard takes a file whose name has "tfevents" in it.
FILE = "events.out.tfevents.0000000000.nse_tf"

# Tag, step and value, in the order of writing.
Scalar = tuple[str, int, float]


def write_scalars(
    run_dir: str | os.PathLike[str], events: Sequence[Event]
) -> pathlib.Path:
    """Brings `tensorboard/` in a run's folder up to its events.

    What is new is added at the end, so that an open TensorBoard
    continues; a file of other contents is replaced.

    Args:
        run_dir: The run's folder.
        events: All of them, in order.

    Returns:
        The file's path.
    """
    return ScalarFile(run_dir).extend(events, is_all=True)


class ScalarFile:
    """The file of a run that is written on as events come in.

    Args:
        run_dir: The run's folder.
    """

    def __init__(self, run_dir: str | os.PathLike[str]) -> None:
        self._path = pathlib.Path(run_dir) / "tensorboard" / FILE
        self._encoder = _Encoder()
        self._size = 0
        self._held: Event | None = None

    def extend(
        self, events: Sequence[Event], *, is_all: bool = False
    ) -> pathlib.Path:
        """Adds the events that follow those of the last call.

        Args:
            events: What is new.
            is_all: Whether no more will come. Otherwise a training that comes
                last is held back: the next event says what it was for.

        Returns:
            The file's path.
        """
        held = [] if self._held is None else [self._held]
        waiting = [*held, *events]
        self._held = None
        if waiting and not is_all and isinstance(waiting[-1], StageTrained):
            self._held = waiting.pop()
        content = self._encoder.encode(waiting)
        if self._size == 0:
            self._start(content)
        else:
            with self._path.open("ab") as file:
                file.truncate(self._size)
                file.write(content)
        self._size += len(content)
        return self._path

    def _start(self, content: bytes) -> None:
        """Goes on with a file of an earlier process, if it says the same."""
        known = self._path.read_bytes() if self._path.exists() else b""
        if known and content.startswith(known):
            with self._path.open("ab") as file:
                file.write(content[len(known) :])
        else:
            write_bytes(self._path, content)


class Curves:
    """What events add to the curves, one after the other.

    `loss/*` goes by epoch, `space/*` by stage of shrinking, `inherited/*` by
    children evaluated, `alone/*` by children trained alone.
    """

    def __init__(self) -> None:
        self._epochs: dict[str, int] = {}
        self._num_stages = self._num_evaluated = self._num_trained = 0
        self._best = -math.inf

    def added(self, event: Event, following: Event | None) -> list[Scalar]:
        """Returns what an event adds; nothing for most of them."""
        match event:
            case SpaceAtStage():
                self._num_stages += 1
                stage = self._num_stages - 1
                size = math.log10(event.size)
                return [
                    ("space/log10_networks", stage, size),
                    ("space/operators", stage, event.num_operators),
                ]
            case SupernetWarmedUp():
                return _losses(
                    "loss/supernet_warming_up", self._epochs, event.losses
                )
            case StageTrained():
                # Trained for shrinking, if its operators are scored next.
                is_scored = isinstance(following, OperatorsScored)
                part = "shrinking" if is_scored else "search"
                tag = f"loss/supernet_for_{part}"
                return _losses(tag, self._epochs, event.losses)
            case OperatorsScored():
                return self._scored(event)
            case GenerationEvaluated():
                return self._evaluated(event)
            case TrainedAlone():
                return self._trained_alone(event)
            case WinnerChosen():
                return [
                    (f"winner/{name}", 0, value)
                    for name, value in event.costs.items()
                ]
        return []

    def _scored(self, event: OperatorsScored) -> list[Scalar]:
        known = [
            score
            for block in event.scores
            for score in block
            if score is not None
        ]
        if not known:
            return []
        stage = self._num_stages - 1
        return [
            ("space/lowest_score", stage, min(known)),
            ("space/mean_score", stage, _mean(known)),
        ]

    def _evaluated(self, event: GenerationEvaluated) -> list[Scalar]:
        evaluated = [x for x in event.accuracies if x is not None]
        self._num_evaluated += len(event.accuracies)
        if not evaluated:
            return []
        self._best = max(self._best, *evaluated)
        return [
            ("inherited/best_so_far", self._num_evaluated, self._best),
            (
                "inherited/generation_mean",
                self._num_evaluated,
                _mean(evaluated),
            ),
        ]

    def _trained_alone(self, event: TrainedAlone) -> list[Scalar]:
        number = self._num_trained
        self._num_trained += 1
        found = _losses(f"loss/alone_{number}", self._epochs, event.losses)
        accuracy = event.validation_accuracy
        if accuracy is not None:
            found.append(("alone/validation_accuracy", number, accuracy))
        return found


def _losses(
    tag: str, epochs: dict[str, int], losses: Sequence[float]
) -> list[Scalar]:
    """Returns losses by epoch, going on where the tag stopped."""
    start = epochs.get(tag, 0)
    epochs[tag] = start + len(losses)
    return [
        (tag, start + number, loss) for number, loss in enumerate(losses, 1)
    ]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


class _Encoder:
    """Records of events, each with its length and checksums."""

    def __init__(self) -> None:
        self._curves = Curves()
        self._clock = 0.0
        self._has_begun = False

    def encode(self, events: Sequence[Event]) -> bytes:
        """Returns what follows the bytes that were returned before."""
        content = io.BytesIO()
        writer = RecordWriter(content)
        if not self._has_begun:
            self._has_begun = True
            head = Record(wall_time=0.0, file_version="brain.Event:2")
            writer.write(head.SerializeToString())
        for event, following in itertools.zip_longest(events, events[1:]):
            if isinstance(event, JobDone):
                self._clock += event.seconds
            for tag, step, value in self._curves.added(event, following):
                summary = Summary(
                    value=[Summary.Value(tag=tag, simple_value=float(value))]
                )
                record = Record(
                    wall_time=self._clock, step=step, summary=summary
                )
                writer.write(record.SerializeToString())
        return content.getvalue()
