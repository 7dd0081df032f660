"""Times things in turns, so that what slows the machine slows all of them."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def seconds_of(
    work: Callable[[], Any], clock: Callable[[], float] = time.perf_counter
) -> float:
    """Returns how long work takes; what it returns must be ready by then."""
    started = clock()
    work()
    return clock() - started


def shortest_in_turns(
    works: Sequence[Callable[[], Any]],
    repeats: int,
    clock: Callable[[], float] = time.perf_counter,
) -> list[float]:
    """Returns the shortest time of each work, after one that warms up."""
    times = np.array(
        [
            [seconds_of(work, clock) for work in works]
            for _ in range(repeats + 1)
        ]
    )
    shortest: list[float] = times[1:].min(axis=0).tolist()
    return shortest
