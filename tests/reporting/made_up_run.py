"""Folders of runs whose method is real and whose worker is made up."""

import dataclasses
import hashlib
import math
import pathlib
from typing import Any

import cattrs
import numpy as np

from nse_tf.costs import Budget, CostModel
from nse_tf.events import (
    Entry,
    RunFinished,
    SpaceAtStage,
    StageTimed,
    WinnerChosen,
)
from nse_tf.evolution import ExplorerConfig
from nse_tf.jobs import (
    ChildrenEvaluated,
    ChildrenMeasured,
    ChildTrained,
    EvaluateChildren,
    Failed,
    Genes,
    Job,
    MeasureChildren,
    Result,
    SupernetTrained,
    TrainChild,
    TrainSupernet,
)
from nse_tf.methods import Done, OneShotConfig, OneShotSearch, Wait
from nse_tf.reporting import RunLog
from nse_tf.reporting.run_files import ExportFacts, LatencyFacts
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.spaces import (
    ChainSkeleton,
    Identity,
    SearchSpace,
    Stage,
    save_space,
)
from nse_tf.spaces.chains import chain_space
from nse_tf.spaces.files import write_json
from nse_tf.spaces.presets import MBCONVS
from nse_tf.testing import FormulaWorker
from tests.costs.strategies import made_up_table

CLASSES = (
    *("zero", "one", "two", "three", "four"),
    *("five", "six", "seven", "eight", "nine"),
)
SPACE = chain_space(
    "made_up",
    ChainSkeleton(
        image_size=(8, 8),
        image_channels=1,
        num_classes=10,
        stem_channels=16,
        stem_stride=1,
        first_channels=8,
        stages=(Stage(8, 2, 1), Stage(16, 3, 1), Stage(32, 3, 2)),
        tail_channels=64,
    ),
    MBCONVS,
    (Identity(),),
)
CONFIG = OneShotConfig(
    exploring=ExplorerConfig(num_children=60, population=20),
    shrinking=ShrinkSchedule(
        stop_size=100_000, first_epochs=8, other_epochs=4, total_epochs=24
    ),
    search_epochs=12,
    children_per_operator=20,
    child_epochs=15,
    num_rank_checks=6,
    rank_check_epochs=4,
)
SIZES = {"fp32": 151_204, "fp16": 82_116, "int8": 54_328}


@dataclasses.dataclass
class MadeUpWorker:
    """Answers jobs by arithmetic: what costs more is better, with some noise.

    Attributes:
        model: Prices children.
        failing: The evaluation that fails, counted from 0; None for none.
    """

    model: CostModel
    failing: int | None = None
    num_evaluations: int = 0

    def run(self, job: Job) -> Result:
        """Returns a result of the right kind."""
        rng = np.random.default_rng(int(job.id.split("_")[0]))
        match job:
            case TrainSupernet(only_active=True):
                return FormulaWorker(self.model).run(job)
            case TrainSupernet():
                shape = (len(job.active), self.model.space.max_candidates)
                norms = rng.uniform(0.8, 1.2, shape)
                cosines = rng.uniform(0.5, 0.9, shape)
                sums = np.stack([cosines * norms, norms, norms], axis=-1)
                angle_sums = tuple(
                    tuple((a, b, c) for a, b, c in block)
                    for block in sums.tolist()
                )
                losses = _losses(job.epochs, rng)
                return SupernetTrained(
                    losses=losses,
                    angle_sums=angle_sums,
                    backbone_sums=(0.7, 1.0, 1.0),
                    seconds=2.5 * job.epochs,
                )
            case EvaluateChildren():
                self.num_evaluations += 1
                if self.num_evaluations - 1 == self.failing:
                    return Failed("ran out of <memory>")
                noise = rng.normal(0, 0.01, len(job.children))
                accuracies = np.array(list(map(self._accuracy, job.children)))
                return ChildrenEvaluated(
                    accuracies=tuple((accuracies + noise).tolist()),
                    seconds=7.0,
                    chance=0.1,
                    num_images=500,
                )
            case MeasureChildren():
                costs = [self._costs(child) for child in job.children]
                return ChildrenMeasured(
                    latencies_ms=tuple(
                        1.03 * each["latency_ms"] for each in costs
                    ),
                    sizes_bytes=tuple(
                        int(each["size_bytes"]) + 64 for each in costs
                    ),
                    seconds=3.0,
                )
            case TrainChild():
                return ChildTrained(
                    losses=_losses(job.epochs, rng),
                    validation_accuracy=self._accuracy(job.child) + 0.02,
                    model_file=f"children/{job.id}.keras",
                    model_sha256=hashlib.sha256(job.id.encode()).hexdigest(),
                    seconds=1.5 * job.epochs,
                    file_accuracy=self._file_accuracy(job),
                )

    def _costs(self, genes: Genes) -> dict[str, float]:
        return self.model.costs(self.model.space.genotype(genes))

    def _file_accuracy(self, job: TrainChild) -> float | None:
        """Returns that of a file which orders all pairs the other way round."""
        return None if job.file is None else 0.9 - self._accuracy(job.child)

    def _accuracy(self, genes: Genes) -> float:
        low, high = self.model.range("macs")
        share = (self._costs(genes)["macs"] - low) / (high - low)
        return 0.95 - 0.2 * math.exp(-4 * share)


def _losses(epochs: int, rng: np.random.Generator) -> tuple[float, ...]:
    smooth = 0.2 + 2.1 * np.exp(-np.arange(epochs) / 5)
    return tuple((smooth + rng.normal(0, 0.02, epochs)).tolist())


def make_history(
    budget: Budget,
    config: OneShotConfig = CONFIG,
    failing: int | None = None,
    max_jobs: int = 1000,
    space: SearchSpace = SPACE,
) -> OneShotSearch:
    """Returns a real method after its search, or after `max_jobs` of it."""
    model = CostModel(space, made_up_table(space))
    method = OneShotSearch(model, budget, config)
    worker = MadeUpWorker(model, failing)
    for _ in range(max_jobs):
        job = method.ask()
        if isinstance(job, Done | Wait):
            break
        method.tell(job.id, worker.run(job))
    else:
        method.ask()
    return method


def begin_run(
    folder: pathlib.Path,
    method: OneShotSearch,
    settings: dict[str, Any] | None = None,
    data_name: str = "digits",
    classes: tuple[str, ...] = CLASSES,
) -> None:
    """Writes what a run that is under way has in its folder."""
    write_json(
        folder / "config.json",
        {
            "schema": "nse_tf.config/1",
            "settings": {
                "dataset": data_name,
                "precision": "fp32",
                "num_threads": 1,
                "shrink": True,
                "seed": 0,
                **{f"max_{k}": v for k, v in method.budget.limits.items()},
                **(settings or {}),
            },
            "data": {
                "name": data_name,
                "train": 1149,
                "validation": 288,
                "test": 360,
                "classes": list(classes),
                "image_shape": [8, 8, 1],
                "fingerprint": "0123456789abcdef",
            },
            "space": method.space.name,
            "versions": {"nse_tf": "0.1.0", "tensorflow": "2.21.0"},
            "started": "2026-11-22T06:00:00+00:00",
        },
    )
    RunLog(folder / "log.jsonl").append(method.history)
    for event in method.noted(SpaceAtStage):
        path = folder / f"space_{event.stage:03d}.json"
        save_space(method.space.restrict(event.active), path)


def finish_run(folder: pathlib.Path, method: OneShotSearch) -> None:
    """Adds what a run leaves at its end."""
    (winner,) = method.noted(WinnerChosen)
    genotype = method.space.genotype(winner.path)
    write_json(folder / "best" / "genotype.json", genotype.to_json())
    write_json(folder / "best" / "export.json", export_json())
    write_json(folder / "best" / "latency.json", latency_json())
    write_json(
        folder / "best" / "result.json",
        {
            "schema": "nse_tf.result/1",
            "genotype": genotype.to_json(),
            "path": winner.path,
            "ops": [
                block.candidates[index].name
                for block, (index,) in zip(
                    method.space.blocks, genotype.genes, strict=True
                )
            ],
            "costs": winner.costs,
            "test_accuracy": 356 / 360,
            "test_errors": 4,
            "test_images": 360,
            "seconds": 202.0,
            "budget": dataclasses.asdict(method.budget),
        },
    )
    RunLog(folder / "log.jsonl").append(
        [
            Entry("a", StageTimed(name="search", seconds=180.5)),
            Entry("b", StageTimed(name="export", seconds=21.25)),
            Entry("c", RunFinished()),
        ]
    )


def export_json(**faults: list[str]) -> dict[str, Any]:
    """Returns an `export.json` as `nse_tf.export` writes it.

    `flags/report_test.py`, which may import both packages, tests that.
    """
    return {
        "schema": "nse_tf.export/1",
        "date": "2026-11-22T06:09:00+00:00",
        "files": {
            precision: {
                "file": f"model_{precision}.tflite",
                "sha256": hashlib.sha256(precision.encode()).hexdigest(),
                "faults": faults.get(precision, []),
                "check": {
                    "num_images": 360,
                    "size_bytes": size_bytes,
                    "largest_difference": 1.25e-6,
                    "accuracy": 356 / 360,
                    "num_errors": 4,
                    "agreement": 1.0,
                    "integer_shares": {
                        "weights": float(precision == "int8"),
                        "activations": float(precision == "int8"),
                    },
                },
            }
            for precision, size_bytes in SIZES.items()
        },
    }


def latency_json() -> dict[str, Any]:
    """Returns a `latency.json` as `nse_tf.export` writes it."""
    medians = {"fp32": 0.14231, "fp16": 0.14382, "int8": 0.07123}
    return {
        "schema": "nse_tf.latency/1",
        "files": {
            precision: {
                "file": f"model_{precision}.tflite",
                "median_ms": median_ms,
                "p25_ms": 0.96 * median_ms,
                "p75_ms": 1.11 * median_ms,
                "min_ms": 0.9 * median_ms,
                "runs": 1052,
                "rounds": 5,
                "warmup": 10,
                "num_threads": 1,
                "delegate": "XNNPACK",
                "num_ops": 41,
                "delegated_ops": 40,
                "input": f"{'uint8' if precision == 'int8' else 'float32'} "
                "1x8x8x1",
                "machine": {
                    "device": "Linux x86_64",
                    "cpu": "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz",
                    "governor": "unknown",
                    "runtime": "ai-edge-litert",
                    "runtime_version": "2.1.0",
                },
                "date": "2026-11-22T06:10:00+00:00",
            }
            for precision, median_ms in medians.items()
        },
    }


def exports(**faults: list[str]) -> ExportFacts:
    """Returns what `export.json` is read as."""
    return cattrs.structure(export_json(**faults), ExportFacts)


def latencies() -> LatencyFacts:
    """Returns what `latency.json` is read as."""
    return cattrs.structure(latency_json(), LatencyFacts)
