"""Times .tflite files: median and quartiles, on a machine shared with others.

The mean is never reported: one interruption of 4.5 ms spoils it for a network
of 0.3 ms. Rounds of several files are interleaved, and each file keeps the
calmer half of its rounds: interruptions only add time, and they come in bursts
that may outlast a round. Where even the calmer half disagrees with itself, more
rounds follow; where these do not help, the figure says that it is unsteady.
"""

import dataclasses
import math
import os
import time
from collections.abc import Iterable, Mapping

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from nse_tf.export.inference import count_delegated, open_interpreter
from nse_tf.export.machine import Machine, describe_machine, now

# A round of a file never has more runs than this, however short they are.
MAX_RUNS_PER_ROUND = 5_000
# Figures that are to be compared should not differ by more among themselves.
MAX_SPREAD = 0.25
# Where one of them does, all files are measured so many times as long.
MOST_REPEATS = 2
# Types of inputs that are no pixels: indices and truth values.
_INDICES = (np.int32, np.int64, np.uint32, np.uint64, np.bool_)
# What clocks cannot resolve is no disagreement.
RESOLUTION_MS = 1e-3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Latency:
    """How long one inference takes, and what that depends on.

    Attributes:
        median_ms: Median of the runs, batch 1.
        p25_ms: Lower quartile.
        p75_ms: Upper quartile.
        min_ms: Fastest run.
        runs: Timed runs behind these four.
        rounds: Rounds measured, of which the calmer half was kept.
        spread: How far these disagree: the distance of the quartiles, or of the
            slowest and the fastest round's median if that is larger, as a share
            of the median.
        is_steady: Whether that is little enough to rely on the figure.
        warmup: Untimed runs before the first timed one.
        num_threads: Threads that one inference may use.
        delegate: `XNNPACK`, `none`, or `unknown`.
        num_ops: Operators in the file, where known.
        delegated_ops: How many of them the delegate computes, where known.
        input: Type and shape of the first input, such as `uint8 1x96x96x3`;
            `none` without any. It has random values, set before timing:
            without, it may be 80 times slower.
        machine: Processor and runtime.
        date: ISO date and time, in UTC.
    """

    median_ms: float
    p25_ms: float
    p75_ms: float
    min_ms: float
    runs: int
    rounds: int
    spread: float
    is_steady: bool
    warmup: int
    num_threads: int
    delegate: str
    num_ops: int | None
    delegated_ops: int | None
    input: str
    machine: Machine
    date: str


def measure_latency(
    tflite: bytes | str | os.PathLike[str],
    *,
    num_threads: int = 1,
    use_xnnpack: bool = True,
    warmup: int = 10,
    runs: int = 50,
    rounds: int = 5,
    min_seconds: float = 0.25,
    max_seconds: float = 10.0,
    max_spread: float = MAX_SPREAD,
    seed: int = 0,
) -> Latency:
    """Returns the latency of one file; see `measure_together`."""
    measured = measure_together(
        {"tflite": tflite},
        num_threads=num_threads,
        use_xnnpack=use_xnnpack,
        warmup=warmup,
        runs=runs,
        rounds=rounds,
        min_seconds=min_seconds,
        max_seconds=max_seconds,
        max_spread=max_spread,
        seed=seed,
    )
    return measured["tflite"]


def measure_together(
    models: Mapping[str, bytes | str | os.PathLike[str]],
    *,
    num_threads: int = 1,
    use_xnnpack: bool = True,
    warmup: int = 10,
    runs: int = 50,
    rounds: int = 5,
    min_seconds: float = 0.25,
    max_seconds: float = 10.0,
    max_spread: float = MAX_SPREAD,
    seed: int = 0,
) -> dict[str, Latency]:
    """Returns the latency of several files, measured in interleaved rounds.

    Whatever else the machine does slows all of them alike, so that they can be
    compared. Where a file's `spread` is too large, all are measured once more.

    Args:
        models: Contents of .tflite files, or their paths, by name.
        num_threads: Threads that one inference may use.
        use_xnnpack: Whether XNNPACK may take the operators that it knows.
        warmup: Untimed runs of each file at the start.
        runs: Fewest timed runs of each file, over all rounds.
        rounds: Rounds, each in another order, until spreads are looked at.
        min_seconds: Shortest total time of a file, up to 5,000 runs a round.
        max_seconds: Longest total time of each file in these rounds. It
            overrides `runs` and `warmup`, but each round has at least one run.
        max_spread: Up to which `spread` a figure is steady.
        seed: Seed of the random inputs and orders.

    Raises:
        ValueError: If a file is no .tflite file, or a number is out of range.
    """
    _check_counts(warmup=warmup, runs=runs, rounds=rounds)
    _check_seconds(min_seconds, max_seconds)
    rng = np.random.default_rng(seed)
    ready = {
        name: open_interpreter(
            tflite, num_threads=num_threads, use_xnnpack=use_xnnpack
        )
        for name, tflite in models.items()
    }
    run_ms = _warm_up(ready, warmup, max_seconds, rng)
    counts = {
        name: _runs_per_round(max(runs, 1e3 * min_seconds / each), rounds)
        for name, each in run_ms.items()
    }
    timed: dict[str, list[np.ndarray]] = {name: [] for name in ready}
    for _ in range(MOST_REPEATS):
        for _ in range(rounds):
            _time_round(ready, counts, max_seconds / rounds, timed, rng)
        if all(spread_of(each) <= max_spread for each in timed.values()):
            break
    given = max_spread, warmup, num_threads, use_xnnpack
    return {
        name: _summarize(timed[name], interpreter, *given)
        for name, interpreter in ready.items()
    }


def _runs_per_round(runs: float, rounds: int) -> int:
    return min(math.ceil(runs / rounds), MAX_RUNS_PER_ROUND)


def _time_round(
    ready: Mapping[str, Interpreter],
    counts: Mapping[str, int],
    max_seconds: float,
    timed: dict[str, list[np.ndarray]],
    rng: np.random.Generator,
) -> None:
    """Times each file once more.

    Args:
        ready: Interpreters of the files.
        counts: How many runs of each.
        max_seconds: Longest time of each.
        timed: Gets the milliseconds.
        rng: Draws the order, so that no file always follows the same one.
    """
    for index in rng.permutation(len(ready)):
        name = list(ready)[index]
        # Brings the weights back that other files displaced from the cache.
        ready[name].invoke()
        timed[name].append(_time_runs(ready[name], counts[name], max_seconds))


def _warm_up(
    ready: Mapping[str, Interpreter],
    warmup: int,
    max_seconds: float,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Returns the milliseconds of each file's fastest warm-up run."""
    run_ms = {}
    for name, interpreter in ready.items():
        _set_random_input(interpreter, rng)
        # The fastest, since interruptions only add time.
        run_ms[name] = float(_time_runs(interpreter, warmup, max_seconds).min())
    return run_ms


def _check_counts(**counts: int) -> None:
    for name, value in counts.items():
        if value < 1:
            raise ValueError(f"`{name}` must be at least 1, got {value}.")


def _check_seconds(min_seconds: float, max_seconds: float) -> None:
    if not 0 <= min_seconds <= max_seconds:
        raise ValueError(
            f"`min_seconds` ({min_seconds}) must not be negative nor more than "
            f"`max_seconds` ({max_seconds})."
        )


def _set_random_input(
    interpreter: Interpreter, rng: np.random.Generator
) -> None:
    for given in interpreter.get_input_details():
        dtype, shape = given["dtype"], tuple(given["shape"])
        if dtype in _INDICES:  # The only ones that are valid in any table.
            interpreter.set_tensor(given["index"], np.zeros(shape, dtype))
            continue
        if np.issubdtype(dtype, np.integer):
            limits = np.iinfo(dtype)
            low, high = int(limits.min), int(limits.max) + 1
        else:
            low, high = 0, 255
        values = rng.uniform(low, high, shape)
        interpreter.set_tensor(given["index"], np.floor(values).astype(dtype))


def _time_runs(
    interpreter: Interpreter, count: int, max_seconds: float
) -> np.ndarray:
    """Returns milliseconds of up to `count` runs, of at least one."""
    times = []
    # Looked up once, or each look-up would be timed, too.
    clock, invoke = time.perf_counter_ns, interpreter.invoke
    deadline = clock() + int(1e9 * max_seconds)
    for _ in range(count):
        start = clock()
        invoke()
        end = clock()
        times.append(end - start)
        if end > deadline:
            break
    return np.array(times) / 1e6


def calmer_half(rounds: Iterable[np.ndarray]) -> list[np.ndarray]:
    """Returns the rounds whose medians are lowest, calmest first.

    With an odd number of rounds the middle one counts as calm.
    """
    ranked = sorted(rounds, key=lambda times: float(np.median(times)))
    return ranked[: (len(ranked) + 1) // 2]


def spread_of(rounds: Iterable[np.ndarray]) -> float:
    """Returns how far the calmer half of some rounds disagrees with itself.

    See `Latency.spread`. A microsecond is no disagreement, since clocks do not
    resolve it.

    Args:
        rounds: Milliseconds of the runs of each round.
    """
    calm = calmer_half(rounds)
    p25_ms, median_ms, p75_ms = np.percentile(
        np.concatenate(calm), (25, 50, 75)
    )
    between_ms = np.median(calm[-1]) - np.median(calm[0])
    apart_ms = max(float(p75_ms - p25_ms), float(between_ms))
    return max(0.0, apart_ms - RESOLUTION_MS) / float(median_ms)


def _summarize(
    rounds: list[np.ndarray],
    interpreter: Interpreter,
    max_spread: float,
    warmup: int,
    num_threads: int,
    use_xnnpack: bool,
) -> Latency:
    times = np.concatenate(calmer_half(rounds))
    p25_ms, median_ms, p75_ms = np.percentile(times, (25, 50, 75)).tolist()
    spread = spread_of(rounds)
    delegated = count_delegated(interpreter)
    return Latency(
        median_ms=median_ms,
        p25_ms=p25_ms,
        p75_ms=p75_ms,
        min_ms=float(times.min()),
        runs=len(times),
        rounds=len(rounds),
        spread=spread,
        is_steady=spread <= max_spread,
        warmup=warmup,
        num_threads=num_threads,
        delegate=_delegate_name(delegated, use_xnnpack),
        num_ops=None if delegated is None else delegated[1],
        delegated_ops=None if delegated is None else delegated[0],
        input=_input_text(interpreter),
        machine=describe_machine(),
        date=now(),
    )


def _input_text(interpreter: Interpreter) -> str:
    """Returns type and shape of the first input."""
    inputs = interpreter.get_input_details()
    if not inputs:
        return "none"
    shape = "x".join(map(str, inputs[0]["shape"]))
    return f"{np.dtype(inputs[0]['dtype']).name} {shape}".strip()


def _delegate_name(delegated: tuple[int, int] | None, use_xnnpack: bool) -> str:
    """Returns the delegate; XNNPACK is the runtime's only default one."""
    if not use_xnnpack:
        return "none"
    if delegated is None:
        return "unknown"
    return "XNNPACK" if delegated[0] else "none"
