"""A run's numbers for TensorBoard, made from its events alone.

    tensorboard --logdir=runs

The file of a run only grows, as its log does: the same events make the same
bytes, so what is there already is a beginning of what will be there. No clock
is read; times are those that the events tell, one after the other.
"""

import io
import math
import os
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event as Record
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from nse_tf.reporting.run_log import Event
from nse_tf.spaces.files import write_bytes

# TensorBoard takes a file whose name has "tfevents" in it.
FILE = "events.out.tfevents.0000000000.nse_tf"

# Tag, step and value, in the order of writing.
Scalar = tuple[str, int, float]


def write_scalars(
    run_dir: str | os.PathLike[str], events: Sequence[Event]
) -> pathlib.Path:
    """Brings `tensorboard/` in a run's folder up to its events.

    What is new is added at the end, so that a TensorBoard that is looking on
    goes on; a file that says something else is replaced.

    Args:
        run_dir: The run's folder.
        events: All of them, in order.

    Returns:
        The file's path.
    """
    path = pathlib.Path(run_dir) / "tensorboard" / FILE
    content = _encoded(events)
    known = path.read_bytes() if path.exists() else b""
    if known and content.startswith(known):
        with path.open("ab") as file:
            file.write(content[len(known) :])
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content)
    return path


def scalars(events: Sequence[Event]) -> Iterator[list[Scalar]]:
    """Yields what each event adds to the curves; nothing for most of them.

    `loss/*` goes by epoch, `space/*` by stage of shrinking, `inherited/*` by
    children judged, `alone/*` by children trained alone.
    """
    epochs: dict[str, int] = {}
    num_stages = num_judged = num_trained = 0
    best = -math.inf
    part = "search"
    for event in events:
        found: list[Scalar] = []
        match event["event"]:
            case "space":
                size = math.log10(int(event["size"]))
                count = event["num_operators"]
                found += [
                    ("space/log10_networks", num_stages, size),
                    ("space/operators", num_stages, count),
                ]
                num_stages += 1
            case "supernet_trained":
                # Trained for shrinking, if any operators are scored after it.
                part = "shrinking" if _is_scored(events, event) else "search"
                tag = f"loss/supernet_for_{part}"
                found += _losses(tag, epochs, event["losses"])
            case "scored":
                known = [
                    score
                    for place in event["scores"]
                    for score in place
                    if score is not None and math.isfinite(score)
                ]
                if known:
                    found += [
                        ("space/lowest_score", num_stages - 1, min(known)),
                        ("space/mean_score", num_stages - 1, _mean(known)),
                    ]
            case "generation":
                judged = [x for x in event["accuracies"] if x is not None]
                num_judged += len(event["accuracies"])
                if judged:
                    best = max(best, *judged)
                    found += [
                        ("inherited/best_so_far", num_judged, best),
                        (
                            "inherited/generation_mean",
                            num_judged,
                            _mean(judged),
                        ),
                    ]
            case "child_trained":
                tag = f"loss/alone_{num_trained}"
                found += _losses(tag, epochs, event["losses"])
                accuracy = event["validation_accuracy"]
                if accuracy is not None and math.isfinite(accuracy):
                    found.append(
                        ("alone/validation_accuracy", num_trained, accuracy)
                    )
                num_trained += 1
            case "winner":
                found += [
                    (f"winner/{name}", 0, value)
                    for name, value in event["costs"].items()
                ]
        yield found


def _is_scored(events: Sequence[Event], training: Event) -> bool:
    """Returns whether what follows a training is a scoring."""
    after = iter(events)
    for event in after:
        if event is training:
            break
    return next(after, {"event": ""})["event"] == "scored"


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


def _encoded(events: Sequence[Event]) -> bytes:
    """Returns the whole file: records, each with its length and checksums."""
    content = io.BytesIO()
    writer = RecordWriter(content)
    clock = 0.0
    head = Record(wall_time=clock, file_version="brain.Event:2")
    writer.write(head.SerializeToString())
    for event, found in zip(events, scalars(events), strict=True):
        if event["event"] != "stage":  # It sums up what jobs tell one by one.
            clock += event.get("seconds") or 0.0
        for tag, step, value in found:
            summary = Summary(
                value=[Summary.Value(tag=tag, simple_value=float(value))]
            )
            record = Record(wall_time=clock, step=step, summary=summary)
            writer.write(record.SerializeToString())
    return content.getvalue()
