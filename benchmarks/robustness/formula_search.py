"""The small search with jobs answered by formulas, for scripts about the rest.

The oracle, the tuner, the wire and all files are the real ones, weights on disk
included, which are read before children are evaluated; only nothing is trained.
"""

import hashlib
import pathlib
import time
import zlib
from typing import Any

import numpy as np

from nse_tf.costs import CostModel
from nse_tf.jobs import (
    ChildTrained,
    EvaluateChildren,
    Job,
    Result,
    SupernetTrained,
    TrainChild,
    TrainSupernet,
)
from nse_tf.spaces.files import write_bytes
from nse_tf.testing import FormulaWorker
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.weight_files import WeightFiles
from nse_tf.tuners import supernet_tuner

# So that there is time to be killed in.
SECONDS_A_CHILD = 0.05
SECONDS_A_TRAINING = 0.5


class FormulaTrainer:
    """Takes the place of `training.Worker`.

    Args:
        space: What is searched.
        data: Not looked at.
        folder: The run's folder.
        *_: Recipes and the like, which change nothing here.
        **more: Likewise.
    """

    pause = 1.0

    def __init__(
        self,
        space: Any,
        data: Any,
        folder: pathlib.Path,
        *_: Any,
        **more: Any,
    ) -> None:
        del data, more
        self._folder = folder
        self._weights = WeightFiles(folder / "supernet")
        self._formulas = FormulaWorker(CostModel(space))

    def run(self, job: Job) -> Result:
        """Returns a job's result, after a pause."""
        result = self._formulas.run(job)
        match job:
            case TrainSupernet():
                time.sleep(self.pause * SECONDS_A_TRAINING)
                return self._trained(job, result)
            case EvaluateChildren():
                if job.supernet is not None:
                    self._weights.load_finished(job.supernet)
                time.sleep(self.pause * SECONDS_A_CHILD * len(job.children))
            case TrainChild():
                time.sleep(self.pause * SECONDS_A_TRAINING)
                return self._child(job, result)
        return result

    def _trained(self, job: TrainSupernet, result: Any) -> SupernetTrained:
        """Leaves weights that follow from the job."""
        if job.start.weights is not None:
            self._weights.load_finished(job.start.weights)
        rng = np.random.default_rng(zlib.crc32(job.id.encode()))
        arrays = [rng.normal(size=(8, 16)).astype(np.float32) for _ in "abc"]
        kept = Checkpoint(
            job_id=job.id,
            config_digest="formula",
            losses=result.losses,
            weights=arrays,
            momenta=arrays,
            base=arrays,
            fingerprint="small",
        )
        self._weights.keep(kept, is_finished=True)
        return SupernetTrained(
            losses=result.losses,
            angle_sums=result.angle_sums,
            backbone_sums=result.backbone_sums,
            seconds=result.seconds,
            weights_sha256=kept.digest,
        )

    def _child(self, job: TrainChild, result: Any) -> ChildTrained:
        content = job.id.encode()
        write_bytes(self._folder / result.model_file, content)
        return ChildTrained(
            losses=result.losses,
            validation_accuracy=result.validation_accuracy,
            model_file=result.model_file,
            model_sha256=hashlib.sha256(content).hexdigest(),
            seconds=result.seconds,
        )


def use_formulas() -> None:
    """Lets the tuners of this process answer jobs by formulas."""
    module: Any = supernet_tuner
    module.Worker = FormulaTrainer
