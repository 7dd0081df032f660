"""How the rows of a cost table are measured, and by what."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from nse_tf.costs.tables import Provenance
from nse_tf.export.latency import MAX_SPREAD, measure_together
from nse_tf.export.machine import describe_machine, now


@dataclasses.dataclass(frozen=True, kw_only=True)
class TablePlan:
    """How the rows of a table are measured.

    Attributes:
        precision: One of `PRECISIONS`.
        num_threads: Threads that one inference may use.
        use_xnnpack: Whether XNNPACK may take the operators that it knows.
        warmup: Untimed runs of each file at the start of each round.
        runs: Fewest timed runs of each file, over all rounds.
        rounds: Interleaved rounds, each of which opens every file again; the
            one with the lowest median is kept.
        min_seconds: Shortest time of each file, over all rounds.
        max_seconds: Longest time of each file.
        max_spread: Largest distance between the quartiles of a row, as a share
            of its median; a row above is measured again.
        retries: How often it is measured again, at most.
        seed: Seed of inputs and orders.
    """

    precision: str = "fp32"
    num_threads: int = 1
    use_xnnpack: bool = True
    warmup: int = 3
    runs: int = 40
    rounds: int = 8
    min_seconds: float = 0.05
    max_seconds: float = 2.0
    max_spread: float = MAX_SPREAD
    retries: int = 3
    seed: int = 0

    def provenance(
        self,
        *,
        device: str,
        cpu: str,
        governor: str,
        runtime: str,
        runtime_version: str,
    ) -> Provenance:
        """Returns the provenance of rows measured by this plan, now.

        The arguments are the fields of `Provenance` that the plan lacks.
        """
        return Provenance(
            device=device,
            cpu=cpu,
            governor=governor,
            runtime=runtime,
            runtime_version=runtime_version,
            delegate="XNNPACK" if self.use_xnnpack else "none",
            num_threads=self.num_threads,
            precision=self.precision,
            warmup=self.warmup,
            runs=self.runs,
            date=now(),
        )

    @property
    def runs_per_round(self) -> int:
        """Timed runs of each file in a round."""
        return max(1, self.runs // self.rounds)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Timing:
    """How long one inference of a file takes.

    Attributes:
        median_ms: Median of the runs.
        p25_ms: Lower quartile.
        p75_ms: Upper quartile.
        runs: Timed runs behind these.
        num_ops: Operators in the file, where known.
        delegated_ops: How many of them the delegate computes, where known.
    """

    median_ms: float
    p25_ms: float
    p75_ms: float
    runs: int
    num_ops: int | None = None
    delegated_ops: int | None = None


class Backend(Protocol):
    """Times .tflite files on some device."""

    def provenance(self, plan: TablePlan) -> Provenance:
        """Returns the provenance of rows measured here and now."""

    def time(
        self, files: Mapping[str, bytes], plan: TablePlan
    ) -> dict[str, Timing]:
        """Returns how long one inference of each file takes, by name.

        Raises:
            ValueError: If the device or a tool fails.
        """


class InterpreterBackend:
    """This machine, through LiteRT's interpreter in this process."""

    def provenance(self, plan: TablePlan) -> Provenance:
        """Returns the provenance of rows measured here and now."""
        return plan.provenance(**vars(describe_machine()))

    def time(
        self, files: Mapping[str, bytes], plan: TablePlan
    ) -> dict[str, Timing]:
        """Returns the latency of each file, in interleaved rounds.

        The memory that a file gets when it is opened may change its latency
        severalfold, and stays the same until it is opened again: a 7x7
        depthwise convolution of int8 at 8x8x288 took 2.2 or 6.3 or 8.6 ms here.
        So each round opens the files again, and the fastest counts, which is
        what whole networks get.
        """
        timed: dict[str, list[Timing]] = {name: [] for name in files}
        for number in range(plan.rounds):
            measured = measure_together(
                files,
                num_threads=plan.num_threads,
                use_xnnpack=plan.use_xnnpack,
                warmup=plan.warmup,
                runs=plan.runs_per_round,
                rounds=1,
                min_seconds=plan.min_seconds / plan.rounds,
                max_seconds=plan.max_seconds / plan.rounds,
                max_spread=math.inf,  # The table's maker repeats by itself.
                seed=plan.seed + number,
            )
            for name, latency in measured.items():
                timed[name].append(
                    Timing(
                        median_ms=latency.median_ms,
                        p25_ms=latency.p25_ms,
                        p75_ms=latency.p75_ms,
                        runs=latency.runs,
                        num_ops=latency.num_ops,
                        delegated_ops=latency.delegated_ops,
                    )
                )
        return {name: calmest(timings) for name, timings in timed.items()}


def timing_of_percentiles(
    p5_ms: float, median_ms: float, p95_ms: float, runs: int
) -> Timing:
    """Returns the timing of a tool that reports no quartiles.

    They are put where those of a normal distribution are: at 0.41 of the way
    from the median to the outer percentile.
    """
    way = 0.6745 / 1.6449
    return Timing(
        median_ms=median_ms,
        p25_ms=median_ms - way * (median_ms - p5_ms),
        p75_ms=median_ms + way * (p95_ms - median_ms),
        runs=runs,
    )


def time_in_rounds(
    names: Iterable[str], plan: TablePlan, run: Callable[[str], Timing]
) -> dict[str, Timing]:
    """Returns the calmest timing of each file, in interleaved rounds.

    Args:
        names: Names of the files.
        plan: How many rounds there are.
        run: Times the file of a name once.
    """
    timed: dict[str, list[Timing]] = {name: [] for name in names}
    for _ in range(plan.rounds):
        for name, timings in timed.items():
            timings.append(run(name))
    return {name: calmest(timings) for name, timings in timed.items()}


def calmest(timings: list[Timing]) -> Timing:
    """Returns the timing of the lowest median: disturbances only add time."""
    return min(timings, key=lambda timing: timing.median_ms)
