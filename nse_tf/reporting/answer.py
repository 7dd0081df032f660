"""The answer of a run: the winner, what it does and what it costs."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from nse_tf.costs import (
    COSTS,
    Budget,
    NetworkDescription,
    base_cost,
    describe_network,
    device_of,
    in_order,
)
from nse_tf.costs.cost_names import MICRO
from nse_tf.events import (
    GenerationEvaluated,
    OperatorsScored,
    Purpose,
    TrainedAlone,
    WinnerChosen,
)
from nse_tf.reporting.children import evaluated_children
from nse_tf.reporting.classified import Classified
from nse_tf.reporting.run_files import FileCheck, FileLatency, RunResult
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.units import counted, exact_cost, percent, three_digits
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.spaces.genotype import Path, as_path

# The lower limits of a budget.
FLOORS = ("min_macs", "min_latency_ms")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportedFile:
    """One `.tflite` file.

    Attributes:
        precision: `fp32`, `fp16` or `int8`.
        name: Name of the file.
        sha256: Its checksum.
        check: Its comparison with Keras.
        faults: What is wrong with it, in sentences.
        latency: Its measurement; None if missing.
    """

    precision: str
    name: str
    sha256: str
    check: FileCheck
    faults: tuple[str, ...]
    latency: FileLatency | None

    @property
    def measured_on(self) -> str:
        """Device, threads and runtime of the measurement, if there is one."""
        if self.latency is None:
            return "nothing yet"
        machine, delegate = self.latency.machine, self.latency.delegate
        return (
            f"{machine.device} ({machine.cpu}, governor {machine.governor}) "
            f"with {counted(self.latency.num_threads, 'thread')}, "
            f"{machine.runtime} {machine.runtime_version}, "
            f"{'no delegate' if delegate == 'none' else f'delegate {delegate}'}"
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """One limit of the budget, and what the winner costs.

    Attributes:
        cost: A name of `COSTS`.
        limit: The most allowed, or the least.
        is_floor: Whether it is the least.
        actual: What the winner costs; None if that is not known yet.
        source: How `actual` is known; empty if it is exact.
    """

    cost: str
    limit: float
    is_floor: bool
    actual: float | None
    source: str

    @property
    def excess(self) -> float:
        """The share by which the limit is missed; 0 if it is met."""
        if self.actual is None:
            return 0.0
        cost = f"min_{self.cost}" if self.is_floor else self.cost
        limit: Any = self.limit
        if device := device_of(self.cost):
            cost, limit = base_cost(self.cost), {device: limit}
        return Budget(**{cost: limit}).excess({self.cost: self.actual})

    @property
    def is_met(self) -> bool | None:
        """Whether the limit is kept; None if that is not known yet."""
        return None if self.actual is None else self.excess == 0

    @property
    def shown_limit(self) -> str:
        """The limit in words, such as `at most 1,200,000`."""
        bound = "at least" if self.is_floor else "at most"
        return f"{bound} {exact_cost(self.cost, self.limit)}"

    @property
    def shown_actual(self) -> str:
        """What the winner costs, in words."""
        if self.actual is None:
            return "not known yet"
        return f"{exact_cost(self.cost, self.actual)} {self.source}".strip()

    @property
    def shown_excess(self) -> str:
        """By how much the limit is missed, in words."""
        return f"{three_digits(100 * self.excess)} %"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """The winner; None is what is not known (yet).

    Attributes:
        costs: What it costs, by name of `COSTS`.
        path: Its candidate indices, a choice block each.
        network: Its parts, one by one.
        inherited_accuracy: On the validation part, with the supernet's weights.
        validation_accuracy: On the validation part, trained alone.
        test_accuracy: On the test part.
        test_errors: Test images that it classifies wrongly.
        test_images: How many there are.
        files: Its `.tflite` files.
        verdicts: The limits of the budget.
        classified: What it makes of each class of the test images.
        resized: In what it differs from the networks that were searched, such
            as `20 cells, 36 channels`; empty if in nothing.
    """

    costs: dict[str, float]
    path: Path | None
    network: NetworkDescription | None
    inherited_accuracy: float | None
    validation_accuracy: float | None
    test_accuracy: float | None
    test_errors: int | None
    test_images: int | None
    files: tuple[ExportedFile, ...]
    verdicts: tuple[Verdict, ...]
    classified: Classified | None = None
    resized: str = ""


def find_answer(record: RunRecord) -> Answer | None:
    """Returns the answer of a run; None while there is no winner.

    Raises:
        ValueError: If the winner is not of the run's space.
    """
    result, won = record.result, record.last(WinnerChosen)
    if result is None and won is None:
        return None
    costs = result.costs if result else won.costs if won else {}
    given = result.path if result else won.path if won else None
    path = None if given is None else as_path(given)
    files = exported_files(record)
    return Answer(
        costs=costs,
        path=path,
        network=_network(
            _space_of(record, won), result.genotype if result else None, path
        ),
        inherited_accuracy=won.inherited_accuracy if won else None,
        validation_accuracy=_honest_validation_accuracy(record, path),
        test_accuracy=result.test_accuracy if result else None,
        test_errors=result.test_errors if result else None,
        test_images=result.test_images if result else None,
        files=files,
        verdicts=tuple(
            _verdict(record, cost, limit, costs, files)
            for cost, limit in limits(record).items()
        ),
        classified=record.classified,
        resized=_resized(won) if won else "",
    )


def _resized(won: WinnerChosen) -> str:
    """Returns in what the winner differs from what was searched."""
    sizes = {"cells": won.num_cells, "channels": won.channels}
    return ", ".join(f"{size} {name}" for name, size in sizes.items() if size)


def limits(record: RunRecord) -> dict[str, float]:
    """Returns the limits of the run's budget, lower ones as `min_…`."""
    return limits_of(record.settings, record.result)


def limits_of(
    settings: dict[str, Any], result: RunResult | None
) -> dict[str, float]:
    """Returns the limits that a run's settings or its result tell."""
    given = (result and result.budget) or {
        name.removeprefix("max_"): value for name, value in settings.items()
    }
    most = in_order(name for name in given if base_cost(name) in COSTS)
    return {
        name: limit
        for name in (*most, *FLOORS)
        if (limit := given.get(name)) is not None
    }


def progress_text(record: RunRecord) -> str:
    """Returns what an unfinished run has done so far, in a few words."""
    children = evaluated_children(record.named(GenerationEvaluated))
    num_stages = len(record.named(OperatorsScored))
    done = []
    if num_stages:
        done.append(f"{counted(num_stages, 'stage')} of shrinking")
    if len(children):
        best = percent(children.accuracies[children.best])
        done.append(
            f"{len(children)} children evaluated, the best with {best} on "
            "the validation images"
        )
    if record.last(WinnerChosen):
        done.append("the winner trained")
    return ", ".join(done) or "nothing that could be shown"


def exported_files(record: RunRecord) -> tuple[ExportedFile, ...]:
    """Returns the `.tflite` files of a run, in the order of their export."""
    latencies = record.latency.files if record.latency else {}
    files = record.export.files if record.export else {}
    return tuple(
        ExportedFile(
            precision=precision,
            name=facts.file,
            sha256=facts.sha256,
            check=facts.check,
            faults=facts.faults,
            latency=latencies.get(precision),
        )
        for precision, facts in files.items()
    )


def winner_genotype(
    record: RunRecord,
) -> tuple[SearchSpace, Genotype] | None:
    """Returns the winner with its space; None while either is not known."""
    won, result = record.last(WinnerChosen), record.result
    space = _space_of(record, won)
    if space is None:
        return None
    if result is not None:
        return space, Genotype.from_json(result.genotype)
    return None if won is None else (space, space.genotype(won.path))


def _space_of(
    record: RunRecord, won: WinnerChosen | None
) -> SearchSpace | None:
    """Returns the space that the winner is of, as it was trained."""
    if record.space is None or won is None or not _resized(won):
        return record.space
    return record.space.resized(won.num_cells, won.channels)


def _network(
    space: SearchSpace | None, genotype: Any, path: Any
) -> NetworkDescription | None:
    if space is None:
        return None
    if genotype is not None:
        return describe_network(space, Genotype.from_json(genotype))
    if path is not None:
        return describe_network(space, space.genotype(path))
    return None


def _honest_validation_accuracy(
    record: RunRecord, path: Path | None
) -> float | None:
    """Returns the winner's, where it was not trained on those images."""
    for event in reversed(record.named(TrainedAlone)):
        is_check = event.purpose is Purpose.RANK_CHECK
        if event.path != path or is_check:
            continue  # A check is trained for a shorter time.
        if not event.uses_validation:
            return event.validation_accuracy
    return None


def _verdict(
    record: RunRecord,
    name: str,
    limit: float,
    costs: dict[str, float],
    files: Sequence[ExportedFile],
) -> Verdict:
    """Returns whether the winner keeps a limit, measured where it can be.

    A limit on latency or size applies to the file of one precision, the
    setting `precision`; one on RAM or flash to the int8 file.
    """
    is_floor = name in FLOORS
    cost = name.removeprefix("min_")
    actual, source = _actual_cost(record, cost, costs, files)
    return Verdict(
        cost=cost, limit=limit, is_floor=is_floor, actual=actual, source=source
    )


def _actual_cost(
    record: RunRecord,
    cost: str,
    costs: dict[str, float],
    files: Sequence[ExportedFile],
) -> tuple[float | None, str]:
    """Returns what the winner costs, and how that is known."""
    if cost in ("macs", "params"):
        return costs.get(cost), ""
    if cost in MICRO:
        if record.micro is not None:
            return record.micro.costs[cost], "(int8 file)"
        return costs.get(cost), "as predicted"
    here = record.result.here if record.result else None
    if device_of(cost) not in ("", here):
        return costs.get(cost), "by the cost table"
    precision = record.settings.get("precision", "fp32")
    for file in files:
        if file.precision == precision:
            source = f"({precision} file)"
            if cost == "size_bytes":
                return file.check.size_bytes, source
            if file.latency is not None:
                if not file.latency.is_steady:
                    source = f"({precision} file, unsteady)"
                return file.latency.median_ms, source
    return costs.get(cost), "by the cost table"


def unsteady_text(files: Sequence[ExportedFile]) -> list[str]:
    """Returns which latencies cannot be relied on, in a sentence, if any."""
    spreads = {
        file.precision: file.latency.spread
        for file in files
        if file.latency and not file.latency.is_steady
    }
    if not spreads:
        return []
    return [
        f"the latency of {', '.join(spreads)} cannot be relied on: runs differ "
        f"by {max(spreads.values()):.0%} of the median, so the machine was "
        "busy; nse_latency measures a file again"
    ]
