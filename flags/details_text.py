"""What a .tflite file is made of, in lines for people."""

import collections
from collections.abc import Mapping, Sequence

from nse_tf.export import Census, FileDetails, OpTime
from nse_tf.export.census import TypeCount

# Operators whose time is listed; the others are in JSON.
NUM_TIMES = 10
# Kinds of operators that a table's cell has room for.
_NUM_KINDS = 2
NO_TIMES = (
    "LiteRT's interpreter tells none; nse_latency --op_profile=FILE reads them "
    "from what benchmark_model printed"
)


def detail_rows(
    details: FileDetails,
    census: Census | None,
    times: Sequence[OpTime] | None,
) -> dict[str, str]:
    """Returns what a file is made of, by caption.

    Args:
        details: Its operators and memory.
        census: Its number types, if they are known.
        times: The time of each operator, if it is known.
    """
    process = "unknown"
    if details.process_bytes is not None:
        process = f"{details.process_bytes:,} bytes"
    return {
        "ops": ", ".join(
            f"{kind} {count.total}" for kind, count in details.ops.items()
        ),
        "not taken": _left(details),
        "weights": "unknown" if census is None else _types(census.weights),
        "computed": (
            "unknown" if census is None else _types(census.activations)
        ),
        "RAM": (
            f"{process} more in the process at its peak; {details.live_bytes:,}"
            f" bytes of tensors alive at once, at {details.live_at}"
        ),
        "op times": NO_TIMES if times is None else _times(times),
    }


def taken_text(details: FileDetails) -> str:
    """Returns how many operators the delegate takes, and which kinds not."""
    total = sum(count.total for count in details.ops.values())
    text = f"{total - len(details.left)} of {total}"
    kinds = collections.Counter(op.kind for op in details.left)
    if not kinds or len(details.left) == total:
        return text
    named = [kind for kind, _ in kinds.most_common(_NUM_KINDS)]
    more = len(kinds) - len(named)
    return f"{text}, not {' '.join(named)}{f' +{more}' if more else ''}"


def _left(details: FileDetails) -> str:
    """Returns the operators that the delegate leaves, by their numbers."""
    if not details.left:
        return "none"
    if len(details.left) == sum(each.total for each in details.ops.values()):
        return "all"
    by_kind: dict[str, list[str]] = {}
    for op in details.left:
        by_kind.setdefault(op.kind, []).append(str(op.index))
    return ", ".join(
        f"{kind} ({' '.join(numbers)})" for kind, numbers in by_kind.items()
    )


def _types(counts: Mapping[str, TypeCount]) -> str:
    return ", ".join(
        f"{dtype} {count.tensors} ({count.size_bytes:,} bytes)"
        for dtype, count in counts.items()
    )


def _times(times: Sequence[OpTime]) -> str:
    """Returns the operators that take longest."""
    total = sum(each.ms for each in times)
    longest = sorted(times, key=lambda each: -each.ms)[:NUM_TIMES]
    listed = ", ".join(f"{each.kind} {each.ms:.3g} ms" for each in longest)
    return f"{listed}; {total:.4g} ms in {len(times)} ops"
