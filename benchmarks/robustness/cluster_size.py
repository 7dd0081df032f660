"""How a search's time falls with nodes: job times measured, nodes simulated.

    python benchmarks/robustness/cluster_size.py

First, jobs of each kind are done and timed in this process, by one thread, on
the embedded digits. Then SPOS's search is dealt out to simulated workers that
take as long for each job. The dealer, the oracle and all files are the real
ones, and their own time counts; jobs are answered by formulas, whose time does
not. Left out are what a network and Ray add, how long workers take to start,
and that each compiles the first job of a kind.
"""

import contextlib
import dataclasses
import heapq
import logging
import math
import pathlib
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from absl import app, flags
from formula_search import FormulaTrainer

from nse_tf import datasets
from nse_tf.datasets import ImageData
from nse_tf.distribute import dealing
from nse_tf.distribute.dealing import Answered, Joined, Message
from nse_tf.distribute.identity import deciding_versions
from nse_tf.distribute.remote_worker import WorkerParts
from nse_tf.evolution import ExplorerConfig
from nse_tf.export.machine import describe_machine
from nse_tf.jobs import (
    EvaluateChildren,
    Genes,
    Job,
    RateSchedule,
    Start,
    TrainChild,
    TrainSupernet,
    weights_of,
)
from nse_tf.methods import OneShotConfig
from nse_tf.spaces import make_preset
from nse_tf.training import ChildRecipe, SupernetRecipe, Worker
from nse_tf.training.sent_files import SentFiles
from nse_tf.tuners import AngleShrinkingOracle, SupernetTuner

SIZES = flags.DEFINE_list("sizes", ["1", "4", "16", "100", "1000"], "Nodes.")
SPACE = make_preset(
    "spos_tiny", image_size=(8, 8), image_channels=1, num_classes=10
)
CALIBRATION_IMAGES = 1000
PLANS = {
    "evolution, generations of 50": ("evolution", 50),
    "random search, 1,000 at once": ("random", 1000),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class JobTimes:
    """How long jobs take, in seconds.

    Attributes:
        epoch: An epoch of the supernet.
        child: A child's evaluation.
        training: A child trained alone, beside its epochs.
        child_epoch: An epoch of a child that is trained alone.
    """

    epoch: float
    child: float
    training: float
    child_epoch: float

    def of(self, job: Job) -> float:
        """Returns the time of a job."""
        match job:
            case TrainSupernet():
                return self.epoch * job.epochs
            case EvaluateChildren():
                return self.child * len(job.children)
            case TrainChild():
                return self.training + self.child_epoch * job.epochs
        raise ValueError(f"{job.id} was not timed.")


def measured(data: ImageData, folder: pathlib.Path) -> JobTimes:
    """Does jobs of each kind; the first of a kind compiles and is left out."""
    worker = Worker(SPACE, data, folder, SupernetRecipe(), ChildRecipe())
    schedule = RateSchedule(first=0.05, last=0.05)
    first = TrainSupernet(
        id="0",
        active=tuple(tuple(range(len(b.candidates))) for b in SPACE.blocks),
        epochs=1,
        schedule=schedule,
        seed=0,
    )
    trained: Any = worker.run(first)
    reference = weights_of(first.id, trained)
    second = dataclasses.replace(
        first,
        id="1",
        epochs=4,
        start=Start(source="previous", weights=reference),
        base="previous",
    )
    again: Any = worker.run(second)
    children = drawn(60)
    evaluations = [
        worker.run(
            EvaluateChildren(
                id=name,
                children=some,
                calibration_images=CALIBRATION_IMAGES,
                supernet=weights_of(second.id, again),
            )
        )
        for name, some in (("2", children[:20]), ("3", children[20:]))
    ]
    alone: list[Any] = [
        worker.run(
            TrainChild(
                id=f"4_{epochs}",
                child=children[0],
                epochs=epochs,
                uses_validation=False,
                inherited_accuracy=0.5,
                seed=0,
            )
        )
        for epochs in (1, 1, 5)
    ]
    child_epoch = (alone[2].seconds - alone[1].seconds) / 4
    evaluated: Any = evaluations[1]
    return JobTimes(
        epoch=again.seconds / second.epochs,
        child=evaluated.seconds / 40,
        training=alone[1].seconds - child_epoch,
        child_epoch=child_epoch,
    )


def drawn(count: int) -> tuple[Genes, ...]:
    """Returns paths, each op of a block as likely as the others."""
    rng = np.random.default_rng(0)
    return tuple(
        tuple((int(rng.integers(len(b.candidates))),) for b in SPACE.blocks)
        for _ in range(count)
    )


class Simulated:
    """An engine whose workers take as long as jobs were measured to take.

    Args:
        size: How many workers.
        times: How long jobs take.

    Attributes:
        size: How many workers.
        now: Seconds since the start, of the workers and of the dealer.
        dealing: How many of them the dealer took.
        training: How many of them one worker trained while others waited.
        num_jobs: How many jobs were dealt.
    """

    def __init__(self, size: int, times: JobTimes) -> None:
        self.now = self.dealing = self.training = 0.0
        self.num_jobs = 0
        self.size, self._times = size, times
        self._ends: list[tuple[float, int, Answered]] = []

    @contextlib.contextmanager
    def workers(self, parts: WorkerParts) -> Iterator["Simulated"]:
        """Returns itself, for one search."""
        with tempfile.TemporaryDirectory() as name:
            self._folder = pathlib.Path(name)
            self._formulas = FormulaTrainer(parts.space, None, self._folder)
            self._files = SentFiles(self._folder)
            self._has_begun = False
            self._resumed = time.perf_counter()
            yield self

    def submit(
        self, worker: str, job: Job, files: Mapping[str, pathlib.Path]
    ) -> None:
        """Notes when a job will be done, and what it will come to."""
        del files
        self._count()
        result = self._formulas.run(job)
        names = self._files.left_by(job, result)
        answer = Answered(
            worker=worker,
            result=result,
            files={name: (self._folder / name).read_bytes() for name in names},
        )
        seconds = self._times.of(job)
        if not isinstance(
            job, EvaluateChildren
        ):  # The plans have one finalist.
            self.training += seconds
        end = self.now + seconds
        heapq.heappush(self._ends, (end, self.num_jobs, answer))
        self.num_jobs += 1
        self._resumed = time.perf_counter()

    def wait(self, seconds: float) -> Sequence[Message]:
        """Lets time pass until a job is done."""
        del seconds
        self._count()
        messages: Sequence[Message]
        if self._has_begun:
            end, _, answer = heapq.heappop(self._ends)
            self.now = max(self.now, end)
            messages = [answer]
        else:
            self._has_begun = True
            versions = deciding_versions()
            messages = [
                Joined(
                    worker=f"worker-{number}",
                    versions=versions,
                    processor=describe_machine().cpu,
                )
                for number in range(self.size)
            ]
        self._resumed = time.perf_counter()
        return messages

    def restart(self, worker: str) -> None:
        """Is not called: nobody is silent."""
        raise AssertionError(worker)

    def _count(self) -> None:
        """Adds the time of the dealer since workers were asked last."""
        spent = time.perf_counter() - self._resumed
        self.now += spent
        self.dealing += spent


def searched(
    folder: pathlib.Path, data: ImageData, plan: str, engine: Simulated
) -> Any:
    """Returns the events of a search by a plan."""
    explorer, population = PLANS[plan]
    config = OneShotConfig(
        explorer=explorer,
        exploring=ExplorerConfig(
            num_children=1000, population=population, batch=population
        ),
        shrinking=None,
        calibration_images=CALIBRATION_IMAGES,
    )
    tuner = SupernetTuner(
        AngleShrinkingOracle(SPACE, config=config),
        directory=str(folder),
        project_name=f"{explorer}_{engine.size}",
    )
    tuner.engine = engine
    tuner.search(data.train, validation_data=data.validation, verbose=0)
    return [
        {k: v for k, v in entry.to_json().items() if k != "seconds"}
        for entry in tuner.oracle.method.history
    ]


def main(argv: Sequence[str]) -> None:
    """Prints job times, and a line a plan and size."""
    del argv
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    logging.getLogger("nse_tf").setLevel(logging.WARNING)
    # Simulated workers report nothing.
    dealing.SILENCE_SECONDS = math.inf
    FormulaTrainer.pause = 0.0
    data = datasets.load("digits")
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        times = measured(data, root / "measured")
        print(
            f"measured: {times.epoch:.2f} s an epoch of the supernet, "
            f"{times.child:.3f} s a child evaluated, {times.training:.1f} s "
            f"and {times.child_epoch:.2f} s an epoch for one trained alone"
        )
        for plan in PLANS:
            outcomes = []
            for size in map(int, SIZES.value):
                engine = Simulated(size, times)
                outcomes.append(searched(root, data, plan, engine))
                if size == 1:
                    alone = engine.now
                print(
                    f"{plan}, {size} nodes, simulated: {engine.now:.0f} s, "
                    f"{alone / engine.now:.1f} times as fast as 1; "
                    f"{engine.training:.0f} s of it trainings; "
                    f"{engine.num_jobs} jobs, dealt in {engine.dealing:.1f} s; "
                    + ("the same" if outcomes[0] == outcomes[-1] else "OTHERS"),
                    flush=True,
                )


if __name__ == "__main__":
    app.run(main)
